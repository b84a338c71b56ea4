//! Promotion: the policy decides on evidence, people approve, and only then something is deployed.

use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{
    Body, Class, DeploymentOutcome, Digest, Evidence, Fault, Key, Outcome, OwnId, Reason, Service,
    Signatory, Subject, Verdict,
};
use plimsoll_policy::{EnvironmentSettings, Policy, Request};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{EventKind, Fact, NewEvent, PromotionRequested, Release};
use serde::Serialize;

use crate::decision::{Draft, append_decision};
use crate::deploy::{DeployError, Deployer, OnStep, require_part, target};
use crate::deployment::{Deployment, place_keys};
use crate::evidence::Gathered;
use crate::history::{Sound, require_sound};
use crate::ledger::{Ledger, LedgerError, json_event, signatory};
use crate::trusted::Trusted;
use crate::unknown::{Matter, reason_against};

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
    /// The policy knows nobody by the key or the id.
    #[error("the {what} is refused: {stranger} belongs to no [[person]] or [[builder]]")]
    Stranger {
        /// What was asked for.
        what: &'static str,
        /// The key or the id.
        stranger: String,
        /// Where the policy comes from.
        origin: String,
    },
    /// An event of a later build is about this.
    #[error("nothing is done here: {what}")]
    NotUnderstood {
        /// The events.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// There is nothing to go back to.
    #[error("service `{service}` has no earlier healthy release in `{environment}` to go back to")]
    NothingBefore {
        /// The service.
        service: Service,
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
            Self::NoEnvironment { .. } => Class::Absent,
            Self::Ledger(error) => error.class(),
            Self::Deploy(error) => error.class(),
            Self::Untrusted { .. }
            | Self::NotRequested { .. }
            | Self::Refused { .. }
            | Self::Stranger { .. }
            | Self::NotUnderstood { .. }
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
            Self::NotUnderstood { hint, .. } => Some(hint.clone()),
            Self::Refused { .. } | Self::NothingBefore { .. } => None,
            Self::Ledger(error) => error.hint(),
            Self::Deploy(error) => error.hint(),
        }
    }
}

/// A release that is to enter an environment, and by which policy.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The policy; it must be trusted.
    pub trusted: &'a Trusted,
    /// The release.
    pub release: &'a Release,
    /// The environment's name.
    pub environment: &'a str,
}

/// A request to deploy a release.
pub struct Promotion<'a> {
    /// What is to enter where.
    pub candidate: Candidate<'a>,
    /// Who asks, as whoever calls has made sure.
    pub requester: &'a Signatory,
    /// The key that signs what comes of it.
    pub key: &'a PrivateKey,
    /// The folder in which smoke commands run.
    pub folder: &'a Path,
}

/// What a promotion came to.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// What a deployment that had been interrupted came to.
    pub settled: Option<DeploymentOutcome>,
    /// The decision.
    pub verdict: Verdict,
    /// A sentence about each statement that counted for nothing because this build cannot read it whole.
    pub not_understood: Vec<String>,
    /// What the deployment came to; `None` when it was not allowed.
    pub outcome: Option<DeploymentOutcome>,
}

/// A decision, as the ledger keeps it.
#[derive(Serialize)]
struct PolicyDecided<'a> {
    service: &'a Service,
    release: &'a OwnId,
    environment: &'a str,
    policy_sha256: Digest,
    evidence: Vec<Digest>,
    verdict: &'a Verdict,
}

/// A decision and what follows from it.
struct Decided {
    verdict: Verdict,
    not_understood: Vec<String>,
    /// The deployment that it allows.
    deployment: Option<Deployment>,
}

/// Decides and, when everything is proven, deploys. Request, decision and the beginning of the
/// deployment are appended at once, to the history that the decision rests on.
pub fn promote(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    on_step: OnStep<'_>,
) -> Result<Promoted, PromoteError> {
    let Candidate {
        trusted, release, ..
    } = promotion.candidate;
    let environment = named(trusted, promotion.candidate.environment)?;
    require_parties(trusted, promotion.requester, promotion.key, "promotion")?;
    let at = (&release.service, environment);
    require_part(&target(ledger, at.0, at.1)?, &environment.name, release)?;
    let sound = require_sound(ledger)?;
    let mut deployer = Deployer::open(ledger, promotion.key, at, promotion.folder, on_step)?;
    let settled = deployer.settle(&sound, trusted.base.sha256())?;
    let fence = deployer.fence();
    let decided = append_decision(ledger, sound, |sound| {
        decide(ledger, promotion, environment, fence, sound)
    })?;
    let outcome = match &decided.deployment {
        Some(deployment) => Some(deployer.deploy(deployment)?),
        None => None,
    };
    Ok(Promoted {
        settled,
        verdict: decided.verdict,
        not_understood: decided.not_understood,
        outcome,
    })
}

/// Decides by the evidence that there is and the time that it is now.
fn decide(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    environment: &EnvironmentSettings,
    fence: Option<u64>,
    sound: &Sound,
) -> Result<Draft<Decided>, PromoteError> {
    let candidate = &promotion.candidate;
    let (gathered, mut about) = evidence(ledger, candidate)?;
    let now = ledger.now();
    let matter = matter(candidate, environment);
    let mut verdict = judge(promotion, environment, &gathered.evidence, now);
    if let Some(reason) = reason_against(&sound.unknown, &matter) {
        verdict.reasons.push(reason);
        verdict = Verdict::of(verdict.reasons);
    }
    let deployment = match verdict.outcome {
        Outcome::Allow => Some(Deployment::plan(
            ledger,
            environment,
            candidate.release,
            fence,
        )?),
        Outcome::Unknown | Outcome::Deny => None,
    };
    let decided = Decided {
        verdict,
        not_understood: gathered.not_understood,
        deployment,
    };
    let evidence = gathered.evidence.iter().map(|evidence| evidence.id);
    let events = decision_events(promotion, &decided, evidence.collect(), now);
    about.extend(matter.own_keys());
    Ok(Draft {
        decided,
        events,
        about,
    })
}

