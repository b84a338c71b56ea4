use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_model::{Baseline, Digest, Finding, Input, Inspection, Ran, RuleId, Subject, Verdict};

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
    /// An earlier revision that the findings were compared with.
    pub comparison: Option<Comparison>,
    /// What was seen.
    pub inspection: Inspection,
    /// Every inspector of the build, and what it looked at.
    pub inspectors: Vec<Looked>,
    /// What is to be known of each rule and gap in the inspection.
    pub docs: BTreeMap<RuleId, Doc>,
    /// The moment by which it was judged.
    pub at: Timestamp,
}

/// The policy of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyIdentity {
    /// The digest of what it states, which evidence names.
    pub sha256: Digest,
    /// The digest of its file's bytes, which a command line pins; `None` where there is no file.
    pub file_sha256: Option<Digest>,
    /// Whether it came from a trusted base, not from the inspected tree alone.
    pub trusted: bool,
}

/// What the findings of a check were compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The revision, as the person named it.
    pub revision: String,
    /// The commit that it is, and which of the findings stood there already.
    pub baseline: Baseline,
}

impl Comparison {
    /// Whether the finding did not stand there yet.
    pub fn is_new(&self, finding: &Finding) -> bool {
        !self.baseline.has(finding)
    }

    /// How many of the findings did not stand there yet.
    pub fn count_new(&self, findings: &[Finding]) -> usize {
        let new = findings.iter().filter(|finding| self.is_new(finding));
        new.count()
    }
}

/// One inspector, and what it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Its id, the first part of its rules' ids.
    pub inspector: String,
    /// Its key in the policy.
    pub gate_key: String,
    /// What it looks for, for people.
    pub title: String,
    /// How it ran; `None` when it did not.
    pub ran: Option<Ran>,
}

/// What is to be known of a rule or gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    /// What it finds, or what is not checked.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What to do.
    pub fix: String,
}

impl Report {
    /// What the conclusions rest on besides the files, each with its age in whole days where it ages.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&Input, Option<u64>)> {
        let ran = self
            .inspectors
            .iter()
            .filter_map(|looked| looked.ran.as_ref());
        ran.flat_map(|ran| &ran.inputs)
            .map(|input| (input, self.age_days(input)))
    }

    /// How old an input was when the check ran, in whole days; `None` where it does not age.
    pub fn age_days(&self, input: &Input) -> Option<u64> {
        let hours = self.at.duration_since(input.as_of?).as_hours().max(0);
        Some(hours.unsigned_abs() / 24)
    }
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
    /// Writes the report, with a line break at its end.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => json::write(report, out),
            Self::Sarif => sarif::write(report, out),
            Self::Markdown => markdown::write(report, out),
        }
    }
}
