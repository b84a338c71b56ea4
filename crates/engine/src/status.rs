//! What runs where, by the ledger and by the kernel.

use plimsoll_environment::{Instance, Until};
use plimsoll_model::{DeploymentOutcome, Digest, Service, Subject};
use plimsoll_policy::EnvironmentSettings;
use serde::Serialize;

use crate::deploy::{DeployError, target};
use crate::deployment::require_release;
use crate::ledger::{Ledger, LedgerError};
use crate::trusted::Trusted;

/// What a service has in one environment now.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentStatus {
    /// The service.
    pub service: Service,
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

/// What a service has in every environment of the policy, in its order.
pub fn status(
    ledger: &Ledger,
    trusted: &Trusted,
    service: &Service,
) -> Result<Vec<EnvironmentStatus>, DeployError> {
    let environments = trusted.base.environments.iter();
    environments
        .map(|environment| look_at(ledger, service, environment))
        .collect()
}

fn look_at(
    ledger: &Ledger,
    service: &Service,
    environment: &EnvironmentSettings,
) -> Result<EnvironmentStatus, DeployError> {
    let (store, name) = (&ledger.store, &environment.name);
    let current = store.current(service, name).map_err(LedgerError::from)?;
    let open = store
        .open_deployment(service, name)
        .map_err(LedgerError::from)?;
    let running = current
        .as_ref()
        .and_then(|current| current.running.as_ref());
    let recorded = running.map(|id| require_release(ledger, id)).transpose()?;
    let observation = target(ledger, service, environment)?.observe(Until::Now)?;
    Ok(EnvironmentStatus {
        service: service.clone(),
        environment: name.clone(),
        artifact: recorded
            .as_ref()
            .and_then(|release| release.subjects.iter().find_map(file_digest)),
        release: recorded.map(|release| release.name),
        outcome: current.map(|current| current.outcome),
        running: observation.subjects.iter().find_map(file_digest),
        instances: observation.instances,
        interrupted: open.is_some(),
    })
}

fn file_digest(subject: &Subject) -> Option<Digest> {
    match subject {
        Subject::Artifact { sha256 } => Some(*sha256),
        _ => None,
    }
}

/// Ends what a service runs in every environment of the policy: what was started there, and nothing else.
pub fn stop(ledger: &Ledger, trusted: &Trusted, service: &Service) -> Result<(), DeployError> {
    for environment in &trusted.base.environments {
        target(ledger, service, environment)?.withdraw()?;
    }
    Ok(())
}
