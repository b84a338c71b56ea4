//! Deployment: each step is an event, written before it acts and closed after. What fails is rolled
//! back to what was healthy before; what a killed process left open is settled by the next command.

use std::path::{Path, PathBuf};

use plimsoll_environment::{
    Change, ConfigError, EnvironmentError, HealthCheck, Lease, LeaseError, Process, ProcessConfig,
    Smoke, SmokeOutcome, Target, Until,
};
use plimsoll_model::{
    Class, DeploymentOutcome, DeploymentRecord, Digest, Fault, OwnId, Service, Step, Subject,
};
use plimsoll_policy::{Deploy, EnvironmentSettings};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{EventKind, Fact, NewEvent, Release, StepState};
use plimsoll_wire::in_toto;

use crate::deployment::Deployment;
use crate::history::Sound;
use crate::ledger::{Ledger, LedgerError};
use crate::release::kept_in;
use crate::unknown::{Matter, reason_against};

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
    /// The release does not hold what the environment's target runs.
    #[error("release `{release}` cannot run in `{environment}`")]
    Undeployable {
        /// The release's name.
        release: String,
        /// The environment.
        environment: String,
        /// What the target misses.
        source: Box<EnvironmentError>,
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
            Self::Undeployable { source, .. } => source.class(),
            Self::Target(error) => error.class(),
            Self::Ledger(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings { source, .. } => source.hint(),
            Self::Lease(error) => error.hint(),
            Self::Undeployable { source, .. } => source.hint(),
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

/// Takes the sole right to change a service's environment, for as long as it is kept.
fn take_lease(
    ledger: &Ledger,
    key: &PrivateKey,
    service: &Service,
    environment: &str,
) -> Result<Lease, DeployError> {
    let holder = format!("key {}", key.public().id().short());
    Ok(Lease::acquire(
        &state_folder(ledger, service, environment),
        &holder,
        ledger.now(),
    )?)
}

/// Where a service's environment keeps what it runs.
fn state_folder(ledger: &Ledger, service: &Service, environment: &str) -> PathBuf {
    ledger
        .folder
        .join("environments")
        .join(service.as_str())
        .join(environment)
}

/// A service's environment that this process alone may change now.
pub(crate) struct Deployer<'a> {
    ledger: &'a Ledger,
    key: &'a PrivateKey,
    service: &'a Service,
    environment: &'a EnvironmentSettings,
    target: Target,
    smoke: Option<Smoke>,
    on_step: OnStep<'a>,
    _lease: Lease,
    /// The number of the ledger's lease; `None` as long as the kernel's lock alone is the right.
    fence: Option<u64>,
}

/// What an act of a step came to.
struct Seen {
    succeeded: bool,
    detail: String,
}

impl<'a> Deployer<'a> {
    /// Takes the sole right to change the environment, and makes ready for it. `folder` is where the
    /// smoke command runs.
    pub(crate) fn open(
        ledger: &'a Ledger,
        key: &'a PrivateKey,
        (service, environment): (&'a Service, &'a EnvironmentSettings),
        folder: &Path,
        on_step: OnStep<'a>,
    ) -> Result<Self, DeployError> {
        let lease = take_lease(ledger, key, service, &environment.name)?;
        let target = target(ledger, service, environment)?;
        let smoke = smoke(environment, folder).map_err(settings(environment))?;
        Ok(Self {
            ledger,
            key,
            service,
            environment,
            target,
            smoke,
            on_step,
            _lease: lease,
            fence: None,
        })
    }

    /// The number under which deployments happen here.
    pub(crate) fn fence(&self) -> Option<u64> {
        self.fence
    }

    /// Settles a deployment that a killed process left open: finishes it when its bytes run and are
    /// healthy, else rolls back. Returns what it came to, or `None` when nothing was open, or when an
    /// event that is not understood is about it: then a later build may have settled it already.
    pub(crate) fn settle(
        &mut self,
        sound: &Sound,
        policy: Digest,
    ) -> Result<Option<DeploymentOutcome>, DeployError> {
        let name = &self.environment.name;
        let Some(open) = Deployment::interrupted(self.ledger, self.service, name, self.fence)?
        else {
            return Ok(None);
        };
        let matter = Matter {
            service: self.service,
            release: &open.release.id,
            environments: vec![name],
            policy,
        };
        if reason_against(&sound.unknown, &matter).is_some() {
            return Ok(None);
        }
        let part = self.target.part(&open.release.subjects)?;
        let arrived = self.target.observe(Until::Now)?.runs(&part);
        let healthy = arrived && self.verify(&open, &open.release)?;
        self.finish(&open, healthy).map(Some)
    }

    /// Carries out a deployment that has just begun, and rolls back when it does not become healthy.
    pub(crate) fn deploy(
        &mut self,
        deployment: &Deployment,
    ) -> Result<DeploymentOutcome, DeployError> {
        let previous = deployment.previous.as_ref();
        let healthy = self.bring_up(deployment, &deployment.release, previous)?;
        self.finish(deployment, healthy)
    }

    /// Closes an open deployment: as it is when it is healthy, else after going back. The signed
    /// statement and the end are one append: whoever was overtaken leaves no word that counts.
    fn finish(
        &mut self,
        deployment: &Deployment,
        healthy: bool,
    ) -> Result<DeploymentOutcome, DeployError> {
        let release = &deployment.release;
        let (outcome, running) = if healthy {
            (DeploymentOutcome::Healthy, Some(release.id.clone()))
        } else {
            self.roll_back(deployment)?
        };
        let record = DeploymentRecord {
            service: release.service.clone(),
            release: release.id.clone(),
            environment: deployment.environment.clone(),
            outcome,
        };
        let statement = in_toto::write(&release.subjects, &release.name, &record);
        let (kind, keys) = (EventKind::EvidenceRecorded, deployment.keys());
        let evidence = self.ledger.sign(kind, self.key, keys, &statement)?;
        let finished = NewEvent::of(&deployment.finished(outcome, running), evidence.occurred_at);
        self.ledger.append(&[evidence, finished], None)?;
        Ok(outcome)
    }

    fn roll_back(
        &mut self,
        deployment: &Deployment,
    ) -> Result<(DeploymentOutcome, Option<OwnId>), DeployError> {
        let rollback = deployment.rollback();
        self.ledger.tell(&Fact::RollbackStarted(rollback.clone()))?;
        let ended = match &deployment.previous {
            Some(previous) if self.bring_up(deployment, previous, Some(&deployment.release))? => {
                (DeploymentOutcome::RolledBack, Some(previous.id.clone()))
            }
            // Whatever runs now is left as it is: that the release before does not prove healthy again
            // may be the fault of what asks it, and to end it would make an outage out of a doubt.
            Some(_) => (DeploymentOutcome::Failed, None),
            None => {
                // Ended or not, nothing healthy runs, and the step says which.
                let applied = &deployment.release.subjects;
                self.step(deployment, Step::Withdraw, |it| it.withdraw(applied))?;
                (DeploymentOutcome::Failed, None)
            }
        };
        self.ledger.tell(&Fact::RollbackFinished(rollback))?;
        Ok(ended)
    }

    /// Brings a release to run in place of another, and says whether it is proven to work.
    fn bring_up(
        &mut self,
        deployment: &Deployment,
        release: &Release,
        in_place_of: Option<&Release>,
    ) -> Result<bool, DeployError> {
        let artifacts = kept_in(self.ledger);
        let change = Change {
            subjects: &release.subjects,
            previous: in_place_of.map_or(&[], |previous| &previous.subjects),
            artifacts: &artifacts,
        };
        let applied = self.step(deployment, Step::Apply, |it| {
            let applied = it.target.apply(&change)?;
            Ok(Seen {
                succeeded: true,
                detail: applied.to_string(),
            })
        })?;
        Ok(applied && self.verify(deployment, release)?)
    }

    /// Health and smoke of a release that runs.
    fn verify(&mut self, deployment: &Deployment, release: &Release) -> Result<bool, DeployError> {
        let subjects = &release.subjects;
        let healthy = self.step(deployment, Step::Health, |it| it.wait_for_health(subjects))?;
        Ok(healthy && self.step(deployment, Step::Smoke, |it| it.run_smoke(subjects))?)
    }

    fn withdraw(&mut self, applied: &[Subject]) -> Result<Seen, EnvironmentError> {
        let withdrawn = self.target.withdraw(applied)?;
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
        deployment: &Deployment,
        step: Step,
        act: impl FnOnce(&mut Self) -> Result<Seen, EnvironmentError>,
    ) -> Result<bool, DeployError> {
        let begun = deployment.step(step, StepState::Begun, String::new());
        self.ledger.tell(&begun)?;
        let Seen { succeeded, detail } = act(self).unwrap_or_else(|error| Seen {
            succeeded: false,
            detail: crate::chain(&error),
        });
        let state = if succeeded {
            StepState::Succeeded
        } else {
            StepState::Failed
        };
        self.ledger
            .tell(&deployment.step(step, state, detail.clone()))?;
        (self.on_step)(&StepEnded {
            step,
            succeeded,
            detail,
        });
        Ok(succeeded)
    }
}

/// The part of a release that an environment's target runs. A release without one is refused before
/// anybody decides about it.
pub(crate) fn require_part(
    target: &Target,
    environment: &str,
    release: &Release,
) -> Result<Vec<Subject>, DeployError> {
    target
        .part(&release.subjects)
        .map_err(|source| DeployError::Undeployable {
            release: release.name.clone(),
            environment: environment.to_owned(),
            source: Box::new(source),
        })
}

/// The target of a service's environment, with its state in the ledger's folder.
pub(crate) fn target(
    ledger: &Ledger,
    service: &Service,
    environment: &EnvironmentSettings,
) -> Result<Target, DeployError> {
    let state = state_folder(ledger, service, &environment.name);
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use plimsoll_policy::Policy;
    use plimsoll_sign::{Password, PrivateKey};
    use plimsoll_store::{Fact, LeaseTaken, StoreError};

    use super::{DeployError, Deployer, Deployment};
    use crate::ledger::{Ledger, LedgerError};
    use crate::register::rows;
    use crate::release::{Shipment, create_release};

    const POLICY: &str = r#"
        [[environment]]
        name = "production"
        deploy = { kind = "process", run = ["{artifact}"] }
        health = { http = "http://127.0.0.1:1/" }
    "#;

    /// Somebody else took the environment while a deployment was under way: neither half of what the
    /// first one says about its end stays.
    #[test]
    fn whoever_was_overtaken_leaves_no_word() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let ledger = Ledger::open_or_create(folder.path(), &Password::new(String::new()), || {
            Timestamp::UNIX_EPOCH
        })
        .expect("a new ledger");
        let policy = Policy::parse(POLICY, "plimsoll.toml", rows()).expect("a policy");
        let (environment, service) = (&policy.environments[0], "shop".parse().expect("a name"));
        let artifact = folder.path().join("server");
        std::fs::write(&artifact, "bytes").expect("a file");
        let shipment = Shipment {
            files: &[artifact],
            images: &[],
        };
        let release = create_release(&ledger, &service, "one", &shipment).expect("a release");
        let key = PrivateKey::generate().expect("a key");
        let (at, mut on_step) = ((&service, environment), |_: &_| {});
        let mut deployer = Deployer::open(&ledger, &key, at, folder.path(), &mut on_step)
            .expect("nobody else is here");
        let mut deployment = Deployment::plan(&ledger, environment, &release, deployer.fence())
            .expect("a process is one file");
        ledger.tell(&deployment.started()).expect("nothing is open");
        let taken = LeaseTaken {
            service: service.clone(),
            environment: environment.name.clone(),
            holder: "somebody else".to_owned(),
            fence: 1,
            renews: None,
            expires_at: Timestamp::MAX,
        };
        ledger.tell(&Fact::LeaseTaken(taken)).expect("it is free");

        let refused = deployer.finish(&deployment, true);
        assert!(
            matches!(
                refused,
                Err(DeployError::Ledger(LedgerError::Store(
                    StoreError::Fence { .. }
                )))
            ),
            "{refused:?}"
        );
        let keys = [release.subjects[0].key()];
        let believed = ledger.evidence(&policy, &keys).expect("it is sound");
        assert!(believed.evidence.is_empty(), "{:?}", believed.evidence);

        deployment.fence = Some(1);
        deployer
            .finish(&deployment, true)
            .expect("the newest number");
        let believed = ledger.evidence(&policy, &keys).expect("it is sound");
        assert_eq!(believed.evidence.len(), 1);
    }
}
