//! The extract cache: what an inspector's pure `extract` gave for exact bytes under exact rules, kept
//! between runs in one file.
//!
//! It holds no secret value, by contract of what is put in, and is no evidence: whoever can write the
//! file can change what a check sees, so it belongs in the user's own cache folder, never in the
//! inspected tree. A file that is absent, damaged, of another version or writable by others counts as
//! empty.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_model::Digest;

/// Bytes by digest, safe to use from several threads.
///
/// Layout: magic, version digest, record count; then one 60-byte row a record, ordered by key (key,
/// the first 16 bytes of the checksum, offset, length, both little-endian); then the values. A row is
/// found by bisection in the bytes as they were read, so opening costs one read.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    version: Digest,
    max_bytes: u64,
    stored: Vec<u8>,
    states: Vec<AtomicU8>,
    fresh: Mutex<BTreeMap<Digest, Vec<u8>>>,
}

/// The cache could not be saved. The check that used it is not affected.
#[derive(Debug, thiserror::Error)]
#[error("cannot save the extract cache {}", path.display())]
pub struct CacheError {
    /// The cache file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl Cache {
    /// The file is kept below this size: what the last run did not use goes first.
    pub const MAX_BYTES: u64 = 256 << 20;

    /// Opens the cache file at `path`, or an empty cache where there is none that can be used.
    /// `version` names the program that wrote it; another version's records do not count.
    pub fn open(path: &Path, version: &str) -> Self {
        Self::with_limit(path, version, Self::MAX_BYTES)
    }

    fn with_limit(path: &Path, version: &str, max_bytes: u64) -> Self {
        let version = Digest::of(version.as_bytes());
        let stored = read(path, max_bytes)
            .filter(|bytes| count(bytes, version).is_some())
            .unwrap_or_default();
        let states = (0..count(&stored, version).unwrap_or(0))
            .map(|_| AtomicU8::new(UNUSED))
            .collect();
        Self {
            path: path.to_owned(),
            version,
            max_bytes,
            stored,
            states,
            fresh: Mutex::default(),
        }
    }

