use serde::{Deserialize, Serialize};

use crate::{Place, RuleId};

/// Why something was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapKind {
    /// The bytes could not be read or parsed.
    Unreadable,
    /// The bytes were read but do not say enough: a version range, a called script that is not here.
    Unresolved,
    /// The data to judge by is missing, damaged or too old.
    Stale,
    /// This build has no reader for it, or a bound was met.
    Unsupported,
}

impl GapKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Unreadable,
        Self::Unresolved,
        Self::Stale,
        Self::Unsupported,
    ];

    /// The kind as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unresolved => "unresolved",
            Self::Stale => "stale",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Something that could not be checked, so it was not passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// What kind of gap it is, for example `dependency/unlocked-manifest`; waivers name it.
    pub id: RuleId,
    /// Why it was not checked.
    pub kind: GapKind,
    /// Where; `None` when it is about everything that was inspected.
    pub place: Option<Place>,
    /// What was not checked and why, for a person. Holds no secret value.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}
