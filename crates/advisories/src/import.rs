use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_durable::Draft;
use plimsoll_model::{Ecosystem, EcosystemRules};

use crate::bucket;
use crate::compile::{Compiled, compile};
use crate::database::Identity;
use crate::ecosystem::{file_name, split};
use crate::file::EcosystemFile;
use crate::intake::{Intake, Taken, has_extension, list};

mod error;

pub use crate::format::Unreadable;
pub use error::ImportError;

/// Where OSV records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An OSV `all.zip`.
    Zip(PathBuf),
    /// A folder: `<ecosystem>/all.zip` and `<ecosystem>/*.json` as a bucket has them, or records
    /// side by side as `*.json`.
    Folder(PathBuf),
    /// The `https` address of a bucket that has `<ecosystem>/all.zip`.
    Bucket(String),
}

/// What to import, and within which bounds.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Which ecosystems. None at all means every one of a folder in the bucket's layout, and the one
    /// that all records of a zip or a plain folder share; a bucket needs them named.
    pub ecosystems: Vec<Ecosystem>,
    /// The moment up to which the source is known to be complete, where the caller knows it. Else it is
    /// the newest `modified` of the records, or the date of a bucket's answer when that is newer; dates
    /// of the future count for neither. [`crate::Database::inspect`] measures the age from it.
    pub as_of: Option<Timestamp>,
    /// How ecosystems write names and versions. Of an ecosystem that is not among them no version can be
    /// compared, and each of its components becomes a gap.
    pub rules: Vec<&'static EcosystemRules>,
    /// The present: no advisories are known beyond it.
    pub now: Timestamp,
    /// The bounds.
    pub limits: Limits,
}

/// How much an import takes in at most, for each ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records; more end the import.
    pub records: u64,
    /// Bytes of one record; a longer one counts as unreadable.
    pub record_bytes: u64,
    /// Bytes of all records, unpacked; more end the import.
    pub total_bytes: u64,
    /// Bytes of one downloaded zip; more end the import.
    pub download_bytes: u64,
    /// How many times larger than itself a zip may unpack.
    pub zip_ratio: u64,
}

impl Default for Limits {
    /// Several times what the largest public ecosystem needs.
    fn default() -> Self {
        Self {
            records: 2_000_000,
            record_bytes: 16 << 20,
            total_bytes: 16 << 30,
            download_bytes: 4 << 30,
            zip_ratio: 100,
        }
    }
}

/// What an import is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A bucket is asked for an ecosystem's records.
    Fetching {
        /// The ecosystem.
        ecosystem: Ecosystem,
    },
    /// Records are being read; told every thousand records.
    Reading {
        /// How many so far, from this source.
        records: u64,
    },
    /// A database was written and put in place.
    Written {
        /// The ecosystem.
        ecosystem: Ecosystem,
        /// How many records it stands on.
        records: u64,
    },
}

/// What an import brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// One for each ecosystem, in the order of their names.
    pub databases: Vec<ImportedDatabase>,
}

/// One database that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedDatabase {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// What it is.
    pub identity: Identity,
    /// How many of its records were withdrawn; they never match.
    pub withdrawn: u64,
    /// How many records could not be read; the database remembers it as a gap.
    pub unreadable_count: u64,
    /// The first hundred of those, by name.
    pub unreadable: Vec<Unreadable>,
    /// How many pairs of record and package do not say which versions are meant in an order that
    /// this build has; a component of such a package becomes a gap.
    pub undecided: u64,
}

