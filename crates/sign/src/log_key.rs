use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use plimsoll_model::Digest;

use crate::{KeyError, Password, key_file, pem};

/// The DER of an Ed25519 `SubjectPublicKeyInfo` before its 32 bytes (RFC 8410 §4).
const PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const ED25519_KEY: &str = "an Ed25519 key";
const LABEL: &str = "PUBLIC KEY";

/// The ledger's own key: Ed25519. It signs checkpoints and nothing else. Its memory is wiped when it
/// is dropped.
pub struct LogKey(Ed25519KeyPair);

/// The public half of a ledger's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPublicKey([u8; 32]);

impl LogKey {
    /// A new key from the system's random source.
    pub fn generate() -> Result<Self, KeyError> {
        Ed25519KeyPair::generate()
            .map(Self)
            .map_err(|_| KeyError::Random)
    }

    /// Reads a key file that [`LogKey::to_encrypted_pem`] wrote.
    pub fn from_encrypted_pem(pem: &str, password: &Password) -> Result<Self, KeyError> {
        let pkcs8 = key_file::open(pem, password)?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8)
            .map(Self)
            .map_err(|_| KeyError::Kind {
                expected: ED25519_KEY,
            })
    }

    /// Writes a key file in the same format as [`crate::PrivateKey::to_encrypted_pem`].
    pub fn to_encrypted_pem(&self, password: &Password) -> Result<String, KeyError> {
        let pkcs8 = self.0.to_pkcs8v1().map_err(|_| KeyError::Seal)?;
        key_file::seal(pkcs8.as_ref(), password)
    }

    /// The public half.
    pub fn public(&self) -> LogPublicKey {
        LogPublicKey(
            self.0
                .public_key()
                .as_ref()
                .try_into()
                .expect("an Ed25519 public key has 32 bytes"),
        )
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    #[cfg(test)]
    pub(crate) fn from_seed(seed: &[u8]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).unwrap())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey(******** of {})", self.public().id())
    }
}

impl LogPublicKey {
    /// Reads a PEM block `PUBLIC KEY`.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = pem::decode(pem, LABEL).ok_or(KeyError::Pem { expected: LABEL })?;
        Self::from_spki_der(&der)
    }

    /// Reads a DER `SubjectPublicKeyInfo` (RFC 8410).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let raw = der
            .strip_prefix(&PREFIX)
            .and_then(|raw| raw.try_into().ok());
        raw.map(Self).ok_or(KeyError::Kind {
            expected: ED25519_KEY,
        })
    }

    /// Wraps the 32 raw bytes (RFC 8032 §5.1.5).
    pub fn from_bytes(raw: [u8; 32]) -> Self {
        Self(raw)
    }

    /// Writes a PEM block `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::encode(&self.spki_der(), LABEL)
    }

    /// The key's name: the digest of its DER `SubjectPublicKeyInfo`.
    pub fn id(&self) -> Digest {
        Digest::of(&self.spki_der())
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(message, signature)
            .is_ok()
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> Vec<u8> {
        [PREFIX.as_slice(), &self.0].concat()
    }
}

impl fmt::Debug for LogPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogPublicKey({})", self.id())
    }
}
