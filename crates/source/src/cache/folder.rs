//! The folder of a cache: which files are segments, and who may change it.

use std::fs::{DirBuilder, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::Digest;

use super::segment::{self, Record};

/// A segment is named by its number, in hexadecimal digits of one length, and this.
const SUFFIX: &str = ".facts";
const DIGITS: usize = 16;
/// What is being written; under the lock there is only one.
const UNFINISHED: &str = "unfinished";
const LOCK: &str = "lock";

/// A process that holds the lock writes for less than a second; one that was stopped holds it for ever.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// A segment's file, not yet opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Later segments have higher numbers.
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) size_bytes: u64,
}

/// The exclusive right to add and remove segments. The system gives it back when the process ends.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    folder: &'a Folder,
    _file: File,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The segments, the newest first; an error where others may have put them there.
    pub(super) fn list(&self) -> io::Result<Vec<Listed>> {
        self.check()?;
        let mut files = Vec::new();
        for entry in self.path.read_dir()? {
            let entry = entry?;
            let Some(number) = entry.file_name().to_str().and_then(number) else {
                continue;
            };
            let size_bytes = match entry.metadata() {
                Ok(metadata) => metadata.len(),
                // Another process merged it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            files.push(Listed {
                number,
                path: entry.path(),
                size_bytes,
            });
        }
        files.sort_by_key(|file| std::cmp::Reverse(file.number));
        Ok(files)
    }

    /// Makes the folder where it is absent, and waits for the lock.
    pub(super) fn lock(&self) -> io::Result<Locked<'_>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)?;
        self.check()?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path.join(LOCK))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Locked {
                        folder: self,
                        _file: file,
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        let waited = LOCK_PAUSE * LOCK_TRIES;
        Err(io::Error::other(format!(
            "another process has held its lock for more than {} seconds",
            waited.as_secs()
        )))
    }

    fn check(&self) -> io::Result<()> {
        let metadata = self.path.metadata()?;
        if !metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        if !is_private(&metadata) {
            return Err(io::Error::other(
                "it belongs to another user or others may write to it; make it yours alone (mode 0700)",
            ));
        }
        Ok(())
    }
}

impl Locked<'_> {
    pub(super) fn list(&self) -> io::Result<Vec<Listed>> {
        self.folder.list()
    }

    /// Writes a segment, whole or not at all.
    pub(super) fn add(&self, version: Digest, records: &[Record<'_>]) -> io::Result<()> {
        let newest = self.list()?.first().map_or(0, |file| file.number);
        let number = newest.checked_add(1).ok_or_else(|| {
            io::Error::other(
                "its newest segment has the highest number there is; remove the folder",
            )
        })?;
        let unfinished = self.folder.path.join(UNFINISHED);
        // A process that was killed may have left one.
        remove(&unfinished)?;
        let name = format!("{number:0DIGITS$x}{SUFFIX}");
        let written = segment::write(&unfinished, version, records)
            .and_then(|()| std::fs::rename(&unfinished, self.folder.path.join(name)));
        if written.is_err() {
            remove(&unfinished)?;
        }
        written
    }
}

/// Whether nobody else may write: it is ours, and neither group nor others have the right.
pub(super) fn is_private(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == DIGITS)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
