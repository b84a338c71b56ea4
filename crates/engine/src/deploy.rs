//! Deployment: each step is an event, written before it acts and closed after. What fails is rolled
//! back to what was healthy before; what a killed process left open is settled by the next command.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_environment::{
    Change, ConfigError, EnvironmentError, HealthCheck, Lease, LeaseError, Process, ProcessConfig,
    Smoke, SmokeOutcome, Target, Until,
};
use plimsoll_model::{
    Body, Class, DeploymentOutcome, DeploymentRecord, Digest, Fault, OwnId, Step, Subject,
};
use plimsoll_policy::{Deploy, EnvironmentSettings};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, EventKind, OpenDeployment, StepState,
};
use plimsoll_wire::in_toto;
use serde::Serialize;

use crate::ledger::{Ledger, LedgerError, new_id};
use crate::release::kept_in;

const HEALTH_INTERVAL_MS: u64 = 100;
const SMOKE_WITHIN_MS: u64 = 120_000;
const STOP_GRACE_MS: u64 = 5_000;

/// A deployment could not be carried out or settled. What was begun stays open in the ledger, and the
/// next command settles it.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The environment's settings cannot be used.
    #[error("environment `{environment}` cannot be deployed to")]
    Settings {
        /// The environment.
        environment: String,
        /// What is wrong.
        source: ConfigError,
    },
    /// Somebody else is deploying there.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The target.
    #[error("the target of the environment failed")]
    Target(#[from] EnvironmentError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Fault for DeployError {
    fn class(&self) -> Class {
        match self {
            Self::Settings { source, .. } => source.class(),
            Self::Lease(error) => error.class(),
            Self::Target(error) => error.class(),
            Self::Ledger(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings { source, .. } => source.hint(),
            Self::Lease(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
        }
    }
}

/// What a deployment tells while it runs, for people.
pub type OnStep<'a> = &'a mut dyn FnMut(&StepEnded);

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEnded {
    /// Which.
    pub step: Step,
    /// Whether it did what it should.
    pub succeeded: bool,
    /// What was seen.
    pub detail: String,
}

/// Takes the sole right to change an environment, for as long as it is kept.
pub(crate) fn lease(
    ledger: &Ledger,
    key: &PrivateKey,
    environment: &str,
    now: Timestamp,
) -> Result<Lease, DeployError> {
    let holder = format!("key {}", key.public().id().short());
    Ok(Lease::acquire(
        &state_folder(ledger, environment),
        &holder,
        now,
    )?)
}

/// Where an environment keeps what it runs.
pub(crate) fn state_folder(ledger: &Ledger, environment: &str) -> PathBuf {
    ledger.folder.join("environments").join(environment)
}

/// An environment that this process alone may change now.
pub(crate) struct Deployer<'a> {
    ledger: &'a Ledger,
    key: &'a PrivateKey,
    environment: &'a EnvironmentSettings,
    target: Target,
    smoke: Option<Smoke>,
    on_step: OnStep<'a>,
    _lease: &'a Lease,
}

/// What a rollback event says.
#[derive(Serialize)]
struct Rollback<'a> {
    deployment: &'a OwnId,
    environment: &'a str,
    to: Option<Digest>,
}

/// What an act of a step came to.
struct Seen {
    succeeded: bool,
    detail: String,
}

impl<'a> Deployer<'a> {
    /// Makes ready to change the environment whose lease is held. `folder` is where the smoke command
    /// runs.
    pub(crate) fn open(
        ledger: &'a Ledger,
        key: &'a PrivateKey,
        environment: &'a EnvironmentSettings,
        folder: &Path,
        on_step: OnStep<'a>,
        lease: &'a Lease,
    ) -> Result<Self, DeployError> {
        let target = target(ledger, environment)?;
        let smoke = smoke(environment, folder).map_err(settings(environment))?;
        Ok(Self {
            ledger,
            key,
            environment,
            target,
            smoke,
            on_step,
            _lease: lease,
        })
    }

