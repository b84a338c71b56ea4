use crate::{Body, ReasonDoc, Subject};

/// What the program knows of a kind of evidence without a statement. The register lists the rows, and
/// whoever reads, judges or explains gets that list as data.
#[derive(Debug)]
pub struct EvidenceKind {
    /// Its word: `test`.
    pub name: &'static str,
    /// The URI of its predicate's format, as statements name it.
    pub predicate_type: &'static str,
    /// What one statement of it is about.
    pub about: About,
    /// The requirement that it answers by its own word; `None` where every decision joins it.
    pub answers: Option<Answers>,
    /// Reads a predicate, which is JSON, into words that policy can judge. Whoever gives up says why.
    pub read: fn(&str) -> Result<Body, PredicateError>,
}

/// What one statement of a kind is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The bytes of one subject: a source, or one of the things that a release ships.
    One,
    /// All that a release ships, as a whole.
    Release,
}

/// How a kind of evidence answers a requirement.
#[derive(Debug)]
pub struct Answers {
    /// The requirement as `requires` writes it: `tests`.
    pub requirement: &'static str,
    /// Whether an environment that does not say what it requires requires it.
    pub required_by_default: bool,
    /// Of which of the things that a release ships it can be asked.
    pub applies: fn(&Subject) -> bool,
    /// What it means that nobody whose word counts has said it. Never that it holds.
    pub absent: &'static ReasonDoc,
    /// Everything that a claim of this kind can come to.
    pub reasons: &'static [&'static ReasonDoc],
}

/// What a statement says of a requirement, judged by the reader of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The kind.
    pub kind: &'static EvidenceKind,
    /// What it comes to.
    pub reason: &'static ReasonDoc,
    /// What was seen, for a person.
    pub message: String,
}

/// A predicate says nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredicateError {
    /// It has the format and is of somebody else's making. It proves nothing here, and takes the place
    /// of nothing that this build understands.
    #[error("{0}")]
    OfOthers(String),
    /// A field is missing, unknown or of the wrong type, or what it says contradicts itself. It may have
    /// been the word against.
    #[error("{0}")]
    NotUnderstood(String),
}

impl PartialEq for EvidenceKind {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.predicate_type) == (other.name, other.predicate_type)
    }
}

impl Eq for EvidenceKind {}

impl Body {
    /// The word for the kind of evidence.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Inspection(_) => "inspection",
            Self::Provenance(_) => "provenance",
            Self::Approval(_) => "approval",
            Self::Deployment(_) => "deployment",
            Self::Claim(claim) => claim.kind.name,
        }
    }
}
