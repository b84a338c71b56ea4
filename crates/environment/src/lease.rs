use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::EnvironmentError;
use crate::linux;
use crate::record::create_folder;

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
    #[error("the environment is in use by {holder} (process {pid}) since {since}; wait for it to finish")]
    Held {
        /// Who, in its own words.
        holder: String,
        /// Its process.
        pid: u32,
        /// Since when.
        since: Timestamp,
    },
    /// Somebody else is at it and has not yet said who it is.
    #[error("the environment is in use by somebody who has just begun; try again")]
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

#[derive(Serialize, Deserialize)]
struct Holder {
    name: String,
    pid: u32,
    since: Timestamp,
}

impl Lease {
    /// Takes the lease of a state folder for `holder`, or says who has it. Never waits.
    pub fn acquire(state: &Path, holder: &str, now: Timestamp) -> Result<Self, LeaseError> {
        create_folder(state)?;
        let path = state.join("lease");
        let failed = |source| LeaseError::File { path: path.clone(), source };
        let options = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let holder = Holder { name: holder.to_owned(), pid: std::process::id(), since: now };
        write(&mut file, &holder).map_err(failed)?;
        Ok(Self { file })
    }
}

const MAX_HOLDER_BYTES: u64 = 4096;

/// Who holds the lease. A name that a dead process left behind is not the present holder's.
fn held(file: &mut File) -> LeaseError {
    let mut text = Vec::new();
    let read = file.take(MAX_HOLDER_BYTES).read_to_end(&mut text);
    let holder = read.ok().and_then(|_| serde_json::from_slice::<Holder>(&text).ok());
    match holder.filter(|holder| linux::live(holder.pid).is_ok_and(|live| live.is_some())) {
        Some(Holder { name, pid, since }) => LeaseError::Held { holder: name, pid, since },
        None => LeaseError::HeldByUnnamed,
    }
}

fn write(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    let text = serde_json::to_vec(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)?;
    file.sync_data()
}
