use serde::{Deserialize, Serialize};

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

/// One thing that was asked for, and whether it was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was asked for: a gate key, a requirement, `approval`, `policy`.
    pub about: String,
    /// Whether it was proven.
    pub outcome: Outcome,
    /// What was seen, for a person.
    pub message: String,
    /// What to do about it; empty when nothing needs doing.
    pub hint: String,
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
    use super::{Outcome, Reason, Verdict};

    fn verdict(outcomes: &[Outcome]) -> Outcome {
        let reason = |outcome: &Outcome| Reason {
            about: "tests".to_owned(),
            outcome: *outcome,
            message: String::new(),
            hint: String::new(),
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
