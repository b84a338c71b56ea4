//! A Git repository: which commit a name means, what a commit holds, who wrote it, and whether the
//! work tree is exactly that commit.
//!
//! The repository is a stranger's: no hook, filter, file-system monitor or configured command is ever
//! run, neither the environment nor the user's configuration is read, replacement objects do not
//! count, and the bytes of every object are hashed against its id. Nothing is written.

mod error;
mod revision;
mod tracked;
mod work_tree;

use std::path::{Path, PathBuf};

use gix::objs::{Kind, tree::EntryKind};
use gix::{ObjectId, ThreadSafeRepository};
use plimsoll_model::{CommitId, Digest, TreePath};

pub use error::GitError;
pub use revision::GitRevision;

/// A repository with a work tree on disk.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    git: ThreadSafeRepository,
}

impl Repository {
    /// A commit larger than this is refused.
    const MAX_COMMIT_BYTES: u64 = 16 << 20;
    /// A file larger than this is not read by [`Repository::read`].
    pub const MAX_READ_BYTES: u64 = 16 << 20;

    /// Opens the repository whose work tree holds `path`: the nearest folder upwards with a `.git`
    /// in it. A bare repository is none.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        let absent = || GitError::NotARepository {
            path: path.to_owned(),
        };
        let start = path.canonicalize().map_err(|source| GitError::WorkTree {
            path: path.to_owned(),
            source,
        })?;
        let root = start
            .ancestors()
            .find(|folder| folder.join(".git").symlink_metadata().is_ok())
            .ok_or_else(absent)?
            .to_owned();
        // With reduced trust, nothing that the repository's own configuration names is run.
        let git = gix::open::Options::isolated()
            .with(gix::sec::Trust::Reduced)
            .config_overrides(["core.useReplaceRefs=false"])
            .open(&root)
            .map_err(|source| GitError::Open {
                path: root.clone(),
                source,
            })?;
        Ok(Self { root, git })
    }

    /// The work tree's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that a revision means (`HEAD`, a branch, a tag, `main~2`, an id), by gitrevisions(7).
    ///
    /// A name that several references have is an error: whoever may push a tag must not decide what a
    /// branch means.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let git = self.git.to_thread_local();
        unambiguous(&git, revision)?;
        let failed = |source| GitError::Revision {
            revision: revision.to_owned(),
            source,
        };
        let commit = git
            .rev_parse_single(revision)
            .and_then(|id| id.object()?.peel_to_commit())
            .map_err(failed)?;
        commit_bytes(&git, commit.id)?;
        Ok(CommitId::new(commit.id.to_string()))
    }

    /// The id of the commit's tree.
    pub fn tree_of(&self, commit: &CommitId) -> Result<CommitId, GitError> {
        let git = self.git.to_thread_local();
        Ok(CommitId::new(
            tree_id(&git, object_id(commit)?)?.to_string(),
        ))
    }

    /// The digest of the commit object's content, without Git's header: of what
    /// `git cat-file commit ID` prints.
    pub fn commit_sha256(&self, commit: &CommitId) -> Result<Digest, GitError> {
        let git = self.git.to_thread_local();
        Ok(Digest::of(&commit_bytes(&git, object_id(commit)?)?))
    }

    /// The files of a commit, to be walked.
    pub fn revision(&self, commit: &CommitId) -> Result<GitRevision, GitError> {
        let tree = tree_id(&self.git.to_thread_local(), object_id(commit)?)?;
        Ok(GitRevision::new(self.git.clone(), tree))
    }

    /// The author's address as the commit states it. Nothing proves it; `.mailmap` does not count.
    pub fn author_email(&self, commit: &CommitId) -> Result<String, GitError> {
        self.email(commit, "author ")
    }

    /// The committer's address as the commit states it. Nothing proves it.
    pub fn committer_email(&self, commit: &CommitId) -> Result<String, GitError> {
        self.email(commit, "committer ")
    }

    /// The bytes of one file of a commit, or `None` when nothing has that path.
    ///
    /// A folder, a symbolic link or a submodule at the path is an error, so that a file that cannot be
    /// read never looks absent.
    pub fn read(&self, commit: &CommitId, path: &TreePath) -> Result<Option<Vec<u8>>, GitError> {
        let git = self.git.to_thread_local();
        let tree = tree_id(&git, object_id(commit)?)?;
        let Some((kind, id)) = revision::find(&git, tree, path)? else {
            return Ok(None);
        };
        match kind {
            EntryKind::Blob | EntryKind::BlobExecutable => {
                object(&git, id, Kind::Blob, Self::MAX_READ_BYTES).map(Some)
            }
            EntryKind::Tree | EntryKind::Link | EntryKind::Commit => {
                Err(GitError::NotAFile { path: path.clone() })
            }
        }
    }

    /// Whether the work tree or the index holds anything that the commit at `HEAD` does not.
    ///
    /// Clean means: every file of the commit stands in the work tree with the same bytes and kind, the
    /// index names the same files, and there is no other file but those that the tree's own
    /// `.gitignore` files exclude; so a [`crate::Dir`] sees nothing that the commit does not name.
    /// Contents are hashed: neither time stamps nor index flags (`assume-unchanged`, `skip-worktree`)
    /// count, and no filter or line-end conversion is applied. Where that differs from `git status`
    /// (large-file filters, `eol=crlf`, sparse checkouts, `.git/info/exclude`, checked-out submodules)
    /// the answer is dirty.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        work_tree::is_dirty(&self.git.to_thread_local(), &self.root)
    }

    fn email(&self, commit: &CommitId, field: &'static str) -> Result<String, GitError> {
        let git = self.git.to_thread_local();
        let bytes = commit_bytes(&git, object_id(commit)?)?;
        signature_email(&bytes, field).ok_or_else(|| GitError::Identity {
            commit: commit.clone(),
            field: field.trim_end(),
        })
    }
}

