//! The record of what was started last. It is a hint where to look: whether that still runs, only the
//! kernel knows.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};

use crate::EnvironmentError;
use crate::linux::Identity;

/// What was started last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) digest: Digest,
    /// The digest of command and variables, salted with the marker: variables may hold secrets.
    pub(crate) settings: Digest,
    pub(crate) marker: String,
    pub(crate) boot: String,
    pub(crate) main: Identity,
    pub(crate) phase: Phase,
}

/// What was being done when the record was written. Whoever did it may have been killed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// It stands behind its gate, or has just passed it.
    Starting,
    /// It has passed its gate.
    Started,
    /// It is being ended: a signal may be on its way.
    Stopping,
}

impl Record {
    pub(crate) fn read(state: &Path) -> Result<Option<Self>, EnvironmentError> {
        let path = path(state);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(EnvironmentError::file("read", path)(source)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| EnvironmentError::Record { path, source })
    }

    /// Writes the record so that a crash leaves either the old one or the new one.
    pub(crate) fn write(&self, state: &Path) -> Result<(), EnvironmentError> {
        let (path, temporary) = (path(state), state.join(".new-process.json"));
        let text = serde_json::to_vec(self).expect("a record has only strings and numbers");
        let written = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
        written.map_err(EnvironmentError::file("write", &temporary))?;
        std::fs::rename(&temporary, &path).map_err(EnvironmentError::file("replace", &path))?;
        sync_folder(state)
    }

    pub(crate) fn remove(state: &Path) -> Result<(), EnvironmentError> {
        match std::fs::remove_file(path(state)) {
            Ok(()) => sync_folder(state),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(EnvironmentError::file("remove", path(state))(source)),
        }
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("process.json")
}

/// Creates a folder that nobody else can look into.
pub(crate) fn create_folder(path: &Path) -> Result<(), EnvironmentError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(EnvironmentError::file("create", path))
}

/// Makes a rename or removal in a folder outlast a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<(), EnvironmentError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(EnvironmentError::file("sync", path))
}
