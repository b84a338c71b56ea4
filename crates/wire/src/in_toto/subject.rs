//! The subject of a statement: a `ResourceDescriptor` with the digests of in-toto's `DigestSet`.

use plimsoll_model::{CommitId, Digest, Subject};
use serde::{Deserialize, Serialize};

use super::ReadError;

/// An image's digest has the algorithm of an artifact's; its media type tells them apart.
const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubjectShape {
    #[serde(default)]
    name: String,
    digest: DigestSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
}

/// The digests of one thing, in hexadecimal without a prefix.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DigestSet {
    #[serde(skip_serializing_if = "Option::is_none")]
    git_commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_tree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl SubjectShape {
    pub(super) fn new(subject: &Subject, name: &str) -> Self {
        let media_type = match subject {
            Subject::Source { .. } | Subject::Artifact { .. } => None,
            Subject::Image { .. } => Some(IMAGE_MANIFEST.to_owned()),
        };
        Self {
            name: name.to_owned(),
            digest: DigestSet::of(subject),
            media_type,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn read(&self) -> Result<Subject, ReadError> {
        let refuse = |detail| ReadError::SubjectDigest {
            name: self.name.clone(),
            detail,
        };
        let subject = self.digest.read().map_err(refuse)?;
        match (self.media_type.as_deref(), subject) {
            (None, subject) => Ok(subject),
            (Some(IMAGE_MANIFEST), Subject::Artifact { sha256 }) => Ok(Subject::Image {
                manifest_sha256: sha256,
            }),
            (Some(other), _) => Err(refuse(format!(
                "the media type `{other}` does not fit them"
            ))),
        }
    }
}

impl DigestSet {
    pub(super) fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Source { commit, tree } => Self {
                git_commit: Some(commit.to_string()),
                git_tree: Some(tree.to_string()),
                sha256: None,
            },
            Subject::Artifact { sha256 }
            | Subject::Image {
                manifest_sha256: sha256,
            } => Self::of_sha256(sha256),
        }
    }

    pub(super) fn of_sha256(sha256: &Digest) -> Self {
        Self {
            sha256: Some(sha256.hex()),
            ..Self::default()
        }
    }

    pub(super) fn read(&self) -> Result<Subject, String> {
        match self {
            Self {
                git_commit: Some(commit),
                git_tree: Some(tree),
                sha256: None,
            } => Ok(Subject::Source {
                commit: object_id(commit)?,
                tree: object_id(tree)?,
            }),
            Self {
                git_commit: None,
                git_tree: None,
                sha256: Some(sha256),
            } => {
                let sha256 = Digest::from_hex(sha256).map_err(|error| error.to_string())?;
                Ok(Subject::Artifact { sha256 })
            }
            _ => Err("expected gitCommit with gitTree, or sha256 alone".to_owned()),
        }
    }
}

/// A Git object id is 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
fn object_id(text: &str) -> Result<CommitId, String> {
    let hexadecimal = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if hexadecimal && [40, 64].contains(&text.len()) {
        Ok(CommitId::new(text))
    } else {
        let shown: String = text.chars().take(80).collect();
        Err(format!(
            "`{shown}` is not a Git object id of 40 or 64 lower-case hexadecimal digits"
        ))
    }
}
