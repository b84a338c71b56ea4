//! The report as Plimsoll's own JSON, for programs that act on a check.
//!
//! The promise of `schemaVersion` 1: fields may be added, none changes its name, type or meaning.

use std::collections::BTreeMap;
use std::io::{self, Write};

use plimsoll_model::{
    CommitId, Digest, Extent, Finding, Input, Ran, Reason, RuleId, Seen, Subject, Tool,
};
use serde::Serialize;

use crate::shape::{FindingShape, GapShape, word};
use crate::{Comparison, Looked, Report};

const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportShape<'a> {
    schema_version: u32,
    tool: ToolShape,
    subject: SubjectShape<'a>,
    verdict: VerdictShape<'a>,
    policy: PolicyShape,
    inspectors: Vec<InspectorShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<ComparisonShape<'a>>,
    findings: Vec<ReportedShape>,
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
        commit_sha256: Digest,
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
    id: &'a RuleId,
    about: &'a str,
    outcome: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
    #[serde(skip_serializing_if = "<[Digest]>::is_empty")]
    evidence: &'a [Digest],
}

/// `digest` is of what the policy states, `fileDigest` of the bytes of its file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyShape {
    digest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_digest: Option<Digest>,
    trusted: bool,
}

/// `looked` is for people; what follows it is absent for an inspector that did not run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectorShape<'a> {
    id: &'a str,
    gate: &'a str,
    title: &'a str,
    looked: String,
    #[serde(flatten)]
    ran: Option<RanShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RanShape<'a> {
    semantics: u32,
    seen: &'a Seen,
    scope: &'a Extent,
    inputs: Vec<InputShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a Tool>,
}

/// The age is absent for what does not age.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputShape<'a> {
    #[serde(flatten)]
    input: &'a Input,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<u64>,
}

/// The revision that `isNew` of each finding is about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparisonShape<'a> {
    revision: &'a str,
    commit: &'a CommitId,
    new_findings: usize,
}

/// `isNew` is absent where nothing was compared.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportedShape {
    #[serde(flatten)]
    finding: FindingShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_new: Option<bool>,
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
            file_digest: report.policy.file_sha256,
            trusted: report.policy.trusted,
        },
        inspectors: report
            .inspectors
            .iter()
            .map(|looked| inspector(report, looked))
            .collect(),
        compared_with: report
            .comparison
            .as_ref()
            .map(|comparison| compared(comparison, &report.inspection.findings)),
        findings: reported(report),
        gaps: report.inspection.gaps.iter().map(GapShape::from).collect(),
        components: ComponentsShape {
            total: report.inspection.components.len(),
            by_ecosystem,
        },
    }
}

fn compared<'a>(comparison: &'a Comparison, findings: &[Finding]) -> ComparisonShape<'a> {
    ComparisonShape {
        revision: &comparison.revision,
        commit: &comparison.baseline.commit,
        new_findings: comparison.count_new(findings),
    }
}

fn reported(report: &Report) -> Vec<ReportedShape> {
    let comparison = report.comparison.as_ref();
    let findings = report.inspection.findings.iter();
    let reported = findings.map(|finding| ReportedShape {
        finding: FindingShape::from(finding),
        is_new: comparison.map(|comparison| comparison.is_new(finding)),
    });
    reported.collect()
}

fn digest(subject: &Subject) -> DigestShape<'_> {
    match subject {
        Subject::Source {
            commit,
            tree,
            commit_sha256,
        } => DigestShape::Source {
            git_commit: commit,
            git_tree: tree,
            commit_sha256: *commit_sha256,
        },
        Subject::Artifact { sha256 }
        | Subject::Manifests { sha256 }
        | Subject::Tool { sha256, .. } => DigestShape::Artifact { sha256: *sha256 },
        Subject::Image { manifest_sha256 } => DigestShape::Image {
            image_manifest_sha256: *manifest_sha256,
        },
    }
}

fn reason(reason: &Reason) -> ReasonShape<'_> {
    ReasonShape {
        id: &reason.id,
        about: &reason.about,
        outcome: word(reason.outcome),
        message: &reason.message,
        hint: &reason.hint,
        evidence: &reason.evidence,
    }
}

fn inspector<'a>(report: &Report, looked: &'a Looked) -> InspectorShape<'a> {
    InspectorShape {
        id: &looked.inspector,
        gate: &looked.gate_key,
        title: &looked.title,
        looked: Ran::describe(looked.ran.as_ref()),
        ran: looked.ran.as_ref().map(|ran| RanShape {
            semantics: ran.semantics,
            seen: &ran.seen,
            tool: ran.tool.as_ref(),
            scope: &ran.scope,
            inputs: ran
                .inputs
                .iter()
                .map(|input| shape_input(report, input))
                .collect(),
        }),
    }
}

fn shape_input<'a>(report: &Report, input: &'a Input) -> InputShape<'a> {
    InputShape {
        input,
        age_days: report.age_days(input),
    }
}
