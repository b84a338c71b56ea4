//! Inspectors that tests of this room judge by.

use plimsoll_model::{
    About, Aging, Answers, EvidenceKind, Extent, GapDoc, GapKind, Inspector, Outcome, Over,
    PredicateError, Ran, ReasonDoc, Seen, Threshold,
};

use crate::{Policy, Rows};

/// The full id of a commit.
pub(crate) const COMMIT: &str = "c0ffee0000000000000000000000000000000000";

static OLD: GapDoc = GapDoc {
    name: "stale-database",
    kind: GapKind::Stale,
    title: "",
    why: "",
    fix: "",
};

const SEVEN_DAYS: Aging = Aging {
    default_max_days: 7,
    gap: &OLD,
};

const fn inspector(
    id: &'static str,
    gate_key: &'static str,
    default_gate: Threshold,
    ages: Option<Aging>,
) -> Inspector {
    Inspector {
        id,
        gate_key,
        title: "",
        over: Over::Tree,
        default_gate,
        ages,
        lists_components: false,
        required_by_default: ages.is_some(),
        semantics: 1,
        accepts_from: 1,
        rules: || &[],
        family: None,
        gaps: &[],
        settings: if ages.is_some() { None } else { Some(gate_key) },
    }
}

pub(crate) static INSPECTORS: [&Inspector; 3] = [
    &inspector("secret", "secrets", Threshold::Any, None),
    &inspector(
        "dependency",
        "dependencies",
        Threshold::High,
        Some(SEVEN_DAYS),
    ),
    &inspector("path", "path", Threshold::High, None),
];

static ABSENT: ReasonDoc = ReasonDoc {
    of: "test",
    name: "absent",
    outcome: Outcome::Unknown,
    title: "Nobody tested it",
    why: "",
    fix: "",
};

const fn answer(requirement: &'static str, required_by_default: bool) -> EvidenceKind {
    EvidenceKind {
        name: requirement,
        predicate_type: requirement,
        about: About::One,
        answers: Some(Answers {
            requirement,
            required_by_default,
            applies: |_| true,
            absent: &ABSENT,
            reasons: &[],
        }),
        read: |_| Err(PredicateError::NotUnderstood(String::new())),
    }
}

pub(crate) static ROWS: Rows<'static> = Rows {
    inspectors: &INSPECTORS,
    evidence: &[&answer("tests", true), &answer("sbom", false)],
};

/// That an inspector ran over a tree in which its rules judge so many files.
pub(crate) fn ran(inspector: &Inspector, judged: u64) -> Ran {
    Ran {
        inspector: inspector.id.to_owned(),
        semantics: inspector.semantics,
        seen: Seen {
            taken: 9,
            judged,
            ..Seen::files()
        },
        scope: Extent::Root,
        inputs: Vec::new(),
        tool: None,
    }
}

/// The policy that is written here.
pub(crate) fn policy(text: &str) -> Policy {
    Policy::parse(text, "plimsoll.toml", ROWS).unwrap()
}
