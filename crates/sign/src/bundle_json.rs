//! The JSON of a sigstore bundle v0.3 (protobuf JSON mapping): unknown fields are errors.

use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base64_text::Base64;
use crate::bundle::{Bundle, BundleError, Content, MAX_BUNDLE_BYTES, MEDIA_TYPE};
use crate::dsse::Envelope;

const SHA2_256: &str = "SHA2_256";

/// Only the media type, so that another version is named as such and not as a wrong field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    media_type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BundleJson {
    media_type: String,
    verification_material: Material,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_signature: Option<MessageSignature>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<EnvelopeJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyHint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tlog_entries: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyHint {
    #[serde(default)]
    hint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageSignature {
    message_digest: MessageDigest,
    signature: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageDigest {
    algorithm: String,
    digest: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnvelopeJson {
    payload: Base64,
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    sig: Base64,
    /// Unauthenticated, so it decides nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    keyid: String,
}

/// Reads a bundle within [`MAX_BUNDLE_BYTES`].
pub(crate) fn read(json: &[u8]) -> Result<Bundle, BundleError> {
    if json.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge { bytes: json.len() });
    }
    let Kind { media_type } = serde_json::from_slice(json).map_err(BundleError::Json)?;
    if media_type != MEDIA_TYPE {
        return Err(BundleError::MediaType(
            media_type.chars().take(100).collect(),
        ));
    }
    let read: BundleJson = serde_json::from_slice(json).map_err(BundleError::Json)?;
    let material = read.verification_material;
    if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
        return Err(BundleError::Keyless);
    }
    let content = match (read.message_signature, read.dsse_envelope) {
        (Some(signature), None) => read_blob(signature)?,
        (None, Some(envelope)) => read_envelope(envelope)?,
        (None, None) | (Some(_), Some(_)) => {
            return Err(BundleError::Shape("messageSignature or dsseEnvelope"));
        }
    };
    Ok(Bundle {
        key_hint: material
            .public_key
            .ok_or(BundleError::Shape("publicKey"))?
            .hint,
        content,
        log_entries: material.tlog_entries,
        timestamps: material.timestamp_verification_data,
    })
}

/// Writes a bundle in one line.
pub(crate) fn write(bundle: &Bundle) -> Vec<u8> {
    let (message_signature, dsse_envelope) = match &bundle.content {
        Content::Blob { digest, signature } => (Some(write_blob(digest, signature)), None),
        Content::Statement(envelope) => (None, Some(write_envelope(envelope))),
    };
    let json = BundleJson {
        media_type: MEDIA_TYPE.to_owned(),
        verification_material: Material {
            public_key: Some(KeyHint {
                hint: bundle.key_hint.clone(),
            }),
            certificate: None,
            x509_certificate_chain: None,
            tlog_entries: bundle.log_entries.clone(),
            timestamp_verification_data: bundle.timestamps.clone(),
        },
        message_signature,
        dsse_envelope,
    };
    serde_json::to_vec(&json).expect("strings, lists and JSON values are always JSON")
}

fn read_blob(read: MessageSignature) -> Result<Content, BundleError> {
    let digest: Option<[u8; 32]> = read.message_digest.digest.0.try_into().ok();
    match digest {
        Some(digest) if read.message_digest.algorithm == SHA2_256 => Ok(Content::Blob {
            digest: Digest::from_bytes(digest),
            signature: read.signature.0,
        }),
        _ => Err(BundleError::Shape("messageDigest of SHA2_256")),
    }
}

fn read_envelope(read: EnvelopeJson) -> Result<Content, BundleError> {
    let [signature]: [SignatureJson; 1] = read
        .signatures
        .try_into()
        .map_err(|_| BundleError::Shape("signature in its envelope"))?;
    Ok(Content::Statement(Envelope {
        payload_type: read.payload_type,
        payload: read.payload.0,
        signature: signature.sig.0,
    }))
}

fn write_blob(digest: &Digest, signature: &[u8]) -> MessageSignature {
    MessageSignature {
        message_digest: MessageDigest {
            algorithm: SHA2_256.to_owned(),
            digest: Base64(digest.as_bytes().to_vec()),
        },
        signature: Base64(signature.to_vec()),
    }
}

fn write_envelope(envelope: &Envelope) -> EnvelopeJson {
    EnvelopeJson {
        payload: Base64(envelope.payload.clone()),
        payload_type: envelope.payload_type.clone(),
        signatures: vec![SignatureJson {
            sig: Base64(envelope.signature.clone()),
            keyid: String::new(),
        }],
    }
}
