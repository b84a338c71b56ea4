use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::index::entry::Stage;
use gix::objs::{Kind, tree::EntryKind};

use super::{GitError, revision, tree_id};
use crate::regular::find;
use crate::walker::walker;

type Tracked = HashMap<Vec<u8>, (EntryKind, ObjectId)>;

pub(super) fn is_dirty(git: &gix::Repository, root: &Path) -> Result<bool, GitError> {
    let tracked = tracked(git)?;
    Ok(!index_equals(git, &tracked)?
        || has_other_files(root, &tracked)?
        || !files_equal(root, &tracked)?)
}

/// The files of the commit at `HEAD`; none before the first commit.
fn tracked(git: &gix::Repository) -> Result<Tracked, GitError> {
    let named = |source| GitError::Revision {
        revision: "HEAD".to_owned(),
        source,
    };
    let head = git.head().map_err(named)?;
    if head.is_unborn() {
        return Ok(Tracked::new());
    }
    let commit = git.head_id().map_err(named)?.detach();
    let mut tracked = Tracked::new();
    let mut failure = None;
    revision::list(git, tree_id(git, commit)?, &mut |path, entry| match entry {
        Ok(entry) => {
            tracked.insert(path.as_str().as_bytes().to_vec(), entry);
        }
        Err(reason) => {
            failure = Some(GitError::Tree {
                path: path.to_string(),
                reason,
            })
        }
    });
    failure.map_or(Ok(tracked), Err)
}

fn index_equals(git: &gix::Repository, tracked: &Tracked) -> Result<bool, GitError> {
    let index = git
        .index_or_empty()
        .map_err(|source| GitError::Index { source })?;
    let same = index.entries().iter().all(|entry| {
        entry.stage() == Stage::Unconflicted
            && tracked
                .get(&**entry.path(&index))
                .is_some_and(|(kind, id)| {
                    *id == entry.id
                        && entry
                            .mode
                            .to_tree_entry_mode()
                            .is_some_and(|mode| mode.kind() == *kind)
                })
    });
    Ok(same && index.entries().len() == tracked.len())
}

/// Whether a file or link stands in the work tree that the commit does not name, by the same rules of
/// exclusion as [`crate::Dir`].
fn has_other_files(root: &Path, tracked: &Tracked) -> Result<bool, GitError> {
    let failed = |source| GitError::Walk {
        path: root.to_owned(),
        source,
    };
    let (walker, barred) = walker(root, true).map_err(unreadable(root))?;
    for entry in walker.build() {
        let entry = entry.map_err(failed)?;
        if let Some(error) = entry.error() {
            return Err(failed(error.clone()));
        }
        let is_file = entry
            .file_type()
            .is_some_and(|kind| kind.is_file() || kind.is_symlink());
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if is_file && !tracked.contains_key(path.as_os_str().as_bytes()) {
            return Ok(true);
        }
    }
    match barred.take().pop() {
        Some((folder, source)) => Err(unreadable(&folder)(source)),
        None => Ok(false),
    }
}

fn files_equal(root: &Path, tracked: &Tracked) -> Result<bool, GitError> {
    let opened = File::open(root).map_err(unreadable(root))?;
    let mut folders = HashSet::new();
    for (path, (kind, id)) in tracked {
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        if !real_folder(root, root.join(path).parent(), &mut folders)?
            || !file_equals(root, &opened, path, *kind, *id)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a folder and all above it are folders, not links that lead elsewhere.
fn real_folder(
    root: &Path,
    folder: Option<&Path>,
    known: &mut HashSet<PathBuf>,
) -> Result<bool, GitError> {
    let Some(folder) = folder.filter(|folder| *folder != root) else {
        return Ok(true);
    };
    if known.contains(folder) {
        return Ok(true);
    }
    let real = metadata(folder)?.is_some_and(|metadata| metadata.is_dir())
        && real_folder(root, folder.parent(), known)?;
    if real {
        known.insert(folder.to_owned());
    }
    Ok(real)
}

fn file_equals(
    root: &Path,
    opened: &File,
    relative: &Path,
    kind: EntryKind,
    id: ObjectId,
) -> Result<bool, GitError> {
    let path = &root.join(relative);
    let Some(metadata) = metadata(path)? else {
        return Ok(false);
    };
    match kind {
        EntryKind::Blob | EntryKind::BlobExecutable => {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            if executable != (kind == EntryKind::BlobExecutable) {
                return Ok(false);
            }
            match open_file(opened, relative).map_err(unreadable(path))? {
                Some(file) => Ok(hash_file(file, path, id.kind())? == id),
                None => Ok(false),
            }
        }
        EntryKind::Link if metadata.is_symlink() => {
            let target = std::fs::read_link(path).map_err(unreadable(path))?;
            let hash =
                gix::objs::compute_hash(id.kind(), Kind::Blob, target.as_os_str().as_bytes());
            Ok(hash.map_err(|source| GitError::Hash {
                path: path.to_owned(),
                source,
            })? == id)
        }
        EntryKind::Link | EntryKind::Tree => Ok(false),
        // A submodule that is not checked out is an empty folder; the files of one that is are found
        // as files that the commit does not name.
        EntryKind::Commit => Ok(metadata.is_dir()),
    }
}

/// Opens the regular file at a path, if one stands there.
fn open_file(root: &File, path: &Path) -> std::io::Result<Option<File>> {
    let opened = find(root, path)?.map(|found| found.open()).transpose()?;
    Ok(opened.flatten().map(|(file, _)| file))
}

fn hash_file(
    mut file: File,
    path: &Path,
    algorithm: gix::hash::Kind,
) -> Result<ObjectId, GitError> {
    let size_bytes = file.metadata().map_err(unreadable(path))?.len();
    gix::objs::compute_stream_hash(
        algorithm,
        Kind::Blob,
        &mut file,
        size_bytes,
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
    )
    .map_err(|source| GitError::Hash {
        path: path.to_owned(),
        source,
    })
}

/// What stands at a path, links not followed; `None` when nothing does.
pub(super) fn metadata(path: &Path) -> Result<Option<Metadata>, GitError> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(unreadable(path)(source)),
    }
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> GitError + '_ {
    |source| GitError::WorkTree {
        path: path.to_owned(),
        source,
    }
}
