use jiff::Timestamp;
use plimsoll_model::{DeploymentOutcome, Digest, Key, OwnId, Service, Signatory, Subject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EventKind, StoreError};

/// The most unknown fields of one body that are told.
const MAX_UNKNOWN_FIELDS: usize = 8;

/// A ledger begins. What its checkpoints are signed as, and by whom, stands in it from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCreated {
    /// The log's name in its checkpoints, which no other ledger has.
    pub origin: String,
    /// The ids of the keys that may sign its checkpoints, at least one. Their public keys are the event's
    /// attachments.
    pub sealers: Vec<Digest>,
}

/// A release got its name and its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCreated {
    /// The service that it is a release of.
    pub service: Service,
    /// The release's own id; once given, never again.
    pub release: OwnId,
    /// Its name for people; once given, never again in the service.
    pub name: String,
    /// What ships: files and images, at least one, each once.
    pub subjects: Vec<Subject>,
}

/// Somebody asked for a release in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionRequested {
    /// The release's service.
    pub service: Service,
    /// The release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// Who asked, by the policy of that moment.
    pub requester: Signatory,
}

/// A deployment begins. Appended before anything is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStarted {
    /// The deployment's own id.
    pub deployment: OwnId,
    /// The release's service.
    pub service: Service,
    /// The release that is to run.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// What ships: the release's subjects.
    pub subjects: Vec<Subject>,
    /// The release that was healthy there until now, and is the way back; `None` when there was none.
    pub previous: Option<OwnId>,
    /// The number of the lease under which it happens; `None` where the kernel's lock is the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
}

/// A step of an open deployment: appended before it acts and again after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStep {
    /// The open deployment.
    pub deployment: OwnId,
    /// The release's service.
    pub service: Service,
    /// Its release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// The step's name: start, health, smoke, rollback …
    pub step: String,
    /// How far it is.
    pub state: StepState,
    /// What was seen, for people and for resuming after a crash; free of secrets.
    pub detail: String,
    /// The number of the lease under which it happens; `None` where the kernel's lock is the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// About to act.
    Begun,
    /// It did what it should.
    Succeeded,
    /// It did not.
    Failed,
}

/// A deployment ended, and this is what runs now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentFinished {
    /// The open deployment.
    pub deployment: OwnId,
    /// The release's service.
    pub service: Service,
    /// Its release.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// How it ended.
    pub outcome: DeploymentOutcome,
    /// The release that runs and is healthy now: this one when healthy, the one that was gone back to
    /// when rolled back, `None` when failed.
    pub healthy: Option<OwnId>,
    /// The number of the lease under which it happens; `None` where the kernel's lock is the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
}

/// An open deployment is being undone, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The open deployment.
    pub deployment: OwnId,
    /// The release's service.
    pub service: Service,
    /// The release that did not become healthy.
    pub release: OwnId,
    /// The environment's name.
    pub environment: String,
    /// The release to go back to; `None` when nothing healthy came before.
    pub to: Option<OwnId>,
    /// The number of the lease under which it happens; `None` where the kernel's lock is the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
}

/// Somebody took, or renewed, the sole right to change an environment. Where one machine deploys, the
/// kernel's lock is that right and this is never written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseTaken {
    /// The service.
    pub service: Service,
    /// The environment's name.
    pub environment: String,
    /// Who has it, in its own words.
    pub holder: String,
    /// One more than the number before: what each step under the lease presents.
    pub fence: u64,
    /// The number that the holder had until now, when it goes on or gives the lease back; `None` when it
    /// takes a lease that is free. A name proves nothing: two jobs may share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<u64>,
    /// When somebody else may take it, by the ledger's clock. The present moment gives it back.
    pub expires_at: Timestamp,
}

/// What an event tells, where the ledger itself reads its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// `ledger.created`
    LedgerCreated(LedgerCreated),
    /// `release.created`
    ReleaseCreated(ReleaseCreated),
    /// `promotion.requested`
    PromotionRequested(PromotionRequested),
    /// `deployment.started`
    DeploymentStarted(DeploymentStarted),
    /// `deployment.step`
    DeploymentStep(DeploymentStep),
    /// `deployment.finished`
    DeploymentFinished(DeploymentFinished),
    /// `rollback.started`
    RollbackStarted(Rollback),
    /// `rollback.finished`
    RollbackFinished(Rollback),
    /// `lease.taken`
    LeaseTaken(LeaseTaken),
}

