use std::path::Path;

use plimsoll_model::{Digest, Key, OwnId, Service};

use crate::laws::place;
use crate::sqlite::Sqlite;
use crate::{
    Current, Event, EventFilter, Fact, Lease, LedgerCreated, NewEvent, OpenDeployment, Page,
    Release, Report, StoreError,
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

/// What a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The history as far as it was read.
    pub head: Head,
    /// All that the decision is about: whatever names one of these may be the word against it.
    pub about: &'a [Key],
}

/// Signs a head: the text that is kept as its checkpoint.
pub type Seal<'a> = &'a dyn Fn(&Head) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// How many events are held at a time while all are read.
pub(crate) const PAGE_EVENTS: usize = 256;

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
    /// Opens the ledger in this file, and makes it when the file is absent or empty. The first event of a
    /// new one says that it begins.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            backend: Backend::Sqlite(Sqlite::open(path)?),
        })
    }

    /// Opens the ledger that must be in this file. A file that was emptied is no ledger, so that it
    /// never passes for a new and sound one, and neither is one that does not say how it began.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            backend: Backend::Sqlite(Sqlite::open_existing(path)?),
        })
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

    /// Appends all of these events or none, with bodies, attachments, leaves, projections and one sealed
    /// checkpoint, and returns the head that was sealed only when all is on disk. No event changes nothing.
    ///
    /// `expected` is what a decision rests on; [`StoreError::Conflict`] when an event came since that is
    /// about the same, about nothing at all, or not understood. Evidence is appended without one. Errors
    /// when a fact breaks a law of the history.
    pub fn append(
        &self,
        events: &[NewEvent],
        expected: Option<Expected<'_>>,
        seal: Seal<'_>,
    ) -> Result<Head, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.append(events, expected, seal),
        }
    }

    /// The events from `from_seq` on that the filter lets through, in their order, at most `limit` of
    /// them, each compared with its hash in the log.
    pub fn events(
        &self,
        filter: &EventFilter,
        from_seq: u64,
        limit: usize,
    ) -> Result<Page<Event>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.events(filter, from_seq, limit),
        }
    }

    /// All the events that the filter lets through, a page at a time.
    pub fn all_events<'a>(&'a self, filter: &'a EventFilter) -> Events<'a> {
        Events {
            store: self,
            filter,
            page: Vec::new().into_iter(),
            next: Some(0),
        }
    }

    /// The body of an event. Errors when it was deleted: then it proves nothing any more.
    pub fn body(&self, event: &Event) -> Result<Vec<u8>, StoreError> {
        self.blob(&event.body_sha256)?
            .ok_or(StoreError::BlobDeleted {
                digest: event.body_sha256,
            })
    }

    /// The body of an event, where the ledger itself reads it; `None` for any other, and for one that this
    /// build does not understand: that counts for nothing, and [`Report::unknown`] tells it.
    pub fn fact(&self, event: &Event) -> Result<Option<Fact>, StoreError> {
        let Some(kind) = event.kind.known() else {
            return Ok(None);
        };
        match Fact::read(kind, &self.body(event)?) {
            Err(StoreError::Body { .. }) => Ok(None),
            read => read,
        }
    }

    /// What the first event says of the ledger. Errors when this build cannot read it.
    pub fn beginning(&self) -> Result<LedgerCreated, StoreError> {
        let first = self.events(&EventFilter::default(), 0, 1)?.items;
        let fact = first.first().map(|event| self.fact(event)).transpose()?;
        match fact.flatten() {
            Some(Fact::LedgerCreated(created)) => Ok(created),
            _ => Err(StoreError::NotBegun),
        }
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

    /// The saved checkpoint that covers most; `None` when nothing was appended yet.
    pub fn newest_checkpoint(&self) -> Result<Option<SavedCheckpoint>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.newest_checkpoint(),
        }
    }

    /// The saved checkpoints over `from_size` events and more, the shortest first, at most `limit` of
    /// them. Each append saves one.
    pub fn checkpoints(
        &self,
        from_size: u64,
        limit: usize,
    ) -> Result<Page<SavedCheckpoint>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.checkpoints(from_size, limit),
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

    /// The release of a service with this name.
    pub fn release_named(
        &self,
        service: &Service,
        name: &str,
    ) -> Result<Option<Release>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.release_named(service, name),
        }
    }

    /// The releases of a service that were made by the event `from_seq` or later, the oldest first, at
    /// most `limit` of them.
    pub fn releases(
        &self,
        service: &Service,
        from_seq: u64,
        limit: usize,
    ) -> Result<Page<Release>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.releases(service, from_seq, limit),
        }
    }

    /// What a service runs in this environment; `None` when no deployment of it has ended there.
    pub fn current(
        &self,
        service: &Service,
        environment: &str,
    ) -> Result<Option<Current>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.current(place(service, environment)),
        }
    }

    /// The deployment of a service to this environment that started and has not finished: under way, or
    /// cut off by a crash.
    pub fn open_deployment(
        &self,
        service: &Service,
        environment: &str,
    ) -> Result<Option<OpenDeployment>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.open_deployment(place(service, environment)),
        }
    }

    /// The lease of a service's environment that was taken last, where the ledger holds leases.
    pub fn lease(&self, service: &Service, environment: &str) -> Result<Option<Lease>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.lease(place(service, environment)),
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

/// The events that a filter lets through; made by [`Store::all_events`]. Ends after an error.
pub struct Events<'a> {
    store: &'a Store,
    filter: &'a EventFilter,
    page: std::vec::IntoIter<Event>,
    next: Option<u64>,
}

impl Iterator for Events<'_> {
    type Item = Result<Event, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(event) = self.page.next() {
            return Some(Ok(event));
        }
        match self.store.events(self.filter, self.next?, PAGE_EVENTS) {
            Ok(page) => {
                self.next = page.next;
                self.page = page.items.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.next = None;
                Some(Err(error))
            }
        }
    }
}
