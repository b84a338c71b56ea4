use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_model::{Digest, Ecosystem, Inspection, Subject, Verdict};

use crate::{json, markdown, sarif};

/// What `check` has to say: what was looked at, by which policy and data, and what it came to.
///
/// The inspection is written in the order it comes; sort it first
/// ([`Inspection::sort`](plimsoll_model::Inspection::sort)), so that equal trees give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The name of what was inspected, for people.
    pub subject_name: String,
    /// The exact bytes that were inspected; `None` for a work tree without a commit of its own.
    pub subject: Option<Subject>,
    /// What was decided, and why.
    pub verdict: Verdict,
    /// The policy that decided.
    pub policy: PolicyIdentity,
    /// What was seen.
    pub inspection: Inspection,
    /// The advisory databases that were used.
    pub databases: Vec<DatabaseIdentity>,
}

/// The effective policy of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyIdentity {
    /// The digest of the effective policy.
    pub sha256: Digest,
    /// Whether it came from a trusted base, not from the inspected tree alone.
    pub trusted: bool,
}

/// One advisory database of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// Whose packages it speaks about.
    pub ecosystem: Ecosystem,
    /// The digest of the database file.
    pub sha256: Digest,
    /// The moment up to which it knows advisories.
    pub as_of: Timestamp,
    /// Its age when the check ran, in whole days.
    pub age_days: u64,
}

/// The formats a report can be written in, apart from the terminal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Plimsoll's own JSON, `schemaVersion` 1; fields are added within a version, never changed.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub-flavoured Markdown, for a comment on a pull request.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Json, Self::Sarif, Self::Markdown];

    /// The format as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Markdown => "markdown",
        }
    }

    /// Writes the report, with a line break at its end.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => json::write(report, out),
            Self::Sarif => sarif::write(report, out),
            Self::Markdown => markdown::write(report, out),
        }
    }
}
