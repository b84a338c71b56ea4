use plimsoll_model::{DeploymentOutcome, Digest, OwnId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{EventKind, StoreError};

/// A release got its name and its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseCreated {
    /// The release's own id; once given, never again.
    pub release: OwnId,
    /// Its name for people.
    pub name: String,
    /// The bytes that ship.
    pub artifact: Digest,
}

/// A deployment begins. Appended before anything is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentStarted {
    /// The deployment's own id.
    pub deployment: OwnId,
    /// The release that is to run.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// The release's bytes.
    pub artifact: Digest,
    /// What ran there until now, and is the way back; `None` on the first deployment.
    pub previous: Option<Digest>,
}

/// A step of an open deployment: appended before it acts and again after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentStep {
    /// The open deployment.
    pub deployment: OwnId,
    /// The environment's name.
    pub environment: String,
    /// The step's name: start, health, smoke, rollback …
    pub step: String,
    /// How far it is.
    pub state: StepState,
    /// What was seen, for people and for resuming after a crash; free of secrets.
    pub detail: String,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// About to act.
    Begun,
    /// It did what it should.
    Succeeded,
    /// It did not.
    Failed,
}

/// A deployment ended, and this is what runs now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentFinished {
    /// The open deployment.
    pub deployment: OwnId,
    /// Its release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// Its bytes.
    pub artifact: Digest,
    /// How it ended.
    pub outcome: DeploymentOutcome,
    /// What runs and is healthy now: `artifact` when healthy, the bytes that were gone back to when
    /// rolled back, `None` when failed.
    pub healthy: Option<Digest>,
}

/// An event's body, as far as the ledger itself reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `release.created`
    ReleaseCreated(ReleaseCreated),
    /// `deployment.started`
    DeploymentStarted(DeploymentStarted),
    /// `deployment.step`
    DeploymentStep(DeploymentStep),
    /// `deployment.finished`
    DeploymentFinished(DeploymentFinished),
    /// A body that is the engine's alone.
    Opaque,
}

impl Fact {
    /// Reads the body of an event of this kind.
    pub fn read(kind: EventKind, body: &[u8]) -> Result<Self, StoreError> {
        match kind {
            EventKind::ReleaseCreated => parse(kind, body).map(Self::ReleaseCreated),
            EventKind::DeploymentStarted => parse(kind, body).map(Self::DeploymentStarted),
            EventKind::DeploymentStep => parse(kind, body).map(Self::DeploymentStep),
            EventKind::DeploymentFinished => parse(kind, body).map(Self::DeploymentFinished),
            EventKind::EvidenceRecorded
            | EventKind::PromotionRequested
            | EventKind::ApprovalRecorded
            | EventKind::RollbackStarted
            | EventKind::RollbackFinished
            | EventKind::PolicyDecided => Ok(Self::Opaque),
        }
    }

    /// Whether projections are made from bodies of this kind, so that they may not be deleted.
    pub(crate) fn is_read_from(kind: EventKind) -> bool {
        match kind {
            EventKind::ReleaseCreated
            | EventKind::DeploymentStarted
            | EventKind::DeploymentStep
            | EventKind::DeploymentFinished => true,
            EventKind::EvidenceRecorded
            | EventKind::PromotionRequested
            | EventKind::ApprovalRecorded
            | EventKind::RollbackStarted
            | EventKind::RollbackFinished
            | EventKind::PolicyDecided => false,
        }
    }
}

fn parse<T: DeserializeOwned>(kind: EventKind, body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|source| StoreError::Body { kind, source })
}
