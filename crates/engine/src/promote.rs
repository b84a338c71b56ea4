//! Promotion: the policy decides on evidence, people approve, and only then something is deployed.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{
    Approval, Body, Class, DeploymentOutcome, DeploymentRecord, Digest, Evidence, Fault, Outcome,
    OwnId, Signatory, Subject, Verdict,
};
use plimsoll_policy::{EnvironmentSettings, Request};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{EventFilter, EventKind, Release};
use plimsoll_wire::in_toto;
use serde::{Deserialize, Serialize};

use crate::deploy::{DeployError, Deployer, OnStep, lease};
use crate::history::require_sound;
use crate::ledger::{Ledger, LedgerError, signatory};
use crate::trusted::Trusted;

/// A promotion, approval or rollback could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The policy has no such environment.
    #[error("the policy {origin} has no environment `{wanted}`")]
    NoEnvironment {
        /// Where the policy comes from.
        origin: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// The policy is the inspected tree's own.
    #[error("the policy {origin} is not trusted: whoever changes the tree can change it")]
    Untrusted {
        /// Where the policy comes from.
        origin: String,
    },
    /// Nobody asked for the release in the environment.
    #[error("nobody has asked for release `{release}` in `{environment}` yet")]
    NotRequested {
        /// The release.
        release: String,
        /// The environment.
        environment: String,
    },
    /// The approval could not count.
    #[error("the approval is refused: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// The policy does not know the key.
    #[error("the {what} is refused: key {} belongs to no [[person]] or [[builder]]", key.short())]
    Stranger {
        /// What was asked for.
        what: &'static str,
        /// The key.
        key: Digest,
        /// Where the policy comes from.
        origin: String,
    },
    /// There is nothing to go back to.
    #[error("`{environment}` has no earlier healthy release to go back to")]
    NothingBefore {
        /// The environment.
        environment: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The deployment.
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

impl Fault for PromoteError {
    fn class(&self) -> Class {
        match self {
            Self::NoEnvironment { .. } => Class::Configuration,
            Self::Ledger(error) => error.class(),
            Self::Deploy(error) => error.class(),
            Self::Untrusted { .. }
            | Self::NotRequested { .. }
            | Self::Refused { .. }
            | Self::Stranger { .. }
            | Self::NothingBefore { .. } => Class::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoEnvironment { known, .. } => Some(format!("it has {known}")),
            Self::Untrusted { .. } => {
                Some("pin the trusted one: --policy FILE@sha256:…, or --base REV".to_owned())
            }
            Self::NotRequested {
                release,
                environment,
            } => Some(format!("plimsoll promote {release} --to {environment}")),
            Self::Stranger { origin, .. } => {
                Some(format!("sign with a key that the policy {origin} names"))
            }
            Self::Refused { .. } | Self::NothingBefore { .. } => None,
            Self::Ledger(error) => error.hint(),
            Self::Deploy(error) => error.hint(),
        }
    }
}

/// Who does something about which release and environment, by which policy.
pub struct Promotion<'a> {
    /// The policy; it must be trusted.
    pub trusted: &'a Trusted,
    /// The release.
    pub release: &'a Release,
    /// The environment's name.
    pub environment: &'a str,
    /// The key of whoever asks.
    pub key: &'a PrivateKey,
    /// The folder in which smoke commands run.
    pub folder: &'a Path,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// What a promotion came to.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// What a deployment that had been interrupted came to.
    pub settled: Option<DeploymentOutcome>,
    /// The decision.
    pub verdict: Verdict,
    /// What the deployment came to; `None` when it was not allowed.
    pub outcome: Option<DeploymentOutcome>,
}

/// Who asked for a release in an environment.
#[derive(Serialize, Deserialize)]
struct PromotionRequested {
    release: OwnId,
    environment: String,
    requester: Signatory,
}

/// A decision, as the ledger keeps it.
#[derive(Serialize)]
struct PolicyDecided<'a> {
    release: &'a OwnId,
    environment: &'a str,
    policy_sha256: Digest,
    evidence: Vec<Digest>,
    verdict: &'a Verdict,
}

/// Decides and, when everything is proven, deploys.
pub fn promote(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    on_step: OnStep<'_>,
) -> Result<Promoted, PromoteError> {
    let environment = environment(promotion)?;
    let (key, folder) = (promotion.key, promotion.folder);
    let requester = known(promotion.trusted, key, "promotion")?;
    require_sound(ledger)?;
    let lease = lease(ledger, key, &environment.name, promotion.now)?;
    let settled = Deployer::open(ledger, key, environment, folder, on_step, &lease)?.settle()?;
    let about = Subject::Artifact {
        sha256: promotion.release.artifact,
    };
    let asked = PromotionRequested {
        release: promotion.release.id.clone(),
        environment: environment.name.clone(),
        requester: requester.clone(),
    };
    ledger.append_json(EventKind::PromotionRequested, &about, &asked)?;
    let evidence = evidence(ledger, promotion)?;
    let verdict =
        promotion
            .trusted
            .base
            .decide(&request(promotion, environment, &requester, &evidence));
    record_decision(ledger, promotion, &evidence, &verdict)?;
    if verdict.outcome != Outcome::Allow {
        return Ok(Promoted {
            settled,
            verdict,
            outcome: None,
        });
    }
    let mut deployer = Deployer::open(ledger, key, environment, folder, on_step, &lease)?;
    let outcome = deployer.deploy(&promotion.release.id, promotion.release.artifact)?;
    Ok(Promoted {
        settled,
        verdict,
        outcome: Some(outcome),
    })
}