    /// Settles a deployment that a killed process left open: finishes it when its bytes run and are
    /// healthy, else rolls back. Returns what it came to, or `None` when nothing was open.
    pub(crate) fn settle(&mut self) -> Result<Option<DeploymentOutcome>, DeployError> {
        let open = self
            .ledger
            .store
            .open_deployments()
            .map_err(LedgerError::from)?;
        let Some(open) = open
            .into_iter()
            .find(|open| open.environment == self.environment.name)
        else {
            return Ok(None);
        };
        let started = started(&open);
        let arrived = self
            .target
            .observe(Until::Now)?
            .runs(&[subject(open.artifact)]);
        let healthy = arrived && self.verify(&started, open.artifact)?;
        self.finish(&started, healthy).map(Some)
    }

    /// Deploys a release, and rolls back when it does not become healthy.
    pub(crate) fn deploy(
        &mut self,
        release: &OwnId,
        artifact: Digest,
    ) -> Result<DeploymentOutcome, DeployError> {
        let current = self
            .ledger
            .store
            .current(&self.environment.name)
            .map_err(LedgerError::from)?;
        let previous = current
            .and_then(|current| current.last_healthy)
            .map(|healthy| healthy.artifact);
        let started = DeploymentStarted {
            deployment: new_id()?,
            release: release.clone(),
            environment: self.environment.name.clone(),
            artifact,
            previous,
        };
        self.ledger
            .append_json(EventKind::DeploymentStarted, &subject(artifact), &started)?;
        let healthy = self.bring_up(&started, artifact, previous)?;
        self.finish(&started, healthy)
    }

    /// Closes an open deployment: as it is when it is healthy, else after going back.
    fn finish(
        &mut self,
        started: &DeploymentStarted,
        healthy: bool,
    ) -> Result<DeploymentOutcome, DeployError> {
        let (outcome, running) = if healthy {
            (DeploymentOutcome::Healthy, Some(started.artifact))
        } else {
            self.roll_back(started)?
        };
        let record = DeploymentRecord {
            release: started.release.clone(),
            environment: started.environment.clone(),
            outcome,
        };
        let subject = subject(started.artifact);
        let statement = in_toto::write(&subject, "artifact", &Body::Deployment(record));
        let statement = statement.map_err(LedgerError::from)?;
        self.ledger
            .record(EventKind::EvidenceRecorded, self.key, &subject, &statement)?;
        let finished = DeploymentFinished {
            deployment: started.deployment.clone(),
            release: started.release.clone(),
            environment: started.environment.clone(),
            artifact: started.artifact,
            outcome,
            healthy: running,
        };
        self.ledger
            .append_json(EventKind::DeploymentFinished, &subject, &finished)?;
        Ok(outcome)
    }

    fn roll_back(
        &mut self,
        started: &DeploymentStarted,
    ) -> Result<(DeploymentOutcome, Option<Digest>), DeployError> {
        let about = subject(started.artifact);
        let to = started.previous;
        let deployment = &started.deployment;
        let rollback = Rollback {
            deployment,
            environment: &started.environment,
            to,
        };
        self.ledger
            .append_json(EventKind::RollbackStarted, &about, &rollback)?;
        let ended = match to {
            Some(previous) if self.bring_up(started, previous, Some(started.artifact))? => {
                (DeploymentOutcome::RolledBack, Some(previous))
            }
            Some(_) | None => {
                // Ended or not, nothing healthy runs, and the step says which.
                self.step(started, Step::Withdraw, Self::withdraw)?;
                (DeploymentOutcome::Failed, None)
            }
        };
        self.ledger
            .append_json(EventKind::RollbackFinished, &about, &rollback)?;
        Ok(ended)
    }

    /// Brings bytes to run in place of others, and says whether they are proven to work.
    fn bring_up(
        &mut self,
        started: &DeploymentStarted,
        artifact: Digest,
        in_place_of: Option<Digest>,
    ) -> Result<bool, DeployError> {
        let artifacts = kept_in(self.ledger);
        let previous: Vec<Subject> = in_place_of.map(subject).into_iter().collect();
        let change = Change {
            subjects: &[subject(artifact)],
            previous: &previous,
            artifacts: &artifacts,
        };
        let applied = self.step(started, Step::Apply, |it| {
            let applied = it.target.apply(&change)?;
            Ok(Seen {
                succeeded: true,
                detail: applied.to_string(),
            })
        })?;
        Ok(applied && self.verify(started, artifact)?)
    }

