//! What runs where, by the ledger and by the targets' own word.

use plimsoll_environment::{Observation, Until};
use plimsoll_model::{DeploymentOutcome, Service, Subject, Told};
use plimsoll_policy::EnvironmentSettings;
use plimsoll_store::Release;
use serde::Serialize;

use crate::deploy::{DeployError, require_part, target};
use crate::deployment::require_release;
use crate::ledger::{Ledger, LedgerError};
use crate::mask::masked;
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
    /// What of that release belongs into this environment; all of it where the environment's target
    /// cannot be asked.
    pub recorded: Vec<Subject>,
    /// How the last deployment ended.
    pub outcome: Option<DeploymentOutcome>,
    /// What really runs.
    pub running: Running,
    /// A deployment that a killed command left open; the next promotion or rollback settles it.
    pub interrupted: bool,
}

/// What runs in an environment, as far as it can be seen.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Running {
    /// It was seen, by the target's word.
    Observed(Observation),
    /// It could not be seen. Credentials in the texts are masked.
    Unobserved(Told),
}

impl EnvironmentStatus {
    /// Whether exactly what the ledger says was seen to run, and nothing is left open.
    pub fn as_recorded(&self) -> bool {
        match &self.running {
            Running::Unobserved(_) => false,
            Running::Observed(_) if self.interrupted => false,
            Running::Observed(seen) if self.recorded.is_empty() => {
                seen.subjects.is_empty() && seen.instances.is_empty()
            }
            Running::Observed(seen) => seen.runs(&self.recorded),
        }
    }
}

/// What a service has in every environment of the policy, in its order. An environment that cannot be
/// observed does not hide the others.
pub fn status(
    ledger: &Ledger,
    trusted: &Trusted,
    service: &Service,
) -> Result<Vec<EnvironmentStatus>, LedgerError> {
    let environments = trusted.base.environments.iter();
    environments
        .map(|environment| look_at(ledger, service, environment))
        .collect()
}

fn look_at(
    ledger: &Ledger,
    service: &Service,
    environment: &EnvironmentSettings,
) -> Result<EnvironmentStatus, LedgerError> {
    let (store, name) = (&ledger.store, &environment.name);
    let current = store.current(service, name)?;
    let interrupted = store.open_deployment(service, name)?.is_some();
    let running = current
        .as_ref()
        .and_then(|current| current.running.as_ref());
    let release = running.map(|id| require_release(ledger, id)).transpose()?;
    let (recorded, running) = match observe(ledger, service, environment, release.as_ref()) {
        Ok((part, seen)) => (part, Running::Observed(seen)),
        Err(error) => {
            let whole = release.as_ref().map(|release| release.subjects.clone());
            let told = Told::from(error).map_texts(masked);
            (whole.unwrap_or_default(), Running::Unobserved(told))
        }
    };
    Ok(EnvironmentStatus {
        service: service.clone(),
        environment: name.clone(),
        release: release.map(|release| release.name),
        recorded,
        outcome: current.map(|current| current.outcome),
        running,
        interrupted,
    })
}

/// What of a release belongs into an environment, and what runs there.
fn observe(
    ledger: &Ledger,
    service: &Service,
    environment: &EnvironmentSettings,
    release: Option<&Release>,
) -> Result<(Vec<Subject>, Observation), DeployError> {
    let target = target(ledger, service, environment)?;
    let part = match release {
        Some(release) => require_part(&target, &environment.name, release)?,
        None => Vec::new(),
    };
    Ok((part, target.observe(Until::Now)?))
}

/// Ends what a service runs in every environment of the policy: what was started there, and nothing else.
pub fn stop(ledger: &Ledger, trusted: &Trusted, service: &Service) -> Result<(), DeployError> {
    for environment in &trusted.base.environments {
        let target = target(ledger, service, environment)?;
        let seen = target.observe(Until::Now)?;
        target.withdraw(&seen.subjects)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_environment::{Instance, Observation};
    use plimsoll_model::{Class, Digest, Subject, Told};

    use super::{EnvironmentStatus, Running};

    fn file(text: &str) -> Subject {
        Subject::Artifact {
            sha256: Digest::of(text.as_bytes()),
        }
    }

    fn image(text: &str) -> Subject {
        Subject::Image {
            manifest_sha256: Digest::of(text.as_bytes()),
        }
    }

    fn status(recorded: Vec<Subject>, running: Running) -> EnvironmentStatus {
        EnvironmentStatus {
            service: "shop".parse().unwrap(),
            environment: "staging".to_owned(),
            release: None,
            recorded,
            outcome: None,
            running,
            interrupted: false,
        }
    }

    fn seen(subjects: Vec<Subject>) -> Observation {
        Observation {
            subjects,
            settled: true,
            instances: Vec::new(),
            health: None,
        }
    }

    #[test]
    fn only_what_was_seen_to_run_is_as_recorded() {
        let whole = vec![file("a"), image("b"), image("c")];
        let turned = vec![image("c"), image("b"), file("a")];
        let cases = [
            (vec![], seen(vec![]), true),
            (whole.clone(), seen(turned.clone()), true),
            (whole.clone(), seen(vec![file("a")]), false),
            (vec![file("a")], seen(whole.clone()), false),
            (vec![image("b")], seen(vec![image("c")]), false),
            (vec![image("b")], seen(vec![]), false),
            (vec![], seen(vec![image("b")]), false),
        ];
        for (recorded, running, expected) in cases {
            let status = status(recorded, Running::Observed(running));
            assert_eq!(status.as_recorded(), expected, "{status:?}");
        }
        let mut unsettled = seen(turned);
        unsettled.settled = false;
        assert!(!status(whole.clone(), Running::Observed(unsettled)).as_recorded());
        let mut leftover = seen(vec![]);
        leftover.instances.push(Instance::Process { pid: 1 });
        assert!(!status(vec![], Running::Observed(leftover)).as_recorded());
        let unseen = Told::new(Class::Internal, "the cluster does not answer");
        assert!(!status(vec![], Running::Unobserved(unseen)).as_recorded());
        let mut open = status(whole.clone(), Running::Observed(seen(whole)));
        open.interrupted = true;
        assert!(!open.as_recorded());
    }
}
