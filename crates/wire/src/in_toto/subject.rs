//! The subject of a statement: a `ResourceDescriptor` with the digests of in-toto's `DigestSet`.

use plimsoll_model::{CommitId, Digest, Subject};
use serde::{Deserialize, Serialize};

use super::ReadError;

/// The digests of files, images, manifests and tools have one algorithm; the media type tells them apart.
const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MANIFESTS: &str = "application/vnd.plimsoll.manifests.v1";
const TOOL: &str = "application/vnd.plimsoll.tool.v1";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubjectShape {
    #[serde(default)]
    name: String,
    digest: DigestSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<ToolShape>,
}

/// Which tool it is, by its own word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ToolShape {
    name: String,
    version: String,
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
            Subject::Manifests { .. } => Some(MANIFESTS.to_owned()),
            Subject::Tool { .. } => Some(TOOL.to_owned()),
        };
        let annotations = match subject {
            Subject::Tool { name, version, .. } => Some(ToolShape {
                name: name.clone(),
                version: version.clone(),
            }),
            _ => None,
        };
        Self {
            name: name.to_owned(),
            digest: DigestSet::of(subject),
            media_type,
            annotations,
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
        match (self.media_type.as_deref(), subject, &self.annotations) {
            (None, subject, None) => Ok(subject),
            (Some(IMAGE_MANIFEST), Subject::Artifact { sha256 }, None) => Ok(Subject::Image {
                manifest_sha256: sha256,
            }),
            (Some(MANIFESTS), Subject::Artifact { sha256 }, None) => {
                Ok(Subject::Manifests { sha256 })
            }
            (Some(TOOL), Subject::Artifact { sha256 }, Some(tool)) => Ok(Subject::Tool {
                name: tool.name.clone(),
                version: tool.version.clone(),
                sha256,
            }),
            (Some(other), _, None) => Err(refuse(format!(
                "the media type `{other}` does not fit them"
            ))),
            (_, _, Some(_)) => Err(refuse("only a tool has annotations".to_owned())),
        }
    }
}

impl DigestSet {
    pub(super) fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Source {
                commit,
                tree,
                commit_sha256,
            } => Self {
                git_commit: Some(commit.to_string()),
                git_tree: Some(tree.to_string()),
                sha256: Some(commit_sha256.hex()),
            },
            Subject::Artifact { sha256 }
            | Subject::Image {
                manifest_sha256: sha256,
            }
            | Subject::Manifests { sha256 }
            | Subject::Tool { sha256, .. } => Self::of_sha256(sha256),
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
                sha256: Some(sha256),
            } => Ok(Subject::Source {
                commit: object_id(commit)?,
                tree: object_id(tree)?,
                commit_sha256: read_sha256(sha256)?,
            }),
            Self {
                git_commit: None,
                git_tree: None,
                sha256: Some(sha256),
            } => Ok(Subject::Artifact {
                sha256: read_sha256(sha256)?,
            }),
            _ => Err(
                "expected gitCommit with gitTree and the sha256 of the commit object, or sha256 alone"
                    .to_owned(),
            ),
        }
    }
}

fn read_sha256(hexadecimal: &str) -> Result<Digest, String> {
    Digest::from_hex(hexadecimal).map_err(|error| error.to_string())
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