/// Imports OSV records into one database file an ecosystem in the folder `into`.
///
/// Each file is written beside its place, flushed, verified in full and renamed over what was there.
/// Withdrawn records are counted and never match; records that cannot be read are counted, named and
/// remembered as a gap.
pub fn import(
    source: &Source,
    into: &Path,
    options: &ImportOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Imported, ImportError> {
    if let Some(as_of) = options.as_of.filter(|as_of| *as_of > options.now) {
        return Err(ImportError::Future { as_of });
    }
    fs::create_dir_all(into).map_err(|source| ImportError::Write {
        path: into.to_owned(),
        source,
    })?;
    let named: BTreeSet<&str> = options
        .ecosystems
        .iter()
        .map(|name| split(name.as_str()).base)
        .collect();
    let mut run = Run {
        into,
        options,
        progress,
        databases: Vec::new(),
    };
    match source {
        Source::Zip(path) => {
            let taken = run.take(|intake| intake.zip(path))?;
            run.write_all(&path.display().to_string(), &named, &taken)?;
        }
        Source::Folder(folder) => run.folder(folder, &named)?,
        Source::Bucket(url) => run.bucket(url, &named)?,
    }
    run.databases
        .sort_by(|left, right| left.identity.ecosystem.cmp(&right.identity.ecosystem));
    Ok(Imported {
        databases: run.databases,
    })
}

/// One import on its way.
struct Run<'a> {
    into: &'a Path,
    options: &'a ImportOptions,
    progress: &'a mut dyn FnMut(Progress),
    databases: Vec<ImportedDatabase>,
}

impl Run<'_> {
    fn take(
        &mut self,
        fill: impl FnOnce(&mut Intake<'_>) -> Result<(), ImportError>,
    ) -> Result<Taken, ImportError> {
        let mut tick = |records| (self.progress)(Progress::Reading { records });
        let mut intake = Intake::new(&self.options.limits, &self.options.rules, &mut tick);
        fill(&mut intake)?;
        Ok(intake.finish())
    }

    fn folder(&mut self, folder: &Path, named: &BTreeSet<&str>) -> Result<(), ImportError> {
        let origin = folder.display().to_string();
        let parts = bucket_folders(folder)?;
        if parts.is_empty() {
            let taken = self.take(|intake| take_folder(intake, folder))?;
            return self.write_all(&origin, named, &taken);
        }
        let wanted = |base: &str| named.is_empty() || named.contains(base);
        for (base, part) in parts.iter().filter(|(base, _)| wanted(base)) {
            let taken = self.take(|intake| take_folder(intake, part))?;
            self.write(&part.display().to_string(), base, &taken, None)?;
        }
        match named
            .iter()
            .find(|name| !parts.iter().any(|(base, _)| base == *name))
        {
            Some(absent) => Err(ImportError::Empty {
                origin,
                ecosystem: Ecosystem::new(*absent),
            }),
            None => Ok(()),
        }
    }

    fn bucket(&mut self, url: &str, named: &BTreeSet<&str>) -> Result<(), ImportError> {
        if named.is_empty() {
            let seen = "a bucket holds every ecosystem".to_owned();
            return Err(ImportError::NameEcosystems {
                origin: url.to_owned(),
                seen,
            });
        }
        for base in named {
            (self.progress)(Progress::Fetching {
                ecosystem: Ecosystem::new(*base),
            });
            let answer = bucket::fetch(url, base, self.into, self.options.limits.download_bytes)?;
            let taken = self.take(|intake| intake.zip(answer.zip.path()))?;
            self.write(url, base, &taken, answer.last_modified)?;
        }
        Ok(())
    }

    /// Writes the named ecosystems, or the one that all records share. A record of many ecosystems
    /// in a zip about one of them must not found a database about the others: it would be nearly
    /// empty and look like a clean bill.
    fn write_all(
        &mut self,
        origin: &str,
        named: &BTreeSet<&str>,
        taken: &Taken,
    ) -> Result<(), ImportError> {
        if !named.is_empty() {
            return named
                .iter()
                .try_for_each(|base| self.write(origin, base, taken, None));
        }
        let mut shared: Option<BTreeSet<&str>> = None;
        for record in taken
            .records
            .iter()
            .filter(|record| !record.affected.is_empty())
        {
            let own: BTreeSet<&str> = record
                .affected
                .iter()
                .map(|affected| affected.base.as_str())
                .collect();
            shared = Some(shared.map_or(own.clone(), |shared| {
                shared.intersection(&own).copied().collect()
            }));
        }
        let shared: Vec<&str> = shared.into_iter().flatten().collect();
        if let [base] = shared[..] {
            return self.write(origin, base, taken, None);
        }
        let seen = if shared.is_empty() {
            "no ecosystem in common".to_owned()
        } else {
            shared.join(", ")
        };
        Err(ImportError::NameEcosystems {
            origin: origin.to_owned(),
            seen,
        })
    }

    /// `answered` is the date of a bucket's answer.
    fn write(
        &mut self,
        origin: &str,
        base: &str,
        taken: &Taken,
        answered: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let ecosystem = Ecosystem::new(base);
        let now = self.options.now;
        let Some(newest) = taken.newest(base, now) else {
            return Err(ImportError::Empty {
                origin: origin.to_owned(),
                ecosystem,
            });
        };
        let answered = answered.filter(|date| *date <= now);
        let as_of = self
            .options
            .as_of
            .unwrap_or_else(|| answered.map_or(newest, |date| date.max(newest)));
        if as_of > now {
            return Err(ImportError::Future { as_of });
        }
        let compiled = compile(
            base,
            EcosystemRules::find(&self.options.rules, base),
            &taken.records,
            &taken.unreadable,
            taken.unreadable_count,
            as_of,
        )
        .map_err(|_| ImportError::TooLarge {
            ecosystem: ecosystem.clone(),
        })?;
        let (path, identity) =
            replace(self.into, &ecosystem, &self.options.rules, &compiled.bytes)?;
        (self.progress)(Progress::Written {
            ecosystem,
            records: identity.records,
        });
        let Compiled {
            bytes,
            meta,
            undecided,
        } = compiled;
        self.databases.push(ImportedDatabase {
            path,
            size_bytes: bytes.len() as u64,
            identity,
            withdrawn: meta.withdrawn,
            unreadable_count: meta.unreadable_count,
            unreadable: meta.unreadable,
            undecided,
        });
        Ok(())
    }
}

