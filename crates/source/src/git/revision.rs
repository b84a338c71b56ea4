use std::collections::HashSet;

use gix::objs::{Kind, TreeRefIter, tree::EntryKind};
use gix::{ObjectId, ThreadSafeRepository};
use plimsoll_model::{Address, TreePath};

use super::{GitError, object};
use crate::entry::{MAX_LINK_BYTES, NOT_UTF8};
use crate::tree::{Claims, Identity, Offer, Sink, Wanted, in_parallel};
use crate::{Content, Entry, Metadata, Mode, Tree};

/// The files of one commit, read from the object database; the work tree does not matter.
///
/// Symbolic links are not followed, as in a folder. A submodule is pushed as unreadable: its files
/// belong to another repository and are not checked here.
#[derive(Clone, Debug)]
pub struct GitRevision {
    git: ThreadSafeRepository,
    tree: ObjectId,
}

/// A tree object larger than this is not listed: some 300,000 names.
const MAX_TREE_BYTES: u64 = 16 << 20;
/// One commit lists at most this many names, folders included; a few objects can name billions.
const MAX_ENTRIES: usize = 2_000_000;
/// Linux opens no longer path.
const MAX_PATH_BYTES: usize = 4096;

impl GitRevision {
    pub(super) fn new(git: ThreadSafeRepository, tree: ObjectId) -> Self {
        Self { git, tree }
    }
}

impl Tree for GitRevision {
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        let git = self.git.to_thread_local();
        let mut files = Vec::new();
        list(&git, self.tree, &mut |path, entry| {
            let address = Address::new(path);
            match entry {
                Err(reason) => sink(Entry::unreadable(address, reason)),
                Ok((EntryKind::Commit, _)) => sink(Entry::unreadable(address, SUBMODULE)),
                Ok((EntryKind::Tree, _)) => {}
                Ok(object) => files.push((address, object)),
            }
        });
        in_parallel(
            &files,
            || self.git.to_thread_local(),
            |git, (address, object)| push(git, address, *object, max_bytes, claims, sink),
        );
    }

    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content> {
        let path = address.plain_path()?;
        // A name that the walk refuses is not read under that name either.
        let mut names = path.as_str().split('/');
        let refused = names.find_map(|name| problem(name.as_bytes(), path.as_str().len()));
        if let Some(reason) = refused {
            return Some(Content::unreadable(reason));
        }
        let git = self.git.to_thread_local();
        match find(&git, self.tree, path) {
            Ok(object) => content(&git, object?, max_bytes),
            Err(error) => Some(Content::unreadable(error)),
        }
    }
}

/// Pushes one file, where its bytes are wanted.
fn push(
    git: &gix::Repository,
    address: &Address,
    (kind, id): (EntryKind, ObjectId),
    max_bytes: u64,
    claims: &Claims<'_>,
    sink: &Sink<'_>,
) {
    let metadata = metadata(git, kind, id);
    let identity = identify(kind, id);
    let offer = Offer {
        address,
        metadata: &metadata,
        identity,
    };
    if claims(&offer) == Wanted::Bytes {
        let content = content(git, (kind, id), max_bytes);
        sink(Entry {
            address: address.clone(),
            content: content.unwrap_or(Content::NotRegular),
            metadata,
            identity,
        });
    }
}

const SUBMODULE: &str = "a submodule is not followed";

/// The content of what stands in a tree; `None` for a folder.
fn content(
    git: &gix::Repository,
    (kind, id): (EntryKind, ObjectId),
    max_bytes: u64,
) -> Option<Content> {
    match kind {
        EntryKind::Blob | EntryKind::BlobExecutable => {
            Some(match object(git, id, Kind::Blob, max_bytes) {
                Ok(bytes) => Content::Bytes(bytes),
                Err(GitError::TooLarge { size_bytes, .. }) => Content::TooLarge { size_bytes },
                Err(error) => Content::unreadable(error),
            })
        }
        EntryKind::Link => Some(Content::NotRegular),
        EntryKind::Commit => Some(Content::unreadable(SUBMODULE)),
        EntryKind::Tree => None,
    }
}

/// What identifies the content of a file. Whoever reads it compares it with its id, so that a stranger's
/// repository cannot give one content for another.
fn identify(kind: EntryKind, id: ObjectId) -> Option<Identity> {
    match kind {
        EntryKind::Blob | EntryKind::BlobExecutable => {
            Some(Identity::new("git-blob", id.as_bytes()))
        }
        EntryKind::Link | EntryKind::Commit | EntryKind::Tree => None,
    }
}