/// States what was decided, by which policy and on which evidence.
fn record_decision(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    evidence: &[Evidence],
    verdict: &Verdict,
) -> Result<(), LedgerError> {
    let about = Subject::Artifact {
        sha256: promotion.release.artifact,
    };
    let decided = PolicyDecided {
        release: &promotion.release.id,
        environment: promotion.environment,
        policy_sha256: promotion.trusted.base.sha256(),
        evidence: evidence.iter().map(|evidence| evidence.id).collect(),
        verdict,
    };
    ledger.append_json(EventKind::PolicyDecided, &about, &decided)
}

/// Signs that the release may enter the environment. Refused, and not recorded, when the approval
/// could not count.
pub fn approve(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    valid_for: SignedDuration,
) -> Result<Signatory, PromoteError> {
    let environment = environment(promotion)?;
    require_sound(ledger)?;
    let requester = requester(ledger, promotion)?;
    let evidence = evidence(ledger, promotion)?;
    let approver = signatory(&promotion.trusted.base, &promotion.key.public().id());
    let request = request(promotion, environment, &requester, &evidence);
    if let Some(why) = promotion.trusted.base.refuses_approval(&request, &approver) {
        return Err(PromoteError::Refused { why });
    }
    let approval = Approval {
        release: promotion.release.id.clone(),
        environment: environment.name.clone(),
        policy_sha256: promotion.trusted.base.sha256(),
        expires_at: promotion.now + valid_for,
    };
    let subject = Subject::Artifact {
        sha256: promotion.release.artifact,
    };
    let statement = in_toto::write(&subject, &promotion.release.name, &Body::Approval(approval));
    let statement = statement.map_err(LedgerError::from)?;
    ledger.record(
        EventKind::ApprovalRecorded,
        promotion.key,
        &subject,
        &statement,
    )?;
    Ok(approver)
}

/// Deploys the release that was healthy before the present one. Again and again it goes further back,
/// never to what was left behind.
pub fn roll_back(
    ledger: &Ledger,
    trusted: &Trusted,
    name: &str,
    key: &PrivateKey,
    folder: &Path,
    now: Timestamp,
    on_step: OnStep<'_>,
) -> Result<(Release, DeploymentOutcome), PromoteError> {
    let environment = named(trusted, name)?;
    known(trusted, key, "rollback")?;
    require_sound(ledger)?;
    let lease = lease(ledger, key, name, now)?;
    Deployer::open(ledger, key, environment, folder, on_step, &lease)?.settle()?;
    let (left, before) =
        healthy_before(ledger, name)?.ok_or_else(|| PromoteError::NothingBefore {
            environment: name.to_owned(),
        })?;
    record_left(ledger, key, name, &left)?;
    let mut deployer = Deployer::open(ledger, key, environment, folder, on_step, &lease)?;
    let outcome = deployer.deploy(&before.id, before.artifact)?;
    Ok((before, outcome))
}

/// States that a release is left behind in an environment, so that its health there no longer lets it
/// into the next one.
fn record_left(
    ledger: &Ledger,
    key: &PrivateKey,
    environment: &str,
    left: &Healthy,
) -> Result<(), LedgerError> {
    let (artifact, release) = left.clone();
    let subject = Subject::Artifact { sha256: artifact };
    let environment = environment.to_owned();
    let record = DeploymentRecord {
        release,
        environment,
        outcome: DeploymentOutcome::RolledBack,
    };
    let statement = in_toto::write(&subject, "artifact", &Body::Deployment(record))?;
    ledger
        .record(EventKind::EvidenceRecorded, key, &subject, &statement)
        .map(drop)
}

/// What was healthy in an environment: the bytes and the release.
type Healthy = (Digest, OwnId);

/// The present release of an environment, and the last that was healthy there before it came.
fn healthy_before(
    ledger: &Ledger,
    environment: &str,
) -> Result<Option<(Healthy, Release)>, LedgerError> {
    let filter = EventFilter {
        kinds: vec![EventKind::DeploymentFinished],
        ..EventFilter::default()
    };
    let mut healthy = Vec::new();
    for event in ledger.store.events(&filter)? {
        let plimsoll_store::Fact::DeploymentFinished(finished) = ledger.store.fact(&event)? else {
            continue;
        };
        if finished.environment == environment && finished.outcome == DeploymentOutcome::Healthy {
            healthy.push((finished.artifact, finished.release));
        }
    }
    let Some((left, before)) = before_the_last(healthy) else {
        return Ok(None);
    };
    Ok(ledger.store.release(&before)?.map(|before| (left, before)))
}

