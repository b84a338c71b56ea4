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

use plimsoll_model::{Body, Class, Fault, Subject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::own::{ApprovalPredicate, DeploymentPredicate, InspectionPredicate};
use self::provenance::ProvenancePredicate;
use self::subject::SubjectShape;
use self::test_result::TestResultPredicate;

/// The media type of a statement's bytes, as a DSSE envelope names it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";

const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const SBOM: &str = "https://cyclonedx.org/bom";
const INSPECTION: &str = "https://plimsoll.dev/attestation/inspection/v1";
const APPROVAL: &str = "https://plimsoll.dev/attestation/approval/v1";
const DEPLOYMENT: &str = "https://plimsoll.dev/attestation/deployment/v1";

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
    /// Its subject's digests are not those of a commit, an artifact or an image.
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
    /// A field of its predicate is missing, unknown or of the wrong type.
    #[error("the predicate is not of the shape of {predicate_type}")]
    Predicate {
        /// The format it claims.
        predicate_type: &'static str,
        /// The field and its place.
        source: serde_json::Error,
    },
    /// Its predicate has the right shape and says something that is not read, or contradicts itself.
    #[error("the predicate of {predicate_type} is refused: {detail}")]
    Content {
        /// The format it claims.
        predicate_type: &'static str,
        /// What is wrong.
        detail: String,
    },
}

/// The body cannot be written as a statement.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A bill of materials is attested as the whole document, not as its counts.
    #[error("an SBOM statement holds the whole document; write it with `write_sbom`")]
    SbomWithoutDocument,
    /// The document is not a CycloneDX bill of materials with its number of gaps.
    #[error("the SBOM cannot be attested: {0}")]
    SbomDocument(String),
}

impl Fault for WriteError {
    fn class(&self) -> Class {
        Class::Internal
    }
}

/// The statement that `body` holds of the subjects, as Statement v1. Equal input gives equal bytes. Only
/// what is said of a release is about more than one.
///
/// Fails for [`Body::Sbom`] alone: use [`write_sbom`].
pub fn write(subjects: &[Subject], name: &str, body: &Body) -> Result<Vec<u8>, WriteError> {
    Ok(match body {
        Body::Inspection(body) => {
            statement(subjects, name, INSPECTION, &InspectionPredicate::from(body))
        }
        Body::Test(body) => statement(
            subjects,
            name,
            TEST_RESULT,
            &TestResultPredicate::from(body),
        ),
        Body::Provenance(body) => {
            statement(subjects, name, PROVENANCE, &ProvenancePredicate::from(body))
        }
        Body::Approval(body) => statement(subjects, name, APPROVAL, &ApprovalPredicate::from(body)),
        Body::Deployment(body) => {
            statement(subjects, name, DEPLOYMENT, &DeploymentPredicate::from(body))
        }
        Body::Sbom(_) => return Err(WriteError::SbomWithoutDocument),
    })
}

/// The statement that a CycloneDX document (as [`cyclonedx::write`](crate::cyclonedx::write) makes
/// it) lists the components of `subject`. The predicate is the whole document.
pub fn write_sbom(
    subject: &Subject,
    name: &str,
    document: &serde_json::Value,
) -> Result<Vec<u8>, WriteError> {
    sbom::read(document).map_err(WriteError::SbomDocument)?;
    Ok(statement(
        std::slice::from_ref(subject),
        name,
        SBOM,
        document,
    ))
}

/// Reads a statement, v1 or v0.1 (which cosign 3 still writes).
pub fn read(bytes: &[u8]) -> Result<Statement, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge {
            size_bytes: bytes.len(),
        });
    }
    let envelope: ReadEnvelope<'_> = serde_json::from_slice(bytes).map_err(ReadError::Shape)?;
    if ![STATEMENT_V1, STATEMENT_V0_1].contains(&envelope.statement_type.as_str()) {
        return Err(ReadError::StatementType(envelope.statement_type));
    }
    let body = read_body(&envelope.predicate_type, envelope.predicate)?;
    let count = envelope.subject.len();
    if count == 0 || count > most_subjects(&body) {
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

/// The word for the kind of evidence that a statement claims to be ([`Body::kind`]), also when it cannot be
/// read whole; `None` when it claims a predicate that is not known.
pub fn claimed_kind(bytes: &[u8]) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Claim {
        #[serde(rename = "predicateType")]
        predicate_type: String,
    }
    let claim: Claim = serde_json::from_slice(bytes).ok()?;
    match claim.predicate_type.as_str() {
        INSPECTION => Some("inspection"),
        TEST_RESULT => Some("test"),
        PROVENANCE => Some("provenance"),
        SBOM => Some("sbom"),
        APPROVAL => Some("approval"),
        DEPLOYMENT => Some("deployment"),
        _ => None,
    }
}

/// What is said of bytes is about one subject, what is said of a release about each of its.
fn most_subjects(body: &Body) -> usize {
    match body {
        Body::Approval(_) | Body::Deployment(_) => MAX_SUBJECTS,
        Body::Inspection(_) | Body::Test(_) | Body::Provenance(_) | Body::Sbom(_) => 1,
    }
}

fn read_body(predicate_type: &str, predicate: &RawValue) -> Result<Body, ReadError> {
    Ok(match predicate_type {
        INSPECTION => Body::Inspection(shape::<InspectionPredicate>(INSPECTION, predicate)?.into()),
        TEST_RESULT => Body::Test(
            shape::<TestResultPredicate>(TEST_RESULT, predicate)?
                .read()
                .map_err(refuse(TEST_RESULT))?,
        ),
        PROVENANCE => Body::Provenance(
            shape::<ProvenancePredicate>(PROVENANCE, predicate)?
                .read()
                .map_err(refuse(PROVENANCE))?,
        ),
        SBOM => Body::Sbom(sbom::read(&shape(SBOM, predicate)?).map_err(refuse(SBOM))?),
        APPROVAL => Body::Approval(shape::<ApprovalPredicate>(APPROVAL, predicate)?.into()),
        DEPLOYMENT => Body::Deployment(shape::<DeploymentPredicate>(DEPLOYMENT, predicate)?.into()),
        other => return Err(ReadError::PredicateType(other.to_owned())),
    })
}

fn shape<T: DeserializeOwned>(
    predicate_type: &'static str,
    predicate: &RawValue,
) -> Result<T, ReadError> {
    serde_json::from_str(predicate.get()).map_err(|source| ReadError::Predicate {
        predicate_type,
        source,
    })
}

fn refuse(predicate_type: &'static str) -> impl Fn(String) -> ReadError {
    move |detail| ReadError::Content {
        predicate_type,
        detail,
    }
}

fn statement(
    subjects: &[Subject],
    name: &str,
    predicate_type: &str,
    predicate: &impl Serialize,
) -> Vec<u8> {
    let statement = WriteEnvelope {
        statement_type: STATEMENT_V1,
        subject: subjects
            .iter()
            .map(|subject| SubjectShape::new(subject, name))
            .collect(),
        predicate_type,
        predicate,
    };
    serde_json::to_vec(&statement).expect("these types have text keys and no failing serializer")
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
