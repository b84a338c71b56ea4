//! Installed artifacts: files named by the digest of their bytes.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::EnvironmentError;
use crate::record::{create_folder, sync_folder};

/// Where an artifact stands once it is installed.
pub(crate) fn path(state: &Path, digest: &Digest) -> PathBuf {
    folder(state).join(digest.hex())
}

/// Copies `source` into place unless the same bytes already stand there.
pub(crate) fn install(
    state: &Path,
    digest: &Digest,
    source: &Path,
) -> Result<(), EnvironmentError> {
    let target = path(state, digest);
    if target.exists() && digest_of(&target)? == *digest {
        return Ok(());
    }
    create_folder(&folder(state))?;
    remove_leftovers(state)?;
    let temporary = folder(state).join(format!("{LEFTOVER}{}", digest.hex()));
    let actual = copy(source, &temporary)?;
    if actual != *digest {
        std::fs::remove_file(&temporary).map_err(EnvironmentError::file("remove", temporary))?;
        return Err(EnvironmentError::WrongDigest {
            path: source.to_owned(),
            expected: *digest,
            actual,
        });
    }
    std::fs::rename(&temporary, &target).map_err(EnvironmentError::file("install", &target))?;
    sync_folder(&folder(state))
}

/// Hashes the installed bytes again and returns their path.
pub(crate) fn verify(state: &Path, digest: &Digest) -> Result<PathBuf, EnvironmentError> {
    let path = path(state, digest);
    if !path.is_file() {
        return Err(EnvironmentError::NotInstalled { digest: *digest });
    }
    let actual = digest_of(&path)?;
    if actual == *digest {
        Ok(path)
    } else {
        Err(EnvironmentError::WrongDigest {
            path,
            expected: *digest,
            actual,
        })
    }
}

const LEFTOVER: &str = ".new-";

fn folder(state: &Path) -> PathBuf {
    state.join("artifacts")
}

fn copy(source: &Path, target: &Path) -> Result<Digest, EnvironmentError> {
    if !source
        .metadata()
        .map_err(EnvironmentError::file("read", source))?
        .is_file()
    {
        return Err(EnvironmentError::NotAFile {
            path: source.to_owned(),
        });
    }
    let mut input = File::open(source).map_err(EnvironmentError::file("open", source))?;
    let mut output = File::create(target).map_err(EnvironmentError::file("create", target))?;
    let digest = hash(&mut input, &mut output).map_err(EnvironmentError::file("copy", source))?;
    let finished = output
        .set_permissions(Permissions::from_mode(0o555))
        .and_then(|()| output.sync_all());
    finished.map_err(EnvironmentError::file("finish", target))?;
    Ok(digest)
}

/// Removes what an installer that was killed left behind. The lease keeps out a second one.
fn remove_leftovers(state: &Path) -> Result<(), EnvironmentError> {
    let folder = folder(state);
    for entry in folder
        .read_dir()
        .map_err(EnvironmentError::file("list", &folder))?
    {
        let entry = entry.map_err(EnvironmentError::file("list", &folder))?;
        if entry.file_name().to_string_lossy().starts_with(LEFTOVER) {
            std::fs::remove_file(entry.path())
                .map_err(EnvironmentError::file("remove", entry.path()))?;
        }
    }
    Ok(())
}

fn digest_of(path: &Path) -> Result<Digest, EnvironmentError> {
    let mut file = File::open(path).map_err(EnvironmentError::file("open", path))?;
    hash(&mut file, &mut std::io::sink()).map_err(EnvironmentError::file("read", path))
}

fn hash(input: &mut impl Read, output: &mut impl Write) -> std::io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = input.read(&mut buffer)?;
        if length == 0 {
            return Ok(Digest::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buffer[..length]);
        output.write_all(&buffer[..length])?;
    }
}
