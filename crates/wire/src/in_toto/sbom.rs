//! `https://cyclonedx.org/bom`: the predicate is the whole document; policy needs its counts alone.

use plimsoll_model::{
    About, Answers, Body, Claim, Class, EvidenceKind, Fault, Outcome, PredicateError, ReasonDoc,
};
use serde::Serialize;
use serde_json::Value;

use super::{Say, not_understood, read_shape};
use crate::cyclonedx::GAPS_PROPERTY;

/// The components of what ships are listed.
pub static SBOM: EvidenceKind = EvidenceKind {
    name: "sbom",
    predicate_type: "https://cyclonedx.org/bom",
    about: About::One,
    answers: Some(Answers {
        requirement: "sbom",
        required_by_default: false,
        applies: |_| true,
        absent: &ABSENT,
        reasons: &[&LISTED, &WITH_GAPS, &GAPS_NOT_STATED],
    }),
    read: read_predicate,
};

static ABSENT: ReasonDoc = ReasonDoc {
    of: "sbom",
    name: "absent",
    outcome: Outcome::Unknown,
    title: "No signed list of components",
    why: "Without the list nobody can tell later whether a flaw that becomes known is in what runs.",
    fix: "list them with `plimsoll attest sbom` under the builder's key",
};

static LISTED: ReasonDoc = ReasonDoc {
    of: "sbom",
    name: "listed",
    outcome: Outcome::Allow,
    title: "The components are listed without gaps",
    why: "A configured builder signed the list, and its lister read everything that it knows of.",
    fix: "",
};

static WITH_GAPS: ReasonDoc = ReasonDoc {
    of: "sbom",
    name: "with-gaps",
    outcome: Outcome::Unknown,
    title: "The list of components says that some could not be read",
    why: "A component that is on no list is asked about by nobody.",
    fix: "fix the gaps",
};

static GAPS_NOT_STATED: ReasonDoc = ReasonDoc {
    of: "sbom",
    name: "gaps-not-stated",
    outcome: Outcome::Unknown,
    title: "The list of components does not say what it could not read",
    why: "It cannot be told from a list by somebody who saw everything.",
    fix: "list them with `plimsoll attest sbom` under the builder's key",
};

/// A CycloneDX document that can be attested: the one that [`cyclonedx::write`](crate::cyclonedx::write)
/// makes.
#[derive(Clone, Copy, Debug)]
pub struct SbomDocument<'a>(&'a Value);

/// The document is not a CycloneDX bill of materials with its number of gaps.
#[derive(Debug, thiserror::Error)]
#[error("the SBOM cannot be attested: {0}")]
pub struct SbomDocumentError(String);

impl Fault for SbomDocumentError {
    fn class(&self) -> Class {
        Class::Internal
    }
}

impl<'a> SbomDocument<'a> {
    /// Refuses a document that would be signed and then count for nothing.
    pub fn new(document: &'a Value) -> Result<Self, SbomDocumentError> {
        match count(document) {
            Ok(Counts { gaps: Some(_), .. }) => Ok(Self(document)),
            Ok(_) => Err(SbomDocumentError(format!("it has no `{GAPS_PROPERTY}`"))),
            Err(detail) => Err(SbomDocumentError(detail)),
        }
    }
}

impl Say for SbomDocument<'_> {
    const KIND: &'static EvidenceKind = &SBOM;

    fn predicate(&self) -> impl Serialize {
        self.0
    }
}

struct Counts {
    components: usize,
    gaps: Option<u64>,
}

fn read_predicate(text: &str) -> Result<Body, PredicateError> {
    let counts = count(&read_shape(text)?).map_err(not_understood)?;
    let (reason, message) = match counts.gaps {
        None => (
            &GAPS_NOT_STATED,
            "the list of components does not say what it could not read".to_owned(),
        ),
        Some(0) => (&LISTED, format!("{} components", counts.components)),
        Some(gaps) => (
            &WITH_GAPS,
            format!("the list of components has {gaps} gaps"),
        ),
    };
    Ok(Body::Claim(Claim {
        kind: &SBOM,
        reason,
        message,
    }))
}

fn count(document: &Value) -> Result<Counts, String> {
    if document["bomFormat"] != "CycloneDX" {
        return Err("`bomFormat` is not CycloneDX".to_owned());
    }
    let components = match document.get("components") {
        None => 0,
        Some(Value::Array(components)) => components.len(),
        Some(_) => return Err("`components` is not a list".to_owned()),
    };
    Ok(Counts {
        components,
        gaps: count_gaps(document)?,
    })
}

/// How many gaps the document says it has; `None` when it says nothing of them.
fn count_gaps(document: &Value) -> Result<Option<u64>, String> {
    let properties = document["metadata"]["properties"].as_array();
    let mut values = properties
        .into_iter()
        .flatten()
        .filter(|property| property["name"] == GAPS_PROPERTY);
    let Some(property) = values.next() else {
        return Ok(None);
    };
    let gaps = property["value"].as_str();
    match (gaps.and_then(|gaps| gaps.parse().ok()), values.next()) {
        (Some(gaps), None) => Ok(Some(gaps)),
        _ => Err(format!(
            "`metadata.properties` does not hold exactly one number `{GAPS_PROPERTY}`"
        )),
    }
}
