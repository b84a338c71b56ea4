//! What stood already: the findings of a tree against those of an earlier commit, which a gate of the
//! policy names, or the person who checks.
//!
//! The earlier commit is inspected by the same inspectors, settings and data. Where it cannot be, its
//! gates have a gap, and nothing counts as old.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_model::{
    Baseline, CommitId, Extent, Finding, Fingerprint, Gap, GapDoc, GapKind, Inspection,
};
use plimsoll_source::{GitError, Repository, Tree};
use plimsoll_wire::Comparison;

use crate::check::Check;
use crate::excerpt;
use crate::inspect::{self, Options};

/// `missing-commit`.
pub(crate) static MISSING_COMMIT: GapDoc = GapDoc {
    name: "missing-commit",
    kind: GapKind::Stale,
    title: "the commit that a gate compares with cannot be inspected",
    why: "which findings stood there already is not known, so all of them count as new",
    fix: "fetch the commit, and check the root of the repository",
};

/// What a tree was compared with.
#[derive(Default)]
pub(crate) struct Compared {
    /// For each commit that a gate names: which of the findings stood there already.
    pub(crate) baselines: Vec<Baseline>,
    /// The same for the revision that the person named.
    pub(crate) comparison: Option<Comparison>,
    /// For each gate whose commit cannot be inspected.
    pub(crate) gaps: Vec<Gap>,
}

/// Compares the findings of a check, which have fingerprints, with those of each commit that a gate
/// names, and of the revision that the policy was taken from.
pub(crate) fn compare(check: &Check<'_>, inspection: &Inspection) -> Compared {
    let mut compared = Compared::default();
    let mut known: BTreeMap<CommitId, Result<Baseline, Missing>> = BTreeMap::new();
    for (inspector, rule) in check.trusted.effective.gate.rules() {
        let Some(since) = rule.mode.new_since(check.now) else {
            continue;
        };
        let found = known
            .entry(since.commit.clone())
            .or_insert_with(|| look_back(check, &since.commit, &inspection.findings));
        if let Err(missing) = found {
            let gap = missing.gap(inspector.id, inspector.gate_key, &since.commit);
            compared.gaps.push(gap);
        }
    }
    if let Some((revision, commit)) = &check.trusted.revision {
        let found = known
            .entry(commit.clone())
            .or_insert_with(|| look_back(check, commit, &inspection.findings));
        compared.comparison = found.as_ref().ok().map(|baseline| Comparison {
            revision: revision.clone(),
            baseline: baseline.clone(),
        });
    }
    compared.baselines = known.into_values().filter_map(Result::ok).collect();
    compared
}

/// Why a commit cannot be compared with.
enum Missing {
    /// It is not there.
    Commit(GitError),
    /// The files are a part of the repository, whose paths are not those of the commit.
    Part,
}

/// Which of the findings stood at the commit already.
fn look_back(
    check: &Check<'_>,
    commit: &CommitId,
    findings: &[Finding],
) -> Result<Baseline, Missing> {
    if check.options.scope != Extent::Root {
        return Err(Missing::Part);
    }
    let site = check.options.site.as_ref();
    let root = site.map_or(Path::new("."), |site| site.root);
    let tree = Repository::discover(root).and_then(|repository| repository.revision(commit));
    let earlier = inspect_earlier(check, &tree.map_err(Missing::Commit)?);
    let still = findings.iter().filter_map(|finding| finding.fingerprint);
    Ok(Baseline {
        commit: commit.clone(),
        findings: still.filter(|finding| earlier.contains(finding)).collect(),
    })
}

/// What is found in an earlier tree in the same way as in the one that is checked.
fn inspect_earlier(check: &Check<'_>, tree: &dyn Tree) -> BTreeSet<Fingerprint> {
    let options = Options {
        inspectors: check.options.inspectors,
        cache: check.options.cache,
        progress: check.options.progress,
        site: check.options.site,
        scope: Extent::Root,
    };
    let inspected = inspect::inspect(tree, &options);
    let mut earlier = inspected.inspection;
    excerpt::add(tree, options.inspectors, &inspected.digests, &mut earlier);
    let findings = earlier.findings.iter();
    findings.filter_map(|finding| finding.fingerprint).collect()
}

impl Missing {
    fn gap(&self, inspector: &str, gate_key: &str, commit: &CommitId) -> Gap {
        let (why, fix) = match self {
            Self::Commit(error) => (
                crate::chain(error),
                format!(
                    "fetch it: git fetch origin {commit}, or the whole history: git fetch --unshallow"
                ),
            ),
            Self::Part => (
                "only a part of the repository is inspected".to_owned(),
                "check the root of the repository".to_owned(),
            ),
        };
        let message = format!(
            "the gate `{gate_key}` lets pass what stood at commit {:.12} already, which cannot be told: {why}",
            commit.as_str()
        );
        MISSING_COMMIT.gap(inspector, None, message, fix)
    }
}
