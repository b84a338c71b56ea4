use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Baseline, Digest, Finding, Gap, Outcome, OwnId, Ran, Service, Subject};

/// A signed statement whose signature has been verified, read into words that policy can judge.
///
/// The signed bytes stay in the ledger under `id`; this is a reading of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Body {
    /// Inspectors looked at a source tree.
    Inspection(Inspected),
    /// Tests ran.
    Test(TestResult),
    /// A builder made an artifact from a commit.
    Provenance(Provenance),
    /// The components of the subject.
    Sbom(Sbom),
    /// A person lets a release into an environment.
    Approval(Approval),
    /// A release was deployed, or a deployment was undone.
    Deployment(DeploymentRecord),
}

impl Body {
    /// The word for this kind of evidence, as `requires` writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Inspection(_) => "inspection",
            Self::Test(_) => "test",
            Self::Provenance(_) => "provenance",
            Self::Sbom(_) => "sbom",
            Self::Approval(_) => "approval",
            Self::Deployment(_) => "deployment",
        }
    }
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
    /// What the gate said at the time, by the policy and whatever the tree tightened in it.
    pub outcome: Outcome,
}

/// The outcome of a test command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The command that ran.
    pub command: Vec<String>,
    /// Its exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Tests that passed; `None` when the command's output did not say.
    pub passed: Option<u64>,
    /// Tests that failed; `None` when the command's output did not say.
    pub failed: Option<u64>,
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

/// The components of a subject, by the digest of the whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sbom {
    /// How many components it lists.
    pub components: u64,
    /// What the lister could not read.
    pub gaps: u64,
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