impl Fact {
    /// Reads the body of an event of this kind; `None` for a kind whose body is the engine's alone.
    /// Fields of a later build are passed over here and told by [`Fact::unknown_fields`]. Errors when the
    /// body holds a word of a later build, or is no such body.
    pub fn read(kind: EventKind, body: &[u8]) -> Result<Option<Self>, StoreError> {
        match kind {
            EventKind::LedgerCreated => parse(kind, body).map(Self::LedgerCreated),
            EventKind::ReleaseCreated => parse(kind, body).map(Self::ReleaseCreated),
            EventKind::PromotionRequested => parse(kind, body).map(Self::PromotionRequested),
            EventKind::DeploymentStarted => parse(kind, body).map(Self::DeploymentStarted),
            EventKind::DeploymentStep => parse(kind, body).map(Self::DeploymentStep),
            EventKind::DeploymentFinished => parse(kind, body).map(Self::DeploymentFinished),
            EventKind::RollbackStarted => parse(kind, body).map(Self::RollbackStarted),
            EventKind::RollbackFinished => parse(kind, body).map(Self::RollbackFinished),
            EventKind::LeaseTaken => parse(kind, body).map(Self::LeaseTaken),
            EventKind::EvidenceRecorded
            | EventKind::ApprovalRecorded
            | EventKind::PolicyDecided => return Ok(None),
        }
        .map(Some)
    }

    /// The kind of event that tells it.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::LedgerCreated(_) => EventKind::LedgerCreated,
            Self::ReleaseCreated(_) => EventKind::ReleaseCreated,
            Self::PromotionRequested(_) => EventKind::PromotionRequested,
            Self::DeploymentStarted(_) => EventKind::DeploymentStarted,
            Self::DeploymentStep(_) => EventKind::DeploymentStep,
            Self::DeploymentFinished(_) => EventKind::DeploymentFinished,
            Self::RollbackStarted(_) => EventKind::RollbackStarted,
            Self::RollbackFinished(_) => EventKind::RollbackFinished,
            Self::LeaseTaken(_) => EventKind::LeaseTaken,
        }
    }

    /// What it is about: service, release, environment, subjects.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.service().map(Key::service).into_iter().collect();
        keys.extend(self.release().map(Key::release));
        keys.extend(self.environment().map(Key::environment));
        keys.extend(self.subjects().iter().map(Subject::key));
        keys
    }

    fn service(&self) -> Option<&Service> {
        match self {
            Self::LedgerCreated(_) => None,
            Self::ReleaseCreated(fact) => Some(&fact.service),
            Self::PromotionRequested(fact) => Some(&fact.service),
            Self::DeploymentStarted(fact) => Some(&fact.service),
            Self::DeploymentStep(fact) => Some(&fact.service),
            Self::DeploymentFinished(fact) => Some(&fact.service),
            Self::RollbackStarted(fact) | Self::RollbackFinished(fact) => Some(&fact.service),
            Self::LeaseTaken(fact) => Some(&fact.service),
        }
    }

    fn release(&self) -> Option<&OwnId> {
        match self {
            Self::ReleaseCreated(fact) => Some(&fact.release),
            Self::PromotionRequested(fact) => Some(&fact.release),
            Self::DeploymentStarted(fact) => Some(&fact.release),
            Self::DeploymentStep(fact) => Some(&fact.release),
            Self::DeploymentFinished(fact) => Some(&fact.release),
            Self::RollbackStarted(fact) | Self::RollbackFinished(fact) => Some(&fact.release),
            Self::LedgerCreated(_) | Self::LeaseTaken(_) => None,
        }
    }

    fn environment(&self) -> Option<&str> {
        match self {
            Self::LedgerCreated(_) | Self::ReleaseCreated(_) => None,
            Self::PromotionRequested(fact) => Some(&fact.environment),
            Self::DeploymentStarted(fact) => Some(&fact.environment),
            Self::DeploymentStep(fact) => Some(&fact.environment),
            Self::DeploymentFinished(fact) => Some(&fact.environment),
            Self::RollbackStarted(fact) | Self::RollbackFinished(fact) => Some(&fact.environment),
            Self::LeaseTaken(fact) => Some(&fact.environment),
        }
    }

    fn subjects(&self) -> &[Subject] {
        match self {
            Self::ReleaseCreated(fact) => &fact.subjects,
            Self::DeploymentStarted(fact) => &fact.subjects,
            Self::LedgerCreated(_)
            | Self::PromotionRequested(_)
            | Self::DeploymentStep(_)
            | Self::DeploymentFinished(_)
            | Self::RollbackStarted(_)
            | Self::RollbackFinished(_)
            | Self::LeaseTaken(_) => &[],
        }
    }

    /// The fields of the body that this build does not know, as `outer.inner`. Each may be a condition.
    /// Errors when one of them holds what cannot be read at all: [`Fact::read`] passes over that as well.
    pub fn unknown_fields(&self, body: &[u8]) -> Result<Vec<String>, StoreError> {
        let written: Value = parse(self.kind(), body)?;
        let understood = serde_json::to_value(self).expect("facts are JSON");
        let mut fields = Vec::new();
        collect_unknown(&written, &understood, "", &mut fields);
        Ok(fields)
    }

    /// Whether this build reads the body of an event of this kind whole, as far as the ledger reads it.
    pub(crate) fn is_understood(kind: EventKind, body: &[u8]) -> bool {
        match Self::read_whole(kind, body) {
            Ok(read) => read.is_none_or(|(_, fields)| fields.is_empty()),
            Err(_) => false,
        }
    }

    /// Reads the body of an event of this kind, with the fields that are not known.
    pub(crate) fn read_whole(
        kind: EventKind,
        body: &[u8],
    ) -> Result<Option<(Self, Vec<String>)>, StoreError> {
        let Some(fact) = Self::read(kind, body)? else {
            return Ok(None);
        };
        let fields = fact.unknown_fields(body)?;
        Ok(Some((fact, fields)))
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("facts hold only text, numbers and lists")
    }
}