    /// Health and smoke of bytes that run.
    fn verify(
        &mut self,
        started: &DeploymentStarted,
        artifact: Digest,
    ) -> Result<bool, DeployError> {
        let subjects = [subject(artifact)];
        let healthy = self.step(started, Step::Health, |it| it.wait_for_health(&subjects))?;
        Ok(healthy && self.step(started, Step::Smoke, |it| it.run_smoke(&subjects))?)
    }

    fn withdraw(&mut self) -> Result<Seen, EnvironmentError> {
        let withdrawn = self.target.withdraw()?;
        Ok(Seen {
            succeeded: true,
            detail: withdrawn.to_string(),
        })
    }

    fn wait_for_health(&mut self, subjects: &[Subject]) -> Result<Seen, EnvironmentError> {
        let observation = self.target.observe(Until::Healthy {
            subjects,
            cancelled: &|| false,
        })?;
        Ok(Seen {
            succeeded: observation.is_healthy(),
            detail: observation.to_string(),
        })
    }

    fn run_smoke(&mut self, subjects: &[Subject]) -> Result<Seen, EnvironmentError> {
        let Some(smoke) = &self.smoke else {
            return Ok(Seen {
                succeeded: true,
                detail: "no smoke command is configured".to_owned(),
            });
        };
        let report = smoke.run(&self.target, subjects)?;
        Ok(Seen {
            succeeded: report.outcome == SmokeOutcome::Passed,
            detail: report.to_string(),
        })
    }

    /// One step: its event, the act, its event. Says whether the act did what it should; one that
    /// fails is a step that failed, not an error: the way back must still be gone.
    fn step(
        &mut self,
        started: &DeploymentStarted,
        step: Step,
        act: impl FnOnce(&mut Self) -> Result<Seen, EnvironmentError>,
    ) -> Result<bool, DeployError> {
        self.tell(started, step, StepState::Begun, String::new())?;
        let Seen { succeeded, detail } = act(self).unwrap_or_else(|error| Seen {
            succeeded: false,
            detail: crate::chain(&error),
        });
        let state = if succeeded {
            StepState::Succeeded
        } else {
            StepState::Failed
        };
        self.tell(started, step, state, detail.clone())?;
        (self.on_step)(&StepEnded {
            step,
            succeeded,
            detail,
        });
        Ok(succeeded)
    }

    fn tell(
        &mut self,
        started: &DeploymentStarted,
        step: Step,
        state: StepState,
        detail: String,
    ) -> Result<(), LedgerError> {
        let body = DeploymentStep {
            deployment: started.deployment.clone(),
            environment: started.environment.clone(),
            step: step.as_str().to_owned(),
            state,
            detail,
        };
        self.ledger
            .append_json(EventKind::DeploymentStep, &subject(started.artifact), &body)
    }
}

/// The target of an environment, with its state in the ledger's folder.
pub(crate) fn target(
    ledger: &Ledger,
    environment: &EnvironmentSettings,
) -> Result<Target, DeployError> {
    let state = state_folder(ledger, &environment.name);
    let Deploy::Process { run, variables } = &environment.deploy;
    let config = ProcessConfig {
        run: run.clone(),
        variables: variables.clone(),
        health: HealthCheck {
            http: environment.health.http.clone(),
            within_ms: u64::from(environment.health.within_s) * 1000,
            interval_ms: HEALTH_INTERVAL_MS,
        },
        stop_grace_ms: STOP_GRACE_MS,
    };
    Process::new(config, &state)
        .map(Target::Process)
        .map_err(settings(environment))
}

fn smoke(environment: &EnvironmentSettings, folder: &Path) -> Result<Option<Smoke>, ConfigError> {
    let Some(command) = &environment.smoke else {
        return Ok(None);
    };
    Smoke::new(command, SMOKE_WITHIN_MS, &environment.name, folder).map(Some)
}

fn settings(environment: &EnvironmentSettings) -> impl FnOnce(ConfigError) -> DeployError {
    let environment = environment.name.clone();
    |source| DeployError::Settings {
        environment,
        source,
    }
}

fn subject(artifact: Digest) -> Subject {
    Subject::Artifact { sha256: artifact }
}

fn started(open: &OpenDeployment) -> DeploymentStarted {
    DeploymentStarted {
        deployment: open.deployment.clone(),
        release: open.release.clone(),
        environment: open.environment.clone(),
        artifact: open.artifact,
        previous: open.previous,
    }
}
