use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// The parts of Plimsoll that look at a tree; each owns the rule ids that begin with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inspector {
    /// Literal credentials; gate key `secrets`.
    Secret,
    /// Components against advisories; gate key `dependencies`.
    Dependency,
    /// The release path: continuous-integration workflows; gate key `path`.
    Path,
}

impl Inspector {
    /// Every inspector that this build has.
    pub const ALL: [Self; 3] = [Self::Secret, Self::Dependency, Self::Path];

    /// The first part of its rule ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Dependency => "dependency",
            Self::Path => "path",
        }
    }

    /// Its key in `[gate]` and in `requires`.
    pub fn gate_key(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::Dependency => "dependencies",
            Self::Path => "path",
        }
    }
}

impl fmt::Display for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The public id of a rule or of a kind of gap: `inspector/name`, for example
/// `path/push-before-scan` or `dependency/GHSA-4xh5-x5gv-qwph`. Unique, never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId {
    inspector: Inspector,
    text: String,
}

/// The text is not `inspector/name`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a rule id; write inspector/name with one of secret, dependency, path before the slash"
)]
pub struct RuleIdError(String);

impl RuleId {
    /// The id of the rule `name` of this inspector.
    pub fn new(inspector: Inspector, name: &str) -> Self {
        Self {
            inspector,
            text: format!("{inspector}/{name}"),
        }
    }

    /// The inspector that owns the rule.
    pub fn inspector(&self) -> Inspector {
        self.inspector
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        &self.text[self.inspector.as_str().len() + 1..]
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for RuleId {
    type Err = RuleIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (prefix, name) = text
            .split_once('/')
            .ok_or_else(|| RuleIdError(text.to_owned()))?;
        let inspector = Inspector::ALL
            .into_iter()
            .find(|inspector| inspector.as_str() == prefix);
        match inspector {
            Some(inspector) if !name.is_empty() => Ok(Self::new(inspector, name)),
            _ => Err(RuleIdError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RuleId {
    type Error = RuleIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RuleId> for String {
    fn from(id: RuleId) -> Self {
        id.text
    }
}

text_newtype! {
    /// An id of our own making (a release, a deployment, a lease): a ULID.
    OwnId
}

impl OwnId {
    /// A new id for this moment (Unix milliseconds) from ten random bytes.
    pub fn from_parts(unix_ms: u64, random: u128) -> Self {
        Self::new(ulid::Ulid::from_parts(unix_ms, random).to_string())
    }
}
