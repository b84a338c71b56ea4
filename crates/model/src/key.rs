use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CommitId, Digest, OwnId, Service};

/// No kind of thing has a longer word.
const MAX_KIND_BYTES: usize = 32;
/// No key is longer.
const MAX_KEY_BYTES: usize = 512;

/// What something is about, in a form that no later build changes: `kind:value`.
///
/// The kinds of this build are `organization`, `service`, `release`, `environment`, `policy`, `sha256`
/// and `gitCommit`. A key of another kind is a key all the same: a later build wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// The text is no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is no key; write kind:value, at most {MAX_KEY_BYTES} bytes without control characters"
)]
pub struct KeyError(String);

impl Key {
    /// Kind of the keys that name an organization.
    pub const ORGANIZATION: &'static str = "organization";
    /// Kind of the keys that name a service.
    pub const SERVICE: &'static str = "service";
    /// Kind of the keys that name a release by its id.
    pub const RELEASE: &'static str = "release";
    /// Kind of the keys that name an environment.
    pub const ENVIRONMENT: &'static str = "environment";
    /// Kind of the keys that name a policy by its digest: `policy:sha256:…`.
    pub const POLICY: &'static str = "policy";

    /// The key of an organization.
    pub fn organization(name: &str) -> Self {
        Self::of(Self::ORGANIZATION, name)
    }

    /// The key of a service.
    pub fn service(service: &Service) -> Self {
        Self::of(Self::SERVICE, service.as_str())
    }

    /// The key of a release.
    pub fn release(id: &OwnId) -> Self {
        Self::of(Self::RELEASE, id.as_str())
    }

    /// The key of an environment, by its name.
    pub fn environment(name: &str) -> Self {
        Self::of(Self::ENVIRONMENT, name)
    }

    /// The key of a policy.
    pub fn policy(sha256: &Digest) -> Self {
        Self(format!("{}:{sha256}", Self::POLICY))
    }

    /// The key of bytes: `sha256:…`.
    pub fn bytes(sha256: &Digest) -> Self {
        Self(sha256.to_string())
    }

    /// The key of a commit.
    pub fn commit(id: &CommitId) -> Self {
        Self::of("gitCommit", id.as_str())
    }

    /// A name that can stand in no key makes one that [`Key::from_str`] refuses, and the ledger with it.
    fn of(kind: &str, value: &str) -> Self {
        Self(format!("{kind}:{value}"))
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || KeyError(text.chars().take(80).collect());
        let (kind, value) = text.split_once(':').ok_or_else(refused)?;
        let is_kind = kind.starts_with(|c: char| c.is_ascii_alphabetic())
            && kind.len() <= MAX_KIND_BYTES
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_value = !value.is_empty() && !value.contains(char::is_control);
        if is_kind && is_value && text.len() <= MAX_KEY_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_of_a_later_kind_is_read_and_no_other_text_is() {
        for good in [
            "organization:default",
            "policy:sha256:00",
            "cluster:eu/1",
            "gitCommit:0",
        ] {
            let key: Key = good.parse().unwrap();
            assert_eq!((key.as_str(), good.starts_with(key.kind())), (good, true));
        }
        let long = format!("service:{}", "x".repeat(512));
        for bad in [
            "", "service", "service:", ":x", "a b:c", "1a:c", "a:b\n", &long,
        ] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
        assert!(Key::environment("a\u{1b}").as_str().parse::<Key>().is_err());
    }
}
