use serde::{Deserialize, Serialize};

/// Terms under which a component may be used, as one source states them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct License {
    /// As it is written: mostly an SPDX expression, at times prose.
    pub expression: String,
    /// Whoever says so.
    pub source: LicenseSource,
}

/// Who states a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenseSource {
    /// The package's own manifest.
    Manifest,
    /// A lockfile, which repeats what the manifest said when the file was made.
    Lockfile,
    /// The registry it comes from.
    Registry,
}
