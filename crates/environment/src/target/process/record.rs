//! The record of what was started last. It is a hint where to look: whether that still runs, only the
//! kernel knows.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plimsoll_durable::sync_folder;
use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};

use crate::EnvironmentError;
use crate::linux::Identity;

/// What was started last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) digest: Digest,
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
        let path = path(state);
        let text = serde_json::to_vec(self).expect("a record has only strings and numbers");
        plimsoll_durable::replace(&path, 0o600, &text)
            .map_err(EnvironmentError::file("write", path))
    }

    pub(crate) fn remove(state: &Path) -> Result<(), EnvironmentError> {
        match std::fs::remove_file(path(state)) {
            Ok(()) => sync_folder(state).map_err(EnvironmentError::file("sync", state)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(EnvironmentError::file("remove", path(state))(source)),
        }
    }
}

fn path(state: &Path) -> PathBuf {
    state.join("process.json")
}
