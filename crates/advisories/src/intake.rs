//! Takes records in from zips and folders, within bounds, and keeps the names of those that could
//! not be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::EcosystemRules;
use zip::ZipArchive;

use crate::format::Unreadable;
use crate::import::{ImportError, Limits};
use crate::record::{Record, one_line};

/// A zip this small may unpack to anything within the other bounds: the ratio says nothing of it.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// The records taken in so far.
pub(crate) struct Intake<'a> {
    limits: &'a Limits,
    rules: &'a [&'static EcosystemRules],
    /// The newest version of each record, by id.
    records: BTreeMap<String, Record>,
    unreadable: BTreeSet<Unreadable>,
    unreadable_count: u64,
    seen: u64,
    bytes: u64,
    tick: &'a mut dyn FnMut(u64),
}

/// Everything that was taken in.
pub(crate) struct Taken {
    /// Sorted by id, each id once.
    pub(crate) records: Vec<Record>,
    /// Sorted; bounded by the number of names that a database keeps.
    pub(crate) unreadable: Vec<Unreadable>,
    /// How many there were.
    pub(crate) unreadable_count: u64,
}

impl Taken {
    /// The newest `modified`, up to `now`, of the records that affect an ecosystem; `None` when none
    /// does. One date of the future would make an old copy new for ever, so it says nothing; where
    /// there is no other, the earliest of them is told.
    pub(crate) fn newest(&self, base: &str, now: Timestamp) -> Option<Timestamp> {
        let speaks =
            |record: &&Record| record.affected.iter().any(|affected| affected.base == base);
        let dates = || {
            self.records
                .iter()
                .filter(speaks)
                .map(|record| record.modified)
        };
        dates()
            .filter(|modified| *modified <= now)
            .max()
            .or_else(|| dates().min())
    }
}

impl<'a> Intake<'a> {
    /// An empty intake; `tick` is told the number of records from time to time.
    pub(crate) fn new(
        limits: &'a Limits,
        rules: &'a [&'static EcosystemRules],
        tick: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self {
            limits,
            rules,
            records: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            unreadable_count: 0,
            seen: 0,
            bytes: 0,
            tick,
        }
    }

    /// Takes in every `*.json` of a zip.
    pub(crate) fn zip(&mut self, path: &Path) -> Result<(), ImportError> {
        let read_error = |source| ImportError::ReadFile {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(read_error)?;
        let size = file.metadata().map_err(read_error)?.len();
        let ratio_bytes_max = size
            .saturating_mul(self.limits.zip_ratio)
            .max(RATIO_FREE_BYTES);
        let unzip_error = |source| ImportError::ReadZip {
            path: path.to_owned(),
            source,
        };
        let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(unzip_error)?;
        let mut unpacked: u64 = 0;
        for index in 0..archive.len() {
            let Some(name) = record_name(&archive, index) else {
                continue;
            };
            let bytes = match archive.by_index(index) {
                Ok(entry) => read_bounded(entry, self.limits.record_bytes),
                Err(error) => Err(error.to_string()),
            };
            unpacked = unpacked.saturating_add(
                bytes
                    .as_ref()
                    .map_or(self.limits.record_bytes, |b| b.len() as u64),
            );
            if unpacked > ratio_bytes_max {
                return Err(ImportError::Ratio {
                    path: path.to_owned(),
                    ratio: self.limits.zip_ratio,
                });
            }
            self.take(&name, bytes)?;
        }
        Ok(())
    }

    /// Takes in every `*.json` of a folder, not of the folders in it.
    pub(crate) fn folder(&mut self, folder: &Path) -> Result<(), ImportError> {
        for path in list(folder)?
            .into_iter()
            .filter(|path| has_extension(path, "json"))
        {
            let name = path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let bytes = match File::open(&path) {
                Ok(file) => read_bounded(file, self.limits.record_bytes),
                Err(error) => Err(error.to_string()),
            };
            self.take(&name, bytes)?;
        }
        Ok(())
    }

    /// Ends the intake.
    pub(crate) fn finish(self) -> Taken {
        Taken {
            records: self.records.into_values().collect(),
            unreadable: self.unreadable.into_iter().collect(),
            unreadable_count: self.unreadable_count,
        }
    }

    fn take(&mut self, name: &str, bytes: Result<Vec<u8>, String>) -> Result<(), ImportError> {
        self.seen += 1;
        if self.seen > self.limits.records {
            return Err(ImportError::TooManyRecords {
                records_max: self.limits.records,
            });
        }
        self.bytes = self
            .bytes
            .saturating_add(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        if self.bytes > self.limits.total_bytes {
            return Err(ImportError::TooManyBytes {
                bytes_max: self.limits.total_bytes,
            });
        }
        if self.seen.is_multiple_of(1000) {
            (self.tick)(self.seen);
        }
        match bytes.and_then(|bytes| Record::parse(&bytes, self.rules)) {
            Ok(record) => self.keep(record),
            Err(reason) => self.refuse(name, &reason),
        }
        Ok(())
    }

    /// The newer of two versions of a record wins; of equally old ones the withdrawn one loses, so
    /// that nothing stops matching by a coincidence, and else the first.
    fn keep(&mut self, record: Record) {
        let rank = |record: &Record| (record.modified, !record.withdrawn);
        match self.records.get_mut(&record.id) {
            Some(kept) if rank(kept) < rank(&record) => *kept = record,
            Some(_) => {}
            None => {
                self.records.insert(record.id.clone(), record);
            }
        }
    }

    fn refuse(&mut self, name: &str, reason: &str) {
        self.unreadable_count += 1;
        self.unreadable.insert(Unreadable {
            name: one_line(name, 120),
            reason: one_line(reason, 200),
        });
        if self.unreadable.len() > crate::compile::UNREADABLE_NAMED_MAX {
            self.unreadable.pop_last();
        }
    }
}

/// The entries of a folder, sorted by name.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let error = |source| ImportError::ReadFile {
        path: folder.to_owned(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(error)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(error)?;
    paths.sort();
    Ok(paths)
}

/// Whether the path ends in this extension.
pub(crate) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == wanted)
}

/// The name of an entry that may be a record; `None` for one that is named as something else. An entry
/// whose name cannot be read may be a record, so it is read as one.
fn record_name(archive: &ZipArchive<impl Read + io::Seek>, index: usize) -> Option<String> {
    match archive.name_for_index(index) {
        Some(Ok(name)) if !has_extension(Path::new(&*name), "json") => None,
        Some(Ok(name)) => Some(name.into_owned()),
        Some(Err(_)) | None => Some(format!("entry {index}")),
    }
}

/// Reads all, or says in a sentence why not.
fn read_bounded(reader: impl Read, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader
        .take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("it is longer than {bytes_max} bytes"));
    }
    Ok(bytes)
}
