//! Installed artifacts: files named by the digest of their bytes.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_durable::Draft;
use plimsoll_model::Digest;

use crate::EnvironmentError;
use crate::folder;

/// Where an artifact stands once it is installed.
pub(crate) fn path(state: &Path, digest: &Digest) -> PathBuf {
    installed(state).join(digest.hex())
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
    let mut draft = Draft::new(&installed(state), 0o555)
        .map_err(EnvironmentError::file("create a file in", installed(state)))?;
    let actual = copy(source, draft.file())?;
    if actual != *digest {
        return Err(EnvironmentError::WrongDigest {
            path: source.to_owned(),
            expected: *digest,
            actual,
        });
    }
    draft
        .replace(&target)
        .map_err(EnvironmentError::file("install", target))
}

/// Makes the folder of installed artifacts and removes from it all but these: what was replaced long
/// ago, and what an installer that was killed left behind. The lease keeps out a second one.
pub(crate) fn keep_only(state: &Path, kept: &[Digest]) -> Result<(), EnvironmentError> {
    let folder = installed(state);
    folder::create(&folder)?;
    let names: Vec<String> = kept.iter().map(Digest::hex).collect();
    for entry in folder
        .read_dir()
        .map_err(EnvironmentError::file("list", &folder))?
    {
        let entry = entry.map_err(EnvironmentError::file("list", &folder))?;
        let is_kept = entry
            .file_name()
            .to_str()
            .is_some_and(|name| names.iter().any(|kept| kept == name));
        if !is_kept {
            std::fs::remove_file(entry.path())
                .map_err(EnvironmentError::file("remove", entry.path()))?;
        }
    }
    Ok(())
}

/// Hashes the installed bytes again and returns their path.
pub(crate) fn verify(state: &Path, digest: &Digest) -> Result<PathBuf, EnvironmentError> {
    let path = path(state, digest);
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

fn installed(state: &Path) -> PathBuf {
    state.join("artifacts")
}

/// Copies a file's bytes and gives the copy its mode, whatever the umask.
fn copy(source: &Path, output: &mut File) -> Result<Digest, EnvironmentError> {
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
    Digest::of_copy(&mut input, output)
        .and_then(|digest| {
            output.set_permissions(Permissions::from_mode(0o555))?;
            Ok(digest)
        })
        .map_err(EnvironmentError::file("copy", source))
}

fn digest_of(path: &Path) -> Result<Digest, EnvironmentError> {
    let mut file = File::open(path).map_err(EnvironmentError::file("open", path))?;
    Digest::of_copy(&mut file, &mut std::io::sink()).map_err(EnvironmentError::file("read", path))
}
