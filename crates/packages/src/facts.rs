use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Component, Gap, Location};
use serde::{Deserialize, Serialize};

use crate::cargo_manifest::CargoManifest;

/// What one file says, without regard to any other file. Cached by content; holds no secret value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The packages it pins to an exact version.
    pub components: Vec<Component>,
    /// What it leaves open by itself, or could not be read.
    pub gaps: Vec<Gap>,
    /// The manifests that it answers for, when it is a lockfile.
    pub(crate) lock: Option<Lock>,
    /// What it asks for, when it is a manifest.
    pub(crate) manifest: Option<Manifest>,
    /// What it declares, when it is a `Cargo.toml`.
    pub(crate) cargo: Option<CargoManifest>,
    /// What a requirements file adds to either.
    pub(crate) requirements: Requirements,
}

/// Files that lock and declare packages for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the name of a packaging world")]
pub enum Family {
    Rust,
    Node,
    Python,
    Go,
    Ruby,
    Php,
    Jvm,
    DotNet,
    Dart,
    Elixir,
    Swift,
    CocoaPods,
    Haskell,
    R,
    Deno,
    Conan,
    Bazel,
    Nix,
}

/// A lockfile, as far as other files need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) family: Family,
    pub(crate) covers: Covers,
    /// The packages that it says are not fetched, because they stand in the tree.
    pub(crate) local: Vec<LocalPackage>,
}

/// A package that a lockfile expects in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocalPackage {
    pub(crate) name: String,
    pub(crate) place: LocalPlace,
    pub(crate) location: Location,
}

/// Where a package of the tree is to be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LocalPlace {
    /// In a folder, relative to that of the lockfile.
    Folder(String),
    /// In any folder with a manifest of this version.
    OfVersion {
        version: String,
        /// Whether a package that is fetched asks for it, which only a patch can bring about.
        by_fetched: bool,
    },
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

/// The manifests that a lockfile answers for: always in its own folder or below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Covers {
    /// All of them: the lockfile was not read, and has a gap of its own.
    Everything,
    /// Those of these package names and versions, each with what was chosen for it.
    Packages(BTreeMap<String, BTreeMap<String, LockedVersions>>),
    /// Those in these folders, relative to its own, each with what it asked for at that time;
    /// `None` when the format does not say.
    Folders(BTreeMap<String, Option<BTreeSet<String>>>),
    /// Those that ask for nothing but these packages.
    Names(BTreeSet<String>),
}

/// A manifest, as far as other files need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) family: Family,
    /// What it asks for, in the words in which the family's lockfiles repeat it; left to
    /// [`CargoManifest`] for Rust.
    pub(crate) needs: BTreeSet<String>,
    /// Where it asks for the first of them.
    pub(crate) location: Location,
}

/// What a requirements file asks for beyond its pins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Requirements {
    /// Requirements that name no exact version.
    pub(crate) open: Vec<OpenRequirement>,
    /// Files and folders that it draws in.
    pub(crate) includes: Vec<Include>,
    /// Whether pip refuses whatever has no hash: one hash in the file is enough for that.
    pub(crate) sealed: bool,
}

/// A requirement that names no exact version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenRequirement {
    /// Normalised (PEP 503).
    pub(crate) name: String,
    /// The versions it allows, as written; empty for any.
    pub(crate) range: String,
    pub(crate) location: Location,
}

/// A `-r` or `-c` option, or a folder to be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Include {
    /// As written. A file is relative to the folder of the file that names it, a folder to wherever pip
    /// is started.
    pub(crate) path: String,
    pub(crate) kind: IncludeKind,
    pub(crate) location: Location,
}

/// What an include is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IncludeKind {
    /// A file of more requirements (`-r`).
    Requirements,
    /// A file that only chooses versions (`-c`).
    Constraints,
    /// A folder whose manifest says what it asks for.
    Project,
}

impl Family {
    /// What makes a lockfile of this family.
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::Rust => "run `cargo generate-lockfile` and commit Cargo.lock",
            Self::Node => "run `npm install --package-lock-only` and commit package-lock.json",
            Self::Python => {
                "pin every package exactly, for example with `pip-compile --generate-hashes`, and commit the result as requirements.txt"
            }
            Self::Go
            | Self::Ruby
            | Self::Php
            | Self::Jvm
            | Self::DotNet
            | Self::Dart
            | Self::Elixir
            | Self::Swift
            | Self::CocoaPods
            | Self::Haskell
            | Self::R
            | Self::Deno
            | Self::Conan
            | Self::Bazel
            | Self::Nix => "check its packages by another means and waive the gap with an expiry",
        }
    }
}
