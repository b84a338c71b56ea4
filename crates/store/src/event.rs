use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use plimsoll_model::{Digest, Key};
use serde::Serialize;

use crate::Fact;

/// The most keys that one event may have.
pub(crate) const MAX_KEYS: usize = 256;
/// No word for a kind is longer.
const MAX_KIND_BYTES: usize = 100;
/// Begins every kind that never decides anything.
const NOTE: &str = "note.";
/// How the Merkle log's entries are made. A build that makes them otherwise counts on, and raises the
/// layout with it, so that this build never meets them.
pub(crate) const FORMAT: u64 = 3;

/// What happened, in a word that this build knows. The text forms are public and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The ledger begins: always the first event; the body is a [`crate::LedgerCreated`].
    LedgerCreated,
    /// A signed statement was taken in; the body is its bundle.
    EvidenceRecorded,
    /// A release was named; the body is a [`crate::ReleaseCreated`].
    ReleaseCreated,
    /// Somebody asked for a release in an environment; the body is a [`crate::PromotionRequested`].
    PromotionRequested,
    /// A signed approval was taken in; the body is its bundle.
    ApprovalRecorded,
    /// A deployment begins; the body is a [`crate::DeploymentStarted`].
    DeploymentStarted,
    /// A step of a deployment begins or ends; the body is a [`crate::DeploymentStep`].
    DeploymentStep,
    /// A deployment ended; the body is a [`crate::DeploymentFinished`].
    DeploymentFinished,
    /// The undoing of a deployment begins, within that deployment; the body is a [`crate::Rollback`].
    RollbackStarted,
    /// The undoing of a deployment ended, within that deployment; the body is a [`crate::Rollback`].
    RollbackFinished,
    /// A verdict on a release and an environment.
    PolicyDecided,
    /// Somebody took the sole right to change an environment; the body is a [`crate::LeaseTaken`].
    LeaseTaken,
}

/// The text names no kind of event.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no kind of event that this build knows")]
pub struct EventKindError(String);

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::LedgerCreated,
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
        Self::LeaseTaken,
    ];

    /// The text form, as the ledger keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LedgerCreated => "ledger.created",
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
            Self::LeaseTaken => "lease.taken",
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

/// What happened, by the word that the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A word of this build.
    Known(EventKind),
    /// A word of a later build: lower-case letters, digits, `.` and `-`.
    Unknown(String),
}

impl Kind {
    /// Reads the stored word; `None` when it is no word at all.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Ok(kind) = text.parse() {
            return Some(Self::Known(kind));
        }
        let is_word = !text.is_empty()
            && text.len() <= MAX_KIND_BYTES
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
            });
        is_word.then(|| Self::Unknown(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(kind) => kind.as_str(),
            Self::Unknown(word) => word,
        }
    }

    /// Whether it is a word of a later build that may speak against what it names. Kinds under `note.` are
    /// kept for what is worth telling and never decides anything.
    pub fn may_speak_against(&self) -> bool {
        match self {
            Self::Known(_) => false,
            Self::Unknown(word) => !word.starts_with(NOTE),
        }
    }

    /// The kind, when this build knows it.
    pub fn known(&self) -> Option<EventKind> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Unknown(_) => None,
        }
    }
}

/// An event to be appended. The ledger adds its place, its organization and the moment it took it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// All that it is about, without the organization. A later build finds it by these, whether or not
    /// it can read the body.
    pub keys: Vec<Key>,
    /// When it happened, by whoever saw it.
    pub occurred_at: Timestamp,
    /// What there is to say about it: a signed bundle, or the JSON of a fact. Kept byte for byte.
    pub body: Vec<u8>,
    /// Bytes that belong to it and are kept with it, each found by its digest: the public key of a bundle.
    pub attachments: Vec<Vec<u8>>,
}

impl NewEvent {
    /// The event that tells a fact.
    pub fn of(fact: &Fact, occurred_at: Timestamp) -> Self {
        Self {
            kind: fact.kind(),
            keys: fact.keys(),
            occurred_at,
            body: fact.to_json(),
            attachments: Vec::new(),
        }
    }
}

/// An event of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place: the number of events before it, and its index in the Merkle log.
    pub seq: u64,
    /// What happened.
    pub kind: Kind,
    /// All that it is about, the organization first.
    pub keys: Vec<Key>,
    /// When it happened, by whoever saw it.
    pub occurred_at: Timestamp,
    /// When the ledger took it in, by the ledger's clock; never before the event in front of it.
    pub recorded_at: Timestamp,
    /// The digest of its body, which [`crate::Store::blob`] gives.
    pub body_sha256: Digest,
    /// The digests of the bytes that belong to it.
    pub attachments: Vec<Digest>,
}

/// Which events to read; the default reads all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these kinds; empty means every kind, also those of later builds.
    pub kinds: Vec<EventKind>,
    /// Only what is about each of these.
    pub keys: Vec<Key>,
}

/// Some of a long answer, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, at most as many as were asked for.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when nothing follows.
    pub next: Option<u64>,
}

/// The columns of an event as they are stored: what the Merkle log anchors.
///
/// The entry is RFC 8785 JSON over the stored text itself, so that no other spelling of the same
/// moment or digest can take its place. Fields are in the order of their names.
#[derive(Serialize)]
pub(crate) struct Entry<'a> {
    pub(crate) attachments: &'a [String],
    pub(crate) body_sha256: &'a str,
    pub(crate) format: u64,
    pub(crate) kind: &'a str,
    pub(crate) occurred_at: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) recorded_at: &'a str,
    pub(crate) seq: u64,
    pub(crate) subjects: &'a [String],
}

impl Entry<'_> {
    /// The hash that the Merkle log holds for the event.
    pub(crate) fn leaf_hash(&self) -> Digest {
        let json = serde_json::to_vec(self).expect("strings and numbers are always JSON");
        crate::merkle::leaf_hash(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::{EventKind, Kind};

    #[test]
    fn each_kind_has_its_own_text() {
        for kind in EventKind::ALL {
            assert_eq!(Kind::read(kind.as_str()), Some(Kind::Known(kind)));
        }
        assert_eq!(
            Kind::read("release.recalled-2"),
            Some(Kind::Unknown("release.recalled-2".to_owned()))
        );
        for (word, speaks) in [
            ("release.recalled", true),
            ("note.sent", false),
            ("note", true),
            ("notes.sent", true),
            ("release.created", false),
        ] {
            let kind = Kind::read(word).unwrap();
            assert_eq!(kind.may_speak_against(), speaks, "{word}");
        }
        for text in ["", "Release", "a b", "a\n", &"x".repeat(101)] {
            assert_eq!(Kind::read(text), None, "{text}");
        }
    }
}
