use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::{Class, Fault};
use serde::{Deserialize, Serialize};

use crate::{EnvironmentError, folder, linux};

/// The sole right to change an environment: one holder at a time on this machine (`flock(2)`), freed
/// by the kernel when the holder drops it or dies, however it dies. Processes that were started
/// meanwhile do not inherit it.
#[derive(Debug)]
pub struct Lease {
    #[expect(dead_code, reason = "the lock lives as long as the open file")]
    file: File,
}

/// The environment cannot be changed now.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else is at it.
    #[error("the environment is in use by {holder} (process {pid}) since {since}")]
    Held {
        /// Who, in its own words.
        holder: String,
        /// Its process.
        pid: u32,
        /// Since when.
        since: Timestamp,
    },
    /// Somebody else is at it, and the name in the file is of a process that has ended.
    #[error("the environment is in use by somebody who has left no name")]
    HeldByUnnamed,
    /// The lease file cannot be used.
    #[error("cannot take the lease {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The state folder cannot be made.
    #[error(transparent)]
    State(#[from] EnvironmentError),
}

impl Fault for LeaseError {
    fn class(&self) -> Class {
        match self {
            Self::Held { .. } | Self::HeldByUnnamed => Class::Busy,
            Self::File { .. } => Class::Internal,
            Self::State(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some("wait for it to finish, then repeat the command".to_owned()),
            Self::HeldByUnnamed => Some("repeat the command".to_owned()),
            Self::File { .. } => None,
            Self::State(error) => error.hint(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Holder {
    name: String,
    pid: u32,
    since: Timestamp,
}

impl Lease {
    /// Takes the lease of a state folder for `holder`, or says who has it. It does not wait for a
    /// living holder.
    pub fn acquire(state: &Path, holder: &str, now: Timestamp) -> Result<Self, LeaseError> {
        folder::create(state)?;
        let path = state.join("lease");
        let failed = |source| LeaseError::File {
            path: path.clone(),
            source,
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let until = Instant::now() + ORPHANED_WITHIN;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            match held(&mut file).map_err(failed)? {
                LeaseError::HeldByUnnamed if Instant::now() < until => std::thread::sleep(POLL),
                refused => return Err(refused),
            }
        }
        let holder = Holder {
            name: holder.to_owned(),
            pid: std::process::id(),
            since: now,
        };
        write(&mut file, &holder).map_err(failed)?;
        Ok(Self { file })
    }
}

const MAX_HOLDER_BYTES: u64 = 4096;
const POLL: Duration = Duration::from_millis(10);
/// When a holder is killed while it starts a process, that process holds a copy of the lock from its
/// fork until its exec.
const ORPHANED_WITHIN: Duration = Duration::from_secs(2);

/// Who holds the lease. A name that a dead process left behind is not the present holder's.
fn held(file: &mut File) -> std::io::Result<LeaseError> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(MAX_HOLDER_BYTES).read_to_end(&mut text)?;
    // A holder that has just begun has not written its name yet.
    let holder = serde_json::from_slice::<Holder>(&text).ok();
    Ok(
        match holder.filter(|holder| linux::live(holder.pid).is_ok_and(|live| live.is_some())) {
            Some(Holder { name, pid, since }) => LeaseError::Held {
                holder: name,
                pid,
                since,
            },
            None => LeaseError::HeldByUnnamed,
        },
    )
}

fn write(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    let text = serde_json::to_vec(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)?;
    file.sync_data()
}
