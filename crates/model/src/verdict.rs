use serde::{Deserialize, Serialize};

use crate::{Digest, RuleId};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was asked for was proven.
    Allow,
    /// Nothing speaks against it, but something could not be checked. It does not pass.
    Unknown,
    /// Something speaks against it.
    Deny,
}

impl Outcome {
    /// The exit code of a command that ends with this outcome: 0, 2 or 1.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Deny => 1,
            Self::Unknown => 2,
        }
    }

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Unknown => "unknown",
            Self::Deny => "denied",
        }
    }
}

/// What can be said of something that was asked for: a row of which reasons are made, so that none is
/// without documentation. Its outcome is its own, so that one id never stands for two.
#[derive(Debug, PartialEq, Eq)]
pub struct ReasonDoc {
    /// Who says it, as the first part of the id: `decision`, `gate`, or the word of a kind of evidence.
    pub of: &'static str,
    /// The part of its id after the slash.
    pub name: &'static str,
    /// Whether what was asked for is proven.
    pub outcome: Outcome,
    /// What is the case.
    pub title: &'static str,
    /// Why it decides as it does.
    pub why: &'static str,
    /// What to do about it; empty when nothing needs doing.
    pub fix: &'static str,
}

impl ReasonDoc {
    /// The id of its reasons: `decision/origin-unsigned`.
    pub fn id(&self) -> RuleId {
        RuleId::new(self.of, self.name)
    }

    /// The reason that this is the case about something, as what was seen says. What to do is what the
    /// row says.
    pub fn reason(&self, about: &str, message: impl Into<String>) -> Reason {
        Reason {
            id: self.id(),
            about: about.to_owned(),
            outcome: self.outcome,
            message: message.into(),
            hint: self.fix.to_owned(),
            evidence: Vec::new(),
        }
    }
}

/// One thing that was asked for, and whether it was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which kind of reason it is: stable, and documented.
    pub id: RuleId,
    /// What was asked for: a gate key, a requirement, `approval`, `policy`.
    pub about: String,
    /// Whether it was proven.
    pub outcome: Outcome,
    /// What was seen, for a person.
    pub message: String,
    /// What to do about it; empty when nothing needs doing.
    pub hint: String,
    /// The digests of the evidence that it rests on, in the order of the ledger.
    #[serde(default)]
    pub evidence: Vec<Digest>,
}

impl Reason {
    /// The reason with a better word of what to do.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The reason with the evidence that it rests on.
    pub fn resting_on(mut self, evidence: impl IntoIterator<Item = Digest>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// What was decided and why. The reasons name everything that was asked for, also what was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst of the reasons; `Unknown` when nothing was asked.
    pub outcome: Outcome,
    /// Each thing that was asked for.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// The verdict these reasons come to. No reason at all proves nothing, so it is `Unknown`.
    pub fn of(reasons: Vec<Reason>) -> Self {
        let outcome = reasons
            .iter()
            .map(|reason| reason.outcome)
            .max()
            .unwrap_or(Outcome::Unknown);
        Self { outcome, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, ReasonDoc, Verdict};

    fn verdict(outcomes: &[Outcome]) -> Outcome {
        let reason = |outcome: &Outcome| {
            let doc = ReasonDoc {
                of: "test",
                name: "any",
                outcome: *outcome,
                title: "",
                why: "",
                fix: "",
            };
            doc.reason("tests", "")
        };
        Verdict::of(outcomes.iter().map(reason).collect()).outcome
    }

    #[test]
    fn the_worst_reason_decides_and_none_allows_nothing() {
        use Outcome::{Allow, Deny, Unknown};
        assert_eq!(verdict(&[]), Unknown);
        assert_eq!(verdict(&[Allow]), Allow);
        assert_eq!(verdict(&[Allow, Unknown]), Unknown);
        assert_eq!(verdict(&[Deny, Unknown, Allow]), Deny);
    }
}
