use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Baseline, Claim, Digest, Finding, Gap, Outcome, OwnId, Ran, Service, Subject};

/// A signed statement whose signature has been verified, read into words that policy can judge.
///
/// The signed bytes stay in the ledger under `id`; this is a reading of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The digest of the bundle's stored bytes.
    pub id: Digest,
    /// What the statement is about: one subject, or all of a release's.
    pub subjects: Vec<Subject>,
    /// Whose key signed it.
    pub signed_by: Signatory,
    /// When the ledger took it in.
    pub recorded_at: Timestamp,
    /// What it says.
    pub body: Body,
}

/// Whose key signed a statement, by the trusted policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Signatory {
    /// A configured `[[builder]]`.
    Builder(String),
    /// A configured `[[person]]`.
    Person(String),
    /// A key that the policy does not name: the digest of its public key (SPKI DER).
    Unknown(Digest),
}

/// What a statement says. The kinds that every decision joins are named here; whatever else answers a
/// requirement is a claim, and only its own row knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Inspectors looked at a source tree.
    Inspection(Inspected),
    /// A builder made an artifact from a commit.
    Provenance(Provenance),
    /// A person lets a release into an environment.
    Approval(Approval),
    /// A release was deployed, or a deployment was undone.
    Deployment(DeploymentRecord),
    /// It answers a requirement, by the word of its own kind.
    Claim(Claim),
}

/// What an inspection found and by which policy, rules and data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// The inspectors that ran, over what, and on what their conclusions rest.
    pub inspectors: Vec<Ran>,
    /// Their findings.
    pub findings: Vec<Finding>,
    /// What they could not check.
    pub gaps: Vec<Gap>,
    /// The effective policy they ran under.
    pub policy_sha256: Digest,
    /// Which of the findings stood already at the commits that the policy names.
    pub baselines: Vec<Baseline>,
    /// What each inspector's gate said at the time, by the policy and whatever the tree tightened in it.
    pub gates: BTreeMap<String, Outcome>,
}

/// Who built an artifact, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The builder's id by its own word; believed only when the signature is the builder's.
    pub builder: String,
    /// The source it was built from.
    pub source: Subject,
    /// Whether the work tree had changes that the commit does not name.
    pub dirty: bool,
    /// The e-mail addresses of the commit's author and committer.
    pub authors: Vec<String>,
}

/// A person's word that a release may enter an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The service that the release belongs to.
    pub service: Service,
    /// The release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// The policy that the person saw; an approval under another policy does not count.
    pub policy_sha256: Digest,
    /// When it ceases to count.
    pub expires_at: Timestamp,
}

/// What a deployment came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// The service that the release belongs to.
    pub service: Service,
    /// The release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// How it ended.
    pub outcome: DeploymentOutcome,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentOutcome {
    /// It runs, answers its health check and passed its smoke command.
    Healthy,
    /// It failed and the last healthy release runs again.
    RolledBack,
    /// It failed and nothing healthy runs.
    Failed,
}