/// Whether projections are made from bodies of this kind, so that they may not be deleted.
pub(crate) fn is_read_from(kind: EventKind) -> bool {
    match kind {
        EventKind::LedgerCreated
        | EventKind::ReleaseCreated
        | EventKind::PromotionRequested
        | EventKind::DeploymentStarted
        | EventKind::DeploymentStep
        | EventKind::DeploymentFinished
        | EventKind::RollbackStarted
        | EventKind::RollbackFinished
        | EventKind::LeaseTaken => true,
        EventKind::EvidenceRecorded | EventKind::ApprovalRecorded | EventKind::PolicyDecided => {
            false
        }
    }
}

fn parse<T: DeserializeOwned>(kind: EventKind, body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|source| StoreError::Body { kind, source })
}

/// Compares what was written with what is written again after reading it.
fn collect_unknown(written: &Value, understood: &Value, path: &str, fields: &mut Vec<String>) {
    match (written, understood) {
        (Value::Object(written), Value::Object(understood)) => {
            for (name, value) in written {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                match understood.get(name) {
                    Some(known) => collect_unknown(value, known, &path, fields),
                    None if fields.len() < MAX_UNKNOWN_FIELDS => fields.push(path),
                    None => return,
                }
            }
        }
        (Value::Array(written), Value::Array(understood)) => {
            for (value, known) in written.iter().zip(understood) {
                collect_unknown(value, known, path, fields);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Fact;
    use crate::EventKind;

    /// The fields that are told of a body that has another one, or `None` when it is refused.
    fn unknown_fields(field: &str) -> Option<Vec<String>> {
        let body = format!(
            r#"{{"service":"shop","release":"r1","environment":"staging","requester":{{"kind":"person","id":"ann"}}{field}}}"#
        );
        let fact = Fact::read(EventKind::PromotionRequested, body.as_bytes()).unwrap();
        fact.unwrap().unknown_fields(body.as_bytes()).ok()
    }

    /// Reading a fact passes over what an unknown field holds, however wrong that is.
    #[test]
    fn no_unknown_field_goes_untold() {
        assert_eq!(unknown_fields(""), Some(Vec::new()));
        let told = Some(vec!["only_on".to_owned()]);
        assert_eq!(unknown_fields(r#","only_on":["friday"]"#), told);
        let nested = format!(r#","only_on":{}{}"#, "[".repeat(200), "]".repeat(200));
        for unreadable in [nested.as_str(), r#","only_on":"\ud800""#] {
            assert_eq!(unknown_fields(unreadable), None, "{unreadable}");
        }
    }
}
