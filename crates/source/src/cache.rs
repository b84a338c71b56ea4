//! The extract cache: what an inspector's pure `extract` gave for exact bytes under exact rules, kept
//! between runs in a folder that several processes use at once.
//!
//! Each save adds one file of its own, a segment, which is never written again but for the marks that
//! say which of its records were used. Opening reads a few hundred bytes a segment; what a look-up
//! needs is read when it is asked for. Small segments are merged now and then, and above a limit the
//! records that were not used since the last time go.
//!
//! It holds no secret value, by contract of what is put in, and is no evidence: whoever can write the
//! folder can change what a check sees, so it belongs in the user's own cache folder, never in the
//! inspected tree. What is absent, damaged, cut short, of another version, of another user or writable
//! by others counts as empty.

mod folder;
mod segment;
#[cfg(test)]
mod tests;
mod upkeep;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_model::Digest;

use folder::Folder;
use segment::{Record, Segment};

/// Bytes by digest, safe to use from several threads, and its folder from several processes.
#[derive(Debug)]
pub struct Cache {
    folder: Folder,
    version: Digest,
    limits: Limits,
    /// The newest first.
    segments: Vec<Segment>,
    fresh: Mutex<BTreeMap<Digest, Vec<u8>>>,
}

/// How large a cache may grow.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// All segments together.
    max_bytes: u64,
    /// With more of them, the smallest are merged.
    max_segments: usize,
}

impl Limits {
    /// What a segment may hold of records: a quarter is left free, so that it is long until the next
    /// eviction.
    fn room(self) -> u64 {
        self.max_bytes / 4 * 3
    }
}

/// The cache could not be saved. The check that used it is not affected.
#[derive(Debug, thiserror::Error)]
#[error("cannot save the extract cache {}", path.display())]
pub struct CacheError {
    /// The folder of the cache.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl Cache {
    /// The cache is kept below this size.
    pub const MAX_BYTES: u64 = 256 << 20;

    /// Each segment costs a start some 20 µs.
    const MAX_SEGMENTS: usize = 16;

    /// Opens the cache in the folder at `path`, or an empty cache where there is none that can be
    /// used. `version` names the program that wrote it; another version's records do not count.
    pub fn open(path: &Path, version: &str) -> Self {
        let limits = Limits {
            max_bytes: Self::MAX_BYTES,
            max_segments: Self::MAX_SEGMENTS,
        };
        Self::with_limits(path, version, limits)
    }

    fn with_limits(path: &Path, version: &str, limits: Limits) -> Self {
        let folder = Folder::new(path);
        let version = Digest::of(version.as_bytes());
        Self {
            segments: upkeep::open_all(&folder, version, limits),
            folder,
            version,
            limits,
            fresh: Mutex::default(),
        }
    }

    /// What was put under this key, in this run or in an earlier one.
    pub fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let stored = self.segments.iter().find_map(|segment| segment.get(key));
        stored.or_else(|| self.fresh().get(key).cloned())
    }

    /// Keeps a value for this run and, once saved, for later ones. It must hold no secret value.
    pub fn put(&self, key: Digest, value: Vec<u8>) {
        self.fresh().insert(key, value);
    }

    /// Adds what is new in this run to the folder (modes 0700 and 0600, whole or not at all), and
    /// what other processes saved meanwhile stays.
    pub fn save(self) -> Result<(), CacheError> {
        self.write().map_err(|source| CacheError {
            path: self.folder.path().to_owned(),
            source,
        })
    }

    fn write(&self) -> std::io::Result<()> {
        for segment in &self.segments {
            segment.write_marks()?;
        }
        let fresh = self.fresh();
        if fresh.is_empty() {
            return Ok(());
        }
        let lock = self.folder.lock()?;
        let records = fresh
            .iter()
            .map(|(key, value)| Record::fresh(*key, value))
            .collect();
        lock.add(self.version, &upkeep::fit(records, self.limits.room()))?;
        upkeep::shrink(&lock, self.version, self.limits)
    }

    fn fresh(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<u8>>> {
        // A thread that panicked between two statements left a whole map behind: inserts are atomic.
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
