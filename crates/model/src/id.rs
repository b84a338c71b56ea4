use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// The public id of a rule or of a kind of gap: `inspector/name`, for example
/// `path/push-before-scan` or `dependency/GHSA-4xh5-x5gv-qwph`. Unique, never reused.
///
/// Any well-formed id is accepted, also one of an inspector that this build does not have; whether it
/// is known is asked of the register of inspectors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId {
    text: String,
    slash: usize,
}

/// The text is not `inspector/name`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a rule id; write inspector/name, for example path/push-before-scan, without white space"
)]
pub struct RuleIdError(String);

/// A longer id is refused.
const MAX_ID_BYTES: usize = 256;

impl RuleId {
    /// The id of the rule `name` of the inspector with this id.
    pub fn new(inspector: &str, name: &str) -> Self {
        Self {
            text: format!("{inspector}/{name}"),
            slash: inspector.len(),
        }
    }

    /// The id of the inspector that owns the rule.
    pub fn inspector(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        &self.text[self.slash + 1..]
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
        let refused = || RuleIdError(text.chars().take(80).collect());
        let (inspector, name) = text.split_once('/').ok_or_else(refused)?;
        let is_inspector = inspector
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let is_name = name
            .chars()
            .all(|character| !character.is_whitespace() && !character.is_control());
        let is_short = text.len() <= MAX_ID_BYTES;
        if inspector.is_empty() || name.is_empty() || !is_inspector || !is_name || !is_short {
            return Err(refused());
        }
        Ok(Self::new(inspector, name))
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

#[cfg(test)]
mod tests {
    use super::RuleId;

    #[test]
    fn any_well_formed_id_is_read_and_nothing_else() {
        let id: RuleId = "telepathy/knows-better".parse().unwrap();
        assert_eq!((id.inspector(), id.name()), ("telepathy", "knows-better"));
        assert_eq!(id, RuleId::new("telepathy", "knows-better"));
        for refused in ["", "x", "/x", "x/", "X/y", "x/y z", "x/y\u{1b}[0m"] {
            assert!(refused.parse::<RuleId>().is_err(), "{refused}");
        }
        assert!(format!("x/{}", "y".repeat(255)).parse::<RuleId>().is_err());
    }
}
