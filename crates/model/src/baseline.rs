use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{CommitId, Finding, Fingerprint};

/// Findings of an earlier commit that still stand in the inspected tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    /// The commit, by its full id.
    pub commit: CommitId,
    /// The fingerprints of those findings.
    pub findings: BTreeSet<Fingerprint>,
}

impl Baseline {
    /// Whether the finding was there at the commit; one without an identity never was.
    pub fn has(&self, finding: &Finding) -> bool {
        finding
            .fingerprint
            .is_some_and(|fingerprint| self.findings.contains(&fingerprint))
    }
}
