//! What runs where, by the ledger and by the kernel.

use plimsoll_environment::{Instance, Until};
use plimsoll_model::{DeploymentOutcome, Digest, Subject};
use plimsoll_policy::EnvironmentSettings;
use serde::Serialize;

use crate::deploy::{DeployError, target};
use crate::ledger::{Ledger, LedgerError};
use crate::trusted::Trusted;

/// One environment as it is now.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentStatus {
    /// Its name.
    pub environment: String,
    /// The release that the ledger says runs: its name.
    pub release: Option<String>,
    /// That release's bytes.
    pub artifact: Option<Digest>,
    /// How the last deployment ended.
    pub outcome: Option<DeploymentOutcome>,
    /// The bytes that really run, by the target's word.
    pub running: Option<Digest>,
    /// Each part of what runs, the main one first.
    pub instances: Vec<Instance>,
    /// A deployment that a killed command left open; the next promotion or rollback settles it.
    pub interrupted: bool,
}

impl EnvironmentStatus {
    /// Whether what runs is what the ledger says, and nothing is left open.
    pub fn as_recorded(&self) -> bool {
        self.running == self.artifact && !self.interrupted
    }
}

/// The status of every environment of the policy, in its order.
pub fn status(ledger: &Ledger, trusted: &Trusted) -> Result<Vec<EnvironmentStatus>, DeployError> {
    trusted
        .base
        .environments
        .iter()
        .map(|environment| one(ledger, environment))
        .collect()
}

fn one(
    ledger: &Ledger,
    environment: &EnvironmentSettings,
) -> Result<EnvironmentStatus, DeployError> {
    let name = &environment.name;
    let current = ledger.store.current(name).map_err(LedgerError::from)?;
    let releases = ledger.store.releases().map_err(LedgerError::from)?;
    let open = ledger.store.open_deployments().map_err(LedgerError::from)?;
    let observation = target(ledger, environment)?.observe(Until::Now)?;
    let recorded = current.as_ref().and_then(|current| current.running.clone());
    let release = recorded.as_ref().and_then(|recorded| {
        releases
            .iter()
            .find(|release| release.id == recorded.release)
            .map(|release| release.name.clone())
    });
    Ok(EnvironmentStatus {
        environment: name.clone(),
        release,
        artifact: recorded.map(|recorded| recorded.artifact),
        outcome: current.map(|current| current.outcome),
        running: observation.subjects.iter().find_map(file_digest),
        instances: observation.instances,
        interrupted: open.iter().any(|open| open.environment == *name),
    })
}

fn file_digest(subject: &Subject) -> Option<Digest> {
    match subject {
        Subject::Artifact { sha256 } => Some(*sha256),
        Subject::Image { .. } | Subject::Source { .. } => None,
    }
}

/// Ends what runs in every environment of the policy: what was started there, and nothing else.
pub fn stop(ledger: &Ledger, trusted: &Trusted) -> Result<(), DeployError> {
    for environment in &trusted.base.environments {
        target(ledger, environment)?.withdraw()?;
    }
    Ok(())
}
