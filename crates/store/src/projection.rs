use plimsoll_model::{DeploymentOutcome, Digest, OwnId};

/// A release, as its event told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: OwnId,
    /// Its name for people.
    pub name: String,
    /// The bytes that ship.
    pub artifact: Digest,
    /// The event that made it.
    pub created_seq: u64,
}

/// What runs in an environment, by the last deployment that ended there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The environment's name.
    pub environment: String,
    /// What runs and is healthy; `None` after a deployment that failed and could not be undone.
    pub running: Option<Running>,
    /// What was healthy last: the way back.
    pub last_healthy: Option<Running>,
    /// How the last deployment ended.
    pub outcome: DeploymentOutcome,
    /// The event that said so.
    pub seq: u64,
}

/// A release and its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The release.
    pub release: OwnId,
    /// Its bytes.
    pub artifact: Digest,
}

/// A deployment that started and has not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDeployment {
    /// The environment's name.
    pub environment: String,
    /// The deployment.
    pub deployment: OwnId,
    /// Its release.
    pub release: OwnId,
    /// Its bytes.
    pub artifact: Digest,
    /// What ran before, and is the way back.
    pub previous: Option<Digest>,
    /// The event that started it; its steps come after.
    pub seq: u64,
}
