//! DSSE envelopes (Dead Simple Signing Envelope 1.0): a typed payload and exactly one signature.
//!
//! Two people who vouch for one thing make two envelopes; an envelope with several signatures is
//! not read.

use crate::{KeyError, PrivateKey, PublicKey};

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What every encoding that DSSE signs begins with.
pub(crate) const PAE_PREFIX: &[u8] = b"DSSEv1 ";

/// A signed payload. The payload is kept as the bytes that were signed and is never written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Envelope {
    /// What kind of payload it says it holds; believe it only after [`Envelope::is_signed_by`].
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload as it came; believe it only after [`Envelope::is_signed_by`].
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether this key signed exactly this payload under exactly this type.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&pae(&self.payload_type, &self.payload), &self.signature)
    }
}

/// The pre-authentication encoding: what is signed (DSSE 1.0, "Signature Definition").
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = PAE_PREFIX.to_vec();
    bytes.extend_from_slice(
        format!("{} {payload_type} {} ", payload_type.len(), payload.len()).as_bytes(),
    );
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs a payload under its type.
pub fn sign(key: &PrivateKey, payload_type: &str, payload: &[u8]) -> Result<Envelope, KeyError> {
    let signature = key.sign(&pae(payload_type, payload))?;
    Ok(Envelope {
        payload_type: payload_type.to_owned(),
        payload: payload.to_vec(),
        signature,
    })
}

#[cfg(test)]
mod tests {
    use super::pae;

    #[test]
    fn the_encoding_is_the_one_of_the_specification() {
        // DSSE 1.0, protocol.md, "Test Vectors".
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
