use plimsoll_model::Location;
use serde::{Deserialize, Serialize};

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
