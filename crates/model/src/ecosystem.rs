use std::borrow::Cow;
use std::fmt;

use crate::VersionKey;

/// How an ecosystem writes the names and versions of its packages.
///
/// Each family of packages states its own; whoever compares names or versions gets these rows as data
/// and knows no ecosystem by itself.
#[derive(Clone, Copy)]
pub struct EcosystemRules {
    /// The OSV name without a release: `crates.io`, `PyPI`, `npm`.
    pub name: &'static str,
    /// The package-URL type: `cargo`, `pypi`, `npm`.
    pub purl_type: &'static str,
    /// The one form of a package's name: equal packages have equal forms.
    pub normalize: fn(&str) -> Cow<'_, str>,
    /// The key of a version, or `None` for a text that has no place in the ecosystem's order.
    pub version_key: fn(&str) -> Option<VersionKey>,
}

/// A longer text is no version, and reading it would only cost time.
const VERSION_MAX_BYTES: usize = 256;

impl EcosystemRules {
    /// The row of an ecosystem, by its OSV name without a release.
    pub fn find(rows: &[&'static Self], name: &str) -> Option<&'static Self> {
        rows.iter().copied().find(|row| row.name == name)
    }

    /// The key of a version; `None` for one that is too long or has no place in the order.
    pub fn key(&self, version: &str) -> Option<VersionKey> {
        if version.len() > VERSION_MAX_BYTES {
            return None;
        }
        (self.version_key)(version)
    }
}

impl fmt::Debug for EcosystemRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The form of a name in an ecosystem that tells names apart by every character.
pub fn exact_name(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}
