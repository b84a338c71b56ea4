use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{Digest, OwnId, Subject};
use serde::Serialize;

use crate::sqlite::Sqlite;
use crate::{
    Current, Event, EventFilter, EventKind, Fact, NewEvent, OpenDeployment, Release, Report,
    StoreError,
};

/// The largest body or document that is taken: 256 MiB.
pub const MAX_BLOB_BYTES: usize = 256 << 20;

/// A ledger: one history of one organization. Threads and processes may share it; writers take turns.
pub struct Store {
    backend: Backend,
}

/// Where the ledger lives. Each backend writes its own SQL; all pass the same tests.
enum Backend {
    Sqlite(Sqlite),
}

/// How far the log is: what a checkpoint signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of events.
    pub size: u64,
    /// The Merkle root over them (RFC 6962 §2.1).
    pub root: Digest,
}

/// A checkpoint that was saved, with the note that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCheckpoint {
    /// The number of events that it covers.
    pub size: u64,
    /// The root that it vouches for.
    pub root: Digest,
    /// The signed note, unchecked.
    pub note: String,
}

impl Store {
    /// Opens the ledger in this file, and makes it when the file is absent or empty.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            backend: Backend::Sqlite(Sqlite::open(path)?),
        })
    }

    /// Opens the ledger that must be in this file. A file that was emptied is no ledger, so that it
    /// never passes for a new and sound one.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            backend: Backend::Sqlite(Sqlite::open_existing(path)?),
        })
    }

    /// Keeps bytes under their digest. Errors when they were deleted before.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.put_blob(bytes),
        }
    }

    /// The bytes of this digest, hashed anew; `None` when nobody put them or they were deleted.
    pub fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.blob(digest),
        }
    }

    /// Deletes bytes for good and leaves a tombstone. Refused for what the ledger itself reads: the
    /// bodies behind projections, and notes of checkpoints.
    pub fn delete_blob(&self, digest: &Digest) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.delete_blob(digest),
        }
    }

    /// Appends all of these events or none, with bodies, leaves and projections, and returns only
    /// when they are on disk. Errors when a fact does not fit the history.
    pub fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.append(events),
        }
    }

    /// Appends one event whose body is the JSON of `body`.
    pub fn append_body<T: Serialize>(
        &self,
        kind: EventKind,
        subject: &Subject,
        occurred_at: Timestamp,
        body: &T,
    ) -> Result<Event, StoreError> {
        let body = serde_json::to_vec(body).map_err(|source| StoreError::Body { kind, source })?;
        let event = NewEvent {
            kind,
            subject: subject.clone(),
            occurred_at,
            body,
        };
        let appended = self.append(&[event])?;
        Ok(appended.into_iter().next().expect("one event was appended"))
    }

    /// The events that the filter lets through, in their order, each compared with its hash in the log.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.events(filter),
        }
    }

    /// The body of an event. Errors when it was deleted: then it proves nothing any more.
    pub fn body(&self, event: &Event) -> Result<Vec<u8>, StoreError> {
        self.blob(&event.body_sha256)?
            .ok_or(StoreError::BlobDeleted {
                digest: event.body_sha256,
            })
    }

    /// The body of an event, read as far as the ledger itself reads it.
    pub fn fact(&self, event: &Event) -> Result<Fact, StoreError> {
        Fact::read(event.kind, &self.body(event)?)
    }

    /// How far the log is.
    pub fn head(&self) -> Result<Head, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.head(),
        }
    }

    /// The hash of an event in the log: what [`Store::inclusion_proof`] is about.
    pub fn leaf(&self, seq: u64) -> Result<Digest, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.leaf(seq),
        }
    }

    /// Keeps a signed note about an earlier or the present head. Errors when it does not fit the log.
    pub fn save_checkpoint(&self, size: u64, root: &Digest, note: &str) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.save_checkpoint(size, root, note),
        }
    }

    /// The saved checkpoints, the shortest first.
    pub fn checkpoints(&self) -> Result<Vec<SavedCheckpoint>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.checkpoints(),
        }
    }

    /// The hashes that prove the event `seq` in the log of `size` (RFC 6962 §2.1.1).
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<Digest>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.inclusion_proof(seq, size),
        }
    }

    /// The hashes that prove that the log of `size1` grew into the one of `size2` (RFC 6962 §2.1.2).
    pub fn consistency_proof(&self, size1: u64, size2: u64) -> Result<Vec<Digest>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.consistency_proof(size1, size2),
        }
    }

    /// The release with this id.
    pub fn release(&self, id: &OwnId) -> Result<Option<Release>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.release(id),
        }
    }

    /// Every release, the oldest first.
    pub fn releases(&self) -> Result<Vec<Release>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.releases(),
        }
    }

    /// What runs in this environment; `None` when no deployment has ended there.
    pub fn current(&self, environment: &str) -> Result<Option<Current>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.current(environment),
        }
    }

    /// What runs in every environment in which a deployment has ended.
    pub fn currents(&self) -> Result<Vec<Current>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.currents(),
        }
    }

    /// The deployments that started and have not finished: under way, or cut off by a crash.
    pub fn open_deployments(&self) -> Result<Vec<OpenDeployment>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.open_deployments(),
        }
    }

    /// Drops the projections and makes them anew from the events.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.rebuild(),
        }
    }

    /// Makes every hash anew and compares: events, bodies, leaves, tree, checkpoints, projections, and
    /// the layout of the file. What cannot be read is a fault.
    pub fn verify(&self) -> Report {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.verify(),
        }
    }
}
