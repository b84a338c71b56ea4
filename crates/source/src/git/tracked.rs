use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::index::entry::{Flags, Mode};

use super::{GitError, Repository, revision, work_tree};
use crate::{Dir, Versioned};

impl Dir {
    /// The folder at `root`, which must exist; in a Git work tree with every file below it that the
    /// index names, so that what is committed is inspected though a `.gitignore` excludes it.
    ///
    /// The same goes for submodules that are checked out; one that is not is told. An index that cannot
    /// be read is an error. Outside a Git work tree a `.gitignore` excludes nothing.
    pub fn open_tracked(root: &Path) -> Result<Self, GitError> {
        let dir = Self::open(root)?;
        match Repository::discover(dir.root()) {
            Ok(repository) => {
                let versioned = versioned(repository, dir.root())?;
                Ok(dir.with_versions(versioned))
            }
            Err(GitError::NotARepository { .. }) => Ok(dir),
            Err(error) => Err(error),
        }
    }
}

const NO_SUBMODULE: &str = "the submodule is not checked out; run `git submodule update --init`";
const LEFT_OUT: &str =
    "a sparse checkout leaves files of it out; run `git sparse-checkout disable`";

/// What the index names below a folder, and what those of its submodules do, relative to the folder.
fn versioned(repository: Repository, folder: &Path) -> Result<Versioned, GitError> {
    let mut paths = Vec::new();
    let mut absent = BTreeMap::new();
    let mut open = vec![repository];
    while let Some(repository) = open.pop() {
        let git = repository.git.to_thread_local();
        let Some(index) = index(&git)? else { continue };
        for entry in index.entries() {
            let path = repository.root.join(OsStr::from_bytes(entry.path(&index)));
            match entry.mode {
                Mode::COMMIT if path.starts_with(folder) => match submodule(&path)? {
                    Some(repository) => open.push(repository),
                    None => drop(absent.insert(path, NO_SUBMODULE)),
                },
                Mode::COMMIT => {}
                Mode::DIR => {
                    paths.extend(collapsed(&git, &path, entry.id)?);
                    absent.insert(path, LEFT_OUT);
                }
                _ => {
                    if entry.flags.contains(Flags::SKIP_WORKTREE)
                        && work_tree::metadata(&path)?.is_none()
                    {
                        absent.insert(path.parent().unwrap_or(&path).to_owned(), LEFT_OUT);
                    }
                    paths.push(path);
                }
            }
        }
    }
    let below = |path: &PathBuf| path.strip_prefix(folder).map(Path::to_owned).ok();
    Ok(Versioned {
        tracked: paths.iter().filter_map(below).collect(),
        absent: absent
            .iter()
            .filter_map(|(path, reason)| Some((below(path)?, *reason)))
            .collect(),
    })
}

/// The index; `None` before the first commit, when there may be none.
fn index(git: &gix::Repository) -> Result<Option<gix::index::File>, GitError> {
    let path = git.index_path();
    // What is no file is not opened: a pipe would never end.
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => git
            .open_index()
            .map(Some)
            .map_err(|source| GitError::Index { source }),
        Err(error) if error.kind() == ErrorKind::NotFound && is_unborn(git)? => Ok(None),
        Ok(_) => Err(GitError::NoIndex { path }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(GitError::NoIndex { path }),
        Err(source) => Err(GitError::WorkTree { path, source }),
    }
}

fn is_unborn(git: &gix::Repository) -> Result<bool, GitError> {
    let head = git.head().map_err(|source| GitError::Revision {
        revision: "HEAD".to_owned(),
        source,
    })?;
    Ok(head.is_unborn())
}

/// The repository that is checked out at a submodule's path, if one is.
fn submodule(path: &Path) -> Result<Option<Repository>, GitError> {
    if work_tree::metadata(&path.join(".git"))?.is_none() {
        return Ok(None);
    }
    // Behind a link, it is not in the inspected folder.
    let repository = Repository::discover(path)?;
    Ok((repository.root == path).then_some(repository))
}

/// The files of a folder that a sparse index names as a whole.
fn collapsed(git: &gix::Repository, path: &Path, tree: ObjectId) -> Result<Vec<PathBuf>, GitError> {
    let mut files = Vec::new();
    let mut failure = None;
    revision::list(git, tree, &mut |name, entry| match entry {
        Ok(_) => files.push(path.join(name.as_str())),
        Err(reason) => {
            failure = Some(GitError::Tree {
                path: path.join(name.as_str()).display().to_string(),
                reason,
            });
        }
    });
    failure.map_or(Ok(files), Err)
}
