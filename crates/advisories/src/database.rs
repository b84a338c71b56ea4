use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{Class, Component, Digest, Ecosystem, EcosystemRules, Fault};

use crate::ecosystem::{EXTENSION, split};
use crate::file::EcosystemFile;

/// The advisories of the ecosystems that were imported, mapped from one folder.
#[derive(Debug)]
pub struct Database {
    files: BTreeMap<String, EcosystemFile>,
}

/// What one ecosystem's advisories are, for a record of what was judged by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The ecosystem, without a release.
    pub ecosystem: Ecosystem,
    /// The digest of the content: equal advisories have equal digests, whenever they were imported.
    ///
    /// It is the SHA-256 over the digests of the file's sections, and [`Database::verify`] is what
    /// checks the sections against them.
    pub digest: Digest,
    /// How many records were read, withdrawn ones too.
    pub records: u64,
    /// The moment up to which the advisories are known: an old copy that is imported today stays old.
    pub as_of: Timestamp,
}

/// A database could not be opened or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be listed.
    #[error("cannot list the advisory folder {}", folder.display())]
    ReadFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database file cannot be mapped.
    #[error("cannot read the advisory database {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database file is damaged, truncated or of another version.
    #[error(
        "the advisory database {} cannot be used: {what}",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Fault for OpenError {
    fn class(&self) -> Class {
        match self {
            Self::ReadFolder { source, .. } | Self::ReadFile { source, .. } => {
                Class::of_named_file(source)
            }
            Self::Damaged { .. } => Class::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ReadFolder { .. } => "check the folder and its permissions",
            Self::ReadFile { .. } => "check the file and its permissions",
            Self::Damaged { .. } => "import the advisories again with `plimsoll db import`",
        };
        Some(hint.to_owned())
    }
}

impl Database {
    /// Opens every `*.plimdb` of a folder, to be read by the rules of its ecosystem. A folder that does
    /// not exist is a database without ecosystems, so that every component becomes a gap.
    ///
    /// Headers and lengths are checked, and one damaged file refuses the whole: a missing part would
    /// look like a clean bill. Takes well under a millisecond a file, whatever its size.
    pub fn open(folder: &Path, rules: &[&'static EcosystemRules]) -> Result<Self, OpenError> {
        let mut files = BTreeMap::new();
        for path in database_paths(folder)? {
            let file = EcosystemFile::open(&path, rules)?;
            files.insert(file.meta().ecosystem.clone(), file);
        }
        Ok(Self { files })
    }

    /// What the opened advisories are, in the order of ecosystem names.
    pub fn identity(&self) -> Vec<Identity> {
        self.files.values().map(EcosystemFile::identity).collect()
    }

    /// What was opened for the ecosystems of these components, in the order of ecosystem names.
    pub fn asked(&self, components: &[Component]) -> Vec<Identity> {
        let bases: BTreeSet<&str> = components
            .iter()
            .map(|component| split(component.ecosystem.as_str()).base)
            .collect();
        bases
            .into_iter()
            .filter_map(|base| self.file(base))
            .map(EcosystemFile::identity)
            .collect()
    }

    /// Reads every byte: digests of all sections, bounds of all packages.
    pub fn verify(&self) -> Result<(), OpenError> {
        self.files.values().try_for_each(EcosystemFile::verify)
    }

    pub(crate) fn file(&self, base: &str) -> Option<&EcosystemFile> {
        self.files.get(base)
    }
}

fn database_paths(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let unreadable = |source| OpenError::ReadFolder {
        folder: folder.to_owned(),
        source,
    };
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
