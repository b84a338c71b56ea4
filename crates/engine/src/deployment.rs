//! A deployment as it is planned, found again after a crash, and told to the ledger. It touches nothing.

use plimsoll_model::{DeploymentOutcome, Key, OwnId, Service, Step, Subject};
use plimsoll_policy::EnvironmentSettings;
use plimsoll_store::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, Fact, Release, Rollback, StepState,
};

use crate::deploy::{DeployError, require_part, target};
use crate::ledger::{Ledger, LedgerError};

/// A release on its way into an environment, and the way back.
pub(crate) struct Deployment {
    pub(crate) id: OwnId,
    pub(crate) environment: String,
    pub(crate) release: Release,
    /// What was healthy there until now.
    pub(crate) previous: Option<Release>,
    /// The number of the ledger's lease under which it happens; `None` where the kernel's lock is it.
    pub(crate) fence: Option<u64>,
}

impl Deployment {
    /// A new deployment, as the ledger stands. Nothing is appended and nothing is touched yet. Refused
    /// when the environment's target cannot run such a release.
    pub(crate) fn plan(
        ledger: &Ledger,
        environment: &EnvironmentSettings,
        release: &Release,
        fence: Option<u64>,
    ) -> Result<Self, DeployError> {
        let target = target(ledger, &release.service, environment)?;
        require_part(&target, &environment.name, release)?;
        let current = ledger.store.current(&release.service, &environment.name);
        let previous = current
            .map_err(LedgerError::from)?
            .and_then(|current| current.last_healthy);
        Ok(Self {
            id: ledger.new_id()?,
            environment: environment.name.clone(),
            release: release.clone(),
            previous: previous
                .map(|id| require_release(ledger, &id))
                .transpose()?,
            fence,
        })
    }

    /// The deployment that a killed process left open, if there is one.
    pub(crate) fn interrupted(
        ledger: &Ledger,
        service: &Service,
        environment: &str,
        fence: Option<u64>,
    ) -> Result<Option<Self>, LedgerError> {
        let Some(open) = ledger.store.open_deployment(service, environment)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: open.deployment,
            environment: open.environment,
            release: require_release(ledger, &open.release)?,
            previous: open
                .previous
                .map(|id| require_release(ledger, &id))
                .transpose()?,
            fence,
        }))
    }

    /// The fact that it begins. It is appended before anything is touched.
    pub(crate) fn started(&self) -> Fact {
        Fact::DeploymentStarted(DeploymentStarted {
            deployment: self.id.clone(),
            service: self.release.service.clone(),
            release: self.release.id.clone(),
            environment: self.environment.clone(),
            subjects: self.release.subjects.clone(),
            previous: self.previous.as_ref().map(|previous| previous.id.clone()),
            fence: self.fence,
        })
    }

    /// The fact that a step of it begins or ends.
    pub(crate) fn step(&self, step: Step, state: StepState, detail: String) -> Fact {
        Fact::DeploymentStep(DeploymentStep {
            deployment: self.id.clone(),
            service: self.release.service.clone(),
            release: self.release.id.clone(),
            environment: self.environment.clone(),
            step: step.as_str().to_owned(),
            state,
            detail,
            fence: self.fence,
        })
    }

    /// What its undoing says, when it begins and when it ends.
    pub(crate) fn rollback(&self) -> Rollback {
        Rollback {
            deployment: self.id.clone(),
            service: self.release.service.clone(),
            release: self.release.id.clone(),
            environment: self.environment.clone(),
            to: self.previous.as_ref().map(|previous| previous.id.clone()),
            fence: self.fence,
        }
    }

    /// The fact that it ended, and what runs now.
    pub(crate) fn finished(&self, outcome: DeploymentOutcome, healthy: Option<OwnId>) -> Fact {
        Fact::DeploymentFinished(DeploymentFinished {
            deployment: self.id.clone(),
            service: self.release.service.clone(),
            release: self.release.id.clone(),
            environment: self.environment.clone(),
            outcome,
            healthy,
            fence: self.fence,
        })
    }

    /// What its events are about.
    pub(crate) fn keys(&self) -> Vec<Key> {
        place_keys(&self.release, &self.environment)
    }
}

/// What an event about a release in an environment is about.
pub(crate) fn place_keys(release: &Release, environment: &str) -> Vec<Key> {
    let mut keys = vec![
        Key::service(&release.service),
        Key::release(&release.id),
        Key::environment(environment),
    ];
    keys.extend(release.subjects.iter().map(Subject::key));
    keys
}

/// The release that an event names: without it the history is not whole.
pub(crate) fn require_release(ledger: &Ledger, id: &OwnId) -> Result<Release, LedgerError> {
    let release = ledger.store.release(id)?;
    release.ok_or_else(|| LedgerError::Broken {
        fault: format!("the release {id} is not in the ledger any more"),
    })
}
