//! Releases: a service's name for people, an id, and exactly what ships.

use std::fs::File;
use std::path::{Path, PathBuf};

use plimsoll_durable::Draft;
use plimsoll_model::{Class, Digest, Fault, OwnId, Service, Subject, is_name};
use plimsoll_store::{Fact, Page, Release, ReleaseCreated, StoreError};

use crate::ledger::{Ledger, LedgerError, file};

/// A release cannot be made or found.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The name is taken by another release of the service.
    #[error("service `{service}` already has a release named `{name}`")]
    Taken {
        /// The service.
        service: Service,
        /// The name.
        name: String,
    },
    /// The name is empty, too long or holds other characters.
    #[error("`{name}` cannot name a release")]
    Name {
        /// The name.
        name: String,
    },
    /// The service has no such release.
    #[error("there is no release `{wanted}` of service `{service}`")]
    Absent {
        /// The service.
        service: Service,
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
            Self::Absent { .. } => Class::Absent,
            Self::Ledger(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Taken { .. } => "give the new one a name of its own",
            Self::Name { .. } => {
                "use letters, digits, `.`, `_` and `-`, at most 100, and begin with a letter or digit"
            }
            Self::Absent { .. } => "`plimsoll release list` shows them",
            Self::Ledger(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

/// What a release is to ship.
#[derive(Clone, Copy, Debug)]
pub struct Shipment<'a> {
    /// Files, whose bytes are kept by their digest.
    pub files: &'a [PathBuf],
    /// Manifests of images, whose bytes a registry keeps.
    pub images: &'a [Digest],
}

/// Makes a release of a service: keeps the bytes of its files and appends the event. Of two that give
/// the same name at once, the ledger takes one.
pub fn create_release(
    ledger: &Ledger,
    service: &Service,
    name: &str,
    shipment: &Shipment<'_>,
) -> Result<Release, ReleaseError> {
    if !is_name(name) {
        return Err(ReleaseError::Name {
            name: name.to_owned(),
        });
    }
    let mut subjects = Vec::new();
    for file in shipment.files {
        let sha256 = keep(ledger, file)?;
        subjects.push(Subject::Artifact { sha256 });
    }
    subjects.extend(shipment.images.iter().map(|digest| Subject::Image {
        manifest_sha256: *digest,
    }));
    let created = ReleaseCreated {
        service: service.clone(),
        release: ledger.new_id()?,
        name: name.to_owned(),
        subjects,
    };
    let id = created.release.clone();
    match ledger.tell(&Fact::ReleaseCreated(created)) {
        Ok(()) => find_release(ledger, service, id.as_str()),
        Err(LedgerError::Store(StoreError::ReleaseExists { .. })) => Err(ReleaseError::Taken {
            service: service.clone(),
            name: name.to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}

/// The release of a service with this id or name.
pub fn find_release(
    ledger: &Ledger,
    service: &Service,
    wanted: &str,
) -> Result<Release, ReleaseError> {
    let by_id = ledger.store.release(&OwnId::new(wanted));
    let by_id = by_id.map_err(LedgerError::from)?;
    if let Some(release) = by_id.filter(|release| release.service == *service) {
        return Ok(release);
    }
    let by_name = ledger.store.release_named(service, wanted);
    by_name
        .map_err(LedgerError::from)?
        .ok_or_else(|| ReleaseError::Absent {
            service: service.clone(),
            wanted: wanted.to_owned(),
        })
}

/// The releases of a service, the oldest first, a page at a time: those that the event `from_seq` or a
/// later one made.
pub fn releases(
    ledger: &Ledger,
    service: &Service,
    from_seq: u64,
    limit: usize,
) -> Result<Page<Release>, ReleaseError> {
    let page = ledger.store.releases(service, from_seq, limit);
    Ok(page.map_err(LedgerError::from)?)
}

/// The folder that keeps the bytes of artifacts, each named by its hex digest.
pub(crate) fn kept_in(ledger: &Ledger) -> PathBuf {
    ledger.folder.join("artifacts")
}

fn keep(ledger: &Ledger, artifact: &Path) -> Result<Digest, LedgerError> {
    let mut from = File::open(artifact).map_err(file("read", artifact))?;
    let folder = kept_in(ledger);
    std::fs::create_dir_all(&folder).map_err(file("make", &folder))?;
    let mut draft = Draft::new(&folder, 0o600).map_err(file("write in", &folder))?;
    let digest = Digest::of_copy(&mut from, draft.file()).map_err(file("copy", artifact))?;
    let to = folder.join(digest.hex());
    draft.replace(&to).map_err(file("write", &to))?;
    Ok(digest)
}
