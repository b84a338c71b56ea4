use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Component, Gap, Location};
use plimsoll_source::TextFile;
use serde::{Deserialize, Serialize};

use crate::python::Requirements;
use crate::rust::CargoFacts;

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
    /// What Cargo's files say beyond lock and manifest.
    pub(crate) cargo: Option<CargoFacts>,
    /// What a requirements file adds to either.
    pub(crate) requirements: Requirements,
}

impl Facts {
    /// Whether it is a lockfile or manifest that was read, and not one that is a gap alone.
    pub fn is_read(&self) -> bool {
        let is_lock = self
            .lock
            .as_ref()
            .is_some_and(|lock| lock.covers != Covers::Everything);
        is_lock
            || self.manifest.is_some()
            || !self.components.is_empty()
            || matches!(self.cargo, Some(CargoFacts::Manifest(_)))
            || self.requirements != Requirements::default()
    }

    /// The facts of a file that could not be read: the gap is all it says.
    pub(crate) fn gap(gap: Gap) -> Self {
        Self {
            gaps: vec![gap],
            ..Self::default()
        }
    }
}

/// A lockfile, as far as other files need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) covers: Covers,
    /// The packages that it says are not fetched, because they stand in the tree.
    pub(crate) local: Vec<LocalPackage>,
}

impl Lock {
    /// A lockfile that takes no package from the tree.
    pub(crate) fn of(covers: Covers) -> Self {
        Self {
            covers,
            local: Vec::new(),
        }
    }
}

/// A package that a lockfile expects in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocalPackage {
    pub(crate) name: String,
    /// Its manifest, relative to the folder of the lockfile.
    pub(crate) manifest: String,
    pub(crate) location: Location,
}

/// The manifests that a lockfile answers for: always in its own folder or below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Covers {
    /// All of them: the lockfile was not read, and has a gap of its own.
    Everything,
    /// Those in these folders, relative to its own, each with what it asked for at that time, as the
    /// manifest writes it or by name alone; `None` when the format does not say.
    Folders(BTreeMap<String, Option<BTreeSet<String>>>),
    /// Those that ask for nothing but these packages.
    Names(BTreeSet<String>),
}

/// A manifest, as far as other files need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// What it asks for, in the words in which the family's lockfiles repeat it, each with the name of
    /// the package.
    pub(crate) needs: BTreeMap<String, String>,
    /// Where it asks for the first of them.
    pub(crate) location: Location,
}

impl Manifest {
    /// A manifest without a reader: it may ask for anything.
    pub(crate) fn asking_for_anything(file: &TextFile<'_>) -> Self {
        Self {
            needs: BTreeMap::new(),
            location: Location::file(file.path.clone()),
        }
    }

    /// A manifest whose lockfiles repeat names alone.
    pub(crate) fn by_name(names: impl IntoIterator<Item = String>, location: Location) -> Self {
        let needs = names.into_iter().map(|name| (name.clone(), name)).collect();
        Self { needs, location }
    }
}