/// The address between the last `<` and `>` of a header line; `None` when it is absent, empty or no
/// text.
fn signature_email(commit: &[u8], field: &str) -> Option<String> {
    let line = commit
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(field.as_bytes()))?;
    let (_, rest) = std::str::from_utf8(line).ok()?.rsplit_once('<')?;
    let (email, _) = rest.split_once('>')?;
    let email = email.trim();
    (!email.is_empty()).then(|| email.to_owned())
}

/// Looks a revision's name up in all the places that gitrevisions(7) searches in turn.
fn unambiguous(git: &gix::Repository, revision: &str) -> Result<(), GitError> {
    let name = revision
        .split(['~', '^', '@', ':'])
        .next()
        .unwrap_or(revision);
    if name.is_empty() || name == "HEAD" {
        return Ok(());
    }
    let mut found = Vec::new();
    for place in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        let full = format!("{place}{name}");
        // What is no valid name of a reference is no reference; a file that cannot be read is refused
        // by the look-up that follows.
        if let Ok(Some(reference)) = git.try_find_reference(full.as_str())
            && reference.name().as_bstr() == full.as_bytes()
        {
            found.push(full);
        }
    }
    match found.as_slice() {
        [_, _, ..] => Err(GitError::Ambiguous {
            revision: revision.to_owned(),
            found: found.join(" and "),
        }),
        [] | [_] => Ok(()),
    }
}

fn object_id(id: &CommitId) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(id.as_str().as_bytes()).map_err(|_| GitError::Id { id: id.clone() })
}

fn tree_id(git: &gix::Repository, commit: ObjectId) -> Result<ObjectId, GitError> {
    let bytes = commit_bytes(git, commit)?;
    gix::objs::CommitRefIter::from_bytes(&bytes, commit.kind())
        .tree_id()
        .map_err(|source| GitError::Object {
            id: commit.to_string(),
            source,
        })
}

fn commit_bytes(git: &gix::Repository, commit: ObjectId) -> Result<Vec<u8>, GitError> {
    object(git, commit, Kind::Commit, Repository::MAX_COMMIT_BYTES)
}

/// The bytes of an object, of the expected kind, not larger than `max_bytes`, and hashed against its
/// id: neither Git nor its libraries do the last, so a stranger's repository could say anything.
fn object(
    git: &gix::Repository,
    id: ObjectId,
    kind: Kind,
    max_bytes: u64,
) -> Result<Vec<u8>, GitError> {
    let failed = |source| GitError::Object {
        id: id.to_string(),
        source,
    };
    let header = git.find_header(id).map_err(failed)?;
    if header.kind() != kind {
        return Err(GitError::Kind {
            id: id.to_string(),
            expected: kind.to_string(),
        });
    }
    if header.size() > max_bytes {
        return Err(GitError::TooLarge {
            id: id.to_string(),
            size_bytes: header.size(),
        });
    }
    let mut object = git.find_object(id).map_err(failed)?;
    let actual = gix::objs::compute_hash(id.kind(), object.kind, &object.data).map_err(failed)?;
    if actual != id || object.kind != kind {
        return Err(GitError::Damaged { id: id.to_string() });
    }
    Ok(std::mem::take(&mut object.data))
}

#[cfg(test)]
mod tests {
    use super::signature_email;

    #[test]
    fn the_address_is_taken_from_the_header_alone() {
        let commit = b"tree 0\nauthor A <B> <a@b.example> 1 +0000\ncommitter C < c@d.example > 1 +0000\n\nauthor X <x@y.example> 1 +0000\n";
        assert_eq!(
            signature_email(commit, "author ").as_deref(),
            Some("a@b.example")
        );
        assert_eq!(
            signature_email(commit, "committer ").as_deref(),
            Some("c@d.example")
        );
        for none in [
            &b"author A <> 1 +0000\n"[..],
            b"author A 1 +0000\n",
            b"author \xFF <a\xFF> 1\n",
            b"\nauthor A <a@b> 1\n",
        ] {
            assert_eq!(signature_email(none, "author "), None);
        }
    }
}
