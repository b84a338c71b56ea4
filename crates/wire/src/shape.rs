//! The JSON shapes of findings, gaps, places and outcomes, as the JSON report and the inspection
//! statement both write them. A field's name or meaning changes only with the version of both.

use plimsoll_model::{
    Excerpt, ExcerptLine, Finding, Fingerprint, Fix, Gap, GapKind, Location, Matter, ObjectPlace,
    Outcome, Place, Position, Reference, RequestPlace, RuleId, Severity, TraceStep, TreeAddress,
    TreePath,
};
use serde::{Deserialize, Serialize};

/// The shape of a [`Finding`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FindingShape {
    rule: RuleId,
    severity: Severity,
    message: String,
    places: Vec<PlaceShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matter: Option<Matter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Fingerprint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<ReferenceShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixShape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trace: Vec<TraceStepShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<ExcerptShape>,
}

/// The shape of a [`Gap`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GapShape {
    id: RuleId,
    kind: GapKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceShape>,
    message: String,
    fix: String,
}

/// The shape of a [`Place`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PlaceShape {
    File(LocationShape),
    Object(ObjectPlace),
    Request(RequestPlace),
}

/// The shape of a [`Location`]: lines and columns from 1, columns in Unicode scalar values, the end
/// one past the last character.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LocationShape {
    #[serde(default, skip_serializing_if = "TreeAddress::is_whole")]
    tree: TreeAddress,
    path: TreePath,
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReferenceShape {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FixShape {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TraceStepShape {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceShape>,
}

/// The lines, or the word `changed` when the file was no longer the one that was inspected.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum ExcerptShape {
    Lines(Vec<ExcerptLineShape>),
    Word(ExcerptWord),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ExcerptWord {
    Changed,
}

/// `marked` is the range of bytes of `text` to underline.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExcerptLineShape {
    line: u32,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<(usize, usize)>,
}

impl From<&Finding> for FindingShape {
    fn from(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.clone(),
            severity: finding.severity,
            message: finding.message.clone(),
            places: finding.places.iter().map(PlaceShape::from).collect(),
            matter: finding.matter.clone(),
            fingerprint: finding.fingerprint,
            references: finding
                .references
                .iter()
                .map(ReferenceShape::from)
                .collect(),
            fix: finding.fix.as_ref().map(FixShape::from),
            trace: finding.trace.iter().map(TraceStepShape::from).collect(),
            excerpt: finding.excerpt.as_ref().map(ExcerptShape::from),
        }
    }
}

impl From<FindingShape> for Finding {
    fn from(shape: FindingShape) -> Self {
        Self {
            rule: shape.rule,
            severity: shape.severity,
            message: shape.message,
            places: shape.places.into_iter().map(Place::from).collect(),
            matter: shape.matter,
            fingerprint: shape.fingerprint,
            references: shape.references.into_iter().map(Reference::from).collect(),
            fix: shape.fix.map(Fix::from),
            trace: shape.trace.into_iter().map(TraceStep::from).collect(),
            excerpt: shape.excerpt.map(Excerpt::from),
        }
    }
}

impl From<&Excerpt> for ExcerptShape {
    fn from(excerpt: &Excerpt) -> Self {
        match excerpt {
            Excerpt::Lines(lines) => {
                Self::Lines(lines.iter().map(ExcerptLineShape::from).collect())
            }
            Excerpt::Changed => Self::Word(ExcerptWord::Changed),
        }
    }
}

impl From<ExcerptShape> for Excerpt {
    fn from(shape: ExcerptShape) -> Self {
        match shape {
            ExcerptShape::Lines(lines) => {
                Self::Lines(lines.into_iter().map(ExcerptLine::from).collect())
            }
            ExcerptShape::Word(ExcerptWord::Changed) => Self::Changed,
        }
    }
}

impl From<&Gap> for GapShape {
    fn from(gap: &Gap) -> Self {
        Self {
            id: gap.id.clone(),
            kind: gap.kind,
            place: gap.place.as_ref().map(PlaceShape::from),
            message: gap.message.clone(),
            fix: gap.fix.clone(),
        }
    }
}

impl From<GapShape> for Gap {
    fn from(shape: GapShape) -> Self {
        Self {
            id: shape.id,
            kind: shape.kind,
            place: shape.place.map(Place::from),
            message: shape.message,
            fix: shape.fix,
        }
    }
}

impl From<&Place> for PlaceShape {
    fn from(place: &Place) -> Self {
        match place {
            Place::File(location) => Self::File(location.into()),
            Place::Object(object) => Self::Object(object.clone()),
            Place::Request(request) => Self::Request(request.clone()),
        }
    }
}

impl From<PlaceShape> for Place {
    fn from(shape: PlaceShape) -> Self {
        match shape {
            PlaceShape::File(location) => Self::File(location.into()),
            PlaceShape::Object(object) => Self::Object(object),
            PlaceShape::Request(request) => Self::Request(request),
        }
    }
}

impl From<&Location> for LocationShape {
    fn from(location: &Location) -> Self {
        Self {
            tree: location.tree.clone(),
            path: location.path.clone(),
            start_line: location.start.line,
            start_column: location.start.column,
            end_line: location.end.line,
            end_column: location.end.column,
        }
    }
}

impl From<LocationShape> for Location {
    fn from(shape: LocationShape) -> Self {
        Self {
            tree: shape.tree,
            path: shape.path,
            start: Position {
                line: shape.start_line,
                column: shape.start_column,
            },
            end: Position {
                line: shape.end_line,
                column: shape.end_column,
            },
        }
    }
}

impl From<&Reference> for ReferenceShape {
    fn from(reference: &Reference) -> Self {
        Self {
            id: reference.id.clone(),
            url: reference.url.clone(),
        }
    }
}

impl From<ReferenceShape> for Reference {
    fn from(shape: ReferenceShape) -> Self {
        Self {
            id: shape.id,
            url: shape.url,
        }
    }
}

impl From<&Fix> for FixShape {
    fn from(fix: &Fix) -> Self {
        Self {
            message: fix.message.clone(),
            version: fix.version.clone(),
        }
    }
}

impl From<FixShape> for Fix {
    fn from(shape: FixShape) -> Self {
        Self {
            message: shape.message,
            version: shape.version,
        }
    }
}

impl From<&TraceStep> for TraceStepShape {
    fn from(step: &TraceStep) -> Self {
        Self {
            message: step.message.clone(),
            place: step.place.as_ref().map(PlaceShape::from),
        }
    }
}

impl From<TraceStepShape> for TraceStep {
    fn from(shape: TraceStepShape) -> Self {
        Self {
            message: shape.message,
            place: shape.place.map(Place::from),
        }
    }
}

impl From<&ExcerptLine> for ExcerptLineShape {
    fn from(line: &ExcerptLine) -> Self {
        Self {
            line: line.number,
            text: line.text.clone(),
            marked: line.marked,
        }
    }
}

impl From<ExcerptLineShape> for ExcerptLine {
    fn from(shape: ExcerptLineShape) -> Self {
        Self {
            number: shape.line,
            text: shape.text,
            marked: shape.marked,
        }
    }
}

/// The word of a format for an outcome; the word for people may change.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Unknown => "unknown",
        Outcome::Deny => "deny",
    }
}
