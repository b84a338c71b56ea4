//! The commit that a folder is, and whether it is that commit exactly.

use std::path::Path;

use plimsoll_model::{CommitId, Digest, Subject};
use plimsoll_source::{GitError, Repository};

/// A work tree and the commit it stands on.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The repository.
    pub repository: Repository,
    /// The commit.
    pub commit: CommitId,
    /// The commit's tree.
    pub tree: CommitId,
    /// The digest of the commit object's content.
    pub commit_sha256: Digest,
    /// The addresses of the commit's author and committer.
    pub authors: Vec<String>,
}

impl Checkout {
    /// The revision `rev` of the repository that holds the folder.
    pub fn open(folder: &Path, rev: &str) -> Result<Self, GitError> {
        let repository = Repository::discover(folder)?;
        let commit = repository.resolve(rev)?;
        let tree = repository.tree_of(&commit)?;
        let commit_sha256 = repository.commit_sha256(&commit)?;
        let mut authors = vec![
            repository.author_email(&commit)?,
            repository.committer_email(&commit)?,
        ];
        authors.dedup();
        Ok(Self {
            repository,
            commit,
            tree,
            commit_sha256,
            authors,
        })
    }

    /// The commit as a subject of evidence.
    pub fn subject(&self) -> Subject {
        Subject::Source {
            commit: self.commit.clone(),
            tree: self.tree.clone(),
            commit_sha256: self.commit_sha256,
        }
    }
}