/// What Git keeps of a file: whether it is executable, and where a link points.
fn metadata(git: &gix::Repository, kind: EntryKind, id: ObjectId) -> Metadata {
    let bits = match kind {
        EntryKind::BlobExecutable => 0o755,
        EntryKind::Link => 0o777,
        EntryKind::Blob | EntryKind::Tree | EntryKind::Commit => 0o644,
    };
    let target = (kind == EntryKind::Link)
        // A target that cannot be read is told as a link without one.
        .then(|| object(git, id, Kind::Blob, MAX_LINK_BYTES).ok())
        .flatten();
    Metadata {
        mode: Some(Mode::new(bits)),
        owner: None,
        link_target: target.map(|target| String::from_utf8_lossy(&target).into_owned()),
    }
}

/// What a tree has at a path, folders included.
pub(super) fn find(
    git: &gix::Repository,
    tree: ObjectId,
    path: &TreePath,
) -> Result<Option<(EntryKind, ObjectId)>, GitError> {
    let (mut kind, mut id) = (EntryKind::Tree, tree);
    for part in path.as_str().split('/') {
        if kind != EntryKind::Tree {
            return Err(GitError::NotAFile { path: path.clone() });
        }
        match child(git, id, part)? {
            Some(child) => (kind, id) = child,
            None => return Ok(None),
        }
    }
    Ok(Some((kind, id)))
}

/// Calls `visit` for each file, link and submodule below a tree, and with a reason for each name and
/// folder that cannot be listed.
pub(super) fn list(
    git: &gix::Repository,
    root: ObjectId,
    visit: &mut dyn FnMut(TreePath, Result<(EntryKind, ObjectId), String>),
) {
    let mut open = vec![(String::new(), root)];
    let mut seen: usize = 0;
    while let Some((folder, id)) = open.pop() {
        let entries = match entries(git, id) {
            Ok(entries) => entries,
            Err(error) => {
                visit(shown(&folder), Err(error.to_string()));
                continue;
            }
        };
        seen += entries.len();
        if seen > MAX_ENTRIES {
            visit(
                TreePath::new("."),
                Err(format!("it names more than {MAX_ENTRIES} files")),
            );
            return;
        }
        let mut names = HashSet::new();
        for (name, kind, id) in entries {
            let path = join(&folder, &String::from_utf8_lossy(&name));
            let problem = problem(&name, path.len())
                .or((!names.insert(name)).then_some("the name occurs twice"));
            match (problem, kind) {
                (Some(reason), _) => visit(TreePath::new(path), Err(reason.to_owned())),
                (None, EntryKind::Tree) => open.push((path, id)),
                (None, kind) => visit(TreePath::new(path), Ok((kind, id))),
            }
        }
    }
}

/// What a tree has under one name.
fn child(
    git: &gix::Repository,
    tree: ObjectId,
    name: &str,
) -> Result<Option<(EntryKind, ObjectId)>, GitError> {
    let mut found = entries(git, tree)?
        .into_iter()
        .filter(|(own, _, _)| own == name.as_bytes());
    let first = found.next().map(|(_, kind, id)| (kind, id));
    match found.next() {
        Some(_) => Err(GitError::Damaged {
            id: tree.to_string(),
        }),
        None => Ok(first),
    }
}

fn entries(
    git: &gix::Repository,
    tree: ObjectId,
) -> Result<Vec<(Vec<u8>, EntryKind, ObjectId)>, GitError> {
    let bytes = object(git, tree, Kind::Tree, MAX_TREE_BYTES)?;
    TreeRefIter::from_bytes(&bytes, tree.kind())
        .map(|entry| {
            entry.map(|entry| {
                (
                    entry.filename.to_vec(),
                    entry.mode.kind(),
                    entry.oid.to_owned(),
                )
            })
        })
        .collect::<Result<_, _>>()
        .map_err(|source| GitError::Object {
            id: tree.to_string(),
            source,
        })
}

/// Why a name cannot be a file's: two names that read the same would hide each other.
fn problem(name: &[u8], path_bytes: usize) -> Option<&'static str> {
    if std::str::from_utf8(name).is_err() {
        Some(NOT_UTF8)
    } else if matches!(name, b"" | b"." | b"..")
        || name.contains(&b'/')
        || name.eq_ignore_ascii_case(b".git")
    {
        Some("its name is none that Git accepts; run `git fsck`")
    } else if path_bytes > MAX_PATH_BYTES {
        Some("its path is too long")
    } else {
        None
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn shown(folder: &str) -> TreePath {
    TreePath::new(if folder.is_empty() { "." } else { folder })
}
