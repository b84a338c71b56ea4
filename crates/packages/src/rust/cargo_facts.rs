//! What one file of Cargo's says: a manifest before its workspace has added what it inherits, or a
//! lockfile.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Location, Scope};
use serde::{Deserialize, Serialize};

/// What Cargo's files say beyond components and gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CargoFacts {
    Manifest(Box<CargoManifest>),
    Lock(CargoLock),
}

impl CargoFacts {
    pub(crate) fn manifest(&self) -> Option<&CargoManifest> {
        match self {
            Self::Manifest(manifest) => Some(manifest),
            Self::Lock(_) => None,
        }
    }

    pub(crate) fn lock(&self) -> Option<&CargoLock> {
        match self {
            Self::Manifest(_) => None,
            Self::Lock(lock) => Some(lock),
        }
    }
}

/// A `Cargo.lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CargoLock {
    /// It was not read, and has a gap of its own.
    Unread,
    /// The packages of the tree that it answers for, by name and version, each with what was chosen for
    /// it.
    Read {
        packages: BTreeMap<String, BTreeMap<String, LockedVersions>>,
        local: Vec<LocalPackage>,
    },
}

/// A package that a lockfile expects in the tree: in any folder with a manifest of this version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocalPackage {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether a package that is fetched asks for it, which only a patch can bring about.
    pub(crate) by_fetched: bool,
    pub(crate) location: Location,
}

/// The versions that a package may use of each package it asks for; none of what the lockfile itself
/// lacks.
pub(crate) type LockedVersions = BTreeMap<String, BTreeSet<LockedVersion>>;

/// A version that a lockfile has chosen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct LockedVersion {
    pub(crate) version: String,
    /// Whether it stands in the tree and is not fetched.
    pub(crate) is_local: bool,
}

/// A `Cargo.toml`: a package, the root of a workspace, or both; or a configuration, which only patches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CargoManifest {
    pub(crate) package: Option<CargoPackage>,
    pub(crate) workspace: Option<CargoWorkspace>,
    /// What stands in for published packages (`[patch]`, `[replace]`).
    pub(crate) patches: Vec<CargoDependency>,
}

/// The package that a manifest declares, whether or not it asks for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CargoPackage {
    pub(crate) name: String,
    pub(crate) version: PackageVersion,
    /// The folder of the workspace's root, relative to its own, where it names one.
    pub(crate) root: Option<String>,
    pub(crate) needs: Vec<CargoNeed>,
    /// Where it is named.
    pub(crate) location: Location,
}

/// The version of a package of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PackageVersion {
    Own(String),
    Inherited,
}

/// What the root of a workspace says for its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CargoWorkspace {
    pub(crate) version: Option<String>,
    /// By the name under which members ask for them.
    pub(crate) dependencies: BTreeMap<String, CargoDependency>,
    /// Folders relative to its own, as written.
    pub(crate) members: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

/// An entry in a table of dependencies of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CargoNeed {
    pub(crate) scope: Scope,
    pub(crate) asked: AskedFor,
}

impl CargoNeed {
    /// Whether a lockfile names it even if the package is no member of its workspace: optional and
    /// development packages of a mere path dependency are left out.
    pub(crate) fn is_always_locked(&self) -> bool {
        matches!(self.scope, Scope::Runtime | Scope::Build)
    }
}

/// Where it stands what a package asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AskedFor {
    Here(CargoDependency),
    /// In the workspace, under this name.
    InWorkspace(String),
}

/// A package that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CargoDependency {
    /// The real name.
    pub(crate) name: String,
    /// As written; without one, any version will do.
    pub(crate) requirement: Option<String>,
    /// The folder it stands in, relative to that of the manifest.
    pub(crate) folder: Option<String>,
}
