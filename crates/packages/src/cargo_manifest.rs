//! What one `Cargo.toml` says, before its workspace has added what it inherits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Whether a lockfile names it even if the package is no member of its workspace: optional and
    /// development packages of a mere path dependency are left out.
    pub(crate) always: bool,
    pub(crate) asked: AskedFor,
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
