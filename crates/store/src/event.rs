use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use plimsoll_model::{Digest, Subject};
use serde::Serialize;

/// What happened. The text forms are public and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A signed statement was taken in; the body is its bundle.
    EvidenceRecorded,
    /// A release was named; the body is a [`crate::ReleaseCreated`].
    ReleaseCreated,
    /// Somebody asked for a release in an environment.
    PromotionRequested,
    /// A signed approval was taken in; the body is its bundle.
    ApprovalRecorded,
    /// A deployment begins; the body is a [`crate::DeploymentStarted`].
    DeploymentStarted,
    /// A step of a deployment begins or ends; the body is a [`crate::DeploymentStep`].
    DeploymentStep,
    /// A deployment ended; the body is a [`crate::DeploymentFinished`].
    DeploymentFinished,
    /// The undoing of a deployment begins, within that deployment.
    RollbackStarted,
    /// The undoing of a deployment ended, within that deployment.
    RollbackFinished,
    /// A verdict on a release and an environment.
    PolicyDecided,
}

/// The text names no kind of event.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no kind of event that this build knows")]
pub struct EventKindError(String);

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::EvidenceRecorded,
        Self::ReleaseCreated,
        Self::PromotionRequested,
        Self::ApprovalRecorded,
        Self::DeploymentStarted,
        Self::DeploymentStep,
        Self::DeploymentFinished,
        Self::RollbackStarted,
        Self::RollbackFinished,
        Self::PolicyDecided,
    ];

    /// The text form, as the ledger keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EvidenceRecorded => "evidence.recorded",
            Self::ReleaseCreated => "release.created",
            Self::PromotionRequested => "promotion.requested",
            Self::ApprovalRecorded => "approval.recorded",
            Self::DeploymentStarted => "deployment.started",
            Self::DeploymentStep => "deployment.step",
            Self::DeploymentFinished => "deployment.finished",
            Self::RollbackStarted => "rollback.started",
            Self::RollbackFinished => "rollback.finished",
            Self::PolicyDecided => "policy.decided",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = EventKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| EventKindError(text.chars().take(80).collect()))
    }
}

/// An event to be appended. The ledger adds its place and the moment it took it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// When it happened, by whoever saw it.
    pub occurred_at: Timestamp,
    /// What there is to say about it: a signed bundle, or the JSON of a fact. Kept byte for byte.
    pub body: Vec<u8>,
}

/// An event of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place: the number of events before it, and its index in the Merkle log.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
    /// To what: [`Subject::key`].
    pub subject: String,
    /// When it happened, by whoever saw it.
    pub occurred_at: Timestamp,
    /// When the ledger took it in, by the ledger's clock.
    pub recorded_at: Timestamp,
    /// The digest of its body, which [`crate::Store::blob`] gives.
    pub body_sha256: Digest,
}

/// Which events to read; the default reads all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these kinds; empty means every kind.
    pub kinds: Vec<EventKind>,
    /// Only this subject, by [`Subject::key`].
    pub subject: Option<String>,
    /// Only from this place on.
    pub from_seq: u64,
}

/// The columns of an event as they are stored: what the Merkle log anchors.
///
/// The entry is RFC 8785 JSON over the stored text itself, so that no other spelling of the same
/// moment or digest can take its place. Fields are in the order of their names.
#[derive(Serialize)]
pub(crate) struct Entry<'a> {
    pub(crate) body_sha256: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) occurred_at: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) recorded_at: &'a str,
    pub(crate) seq: u64,
    pub(crate) subject: &'a str,
}

impl Entry<'_> {
    /// The hash that the Merkle log holds for the event.
    pub(crate) fn leaf_hash(&self) -> Digest {
        let json = serde_json::to_vec(self).expect("strings and a number are always JSON");
        crate::merkle::leaf_hash(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn each_kind_has_its_own_text() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("evidence".parse::<EventKind>().is_err());
    }
}
