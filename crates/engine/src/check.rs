//! `check`: inspect a tree and judge what was seen by the policy.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{Baseline, Gap, Over, Ran, Subject, Verdict};
use plimsoll_policy::{Judgement, POLICY_TRUSTED, TREE_POLICY};
use plimsoll_source::{EMPTY_TREE, Tree};
use plimsoll_wire::{Looked, PolicyIdentity, Report};

use crate::baseline::compare;
use crate::excerpt;
use crate::inspect::{self, Options};
use crate::register::inspectors;
use crate::trusted::Trusted;

/// What to check, and by what.
pub struct Check<'a> {
    /// The files.
    pub tree: &'a dyn Tree,
    /// Their name for people.
    pub subject_name: String,
    /// The commit they are, where they are one exactly.
    pub subject: Option<Subject>,
    /// The policy.
    pub trusted: &'a Trusted,
    /// How to inspect.
    pub options: Options<'a>,
    /// The present.
    pub now: Timestamp,
}

/// A check's outcome, ready to be shown or signed.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All that a report says.
    pub report: Report,
    /// What the gate made of each finding and gap.
    pub judgement: Judgement,
    /// Which of the findings stood already at the commits that the policy names.
    pub baselines: Vec<Baseline>,
    /// Text files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Checks a tree.
pub fn check(check: &Check<'_>) -> Checked {
    let inspected = inspect::inspect(check.tree, &check.options);
    let (files, bytes) = (inspected.files, inspected.bytes);
    let (mut inspection, ran) = (inspected.inspection, inspected.ran);
    if files == 0 {
        inspection.gaps.extend(empty(&check.subject_name));
    }
    let known = check.options.inspectors;
    excerpt::add(check.tree, known, &inspected.digests, &mut inspection);
    let compared = compare(check, &inspection);
    inspection.gaps.extend(compared.gaps);
    inspection.sort();
    let policy = &check.trusted.effective;
    let mut judgement = policy.gate(&inspection, &ran, &compared.baselines, check.now);
    judgement.verdict = with_policy(judgement.verdict, check.trusted);
    let report = Report {
        subject_name: check.subject_name.clone(),
        subject: check.subject.clone(),
        verdict: judgement.verdict.clone(),
        policy: policy_identity(check.trusted),
        docs: known.document(&inspection),
        inspection,
        inspectors: looked(&ran),
        comparison: compared.comparison,
        at: check.now,
    };
    Checked {
        report,
        baselines: compared.baselines,
        judgement,
        files,
        bytes,
    }
}

/// Every inspector of the build over a tree, and whichever else ran, with how it ran.
fn looked(ran: &[Ran]) -> Vec<Looked> {
    let looked = inspectors().iter().filter_map(|row| {
        let ran = ran.iter().find(|ran| ran.inspector == row.id).cloned();
        let is_told = row.over == Over::Tree || ran.is_some();
        is_told.then(|| Looked {
            inspector: row.id.to_owned(),
            gate_key: row.gate_key.to_owned(),
            title: row.title.to_owned(),
            ran,
        })
    });
    looked.collect()
}

/// Whether whoever changes the tree at `root` also changes what stands at `path`.
pub fn inside(path: &Path, root: &Path) -> bool {
    absolute(path).starts_with(absolute(root))
}

/// The path without `..` and links; of what does not exist, the part that does with the rest behind it.
fn absolute(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), _, _) => path,
        (Err(_), Some(parent), Some(name)) => absolute(if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        })
        .join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

fn policy_identity(trusted: &Trusted) -> PolicyIdentity {
    let identity = trusted.base.identity();
    PolicyIdentity {
        sha256: identity.sha256,
        file_sha256: identity.file_sha256,
        trusted: trusted.trusted,
    }
}

fn with_policy(verdict: Verdict, trusted: &Trusted) -> Verdict {
    let (kind, message) = if trusted.trusted {
        let identity = trusted.base.identity();
        (
            &POLICY_TRUSTED,
            format!("trusted: {}, {identity}", trusted.origin),
        )
    } else {
        let origin = &trusted.origin;
        (
            &TREE_POLICY,
            format!("untrusted tree: {origin} may be changed by whoever changes the tree"),
        )
    };
    let reason = kind.reason("policy", message);
    let mut reasons = verdict.reasons;
    let outcome = verdict.outcome;
    reasons.insert(0, reason);
    Verdict { outcome, reasons }
}

/// Nothing to inspect is nothing proven: the folder may be the wrong one, or all of it ignored.
fn empty(subject_name: &str) -> impl Iterator<Item = Gap> {
    let message = format!("{subject_name} holds no file that could be inspected");
    let rows = inspectors().iter().filter(|row| row.over == Over::Tree);
    rows.map(move |row| EMPTY_TREE.gap(row.id, None, message.clone(), EMPTY_TREE.fix))
}
