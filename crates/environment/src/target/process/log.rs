//! What a process wrote to its standard output and error: one file a start.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::{EnvironmentError, folder};

const TAIL_BYTES: u64 = 8 << 10;
const TAIL_LINES: usize = 20;
const KEPT_LOGS: usize = 5;

pub(crate) fn path(state: &Path, marker: &str) -> PathBuf {
    logs(state).join(format!("{marker}.log"))
}

/// Opens the log of a new start and removes all but the latest of earlier ones.
pub(crate) fn create(state: &Path, marker: &str) -> Result<File, EnvironmentError> {
    folder::create(&logs(state))?;
    prune(&logs(state))?;
    let path = path(state, marker);
    File::options()
        .append(true)
        .create_new(true)
        .open(&path)
        .map_err(EnvironmentError::file("create", path))
}

/// The last lines of a log, at most 20 and at most 8 KiB.
pub(crate) fn tail(state: &Path, marker: &str) -> Result<Vec<String>, EnvironmentError> {
    let path = path(state, marker);
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&path)?;
        let size_bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(size_bytes.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(EnvironmentError::file("read", &path))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec())
}

fn logs(state: &Path) -> PathBuf {
    state.join("logs")
}

fn prune(folder: &Path) -> Result<(), EnvironmentError> {
    let list = || -> std::io::Result<Vec<(SystemTime, PathBuf)>> {
        folder
            .read_dir()?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.metadata()?.modified()?, entry.path()))
            })
            .collect()
    };
    let mut logs = list().map_err(EnvironmentError::file("list", folder))?;
    logs.sort();
    let old = logs.len().saturating_sub(KEPT_LOGS - 1);
    for (_, path) in logs.drain(..old) {
        std::fs::remove_file(&path).map_err(EnvironmentError::file("remove", &path))?;
    }
    Ok(())
}
