//! A kind of evidence that says nothing yet: that an environment refused what it had to refuse.

use plimsoll_model::{
    About, Answers, Body, Claim, EvidenceKind, Outcome, PredicateError, ReasonDoc,
};
use plimsoll_wire::in_toto::Say;
use serde::{Deserialize, Serialize};

/// A drill was held about what ships.
pub static DRILL: EvidenceKind = EvidenceKind {
    name: "drill",
    predicate_type: "https://plimsoll.dev/attestation/drill/v1",
    about: About::Release,
    answers: Some(Answers {
        requirement: "drill",
        required_by_default: false,
        applies: |_| true,
        absent: &ABSENT,
        reasons: &[&REFUSED, &LET_IN],
    }),
    read: read_predicate,
};

static ABSENT: ReasonDoc = ReasonDoc {
    of: "drill",
    name: "absent",
    outcome: Outcome::Unknown,
    title: "No drill was held",
    why: "A gate that was never seen to refuse may refuse nothing.",
    fix: "hold one",
};

static REFUSED: ReasonDoc = ReasonDoc {
    of: "drill",
    name: "refused",
    outcome: Outcome::Allow,
    title: "The gate refused what it had to refuse",
    why: "It was tried.",
    fix: "",
};

static LET_IN: ReasonDoc = ReasonDoc {
    of: "drill",
    name: "let-in",
    outcome: Outcome::Deny,
    title: "The gate let in what it had to refuse",
    why: "It was tried.",
    fix: "fix the gate",
};

/// What came of a drill.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Whether the gate refused.
    pub refused: bool,
}

impl Say for Drill {
    const KIND: &'static EvidenceKind = &DRILL;

    fn predicate(&self) -> impl Serialize {
        *self
    }
}

fn read_predicate(text: &str) -> Result<Body, PredicateError> {
    let drill: Drill = serde_json::from_str(text)
        .map_err(|error| PredicateError::NotUnderstood(error.to_string()))?;
    let reason = if drill.refused { &REFUSED } else { &LET_IN };
    Ok(Body::Claim(Claim {
        kind: &DRILL,
        reason,
        message: reason.title.to_owned(),
    }))
}
