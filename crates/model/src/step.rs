use std::fmt;

use serde::{Deserialize, Serialize};

/// One step of a deployment, whatever the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Bring a release to run in place of what ran.
    Apply,
    /// Wait until it is proven healthy.
    Health,
    /// Run the environment's smoke command against it.
    Smoke,
    /// End what runs.
    Withdraw,
}

impl Step {
    /// The text form, as the ledger keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Health => "health",
            Self::Smoke => "smoke",
            Self::Withdraw => "withdraw",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
