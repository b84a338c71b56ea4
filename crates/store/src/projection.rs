use jiff::Timestamp;
use plimsoll_model::{DeploymentOutcome, OwnId, Service, Subject};

/// A release, as its event told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: OwnId,
    /// The service that it is a release of.
    pub service: Service,
    /// Its name for people, the only one of that name in the service.
    pub name: String,
    /// What ships, at least one.
    pub subjects: Vec<Subject>,
    /// The event that made it.
    pub created_seq: u64,
}

/// What a service runs in an environment, by the last deployment that ended there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The service.
    pub service: Service,
    /// The environment's name.
    pub environment: String,
    /// The release that runs and is healthy; `None` after a deployment that failed and could not be
    /// undone.
    pub running: Option<OwnId>,
    /// The release that was healthy last: the way back.
    pub last_healthy: Option<OwnId>,
    /// How the last deployment ended.
    pub outcome: DeploymentOutcome,
    /// The event that said so.
    pub seq: u64,
}

/// A deployment that started and has not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDeployment {
    /// The service.
    pub service: Service,
    /// The environment's name.
    pub environment: String,
    /// The deployment.
    pub deployment: OwnId,
    /// Its release.
    pub release: OwnId,
    /// The release that was healthy before, and is the way back.
    pub previous: Option<OwnId>,
    /// The event that started it; its steps come after.
    pub seq: u64,
}

/// Who may change a service's environment, where that is agreed upon in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The service.
    pub service: Service,
    /// The environment's name.
    pub environment: String,
    /// Who has it.
    pub holder: String,
    /// The number that each step under it presents.
    pub fence: u64,
    /// When somebody else may take it.
    pub expires_at: Timestamp,
    /// The event that told of it.
    pub seq: u64,
}
