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
    /// Tables that this build does not know: projections of a later one, which decide nothing.
    pub unknown_tables: Vec<String>,
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

/// An event that this build does not understand whole: of a kind, or with fields or words, of a later
/// build. It may be the word against whatever it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    /// Its place.
    pub seq: u64,
    /// Its kind.
    pub kind: Kind,
    /// All that it is about.
    pub keys: Vec<Key>,
    /// What is not understood.
    pub what: NotUnderstood,
}

/// What of an event this build does not understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUnderstood {
    /// Its kind.
    Kind,
    /// Fields of its body, at least one. The others were read.
    Fields(Vec<String>),
    /// Its body, which holds a word that no such body has: why it cannot be read. It counts for nothing.
    Body(String),
    /// What it follows from: the event `seq`, which names some of the same, is not understood, and as far
    /// as this build can tell, this one breaks a law. It counts for nothing.
    Follows {
        /// The event before it.
        seq: u64,
        /// The law.
        law: String,
    },
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
        self.kind.known().is_some() || self.kind.may_speak_against()
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
        let (seq, kind) = (self.seq, self.kind.as_str());
        match &self.what {
            NotUnderstood::Kind => write!(
                f,
                "event {seq} is of the kind `{kind}`, which this build does not know"
            ),
            NotUnderstood::Fields(fields) => write!(
                f,
                "event {seq} (`{kind}`) says `{}`, which this build does not know",
                fields.join("`, `")
            ),
            NotUnderstood::Body(why) => {
                write!(
                    f,
                    "event {seq} (`{kind}`) cannot be read by this build: {why}"
                )
            }
            NotUnderstood::Follows { seq: earlier, law } => write!(
                f,
                "event {seq} (`{kind}`) follows event {earlier}, which this build does not understand: {law}"
            ),
        }
    }
}