    /// What was put under this key, in an earlier run or in this one.
    pub fn get(&self, key: &Digest) -> Option<Cow<'_, [u8]>> {
        let Some(index) = self.find(key) else {
            return self.fresh().get(key).cloned().map(Cow::Owned);
        };
        let row = self.row(index);
        if let Some(value) = row
            .value(&self.stored)
            .filter(|value| row.checksum == checksum(key, value))
        {
            self.states[index].store(USED, Ordering::Relaxed);
            return Some(Cow::Borrowed(value));
        }
        self.states[index].store(DAMAGED, Ordering::Relaxed);
        self.fresh().get(key).cloned().map(Cow::Owned)
    }

    /// Keeps a value for this run and, once saved, for later ones. It must hold no secret value.
    pub fn put(&self, key: Digest, value: Vec<u8>) {
        self.fresh().insert(key, value);
    }

    /// Writes the cache file anew (mode 0600, whole or not at all) if there is anything new in it.
    pub fn save(&self) -> Result<(), CacheError> {
        let fresh = self.fresh();
        let damaged = self
            .states
            .iter()
            .any(|state| state.load(Ordering::Relaxed) == DAMAGED);
        if fresh.is_empty() && !damaged {
            return Ok(());
        }
        let records = self.kept(&fresh);
        self.write(&records).map_err(|source| CacheError {
            path: self.path.clone(),
            source,
        })
    }

    /// The records to keep, by key: this run's first, then as many others as there is room for.
    fn kept<'a>(
        &'a self,
        fresh: &'a BTreeMap<Digest, Vec<u8>>,
    ) -> BTreeMap<Digest, (Check, &'a [u8])> {
        let stored = |wanted: u8| {
            let is_wanted =
                move |index: &usize| self.states[*index].load(Ordering::Relaxed) == wanted;
            (0..self.states.len())
                .filter(is_wanted)
                .filter_map(|index| {
                    let row = self.row(index);
                    row.value(&self.stored)
                        .map(|value| (row.key, (row.checksum, value)))
                })
        };
        let fresh = fresh
            .iter()
            .map(|(key, value)| (*key, (checksum(key, value), value.as_slice())));
        let mut room = self.max_bytes.saturating_sub(HEADER as u64);
        let mut kept = BTreeMap::new();
        for (key, record) in fresh.chain(stored(USED)).chain(stored(UNUSED)) {
            let size = (ROW + record.1.len()) as u64;
            if size <= room && u32::try_from(record.1.len()).is_ok() && !kept.contains_key(&key) {
                room -= size;
                kept.insert(key, record);
            }
        }
        kept
    }

    fn write(&self, records: &BTreeMap<Digest, (Check, &[u8])>) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let temporary = PathBuf::from(name);
        let written = write_records(&temporary, self.version, records)
            .and_then(|()| std::fs::rename(&temporary, &self.path));
        if written.is_err() && temporary.exists() {
            std::fs::remove_file(&temporary)?;
        }
        written
    }

    fn fresh(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<u8>>> {
        // A thread that panicked between two statements left a whole map behind: inserts are atomic.
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &Digest) -> Option<usize> {
        let (mut low, mut high) = (0, self.states.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle).key.cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn row(&self, index: usize) -> Row {
        let start = HEADER + index * ROW;
        Row::read(&self.stored[start..start + ROW])
    }
}

const MAGIC: &[u8; 8] = b"PLMCACH1";
const HEADER: usize = 48;
const ROW: usize = 60;
const UNUSED: u8 = 0;
const USED: u8 = 1;
const DAMAGED: u8 = 2;

type Check = [u8; 16];

struct Row {
    key: Digest,
    checksum: Check,
    offset: u64,
    length: u32,
}

impl Row {
    fn read(bytes: &[u8]) -> Self {
        Self {
            key: Digest::from_bytes(array(&bytes[..32])),
            checksum: array(&bytes[32..48]),
            offset: u64::from_le_bytes(array(&bytes[48..56])),
            length: u32::from_le_bytes(array(&bytes[56..60])),
        }
    }

    /// The value, unless the row points outside the file.
    fn value<'a>(&self, stored: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        stored.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller slices exactly N bytes")
}

/// Binds a value to its key, so that neither a changed byte nor a mixed-up row is believed.
fn checksum(key: &Digest, value: &[u8]) -> Check {
    array(&Digest::of_parts(&[key.as_bytes(), value]).as_bytes()[..16])
}

/// How many records a cache file holds; `None` when it is none of this version.
fn count(stored: &[u8], version: Digest) -> Option<usize> {
    let header = stored.get(..HEADER)?;
    let known = header[..8] == MAGIC[..] && header[8..40] == version.as_bytes()[..];
    let count = usize::try_from(u64::from_le_bytes(array(&header[40..48]))).ok()?;
    let end = count.checked_mul(ROW)?.checked_add(HEADER)?;
    (known && end <= stored.len()).then_some(count)
}

/// The bytes of a cache file that is ours alone to write and within the limit.
fn read(path: &Path, max_bytes: u64) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let private = metadata.is_file() && metadata.permissions().mode() & 0o022 == 0;
    if !private || metadata.len() > max_bytes {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()? + 1);
    file.take(max_bytes).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn write_records(
    path: &Path,
    version: Digest,
    records: &BTreeMap<Digest, (Check, &[u8])>,
) -> std::io::Result<()> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.write_all(MAGIC)?;
    out.write_all(version.as_bytes())?;
    out.write_all(&(records.len() as u64).to_le_bytes())?;
    let mut offset = (HEADER + records.len() * ROW) as u64;
    for (key, (check, value)) in records {
        let length = u32::try_from(value.len()).map_err(std::io::Error::other)?;
        out.write_all(key.as_bytes())?;
        out.write_all(check)?;
        out.write_all(&offset.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        offset += u64::from(length);
    }
    for (_, value) in records.values() {
        out.write_all(value)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use plimsoll_model::Digest;

    use super::Cache;

    fn key(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    fn value(number: u32) -> Vec<u8> {
        format!("value {number}").into_bytes()
    }

    fn filled(path: &Path, numbers: std::ops::Range<u32>) {
        let cache = Cache::open(path, "1");
        std::thread::scope(|scope| {
            for part in 0..4 {
                let (cache, numbers) = (&cache, numbers.clone());
                scope.spawn(move || {
                    for number in numbers.filter(|number| number % 4 == part) {
                        cache.put(key(number), value(number));
                    }
                });
            }
        });
        cache.save().unwrap();
    }

    fn hits(cache: &Cache, numbers: std::ops::Range<u32>) -> usize {
        numbers
            .filter(|number| {
                cache
                    .get(&key(*number))
                    .is_some_and(|got| *got == *value(*number))
            })
            .count()
    }

    #[test]
    fn what_was_put_is_got_in_the_same_run_and_in_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/cache");
        let cache = Cache::open(&path, "1");
        cache.put(key(1), value(1));
        assert_eq!(cache.get(&key(1)).as_deref(), Some(value(1).as_slice()));
        filled(&path, 0..1000);
        filled(&path, 900..1100);
        assert_eq!(hits(&Cache::open(&path, "1"), 0..2000), 1100);
        assert_eq!(
            hits(&Cache::open(&path, "2"), 0..2000),
            0,
            "another version"
        );
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let names: Vec<_> = path.parent().unwrap().read_dir().unwrap().collect();
        assert_eq!(names.len(), 1, "no temporary file stays: {names:?}");
    }

    #[test]
    fn a_damaged_file_never_gives_wrong_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        filled(&path, 0..5);
        let whole = std::fs::read(&path).unwrap();
        let mut lost = 0;
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            std::fs::write(&path, &bytes).unwrap();
            let cache = Cache::open(&path, "1");
            for number in 0..5 {
                match cache.get(&key(number)) {
                    Some(got) => assert_eq!(*got, *value(number), "byte {at}"),
                    None => lost += 1,
                }
            }
            std::fs::write(&path, &whole[..at]).unwrap();
            let cache = Cache::open(&path, "1");
            assert!((0..5).all(|number| {
                cache
                    .get(&key(number))
                    .is_none_or(|got| *got == *value(number))
            }));
        }
        assert!(
            lost >= whole.len() - 20,
            "every byte matters: {lost} of {}",
            whole.len()
        );
    }

    #[test]
    fn a_damaged_record_is_fixed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        filled(&path, 0..2);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let cache = Cache::open(&path, "1");
        let damaged = (0..2)
            .find(|number| cache.get(&key(*number)).is_none())
            .unwrap();
        cache.put(key(damaged), value(damaged));
        assert_eq!(hits(&cache, 0..2), 2, "the new value counts at once");
        cache.save().unwrap();
        assert_eq!(hits(&Cache::open(&path, "1"), 0..2), 2);
    }

    #[test]
    fn above_the_limit_unused_records_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        filled(&path, 0..100);
        let limit = path.metadata().unwrap().len();
        let cache = Cache::with_limit(&path, "1", limit);
        assert_eq!(hits(&cache, 0..50), 50);
        (100..130).for_each(|number| cache.put(key(number), value(number)));
        cache.save().unwrap();
        assert!(path.metadata().unwrap().len() <= limit);
        let cache = Cache::open(&path, "1");
        assert_eq!(hits(&cache, 0..50), 50, "used");
        assert_eq!(hits(&cache, 100..130), 30, "new");
        assert!(hits(&cache, 50..100) < 50, "unused");
        assert_eq!(
            hits(&Cache::with_limit(&path, "1", 100), 0..130),
            0,
            "a file over the limit is not read"
        );
    }

    #[test]
    fn a_file_that_others_may_write_counts_as_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        filled(&path, 0..1);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(hits(&Cache::open(&path, "1"), 0..1), 0);
        assert_eq!(hits(&Cache::open(folder.path(), "1"), 0..1), 0, "a folder");
    }
}
