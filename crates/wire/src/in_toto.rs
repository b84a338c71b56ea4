//! Evidence as in-toto statements (in-toto Attestation Framework, Statement v1).
//!
//! A statement has one subject, named by digest, and one predicate; what is said of a release as a whole
//! names each of the release's subjects. Reading is strict: an unknown predicate type, field or digest
//! is refused, because a statement that is only half understood must not count as evidence. Signing and
//! verifying (DSSE) happen elsewhere, over the bytes as written.

mod own;
mod provenance;
mod sbom;
mod subject;
mod test_result;

use plimsoll_model::{About, Body, EvidenceKind, PredicateError, Subject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::subject::SubjectShape;

pub use self::own::{APPROVAL, DEPLOYMENT, INSPECTION};
pub use self::provenance::PROVENANCE;
pub use self::sbom::{SBOM, SbomDocument, SbomDocumentError};
pub use self::test_result::{TEST, TestResult};

/// The media type of a statement's bytes, as a DSSE envelope names it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// No statement is longer; a bill of materials of 100,000 components takes about 40 MB.
const MAX_BYTES: usize = 64 << 20;

/// The most subjects of a statement about a release.
const MAX_SUBJECTS: usize = 200;

/// A statement that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about: one, or all that a release ships.
    pub subjects: Vec<Subject>,
    /// The first subject's name, for people; nothing is decided by it.
    pub name: String,
    /// The URI of the predicate's format.
    pub predicate_type: String,
    /// What it says.
    pub body: Body,
}

/// The bytes are not a statement that Plimsoll understands whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is longer than any statement may be.
    #[error("the statement has {size_bytes} bytes; at most {MAX_BYTES} are read")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// It is not JSON, or not of the shape of a statement.
    #[error("the bytes are not an in-toto statement")]
    Shape(#[source] serde_json::Error),
    /// Its `_type` is of no version that is read.
    #[error("`{0}` is not a statement type that is read; expected {STATEMENT_V1}")]
    StatementType(String),
    /// It is about no subject, or about several where only one is meant.
    #[error(
        "the statement is about {0} subjects; one is read, and up to {MAX_SUBJECTS} where it is about a release"
    )]
    Subjects(usize),
    /// Its subject's digests are not those of a commit or of bytes.
    #[error(
        "the digests of subject `{name}` name neither a commit with its tree nor a SHA-256: {detail}"
    )]
    SubjectDigest {
        /// The subject's name.
        name: String,
        /// What is wrong with them.
        detail: String,
    },
    /// No reader for its predicate.
    #[error("`{0}` is not a predicate type that is read")]
    PredicateType(String),
    /// Its predicate has a format that is read, and is of somebody else's making.
    #[error("the predicate of {predicate_type} is not one that counts here: {detail}")]
    OfOthers {
        /// The format.
        predicate_type: &'static str,
        /// How that is told.
        detail: String,
    },
    /// A field of its predicate is missing, unknown or of the wrong type, or contradicts another.
    #[error("the predicate is not of the shape of {predicate_type}: {detail}")]
    Predicate {
        /// The format it claims.
        predicate_type: &'static str,
        /// The field, its place and what is wrong.
        detail: String,
    },
}

/// What can be said in a statement.
pub trait Say {
    /// The kind of evidence that it is.
    const KIND: &'static EvidenceKind;

    /// Its predicate in the form of the kind's format. Equal words give equal bytes.
    fn predicate(&self) -> impl Serialize;
}

/// The statement that these words hold of the subjects, as Statement v1. Equal input gives equal bytes.
/// Only what is said of a release is about more than one.
pub fn write<S: Say>(subjects: &[Subject], name: &str, words: &S) -> Vec<u8> {
    let subject = subjects.iter();
    let statement = WriteEnvelope {
        statement_type: STATEMENT_V1,
        subject: subject
            .map(|subject| SubjectShape::new(subject, name))
            .collect(),
        predicate_type: S::KIND.predicate_type,
        predicate: &words.predicate(),
    };
    serde_json::to_vec(&statement).expect("these types have text keys and no failing serializer")
}

/// Reads a statement of one of these kinds, v1 or v0.1 (which cosign 3 still writes).
pub fn read(bytes: &[u8], kinds: &[&'static EvidenceKind]) -> Result<Statement, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge {
            size_bytes: bytes.len(),
        });
    }
    let envelope: ReadEnvelope<'_> = serde_json::from_slice(bytes).map_err(ReadError::Shape)?;
    if ![STATEMENT_V1, STATEMENT_V0_1].contains(&envelope.statement_type.as_str()) {
        return Err(ReadError::StatementType(envelope.statement_type));
    }
    let (kind, body) = read_body(&envelope.predicate_type, envelope.predicate.get(), kinds)?;
    let count = envelope.subject.len();
    if count == 0 || count > most_subjects(kind.about) {
        return Err(ReadError::Subjects(count));
    }
    let subjects = envelope.subject.iter().map(SubjectShape::read);
    Ok(Statement {
        subjects: subjects.collect::<Result<_, _>>()?,
        name: envelope.subject[0].name().to_owned(),
        body,
        predicate_type: envelope.predicate_type,
    })
}

/// The word for the kind of evidence that a statement claims to be ([`EvidenceKind::name`]), also when it
/// cannot be read whole; `None` when it claims a predicate that is not known.
pub fn claimed_kind(bytes: &[u8], kinds: &[&'static EvidenceKind]) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Claimed {
        #[serde(rename = "predicateType")]
        predicate_type: String,
    }
    let claimed: Claimed = serde_json::from_slice(bytes).ok()?;
    let kind = kinds
        .iter()
        .find(|kind| kind.predicate_type == claimed.predicate_type)?;
    Some(kind.name)
}

/// What is said of bytes is about one subject, what is said of a release about each of its.
fn most_subjects(about: About) -> usize {
    match about {
        About::One => 1,
        About::Release => MAX_SUBJECTS,
    }
}

/// Several kinds may share a format; the first that takes the predicate for its own reads it.
fn read_body(
    predicate_type: &str,
    predicate: &str,
    kinds: &[&'static EvidenceKind],
) -> Result<(&'static EvidenceKind, Body), ReadError> {
    let mut refused = ReadError::PredicateType(predicate_type.to_owned());
    for kind in kinds {
        if kind.predicate_type != predicate_type {
            continue;
        }
        let predicate_type = kind.predicate_type;
        match (kind.read)(predicate) {
            Ok(body) => return Ok((kind, body)),
            Err(PredicateError::NotUnderstood(detail)) => {
                return Err(ReadError::Predicate {
                    predicate_type,
                    detail,
                });
            }
            Err(PredicateError::OfOthers(detail)) => {
                refused = ReadError::OfOthers {
                    predicate_type,
                    detail,
                };
            }
        }
    }
    Err(refused)
}

/// A predicate in the shape of its format, to the last field.
fn read_shape<T: DeserializeOwned>(predicate: &str) -> Result<T, PredicateError> {
    serde_json::from_str(predicate).map_err(|error| not_understood(error.to_string()))
}

fn not_understood(detail: impl Into<String>) -> PredicateError {
    PredicateError::NotUnderstood(detail.into())
}

#[derive(Serialize)]
struct WriteEnvelope<'a, P> {
    #[serde(rename = "_type")]
    statement_type: &'a str,
    subject: Vec<SubjectShape>,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: &'a P,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadEnvelope<'a> {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<SubjectShape>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(borrow)]
    predicate: &'a RawValue,
}
