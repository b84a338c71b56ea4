use plimsoll_model::{Class, Digest, Fault};
use serde_json::Value;

use crate::dsse::{self, Envelope, IN_TOTO, PAE_PREFIX};
use crate::{KeyError, PrivateKey, bundle_json};

/// The only media type that is read and written: sigstore bundle v0.3.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The largest bundle that is read: 64 MiB, a statement that carries a component list of some
/// hundred thousand entries.
pub const MAX_BUNDLE_BYTES: usize = 64 << 20;

/// A signature with what is needed to check it, by key (sigstore bundle v0.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    pub(crate) key_hint: String,
    pub(crate) content: Content,
    /// Entries of a foreign transparency log and timestamps: carried along, never judged.
    pub(crate) log_entries: Vec<Value>,
    pub(crate) timestamps: Option<Value>,
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file, by its digest; the signature is over the file's bytes.
    Blob {
        /// The digest that the bundle says the file has.
        digest: Digest,
        /// ASN.1 DER.
        signature: Vec<u8>,
    },
    /// A statement, inside a DSSE envelope.
    Statement(Envelope),
}

/// A bundle could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Larger than [`MAX_BUNDLE_BYTES`].
    #[error("the bundle has {bytes} bytes; at most {MAX_BUNDLE_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the bundle's fields.
    #[error("the bundle is not a sigstore bundle v0.3 in JSON")]
    Json(#[source] serde_json::Error),
    /// Another version or another thing.
    #[error("the bundle's media type is {0:?}; only {MEDIA_TYPE} is read")]
    MediaType(String),
    /// The bundle rests on a certificate.
    #[error("the bundle is keyless (it rests on a certificate), which this build does not verify")]
    Keyless,
    /// Nothing, or several things that exclude each other.
    #[error("the bundle has not exactly one {0}")]
    Shape(&'static str),
    /// Signed bytes must not be readable as both a file and a statement.
    #[error("the file begins like a DSSE signing input")]
    Ambiguous,
    /// The key failed.
    #[error("cannot sign the bundle")]
    Key(#[from] KeyError),
}

impl Fault for BundleError {
    /// What is no bundle proves nothing, so it denies as a wrong signature does.
    fn class(&self) -> Class {
        match self {
            Self::TooLarge { .. }
            | Self::Json(_)
            | Self::MediaType(_)
            | Self::Keyless
            | Self::Shape(_)
            | Self::Ambiguous => Class::Denied,
            Self::Key(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Keyless => Some("sign with a key".to_owned()),
            Self::Ambiguous => Some("sign the statement itself instead".to_owned()),
            Self::Key(error) => error.hint(),
            Self::TooLarge { .. } | Self::Json(_) | Self::MediaType(_) | Self::Shape(_) => None,
        }
    }
}

impl Bundle {
    /// Signs a file's bytes.
    pub fn blob(key: &PrivateKey, bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.starts_with(PAE_PREFIX) {
            return Err(BundleError::Ambiguous);
        }
        let content = Content::Blob {
            digest: Digest::of(bytes),
            signature: key.sign(bytes)?,
        };
        Ok(Self::by_key(key, content))
    }

    /// Signs an in-toto statement's bytes, which are kept exactly as they are.
    pub fn statement(key: &PrivateKey, statement: &[u8]) -> Result<Self, BundleError> {
        let envelope = dsse::sign(key, IN_TOTO, statement)?;
        Ok(Self::by_key(key, Content::Statement(envelope)))
    }

    /// Reads a bundle. Nothing of it is proven yet.
    pub fn from_json(json: &[u8]) -> Result<Self, BundleError> {
        bundle_json::read(json)
    }

    /// Writes the bundle in one line.
    pub fn to_json(&self) -> Vec<u8> {
        bundle_json::write(self)
    }

    /// What it says was signed; believe it only after [`crate::verify_blob`] or
    /// [`crate::verify_statement`].
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Which key it says signed: [`crate::PublicKey::hint`] by cosign's custom, but any text is legal.
    pub fn key_hint(&self) -> &str {
        &self.key_hint
    }

    fn by_key(key: &PrivateKey, content: Content) -> Self {
        Self {
            key_hint: key.public().hint(),
            content,
            log_entries: Vec::new(),
            timestamps: None,
        }
    }
}
