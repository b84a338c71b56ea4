//! Releases: a name for people, an id, and the exact bytes that ship.

use std::path::{Path, PathBuf};

use plimsoll_model::{Class, Digest, Fault, Subject};
use plimsoll_store::{EventKind, Release, ReleaseCreated};

use crate::ledger::{Ledger, LedgerError, file, new_id};

/// A release cannot be made or found.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The name is taken by other bytes.
    #[error("there is already a release named `{name}`")]
    Taken {
        /// The name.
        name: String,
    },
    /// The name is empty, too long or holds other characters.
    #[error("`{name}` cannot name a release")]
    Name {
        /// The name.
        name: String,
    },
    /// There is no such release.
    #[error("there is no release `{wanted}`")]
    Absent {
        /// What was asked for.
        wanted: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Fault for ReleaseError {
    fn class(&self) -> Class {
        match self {
            Self::Taken { .. } => Class::Denied,
            Self::Name { .. } => Class::Usage,
            Self::Absent { .. } => Class::Configuration,
            Self::Ledger(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Taken { .. } => "give the new one a name of its own",
            Self::Name { .. } => "use letters, digits, `.`, `_`, `-`, at most 100",
            Self::Absent { .. } => "`plimsoll release list` shows them",
            Self::Ledger(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

/// Makes a release of an artifact: keeps its bytes by their digest and appends the event.
pub fn create_release(
    ledger: &Ledger,
    name: &str,
    artifact: &Path,
) -> Result<Release, ReleaseError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > 100 || !name.chars().all(allowed) {
        return Err(ReleaseError::Name {
            name: name.to_owned(),
        });
    }
    let releases = ledger.store.releases().map_err(LedgerError::from)?;
    if releases.iter().any(|release| release.name == name) {
        return Err(ReleaseError::Taken {
            name: name.to_owned(),
        });
    }
    let sha256 = keep(ledger, artifact)?;
    let created = ReleaseCreated {
        release: new_id()?,
        name: name.to_owned(),
        artifact: sha256,
    };
    ledger.append_json(
        EventKind::ReleaseCreated,
        &Subject::Artifact { sha256 },
        &created,
    )?;
    find_release(ledger, created.release.as_str())
}

/// The release with this id or name.
pub fn find_release(ledger: &Ledger, wanted: &str) -> Result<Release, ReleaseError> {
    let releases = ledger.store.releases().map_err(LedgerError::from)?;
    let found = releases
        .into_iter()
        .find(|release| release.id.as_str() == wanted || release.name == wanted);
    found.ok_or_else(|| ReleaseError::Absent {
        wanted: wanted.to_owned(),
    })
}

/// Every release, oldest first.
pub fn releases(ledger: &Ledger) -> Result<Vec<Release>, ReleaseError> {
    Ok(ledger.store.releases().map_err(LedgerError::from)?)
}

/// The folder that keeps the bytes of artifacts, each named by its hex digest.
pub(crate) fn kept_in(ledger: &Ledger) -> PathBuf {
    ledger.folder.join("artifacts")
}

fn keep(ledger: &Ledger, artifact: &Path) -> Result<Digest, LedgerError> {
    let bytes = std::fs::read(artifact).map_err(file("read", artifact))?;
    let digest = Digest::of(&bytes);
    let folder = kept_in(ledger);
    std::fs::create_dir_all(&folder).map_err(file("make", &folder))?;
    let to = folder.join(digest.hex());
    plimsoll_durable::replace(&to, 0o600, &bytes).map_err(file("write", &to))?;
    Ok(digest)
}
