use std::fmt;

use plimsoll_model::{Digest, Key};

use crate::Kind;
use crate::store::{Head, SavedCheckpoint};

/// What [`crate::Store::verify`] saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The log, made anew from the events.
    pub head: Head,
    /// How many stored bodies and documents were hashed anew.
    pub blobs: u64,
    /// The saved checkpoints with their notes; the engine checks their signatures.
    pub checkpoints: Vec<SavedCheckpoint>,
    /// Bytes that were deleted on purpose: gaps, not faults.
    pub deleted: Vec<Deleted>,
    /// What this build does not understand, in order: no faults, and nothing to rely on.
    pub unknown: Vec<UnknownEvent>,
    /// Whatever does not fit.
    pub faults: Vec<Fault>,
}

/// Bytes that the ledger no longer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Their digest.
    pub digest: Digest,
    /// The events whose body they were.
    pub seqs: Vec<u64>,
}

/// An event that this build does not understand whole: of a kind, or with fields, of a later build. It
/// may be the word against whatever it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    /// Its place.
    pub seq: u64,
    /// Its kind.
    pub kind: Kind,
    /// All that it is about.
    pub keys: Vec<Key>,
    /// The fields that are not known; empty when the kind itself is not.
    pub fields: Vec<String>,
}

/// Something in the ledger that is not as it was appended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The event that it is about, where it is about one.
    pub seq: Option<u64>,
    /// What does not fit.
    pub what: String,
}

impl UnknownEvent {
    /// Whether it may be the word against what it names: what is worth a note alone never is.
    pub fn may_speak_against(&self) -> bool {
        !self.fields.is_empty() || self.kind.may_speak_against()
    }
}

impl Report {
    /// Whether everything fits together. Deleted bodies are no faults.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "event {seq}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seq, kind, fields, ..
        } = self;
        let kind = kind.as_str();
        if fields.is_empty() {
            return write!(
                f,
                "event {seq} is of the kind `{kind}`, which this build does not know"
            );
        }
        write!(
            f,
            "event {seq} (`{kind}`) says `{}`, which this build does not know",
            fields.join("`, `")
        )
    }
}
