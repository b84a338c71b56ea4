use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// No name is longer.
const MAX_NAME_CHARS: usize = 100;

/// What a release belongs to: a thing that is shipped on its own. Several services share one ledger,
/// and may have releases and environments of the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Service(String);

/// The text cannot name a service.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` cannot name a service; use letters, digits, `.`, `_` and `-`, at most {MAX_NAME_CHARS}, and begin with a letter or digit"
)]
pub struct ServiceError(String);

impl Service {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text can name a service, a release or an environment: letters, digits, `.`, `_` and `-`,
/// at most 100, a letter or digit first. Such a name can stand in a path and in a terminal as it is.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= MAX_NAME_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ServiceError(text.chars().take(MAX_NAME_CHARS).collect()))
        }
    }
}

impl TryFrom<String> for Service {
    type Error = ServiceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Service> for String {
    fn from(service: Service) -> Self {
        service.0
    }
}

#[cfg(test)]
mod tests {
    use super::Service;

    #[test]
    fn a_name_stays_inside_a_folder_and_a_line() {
        for good in ["shop", "a", "Shop_2.0-x", "9lives"] {
            assert!(good.parse::<Service>().is_ok(), "{good}");
        }
        let long = "x".repeat(101);
        for bad in ["", ".", "..", "-x", "a/b", "a b", "a\n", "ü", &long] {
            assert!(bad.parse::<Service>().is_err(), "{bad}");
        }
    }
}