/// The policy's verdict on this evidence at this moment.
fn judge(
    promotion: &Promotion<'_>,
    environment: &EnvironmentSettings,
    evidence: &[Evidence],
    now: Timestamp,
) -> Verdict {
    let candidate = &promotion.candidate;
    let request = request(candidate, environment, promotion.requester, evidence, now);
    candidate.trusted.base.decide(&request)
}

fn decision_events(
    promotion: &Promotion<'_>,
    decided: &Decided,
    evidence: Vec<Digest>,
    now: Timestamp,
) -> Vec<NewEvent> {
    let Candidate {
        trusted,
        release,
        environment,
    } = promotion.candidate;
    let policy_sha256 = trusted.base.sha256();
    let asked = Fact::PromotionRequested(PromotionRequested {
        service: release.service.clone(),
        release: release.id.clone(),
        environment: environment.to_owned(),
        requester: promotion.requester.clone(),
    });
    let body = PolicyDecided {
        service: &release.service,
        release: &release.id,
        environment,
        policy_sha256,
        evidence,
        verdict: &decided.verdict,
    };
    let mut keys = place_keys(release, environment);
    keys.push(Key::policy(&policy_sha256));
    let mut events = vec![
        NewEvent::of(&asked, now),
        json_event(EventKind::PolicyDecided, keys, &body, now),
    ];
    let deployment = decided.deployment.as_ref();
    events.extend(deployment.map(|deployment| NewEvent::of(&deployment.started(), now)));
    events
}

/// What the decision is about: the environment before this one as well, as the decision rests on it.
pub(crate) fn matter<'a>(
    candidate: &Candidate<'a>,
    environment: &'a EnvironmentSettings,
) -> Matter<'a> {
    let mut environments = vec![environment.name.as_str()];
    environments.extend(environment.after.as_deref());
    Matter {
        service: &candidate.release.service,
        release: &candidate.release.id,
        environments,
        policy: candidate.trusted.base.sha256(),
    }
}

pub(crate) fn not_understood(reason: Reason) -> PromoteError {
    PromoteError::NotUnderstood {
        what: reason.message,
        hint: reason.hint,
    }
}

/// Refuses what is asked by, or signed with the key of, somebody whom the policy does not name: nobody
/// else changes an environment.
pub(crate) fn require_parties(
    trusted: &Trusted,
    requester: &Signatory,
    key: &PrivateKey,
    what: &'static str,
) -> Result<(), PromoteError> {
    let policy = &trusted.base;
    let signer = signatory(policy, &key.public().id());
    let stranger = match [&signer, requester]
        .into_iter()
        .find(|one| !is_party(policy, one))
    {
        None => return Ok(()),
        Some(Signatory::Unknown(key)) => format!("key {}", key.short()),
        Some(Signatory::Person(id) | Signatory::Builder(id)) => format!("`{id}`"),
    };
    Err(PromoteError::Stranger {
        what,
        stranger,
        origin: trusted.origin.clone(),
    })
}

fn is_party(policy: &Policy, signatory: &Signatory) -> bool {
    match signatory {
        Signatory::Person(id) => policy.person(id).is_some(),
        Signatory::Builder(id) => policy.builders.iter().any(|builder| builder.id == *id),
        Signatory::Unknown(_) => false,
    }
}

pub(crate) fn named<'a>(
    trusted: &'a Trusted,
    wanted: &str,
) -> Result<&'a EnvironmentSettings, PromoteError> {
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

/// The evidence about all that the release ships and about every source that its provenance names, with
/// their keys.
pub(crate) fn evidence(
    ledger: &Ledger,
    candidate: &Candidate<'_>,
) -> Result<(Gathered, Vec<Key>), LedgerError> {
    let policy = &candidate.trusted.base;
    let mut keys: Vec<Key> = candidate
        .release
        .subjects
        .iter()
        .map(Subject::key)
        .collect();
    for evidence in ledger.evidence(policy, &keys)?.evidence {
        if let Body::Provenance(provenance) = evidence.body {
            keys.push(provenance.source.key());
        }
    }
    keys.sort();
    keys.dedup();
    Ok((ledger.evidence(policy, &keys)?, keys))
}

pub(crate) fn request<'a>(
    candidate: &Candidate<'a>,
    environment: &'a EnvironmentSettings,
    requester: &'a Signatory,
    evidence: &'a [Evidence],
    now: Timestamp,
) -> Request<'a> {
    Request {
        environment,
        service: &candidate.release.service,
        release: &candidate.release.id,
        subjects: &candidate.release.subjects,
        requester,
        policy_trusted: candidate.trusted.trusted,
        evidence,
        now,
    }
}

/// Who asked last for the release in the environment.
pub(crate) fn requester(
    ledger: &Ledger,
    candidate: &Candidate<'_>,
) -> Result<Signatory, PromoteError> {
    let keys = vec![
        Key::release(&candidate.release.id),
        Key::environment(candidate.environment),
    ];
    let mut last = None;
    for fact in ledger.facts(EventKind::PromotionRequested, keys)? {
        if let Fact::PromotionRequested(requested) = fact
            && requested.environment == candidate.environment
        {
            last = Some(requested.requester);
        }
    }
    last.ok_or_else(|| PromoteError::NotRequested {
        release: candidate.release.name.clone(),
        environment: candidate.environment.to_owned(),
    })
}
