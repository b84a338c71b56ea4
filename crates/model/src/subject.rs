use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;
use crate::{Digest, Key};

text_newtype! {
    /// A Git object id in hexadecimal, SHA-1 or SHA-256.
    CommitId
}

/// What a statement is about: exact bytes, never a name that can move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Subject {
    /// Source code at a commit.
    Source {
        /// The commit.
        commit: CommitId,
        /// The commit's tree.
        tree: CommitId,
        /// The digest of the commit object's content, as `git cat-file commit ID` prints it: by it tools
        /// that know no Git verify a statement about the commit.
        commit_sha256: Digest,
    },
    /// A file that ships.
    Artifact {
        /// The digest of its bytes.
        sha256: Digest,
    },
    /// A container image.
    Image {
        /// The digest of its manifest.
        manifest_sha256: Digest,
    },
    /// A rendered set of manifests that is applied as a whole.
    Manifests {
        /// The digest of its canonical bytes.
        sha256: Digest,
    },
    /// A program that had a part in what was done.
    Tool {
        /// Its name.
        name: String,
        /// Its version by its own word.
        version: String,
        /// The digest of its file.
        sha256: Digest,
    },
}

impl Subject {
    /// The digest that names the subject, with its algorithm: `gitCommit:…` or `sha256:…`.
    pub fn key(&self) -> Key {
        match self {
            Self::Source { commit, .. } => Key::commit(commit),
            Self::Artifact { sha256 }
            | Self::Image {
                manifest_sha256: sha256,
            }
            | Self::Manifests { sha256 }
            | Self::Tool { sha256, .. } => Key::bytes(sha256),
        }
    }

    /// Whether both are the same bytes, whatever they are said to be: other tools name an image by its
    /// digest alone.
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Source { .. }, Self::Source { .. }) => self == other,
            _ => self.key() == other.key(),
        }
    }

    /// Whether two lists name the same subjects. Order and repetition mean nothing.
    pub fn are_same(left: &[Self], right: &[Self]) -> bool {
        BTreeSet::from_iter(left) == BTreeSet::from_iter(right)
    }

    /// The subject in a few words for people; never decide anything by it.
    pub fn short(&self) -> String {
        match self {
            Self::Source { commit, .. } => format!("commit {:.12}", commit.as_str()),
            Self::Artifact { sha256 } => sha256.short(),
            Self::Image { manifest_sha256 } => format!("image {}", manifest_sha256.short()),
            Self::Manifests { sha256 } => format!("manifests {}", sha256.short()),
            Self::Tool { name, version, .. } => format!("{name} {version}"),
        }
    }
}
