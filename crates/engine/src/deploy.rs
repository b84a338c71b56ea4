//! Deployment: each step is an event, written before it acts and closed after. What fails is rolled
//! back to what was healthy before; what a killed process left open is settled by the next command.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_environment::{
    ConfigError, EnvironmentError, HealthCheck, HealthOutcome, Lease, LeaseError, Process,
    ProcessConfig, SmokeOutcome, SmokeTest, Target,
};
use plimsoll_model::{Body, DeploymentOutcome, DeploymentRecord, Digest, OwnId, Subject};
use plimsoll_policy::{Deploy, EnvironmentSettings};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, EventKind, OpenDeployment, StepState,
};
use plimsoll_wire::in_toto;
use serde::Serialize;

use crate::ledger::{Ledger, LedgerError, new_id};
use crate::release::kept;

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

/// What a deployment tells while it runs, for people.
pub type OnStep<'a> = &'a mut dyn FnMut(&Step);

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
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
) -> Result<Lease, DeployError> {
    let holder = format!("key {}", key.public().id().short());
    Ok(Lease::acquire(
        &state_folder(ledger, environment),
        &holder,
        Timestamp::now(),
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

/// A step of bringing up an artifact did not do what it should.
struct StepFailed;

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
        let state = state_folder(ledger, &environment.name);
        let target =
            target(environment, folder, &state).map_err(|source| DeployError::Settings {
                environment: environment.name.clone(),
                source,
            })?;
        Ok(Self {
            ledger,
            key,
            environment,
            target,
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
        let running = self.target.running()?;
        let arrived =
            running.is_some_and(|running| running.main_lives && running.digest == open.artifact);
        let healthy = arrived && self.verify(&started, open.artifact)?.is_ok();
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
        let healthy = self.bring_up(&started, artifact)?.is_ok();
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
            Some(previous) if self.bring_up(started, previous)?.is_ok() => {
                (DeploymentOutcome::RolledBack, Some(previous))
            }
            Some(_) | None => {
                // Stopped or not, nothing healthy runs, and the step says which.
                drop(self.step(started, "stop", Self::stop)?);
                (DeploymentOutcome::Failed, None)
            }
        };
        self.ledger
            .append_json(EventKind::RollbackFinished, &about, &rollback)?;
        Ok(ended)
    }

    /// Puts bytes in place, replaces what runs, and waits until they are proven to work.
    fn bring_up(
        &mut self,
        started: &DeploymentStarted,
        artifact: Digest,
    ) -> Result<Result<(), StepFailed>, DeployError> {
        let source = kept(self.ledger, &artifact);
        let installed = self.step(started, "install", |it| {
            it.target.install(&artifact, &source)?;
            Ok((true, artifact.to_string()))
        })?;
        if installed.is_err() {
            return Ok(installed);
        }
        let stopped = self.step(started, "stop", Self::stop)?;
        if stopped.is_err() {
            return Ok(stopped);
        }
        let running = self.step(started, "start", |it| {
            let running = it.target.start(&artifact)?;
            Ok((
                true,
                format!("process {} of {}", running.pid, artifact.short()),
            ))
        })?;
        if running.is_err() {
            return Ok(running);
        }
        self.verify(started, artifact)
    }

    /// Health and smoke of bytes that run.
    fn verify(
        &mut self,
        started: &DeploymentStarted,
        artifact: Digest,
    ) -> Result<Result<(), StepFailed>, DeployError> {
        let healthy = self.step(started, "health", |it| it.health(&artifact))?;
        if healthy.is_err() {
            return Ok(healthy);
        }
        self.step(started, "smoke", |it| it.smoke(&artifact))
    }

    fn stop(&mut self) -> Result<(bool, String), EnvironmentError> {
        let stopped = self.target.stop()?;
        let detail = stopped.map_or_else(
            || "nothing ran".to_owned(),
            |stopped| {
                format!(
                    "{}{}",
                    stopped.digest.short(),
                    if stopped.killed { ", killed" } else { "" }
                )
            },
        );
        Ok((true, detail))
    }

    fn health(&mut self, artifact: &Digest) -> Result<(bool, String), EnvironmentError> {
        let report = self.target.health(artifact, &|| false)?;
        let healthy = match report.outcome {
            HealthOutcome::Healthy => true,
            HealthOutcome::NotInTime | HealthOutcome::Exited | HealthOutcome::Cancelled => false,
        };
        let last = report.attempts.last();
        let last = last.map_or_else(String::new, |last| format!(", last seen {:?}", last.seen));
        Ok((
            healthy,
            format!("{:?} after {} ms{last}", report.outcome, report.elapsed_ms),
        ))
    }

    fn smoke(&mut self, artifact: &Digest) -> Result<(bool, String), EnvironmentError> {
        let Some(report) = self.target.smoke(artifact)? else {
            return Ok((true, "no smoke command is configured".to_owned()));
        };
        let passed = match report.outcome {
            SmokeOutcome::Passed => true,
            SmokeOutcome::Failed { .. } | SmokeOutcome::NotInTime | SmokeOutcome::Exited => false,
        };
        Ok((
            passed,
            format!("{:?} after {} ms", report.outcome, report.elapsed_ms),
        ))
    }

    /// One step: its event, the act, its event. An act that fails is a step that failed, not an error:
    /// the way back must still be gone.
    fn step(
        &mut self,
        started: &DeploymentStarted,
        name: &str,
        act: impl FnOnce(&mut Self) -> Result<(bool, String), EnvironmentError>,
    ) -> Result<Result<(), StepFailed>, DeployError> {
        self.tell(started, name, StepState::Begun, String::new())?;
        let (succeeded, detail) = act(self).unwrap_or_else(|error| (false, crate::chain(&error)));
        let state = if succeeded {
            StepState::Succeeded
        } else {
            StepState::Failed
        };
        self.tell(started, name, state, detail.clone())?;
        (self.on_step)(&Step {
            name: name.to_owned(),
            succeeded,
            detail,
        });
        Ok(if succeeded { Ok(()) } else { Err(StepFailed) })
    }

    fn tell(
        &mut self,
        started: &DeploymentStarted,
        step: &str,
        state: StepState,
        detail: String,
    ) -> Result<(), LedgerError> {
        let body = DeploymentStep {
            deployment: started.deployment.clone(),
            environment: started.environment.clone(),
            step: step.to_owned(),
            state,
            detail,
        };
        self.ledger
            .append_json(EventKind::DeploymentStep, &subject(started.artifact), &body)
    }
}

/// The target of an environment, with its state in a folder.
pub(crate) fn target(
    environment: &EnvironmentSettings,
    folder: &Path,
    state: &Path,
) -> Result<Target, ConfigError> {
    let Deploy::Process { run, variables } = &environment.deploy;
    let config = ProcessConfig {
        run: run.clone(),
        variables: variables.clone(),
        health: HealthCheck {
            http: environment.health.http.clone(),
            within_ms: u64::from(environment.health.within_s) * 1000,
            interval_ms: HEALTH_INTERVAL_MS,
        },
        smoke: environment.smoke.clone().map(|command| SmokeTest {
            command,
            within_ms: SMOKE_WITHIN_MS,
        }),
        stop_grace_ms: STOP_GRACE_MS,
    };
    Process::new(&environment.name, config, folder, state).map(Target::Process)
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
