use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey, UnparsedPublicKey,
};
use plimsoll_model::{Class, Digest, Fault};

use crate::{Password, base64_text, key_file, pem};

/// The DER of a P-256 `SubjectPublicKeyInfo` before its uncompressed point (RFC 5480 §2). Only this
/// form is read, so that one key has one id.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_POINT_BYTES: usize = 65;
const P256: &str = "an ECDSA key on the curve P-256";
const LABEL: &str = "PUBLIC KEY";

/// A private signing key: ECDSA on P-256. Its memory is wiped when it is dropped.
pub struct PrivateKey(EcdsaKeyPair);

/// A public key: ECDSA on P-256.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(Vec<u8>);

/// A key could not be made, read or used. No message holds a password or a part of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system's random source failed.
    #[error("cannot make a key: the system gave no random bytes")]
    Random,
    /// The cipher failed, for want of memory.
    #[error("cannot derive the key file's encryption key")]
    Seal,
    /// The text is not the one PEM block that was expected.
    #[error("the key file is not one PEM block `{expected}`")]
    Pem {
        /// The label that was expected.
        expected: &'static str,
    },
    /// The PEM block does not hold cosign's JSON.
    #[error("the key file does not hold an encrypted sigstore key")]
    Json(#[source] serde_json::Error),
    /// The file's encryption is weaker, costlier or other than what is read.
    #[error("the key file is encrypted in a way that is not read here (N={n}, r={r}, p={p})")]
    Scheme {
        /// The cost.
        n: u64,
        /// The block size.
        r: u32,
        /// The parallelism.
        p: u32,
    },
    /// The password is wrong or the file was changed.
    #[error("the key file does not open: the password is wrong or the file is damaged")]
    Locked,
    /// The key is of another kind.
    #[error("the key is not {expected}")]
    Kind {
        /// The kind that was expected.
        expected: &'static str,
    },
    /// The key refused to sign.
    #[error("cannot sign with the key {key}")]
    Sign {
        /// The id of the public key.
        key: Digest,
    },
}

impl Fault for KeyError {
    fn class(&self) -> Class {
        match self {
            Self::Pem { .. }
            | Self::Json(_)
            | Self::Scheme { .. }
            | Self::Locked
            | Self::Kind { .. } => Class::Configuration,
            Self::Random | Self::Seal | Self::Sign { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Seal => "it needs up to 128 MiB of memory",
            Self::Scheme { .. } => {
                "make it with scrypt N=32768, 65536 or 131072, r=8, p=1, and nacl/secretbox"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl PrivateKey {
    /// A new key from the system's random source.
    pub fn generate() -> Result<Self, KeyError> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map(Self)
            .map_err(|_| KeyError::Random)
    }

    /// Reads a key file that `cosign generate-key-pair` or [`PrivateKey::to_encrypted_pem`] wrote.
    pub fn from_encrypted_pem(pem: &str, password: &Password) -> Result<Self, KeyError> {
        let pkcs8 = key_file::open(pem, password)?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8)
            .map(Self)
            .map_err(|_| KeyError::Kind { expected: P256 })
    }

    /// Writes a key file that cosign reads. Each call takes a new salt and nonce.
    pub fn to_encrypted_pem(&self, password: &Password) -> Result<String, KeyError> {
        let pkcs8 = self.0.to_pkcs8v1().map_err(|_| KeyError::Seal)?;
        key_file::seal(pkcs8.as_ref(), password)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey([P256_PREFIX.as_slice(), self.0.public_key().as_ref()].concat())
    }

    /// Signs the SHA-256 of the message: an ASN.1 DER ECDSA signature. Callers sign through
    /// [`crate::Bundle`] or [`crate::dsse`], which keep files and statements apart.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        signature
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| KeyError::Sign {
                key: self.public().id(),
            })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(******** of {})", self.public().id())
    }
}

impl PublicKey {
    /// Reads a PEM block `PUBLIC KEY`, as `cosign.pub` is.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = pem::decode(pem, LABEL).ok_or(KeyError::Pem { expected: LABEL })?;
        Self::from_spki_der(&der)
    }

    /// Reads a DER `SubjectPublicKeyInfo` with an uncompressed point.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let refuse = || KeyError::Kind { expected: P256 };
        let point = der
            .strip_prefix(&P256_PREFIX)
            .filter(|point| point.len() == P256_POINT_BYTES);
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.ok_or_else(refuse)?)
            .map_err(|_| refuse())?;
        Ok(Self(der.to_vec()))
    }

    /// Writes a PEM block `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::encode(&self.0, LABEL)
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.0
    }

    /// The key's name everywhere: the digest of its `SubjectPublicKeyInfo`.
    pub fn id(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The hint that bundles carry: the id's raw bytes in base64, as cosign writes it.
    pub fn hint(&self) -> String {
        base64_text::encode(self.id().as_bytes())
    }

    /// Whether the signature (ASN.1 DER) is this key's over the SHA-256 of the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let point = &self.0[P256_PREFIX.len()..];
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}
