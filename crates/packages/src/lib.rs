//! Components from lockfiles and manifests: which exact versions ship, and where nothing says so.
//!
//! It reads text alone: no package manager runs, no registry is asked, and versions are not compared
//! with advisories. What it cannot read, and what names no exact version, is a gap.

use std::collections::BTreeMap;

use plimsoll_model::{Component, Gap, Inspection, TreePath};
use plimsoll_source::File;
use serde::{Deserialize, Serialize};

/// The reader of one format.
#[derive(Debug)]
pub struct Parser {
    /// The format's name, for example `cargo-lock`; part of the cache key of its facts.
    pub id: &'static str,
    /// The files it reads, as globs over file names.
    pub globs: &'static [&'static str],
    /// Reads one file. Never fails: what cannot be read is a gap.
    pub extract: fn(&File<'_>) -> Facts,
}

/// What one file says, without regard to any other file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The packages it pins to an exact version.
    pub components: Vec<Component>,
    /// What it leaves open or could not be read.
    pub gaps: Vec<Gap>,
}

/// The parser of the file at this path, if it is of a known format.
pub fn claims(_path: &TreePath) -> Option<&'static Parser> {
    None
}

/// What all files together say: every component and every gap.
pub fn conclude(_facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    Inspection::default()
}
