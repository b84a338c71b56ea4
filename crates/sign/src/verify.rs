use plimsoll_model::{Class, Digest, Fault};

use crate::bundle::{Bundle, Content};
use crate::dsse::{IN_TOTO, PAE_PREFIX};
use crate::key::PublicKey;

/// A statement whose signature was proven, and by which of the trusted keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStatement {
    /// The in-toto statement, byte for byte as it was signed.
    pub payload: Vec<u8>,
    /// The id of the key that signed it.
    pub key: Digest,
}

/// A bundle does not prove what was asked of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VerifyError {
    /// A file's signature was expected.
    #[error("the bundle holds a statement, not the signature of a file")]
    NotABlob,
    /// A statement was expected.
    #[error("the bundle holds the signature of a file, not a statement")]
    NotAStatement,
    /// The envelope holds something else than an in-toto statement.
    #[error("the envelope's payload type is {0:?}, not {IN_TOTO}")]
    PayloadType(String),
    /// The bundle was made for another file.
    #[error("the file is {found}, but the bundle was made for {signed}")]
    OtherFile {
        /// The digest of the file at hand.
        found: Digest,
        /// The digest that the bundle names.
        signed: Digest,
    },
    /// The file could also be read as the signing input of a statement.
    #[error("the file begins like a DSSE signing input, so its signature may be a statement's")]
    Ambiguous,
    /// No trusted key made the signature, or what was signed has changed since.
    #[error(
        "the signature is of none of the {tried} trusted keys (the bundle names key {hint:?}), \
         or the signed bytes were changed"
    )]
    Signature {
        /// How many keys were tried.
        tried: usize,
        /// The key that the bundle names; anybody can write anything there.
        hint: String,
    },
}

impl Fault for VerifyError {
    fn class(&self) -> Class {
        Class::Denied
    }
}

/// Proves that this key signed exactly these bytes.
pub fn verify_blob(bundle: &Bundle, bytes: &[u8], key: &PublicKey) -> Result<(), VerifyError> {
    let Content::Blob { digest, signature } = bundle.content() else {
        return Err(VerifyError::NotABlob);
    };
    if bytes.starts_with(PAE_PREFIX) {
        return Err(VerifyError::Ambiguous);
    }
    let found = Digest::of(bytes);
    if found != *digest {
        return Err(VerifyError::OtherFile {
            found,
            signed: *digest,
        });
    }
    if key.verifies(bytes, signature) {
        Ok(())
    } else {
        Err(unsigned(bundle, 1))
    }
}

/// Proves that one of these keys signed the bundle's in-toto statement. No keys prove nothing.
///
/// The hint in the bundle is not relied upon: whoever made the bundle chose it.
pub fn verify_statement(
    bundle: &Bundle,
    keys: &[PublicKey],
) -> Result<VerifiedStatement, VerifyError> {
    let Content::Statement(envelope) = bundle.content() else {
        return Err(VerifyError::NotAStatement);
    };
    if envelope.payload_type() != IN_TOTO {
        return Err(VerifyError::PayloadType(shortened(envelope.payload_type())));
    }
    let key = keys.iter().find(|key| envelope.is_signed_by(key));
    let key = key.ok_or_else(|| unsigned(bundle, keys.len()))?;
    Ok(VerifiedStatement {
        payload: envelope.payload().to_vec(),
        key: key.id(),
    })
}

fn unsigned(bundle: &Bundle, tried: usize) -> VerifyError {
    VerifyError::Signature {
        tried,
        hint: shortened(bundle.key_hint()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