/// The folders of a bucket's layout with the ecosystems they are named after.
fn bucket_folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let mut parts = Vec::new();
    for path in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let holds_records = list(&path)?
            .iter()
            .any(|path| is_all_zip(path) || has_extension(path, "json"));
        if holds_records && let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            parts.push((name.to_owned(), path));
        }
    }
    Ok(parts)
}

fn take_folder(intake: &mut Intake<'_>, folder: &Path) -> Result<(), ImportError> {
    for zip in list(folder)?.iter().filter(|path| is_all_zip(path)) {
        intake.zip(zip)?;
    }
    intake.folder(folder)
}

fn is_all_zip(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "all.zip")
}

/// Puts the bytes in their place by a rename, after they were flushed and verified.
fn replace(
    into: &Path,
    ecosystem: &Ecosystem,
    rules: &[&'static EcosystemRules],
    bytes: &[u8],
) -> Result<(PathBuf, Identity), ImportError> {
    let path = into.join(file_name(ecosystem.as_str()));
    let write_error = |source| ImportError::Write {
        path: path.clone(),
        source,
    };
    // A database is named after its ecosystem, so the new one is made in a folder of its own.
    let folder = tempfile::Builder::new()
        .prefix(".import-")
        .tempdir_in(into)
        .map_err(write_error)?;
    let made = folder.path().join(file_name(ecosystem.as_str()));
    let mut draft = Draft::at(&made, 0o666).map_err(write_error)?;
    draft.file().write_all(bytes).map_err(write_error)?;
    let verify_error = |source| ImportError::Verify {
        ecosystem: ecosystem.clone(),
        source,
    };
    let opened = EcosystemFile::open(&made, rules).map_err(verify_error)?;
    opened.verify().map_err(verify_error)?;
    let identity = opened.identity();
    draft.replace(&path).map_err(write_error)?;
    Ok((path, identity))
}