/// The last of these, and what it followed. Whatever was returned from is forgotten: after first, second and
/// first again, nothing is before.
fn before_the_last(healthy: Vec<Healthy>) -> Option<(Healthy, OwnId)> {
    let mut line: Vec<Healthy> = Vec::new();
    for (artifact, release) in healthy {
        if let Some(at) = line.iter().position(|(earlier, _)| *earlier == artifact) {
            line.truncate(at);
        }
        line.push((artifact, release));
    }
    let last = line.pop()?;
    line.pop().map(|(_, release)| (last, release))
}

/// Who holds the key, by the policy; nobody else changes an environment.
fn known(
    trusted: &Trusted,
    key: &PrivateKey,
    what: &'static str,
) -> Result<Signatory, PromoteError> {
    match signatory(&trusted.base, &key.public().id()) {
        Signatory::Unknown(key) => Err(PromoteError::Stranger {
            what,
            key,
            origin: trusted.origin.clone(),
        }),
        known @ (Signatory::Builder(_) | Signatory::Person(_)) => Ok(known),
    }
}

fn environment<'a>(promotion: &Promotion<'a>) -> Result<&'a EnvironmentSettings, PromoteError> {
    named(promotion.trusted, promotion.environment)
}

fn named<'a>(trusted: &'a Trusted, wanted: &str) -> Result<&'a EnvironmentSettings, PromoteError> {
    if !trusted.trusted {
        return Err(PromoteError::Untrusted {
            origin: trusted.origin.clone(),
        });
    }
    trusted.base.environment(wanted).ok_or_else(|| {
        let names: Vec<_> = trusted
            .base
            .environments
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        PromoteError::NoEnvironment {
            origin: trusted.origin.clone(),
            wanted: wanted.to_owned(),
            known: if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            },
        }
    })
}

/// The evidence about the artifact and about every source that its provenance names.
fn evidence(ledger: &Ledger, promotion: &Promotion<'_>) -> Result<Vec<Evidence>, LedgerError> {
    let policy = &promotion.trusted.base;
    let artifact = Subject::Artifact {
        sha256: promotion.release.artifact,
    }
    .key();
    let about_artifact = ledger.evidence(policy, std::slice::from_ref(&artifact))?;
    let mut subjects = vec![artifact];
    subjects.extend(
        about_artifact
            .iter()
            .filter_map(|evidence| match &evidence.body {
                Body::Provenance(provenance) => Some(provenance.source.key()),
                _ => None,
            }),
    );
    subjects.sort();
    subjects.dedup();
    ledger.evidence(policy, &subjects)
}

fn request<'a>(
    promotion: &Promotion<'a>,
    environment: &'a EnvironmentSettings,
    requester: &'a Signatory,
    evidence: &'a [Evidence],
) -> Request<'a> {
    Request {
        environment,
        release: &promotion.release.id,
        artifact: promotion.release.artifact,
        requester,
        policy_trusted: promotion.trusted.trusted,
        evidence,
        now: promotion.now,
    }
}

/// Who asked last for the release in the environment.
fn requester(ledger: &Ledger, promotion: &Promotion<'_>) -> Result<Signatory, PromoteError> {
    let filter = EventFilter {
        kinds: vec![EventKind::PromotionRequested],
        subject: Some(
            Subject::Artifact {
                sha256: promotion.release.artifact,
            }
            .key(),
        ),
        from_seq: 0,
    };
    let mut last = None;
    for event in ledger.store.events(&filter).map_err(LedgerError::from)? {
        let body = ledger
            .store
            .blob(&event.body_sha256)
            .map_err(LedgerError::from)?;
        let requested: Option<PromotionRequested> = body
            .map(|body| serde_json::from_slice(&body))
            .transpose()
            .map_err(|error| LedgerError::Evidence {
                seq: event.seq,
                why: error.to_string(),
            })?;
        if let Some(requested) = requested
            && requested.release == promotion.release.id
            && requested.environment == promotion.environment
        {
            last = Some(requested.requester);
        }
    }
    last.ok_or_else(|| PromoteError::NotRequested {
        release: promotion.release.name.clone(),
        environment: promotion.environment.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Digest, OwnId};

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
            let healthy = deployed.chars().map(|name| {
                let name = name.to_string();
                (Digest::of(name.as_bytes()), OwnId::new(name))
            });
            let before = super::before_the_last(healthy.collect()).map(|(_, before)| before);
            assert_eq!(before, expected.map(OwnId::new), "{deployed}");
        }
    }
}
