//! Going back: the release that was healthy before the present one is deployed again.

use std::path::Path;

use plimsoll_model::{DeploymentOutcome, DeploymentRecord, Key, Service, Signatory, Subject};
use plimsoll_policy::EnvironmentSettings;
use plimsoll_sign::PrivateKey;
use plimsoll_store::{EventKind, Fact, NewEvent, Release};
use plimsoll_wire::in_toto;

use crate::decision::{Draft, append_decision};
use crate::deploy::{Deployer, OnStep};
use crate::deployment::{Deployment, place_keys, require_release};
use crate::history::{Sound, require_sound};
use crate::ledger::{Ledger, LedgerError};
use crate::promote::{PromoteError, named, not_understood, require_parties};
use crate::trusted::Trusted;
use crate::unknown::{Matter, reason_against};

/// Which service to take back, where, and who asks for it by which policy.
pub struct Rollback<'a> {
    /// The policy; it must be trusted.
    pub trusted: &'a Trusted,
    /// The service.
    pub service: &'a Service,
    /// The environment's name.
    pub environment: &'a str,
    /// Who asks, as whoever calls has made sure.
    pub requester: &'a Signatory,
    /// The key that signs what comes of it.
    pub key: &'a PrivateKey,
    /// The folder in which smoke commands run.
    pub folder: &'a Path,
}

/// What a rollback came to.
#[derive(Clone, Debug)]
pub struct RolledBack {
    /// What a deployment that had been interrupted came to.
    pub settled: Option<DeploymentOutcome>,
    /// The release that was gone back to, and what its deployment came to; `None` when settling had
    /// gone back already.
    pub arrived: Option<(Release, DeploymentOutcome)>,
}

/// Deploys the release that was healthy before the present one. Again and again it goes further back,
/// never to what was left behind. When a deployment was interrupted and settling it goes back, that is
/// what was asked for.
pub fn roll_back(
    ledger: &Ledger,
    rollback: &Rollback<'_>,
    on_step: OnStep<'_>,
) -> Result<RolledBack, PromoteError> {
    let environment = named(rollback.trusted, rollback.environment)?;
    let (key, service) = (rollback.key, rollback.service);
    require_parties(rollback.trusted, rollback.requester, key, "rollback")?;
    let sound = require_sound(ledger)?;
    let at = (service, environment);
    let mut deployer = Deployer::open(ledger, key, at, rollback.folder, on_step)?;
    let settled = deployer.settle(&sound, rollback.trusted.base.sha256())?;
    if settled == Some(DeploymentOutcome::RolledBack) {
        return Ok(RolledBack {
            settled,
            arrived: None,
        });
    }
    let fence = deployer.fence();
    let (before, deployment) = append_decision(ledger, sound, |sound| {
        plan(ledger, rollback, environment, fence, sound)
    })?;
    let outcome = deployer.deploy(&deployment)?;
    Ok(RolledBack {
        settled,
        arrived: Some((before, outcome)),
    })
}

/// What to go back to, and the events that it begins with.
fn plan(
    ledger: &Ledger,
    rollback: &Rollback<'_>,
    environment: &EnvironmentSettings,
    fence: Option<u64>,
    sound: &Sound,
) -> Result<Draft<(Release, Deployment)>, PromoteError> {
    let (left, before) = healthy_before(ledger, rollback.service, &environment.name)?;
    let matter = Matter {
        service: rollback.service,
        release: &before.id,
        environments: vec![environment.name.as_str()],
        policy: rollback.trusted.base.sha256(),
    };
    if let Some(reason) = reason_against(&sound.unknown, &matter) {
        return Err(not_understood(reason));
    }
    let deployment = Deployment::plan(ledger, environment, &before, fence)?;
    let events = vec![
        left_behind(ledger, rollback.key, &environment.name, &left)?,
        NewEvent::of(&deployment.started(), ledger.now()),
    ];
    let mut about: Vec<Key> = left.subjects.iter().map(Subject::key).collect();
    about.extend(before.subjects.iter().map(Subject::key));
    about.extend(matter.own_keys());
    Ok(Draft {
        decided: (before, deployment),
        events,
        about,
    })
}

/// The statement that a release is left behind in an environment, so that its health there no longer
/// lets it into the next one.
fn left_behind(
    ledger: &Ledger,
    key: &PrivateKey,
    environment: &str,
    left: &Release,
) -> Result<NewEvent, LedgerError> {
    let record = DeploymentRecord {
        service: left.service.clone(),
        release: left.id.clone(),
        environment: environment.to_owned(),
        outcome: DeploymentOutcome::RolledBack,
    };
    let statement = in_toto::write(&left.subjects, &left.name, &record);
    let keys = place_keys(left, environment);
    ledger.sign(EventKind::EvidenceRecorded, key, keys, &statement)
}

/// The present release of an environment, and the last that was healthy there before it came.
fn healthy_before(
    ledger: &Ledger,
    service: &Service,
    environment: &str,
) -> Result<(Release, Release), PromoteError> {
    let keys = vec![Key::service(service), Key::environment(environment)];
    let mut healthy = Vec::new();
    for fact in ledger.facts(EventKind::DeploymentFinished, keys)? {
        if let Fact::DeploymentFinished(finished) = fact
            && finished.outcome == DeploymentOutcome::Healthy
        {
            healthy.push(require_release(ledger, &finished.release)?);
        }
    }
    before_the_last(healthy).ok_or_else(|| PromoteError::NothingBefore {
        service: service.clone(),
        environment: environment.to_owned(),
    })
}

/// The last of these, and what it followed. Whatever was returned from is forgotten: after first, second and
/// first again, nothing is before.
fn before_the_last(healthy: Vec<Release>) -> Option<(Release, Release)> {
    let mut line: Vec<Release> = Vec::new();
    for release in healthy {
        let at = line
            .iter()
            .position(|earlier| Subject::are_same(&earlier.subjects, &release.subjects));
        if let Some(at) = at {
            line.truncate(at);
        }
        line.push(release);
    }
    let last = line.pop()?;
    line.pop().map(|before| (last, before))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Digest, OwnId, Subject};

    use crate::Release;

    fn release(name: char) -> Release {
        let sha256 = Digest::of(name.to_string().as_bytes());
        Release {
            id: OwnId::new(name),
            service: "shop".parse().unwrap(),
            name: name.to_string(),
            subjects: vec![Subject::Artifact { sha256 }],
            created_seq: 0,
        }
    }

    #[test]
    fn going_back_again_goes_further_back() {
        for (deployed, expected) in [
            ("", None),
            ("a", None),
            ("ab", Some("a")),
            ("aab", Some("a")),
            ("abc", Some("b")),
            ("abcb", Some("a")),
            ("abcba", None),
            ("abcbad", Some("a")),
            ("abcbd", Some("b")),
        ] {
            let healthy = deployed.chars().map(release).collect();
            let before = super::before_the_last(healthy).map(|(_, before)| before.name);
            assert_eq!(before.as_deref(), expected, "{deployed}");
        }
    }
}
