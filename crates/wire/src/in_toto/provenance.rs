//! `https://slsa.dev/provenance/v1` (SLSA 1.0 Build Provenance) for builds of one source at one
//! commit. Whether the work tree was dirty stands in `internalParameters`; provenance that does not
//! say so is refused.

use plimsoll_model::{Provenance, Subject};
use serde::{Deserialize, Serialize};

use super::subject::DigestSet;

/// How to read the parameters of a build that Plimsoll recorded.
const BUILD_TYPE: &str = "https://plimsoll.dev/build/v1";
const SOURCE: &str = "source";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProvenancePredicate {
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
    pub(super) fn read(self) -> Result<Provenance, String> {
        let definition = self.build_definition;
        if definition.build_type != BUILD_TYPE {
            return Err(format!(
                "builds of type `{}` are not read",
                definition.build_type
            ));
        }
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
