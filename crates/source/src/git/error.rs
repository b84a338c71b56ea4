use std::path::PathBuf;

use plimsoll_model::{Class, CommitId, Fault, TreePath};

use crate::DirError;

/// A question to a repository that has no trustworthy answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No folder upwards holds a `.git`.
    #[error("{} is in no Git work tree", path.display())]
    NotARepository {
        /// Where the search began.
        path: PathBuf,
    },
    /// It is there and cannot be opened.
    #[error("cannot open the Git repository at {}", path.display())]
    Open {
        /// The work tree.
        path: PathBuf,
        /// Why.
        source: gix::Error,
    },
    /// A name means no commit.
    #[error("`{revision}` names no commit of this repository")]
    Revision {
        /// What was asked for.
        revision: String,
        /// Why.
        source: gix::Error,
    },
    /// Several references have the name.
    #[error("`{revision}` may mean {found}")]
    Ambiguous {
        /// The revision.
        revision: String,
        /// The references that have its name.
        found: String,
    },
    /// The text is no full object id.
    #[error("`{id}` is no full Git object id (40 or 64 hexadecimal digits)")]
    Id {
        /// The text.
        id: CommitId,
    },
    /// An object is absent or unreadable.
    #[error("cannot read the Git object {id}")]
    Object {
        /// The object.
        id: String,
        /// Why.
        source: gix::Error,
    },
    /// An object is of another kind.
    #[error("the Git object {id} is no {expected}")]
    Kind {
        /// The object.
        id: String,
        /// What it should be.
        expected: String,
    },
    /// The stored bytes are not those that the id names.
    #[error("the Git object {id} is damaged: its bytes do not hash to its id")]
    Damaged {
        /// The object.
        id: String,
    },
    /// An object is too large to be read.
    #[error("the Git object {id} is too large to be read ({size_bytes} bytes)")]
    TooLarge {
        /// The object.
        id: String,
        /// Its size.
        size_bytes: u64,
    },
    /// Something other than a file stands at the path.
    #[error("{path} is no regular file in that commit")]
    NotAFile {
        /// The path.
        path: TreePath,
    },
    /// A commit does not say who made it.
    #[error("commit {commit} states no readable {field} address")]
    Identity {
        /// The commit.
        commit: CommitId,
        /// `author` or `committer`.
        field: &'static str,
    },
    /// Part of a tree cannot be listed.
    #[error("cannot list `{path}` of the commit: {reason}")]
    Tree {
        /// The folder or file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The folder to inspect cannot be opened.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// There is a commit, and no index that says which files are tracked.
    #[error("the Git index {} is no file", path.display())]
    NoIndex {
        /// Where it should be.
        path: PathBuf,
    },
    /// The index cannot be read.
    #[error("cannot read the Git index")]
    Index {
        /// Why.
        source: gix::Error,
    },
    /// A file of the work tree cannot be read.
    #[error("cannot read {}", path.display())]
    WorkTree {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the work tree cannot be hashed.
    #[error("cannot hash {}", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// Why.
        source: gix::Error,
    },
    /// The work tree cannot be walked.
    #[error("cannot walk the work tree at {}", path.display())]
    Walk {
        /// The work tree.
        path: PathBuf,
        /// Why.
        source: ignore::Error,
    },
}

impl Fault for GitError {
    fn class(&self) -> Class {
        match self {
            Self::NotARepository { .. } | Self::Revision { .. } => Class::Absent,
            Self::Ambiguous { .. } | Self::Id { .. } => Class::Configuration,
            Self::Dir(error) => error.class(),
            Self::Open { .. }
            | Self::Object { .. }
            | Self::Kind { .. }
            | Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::NotAFile { .. }
            | Self::Identity { .. }
            | Self::Tree { .. }
            | Self::NoIndex { .. }
            | Self::Index { .. }
            | Self::WorkTree { .. }
            | Self::Hash { .. }
            | Self::Walk { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotARepository { .. } => "run inside a repository, or name one",
            Self::Revision { .. } => "fetch it, or write another revision",
            Self::Ambiguous { .. } => "write the one that is meant in full",
            Self::Object { .. } => "a shallow or partial clone may lack it: fetch it",
            Self::Damaged { .. } => "run `git fsck`",
            Self::NotAFile { .. } => "make it a regular file",
            Self::NoIndex { .. } => "`git reset` makes it anew",
            Self::Hash { .. } => "it may have changed meanwhile: run the command again",
            Self::Dir(error) => return error.hint(),
            Self::Open { .. }
            | Self::Id { .. }
            | Self::Kind { .. }
            | Self::TooLarge { .. }
            | Self::Identity { .. }
            | Self::Tree { .. }
            | Self::Index { .. }
            | Self::WorkTree { .. }
            | Self::Walk { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
