//! Promotion: the policy decides on evidence, people approve, and only then something is deployed.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{
    Approval, Body, Class, DeploymentOutcome, Digest, Evidence, Fault, Key, Outcome, OwnId, Reason,
    Service, Signatory, Subject, Verdict,
};
use plimsoll_policy::{EnvironmentSettings, Request};
use plimsoll_sign::PrivateKey;
use plimsoll_store::{
    EventKind, Expected, Fact, NewEvent, PromotionRequested, Release, StoreError,
};
use plimsoll_wire::in_toto;
use serde::Serialize;

use crate::deploy::{DeployError, Deployer, OnStep};
use crate::deployment::{Deployment, place_keys, require_deployable};
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
    /// A sentence about each statement that counted for nothing because this build cannot read it whole.
    pub not_understood: Vec<String>,
    /// What the deployment came to; `None` when it was not allowed.
    pub outcome: Option<DeploymentOutcome>,
}

/// How often a decision is made anew because somebody appended meanwhile.
const MAX_DECISIONS: usize = 8;

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
    let environment = environment(promotion)?;
    let (key, service) = (promotion.key, &promotion.release.service);
    let requester = known(promotion.trusted, key, "promotion")?;
    require_deployable(environment, promotion.release)?;
    let sound = require_sound(ledger)?;
    let at = (service, environment);
    let mut deployer = Deployer::open(ledger, key, at, promotion.folder, on_step, promotion.now)?;
    let settled = deployer.settle()?;
    let fence = deployer.fence();
    let decided = append_decision(ledger, sound, |sound| {
        decide(ledger, promotion, environment, &requester, fence, sound)
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

/// A decision that is not recorded yet.
pub(crate) struct Draft<T> {
    /// What was decided.
    pub(crate) decided: T,
    /// The events that tell it.
    pub(crate) events: Vec<NewEvent>,
    /// All that it is about, and all that its evidence is about.
    pub(crate) about: Vec<Key>,
}

/// Decides on a proven history, and appends the events of the decision to that history or not at all:
/// what somebody appended meanwhile about the same may be the word against. Then it is decided anew.
pub(crate) fn append_decision<T>(
    ledger: &Ledger,
    mut sound: Sound,
    mut decide: impl FnMut(&Sound) -> Result<Draft<T>, PromoteError>,
) -> Result<T, PromoteError> {
    let mut decisions = 1;
    loop {
        let draft = decide(&sound)?;
        let expected = Expected {
            head: sound.head,
            about: &draft.about,
        };
        match ledger.append(&draft.events, Some(expected)) {
            Ok(()) => return Ok(draft.decided),
            Err(LedgerError::Store(StoreError::Conflict { .. })) if decisions < MAX_DECISIONS => {
                decisions += 1;
                sound = require_sound(ledger)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The decision, and the evidence that it rests on.
fn decide(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    environment: &EnvironmentSettings,
    requester: &Signatory,
    fence: Option<u64>,
    sound: &Sound,
) -> Result<Draft<Decided>, PromoteError> {
    let (gathered, mut about) = evidence(ledger, promotion)?;
    let request = request(promotion, environment, requester, &gathered.evidence);
    let mut verdict = promotion.trusted.base.decide(&request);
    if let Some(reason) = reason_against(&sound.unknown, &matter(promotion, environment)) {
        verdict.reasons.push(reason);
        verdict = Verdict::of(verdict.reasons);
    }
    let deployment = match verdict.outcome {
        Outcome::Allow => {
            let release = promotion.release;
            Some(Deployment::plan(ledger, environment, release, fence)?)
        }
        Outcome::Unknown | Outcome::Deny => None,
    };
    let decided = Decided {
        verdict,
        not_understood: gathered.not_understood,
        deployment,
    };
    let evidence = gathered.evidence.iter().map(|evidence| evidence.id);
    let events = decision_events(promotion, requester, &decided, evidence.collect());
    about.extend(matter(promotion, environment).own_keys());
    Ok(Draft {
        decided,
        events,
        about,
    })
}

fn decision_events(
    promotion: &Promotion<'_>,
    requester: &Signatory,
    decided: &Decided,
    evidence: Vec<Digest>,
) -> Vec<NewEvent> {
    let (release, now) = (promotion.release, promotion.now);
    let policy_sha256 = promotion.trusted.base.sha256();
    let asked = Fact::PromotionRequested(PromotionRequested {
        service: release.service.clone(),
        release: release.id.clone(),
        environment: promotion.environment.to_owned(),
        requester: requester.clone(),
    });
    let body = PolicyDecided {
        service: &release.service,
        release: &release.id,
        environment: promotion.environment,
        policy_sha256,
        evidence,
        verdict: &decided.verdict,
    };
    let mut keys = place_keys(release, promotion.environment);
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
fn matter<'a>(promotion: &'a Promotion<'_>, environment: &'a EnvironmentSettings) -> Matter<'a> {
    let mut environments = vec![environment.name.as_str()];
    environments.extend(environment.after.as_deref());
    Matter {
        service: &promotion.release.service,
        release: &promotion.release.id,
        environments,
        policy: promotion.trusted.base.sha256(),
    }
}

/// Signs that the release may enter the environment. Refused, and not recorded, when the approval
/// could not count.
pub fn approve(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    valid_for: SignedDuration,
) -> Result<Signatory, PromoteError> {
    let environment = environment(promotion)?;
    let sound = require_sound(ledger)?;
    if let Some(reason) = reason_against(&sound.unknown, &matter(promotion, environment)) {
        return Err(not_understood(reason));
    }
    let requester = requester(ledger, promotion)?;
    let evidence = evidence(ledger, promotion)?.0.evidence;
    let approver = signatory(&promotion.trusted.base, &promotion.key.public().id());
    let request = request(promotion, environment, &requester, &evidence);
    if let Some(why) = promotion.trusted.base.refuses_approval(&request, &approver) {
        return Err(PromoteError::Refused { why });
    }
    record_approval(ledger, promotion, valid_for)?;
    Ok(approver)
}

/// Signs the approval of all that the release ships.
fn record_approval(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
    valid_for: SignedDuration,
) -> Result<(), LedgerError> {
    let release = promotion.release;
    let policy_sha256 = promotion.trusted.base.sha256();
    let approval = Approval {
        service: release.service.clone(),
        release: release.id.clone(),
        environment: promotion.environment.to_owned(),
        policy_sha256,
        expires_at: promotion.now + valid_for,
    };
    let statement = in_toto::write(&release.subjects, &release.name, &approval);
    let mut keys = place_keys(release, promotion.environment);
    keys.push(Key::policy(&policy_sha256));
    let kind = EventKind::ApprovalRecorded;
    ledger.record(kind, promotion.key, keys, &statement)?;
    Ok(())
}

pub(crate) fn not_understood(reason: Reason) -> PromoteError {
    PromoteError::NotUnderstood {
        what: reason.message,
        hint: reason.hint,
    }
}

/// Who holds the key, by the policy; nobody else changes an environment.
pub(crate) fn known(
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
fn evidence(
    ledger: &Ledger,
    promotion: &Promotion<'_>,
) -> Result<(Gathered, Vec<Key>), LedgerError> {
    let policy = &promotion.trusted.base;
    let mut keys: Vec<Key> = promotion
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

fn request<'a>(
    promotion: &Promotion<'a>,
    environment: &'a EnvironmentSettings,
    requester: &'a Signatory,
    evidence: &'a [Evidence],
) -> Request<'a> {
    Request {
        environment,
        service: &promotion.release.service,
        release: &promotion.release.id,
        subjects: &promotion.release.subjects,
        requester,
        policy_trusted: promotion.trusted.trusted,
        evidence,
        now: promotion.now,
    }
}

/// Who asked last for the release in the environment.
fn requester(ledger: &Ledger, promotion: &Promotion<'_>) -> Result<Signatory, PromoteError> {
    let keys = vec![
        Key::release(&promotion.release.id),
        Key::environment(promotion.environment),
    ];
    let mut last = None;
    for fact in ledger.facts(EventKind::PromotionRequested, keys)? {
        if let Fact::PromotionRequested(requested) = fact
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
