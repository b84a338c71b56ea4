//! `https://slsa.dev/provenance/v1` (SLSA 1.0 Build Provenance) for builds of one source at one
//! commit. Whether the work tree was dirty stands in `internalParameters`; provenance that does not
//! say so is refused. Builds of another type are others': how to read their parameters is not known.

use plimsoll_model::{About, Body, EvidenceKind, PredicateError, Provenance, Subject};
use serde::{Deserialize, Serialize};

use super::subject::DigestSet;
use super::{Say, not_understood, read_shape};

/// A builder made an artifact from a commit. Every decision asks where the bytes come from.
pub static PROVENANCE: EvidenceKind = EvidenceKind {
    name: "provenance",
    predicate_type: "https://slsa.dev/provenance/v1",
    about: About::One,
    answers: None,
    read: read_predicate,
};

/// How to read the parameters of a build that Plimsoll recorded.
const BUILD_TYPE: &str = "https://plimsoll.dev/build/v1";
const SOURCE: &str = "source";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProvenancePredicate {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BuildDefinition {
    build_type: String,
    external_parameters: ExternalParameters,
    internal_parameters: InternalParameters,
    resolved_dependencies: Vec<ResolvedDependency>,
}

/// The build type takes none: a parameter would be a way to steer the build from outside.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalParameters {}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InternalParameters {
    dirty: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResolvedDependency {
    name: String,
    digest: DigestSet,
    annotations: SourceAnnotations,
}

/// `authors` are the e-mail addresses of the commit's author and committer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceAnnotations {
    authors: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunDetails {
    builder: Builder,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Builder {
    id: String,
}

/// As much as tells whose build it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyProvenance {
    build_definition: AnyDefinition,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyDefinition {
    build_type: String,
}

impl Say for Provenance {
    const KIND: &'static EvidenceKind = &PROVENANCE;

    fn predicate(&self) -> impl Serialize {
        ProvenancePredicate::from(self)
    }
}

fn read_predicate(text: &str) -> Result<Body, PredicateError> {
    let build_type = read_shape::<AnyProvenance>(text)?
        .build_definition
        .build_type;
    if build_type != BUILD_TYPE {
        let detail = format!("builds of type `{build_type}` are not read");
        return Err(PredicateError::OfOthers(detail));
    }
    let predicate: ProvenancePredicate = read_shape(text)?;
    Ok(Body::Provenance(predicate.read().map_err(not_understood)?))
}

impl From<&Provenance> for ProvenancePredicate {
    fn from(body: &Provenance) -> Self {
        let source = ResolvedDependency {
            name: SOURCE.to_owned(),
            digest: DigestSet::of(&body.source),
            annotations: SourceAnnotations {
                authors: body.authors.clone(),
            },
        };
        Self {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: ExternalParameters {},
                internal_parameters: InternalParameters { dirty: body.dirty },
                resolved_dependencies: vec![source],
            },
            run_details: RunDetails {
                builder: Builder {
                    id: body.builder.clone(),
                },
            },
        }
    }
}

impl ProvenancePredicate {
    fn read(self) -> Result<Provenance, String> {
        let definition = self.build_definition;
        let Ok([source]) = <[ResolvedDependency; 1]>::try_from(definition.resolved_dependencies)
        else {
            return Err("`resolvedDependencies` does not hold exactly the source".to_owned());
        };
        match source.digest.read()? {
            subject @ Subject::Source { .. } if source.name == SOURCE => Ok(Provenance {
                builder: self.run_details.builder.id,
                source: subject,
                dirty: definition.internal_parameters.dirty,
                authors: source.annotations.authors,
            }),
            _ => Err("`resolvedDependencies` does not name the source by its commit".to_owned()),
        }
    }
}
