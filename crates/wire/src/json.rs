//! The report as Plimsoll's own JSON, for programs that act on a check.
//!
//! The promise of `schemaVersion` 1: fields may be added, none changes its name, type or meaning.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_model::{CommitId, Digest, Ecosystem, Reason, Subject};
use serde::Serialize;

use crate::shape::{FindingShape, GapShape, word};
use crate::{DatabaseIdentity, Report};

const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportShape<'a> {
    schema_version: u32,
    tool: ToolShape,
    subject: SubjectShape<'a>,
    verdict: VerdictShape<'a>,
    policy: PolicyShape,
    databases: Vec<DatabaseShape<'a>>,
    findings: Vec<FindingShape>,
    gaps: Vec<GapShape>,
    components: ComponentsShape<'a>,
}

#[derive(Serialize)]
struct ToolShape {
    name: &'static str,
    version: &'static str,
}

/// `digest` is absent for a work tree without a commit of its own.
#[derive(Serialize)]
struct SubjectShape<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<DigestShape<'a>>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum DigestShape<'a> {
    Source {
        git_commit: &'a CommitId,
        git_tree: &'a CommitId,
    },
    Artifact {
        sha256: Digest,
    },
    Image {
        image_manifest_sha256: Digest,
    },
}

/// `exitCode` is that of the command that made the report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictShape<'a> {
    outcome: &'static str,
    exit_code: u8,
    reasons: Vec<ReasonShape<'a>>,
}

/// `hint` is absent when nothing needs doing.
#[derive(Serialize)]
struct ReasonShape<'a> {
    about: &'a str,
    outcome: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
}

#[derive(Serialize)]
struct PolicyShape {
    digest: Digest,
    trusted: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatabaseShape<'a> {
    ecosystem: &'a Ecosystem,
    digest: Digest,
    as_of: Timestamp,
    age_days: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComponentsShape<'a> {
    total: usize,
    by_ecosystem: BTreeMap<&'a str, usize>,
}

/// Writes the report as one indented JSON object.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &shape(report))?;
    out.write_all(b"\n")
}

fn shape(report: &Report) -> ReportShape<'_> {
    let mut by_ecosystem = BTreeMap::new();
    for component in &report.inspection.components {
        *by_ecosystem
            .entry(component.ecosystem.as_str())
            .or_insert(0) += 1;
    }
    ReportShape {
        schema_version: SCHEMA_VERSION,
        tool: ToolShape {
            name: "plimsoll",
            version: env!("CARGO_PKG_VERSION"),
        },
        subject: SubjectShape {
            name: &report.subject_name,
            digest: report.subject.as_ref().map(digest),
        },
        verdict: VerdictShape {
            outcome: word(report.verdict.outcome),
            exit_code: report.verdict.outcome.exit_code(),
            reasons: report.verdict.reasons.iter().map(reason).collect(),
        },
        policy: PolicyShape {
            digest: report.policy.sha256,
            trusted: report.policy.trusted,
        },
        databases: report.databases.iter().map(database).collect(),
        findings: report
            .inspection
            .findings
            .iter()
            .map(FindingShape::from)
            .collect(),
        gaps: report.inspection.gaps.iter().map(GapShape::from).collect(),
        components: ComponentsShape {
            total: report.inspection.components.len(),
            by_ecosystem,
        },
    }
}

fn digest(subject: &Subject) -> DigestShape<'_> {
    match subject {
        Subject::Source { commit, tree } => DigestShape::Source {
            git_commit: commit,
            git_tree: tree,
        },
        Subject::Artifact { sha256 } => DigestShape::Artifact { sha256: *sha256 },
        Subject::Image { manifest_sha256 } => DigestShape::Image {
            image_manifest_sha256: *manifest_sha256,
        },
    }
}

fn reason(reason: &Reason) -> ReasonShape<'_> {
    ReasonShape {
        about: &reason.about,
        outcome: word(reason.outcome),
        message: &reason.message,
        hint: &reason.hint,
    }
}

fn database(database: &DatabaseIdentity) -> DatabaseShape<'_> {
    DatabaseShape {
        ecosystem: &database.ecosystem,
        digest: database.sha256,
        as_of: database.as_of,
        age_days: database.age_days,
    }
}
