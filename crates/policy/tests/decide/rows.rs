//! The inspectors and kinds of evidence that decisions are tested with, and their evidence.

use jiff::SignedDuration;
use plimsoll_model::{
    About, Aging, Answers, Body, Claim, Digest, Evidence, EvidenceKind, Extent, GapDoc, GapKind,
    Input, Inspector, Outcome, Over, PredicateError, Ran, ReasonDoc, Seen, Signatory, Subject,
    Threshold,
};
use plimsoll_policy::Rows;

use super::now;

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

/// A row whose evidence counts from semantics 3 on.
const fn row(id: &'static str, gate_key: &'static str, ages: Option<Aging>) -> Inspector {
    Inspector {
        id,
        gate_key,
        title: "",
        over: Over::Tree,
        default_gate: Threshold::High,
        ages,
        lists_components: false,
        required_by_default: true,
        semantics: 4,
        accepts_from: 3,
        settings: None,
        rules: || &[],
        family: None,
        gaps: &[],
    }
}

/// The inspectors of the build that decides.
pub(crate) static INSPECTORS: [&Inspector; 3] = [
    &row("secret", "secrets", None),
    &row("dependency", "dependencies", Some(SEVEN_DAYS)),
    &row("path", "path", None),
];

const fn kind(requirement: &'static str, about: About) -> EvidenceKind {
    EvidenceKind {
        name: requirement,
        predicate_type: requirement,
        about,
        answers: Some(Answers {
            requirement,
            required_by_default: true,
            applies: |subject| !matches!(subject, Subject::Image { .. }),
            absent: &ABSENT,
            reasons: &CLAIMS,
        }),
        read: |_| Err(PredicateError::NotUnderstood(String::new())),
    }
}

const fn says(name: &'static str, outcome: Outcome) -> ReasonDoc {
    ReasonDoc {
        of: "test",
        name,
        outcome,
        title: name,
        why: "",
        fix: "do something about it",
    }
}

static ABSENT: ReasonDoc = says("Nobody said so", Outcome::Unknown);
pub(crate) static GOOD: ReasonDoc = says("good", Outcome::Allow);
pub(crate) static UNSURE: ReasonDoc = says("unsure", Outcome::Unknown);
pub(crate) static BAD: ReasonDoc = says("bad", Outcome::Deny);

static CLAIMS: [&ReasonDoc; 3] = [&GOOD, &UNSURE, &BAD];

/// Answered about one subject, as tests are.
pub(crate) static TESTS: EvidenceKind = kind("tests", About::One);
/// Answered about the release as a whole, as what was asked of it while it ran is.
pub(crate) static PROBE: EvidenceKind = kind("probe", About::Release);

/// The rows of the build that decides.
pub(crate) static ROWS: Rows<'static> = Rows {
    inspectors: &INSPECTORS,
    evidence: &[&TESTS, &PROBE],
};

/// What somebody says who answers the requirement of a kind.
pub(crate) fn claim(kind: &'static EvidenceKind, reason: &'static ReasonDoc) -> Body {
    Body::Claim(Claim {
        kind,
        reason,
        message: format!("it is {}", reason.name),
    })
}

/// An inspector that looked at everything, by advisories of seven days ago that count for seven days.
pub(crate) fn ran(row: &Inspector) -> Ran {
    let advisories = Input {
        name: "advisories for npm".to_owned(),
        sha256: Digest::of(b"npm"),
        as_of: Some(now() - SignedDuration::from_hours(7 * 24)),
    };
    Ran {
        inspector: row.id.to_owned(),
        semantics: 3,
        seen: Seen {
            taken: 1,
            judged: 1,
            ..Seen::files()
        },
        scope: Extent::Root,
        inputs: if row.id == "dependency" {
            vec![advisories]
        } else {
            Vec::new()
        },
        tool: None,
    }
}

/// A statement that was just recorded.
pub(crate) fn evidence(subject: Subject, signed_by: Signatory, body: Body) -> Evidence {
    Evidence {
        id: Digest::of(b"bundle"),
        subjects: vec![subject],
        signed_by,
        recorded_at: now(),
        body,
    }
}
