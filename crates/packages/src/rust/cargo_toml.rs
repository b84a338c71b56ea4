//! `Cargo.toml`: what a Rust package asks for. Versions come from `Cargo.lock` alone.

use std::collections::BTreeMap;

use plimsoll_model::{Scope, Span};
use plimsoll_source::TextFile;
use serde::Deserialize;
use toml::Spanned;

use super::cargo_facts::{
    AskedFor, CargoDependency, CargoFacts, CargoManifest, CargoNeed, CargoPackage, CargoWorkspace,
    PackageVersion,
};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser { globs: GLOBS, read };

/// Of what Cargo reads from its configuration, `[patch]` alone changes what a lockfile means.
const GLOBS: &[&str] = &["**/Cargo.toml", "**/.cargo/config.toml", "**/.cargo/config"];

type Table = BTreeMap<String, Dependency>;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CargoToml {
    /// Before Cargo 1.0, `package` was called `project`.
    #[serde(alias = "project")]
    package: Option<Package>,
    workspace: Option<Workspace>,
    #[serde(default)]
    dependencies: Table,
    #[serde(default, alias = "dev_dependencies")]
    dev_dependencies: Table,
    #[serde(default, alias = "build_dependencies")]
    build_dependencies: Table,
    #[serde(default)]
    target: BTreeMap<String, Target>,
    #[serde(default)]
    patch: BTreeMap<String, Table>,
    #[serde(default)]
    replace: Table,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Option<Version>,
    workspace: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Own(String),
    Inherited {
        #[expect(dead_code, reason = "only its shape is read")]
        workspace: bool,
    },
}

#[derive(Deserialize)]
struct Workspace {
    package: Option<WorkspacePackage>,
    #[serde(default)]
    dependencies: Table,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
}

#[derive(Deserialize)]
struct WorkspacePackage {
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Target {
    #[serde(default)]
    dependencies: Table,
    #[serde(default, alias = "dev_dependencies")]
    dev_dependencies: Table,
    #[serde(default, alias = "build_dependencies")]
    build_dependencies: Table,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Version(String),
    Detailed(Detailed),
}

#[derive(Deserialize)]
struct Detailed {
    /// The real name, when the key renames the package.
    package: Option<String>,
    version: Option<String>,
    path: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    workspace: bool,
}

fn read(file: &TextFile<'_>) -> Facts {
    let manifest: CargoToml = match plimsoll_syntax::toml::from_str(file.text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let offset = error.offset;
            let gap =
                gap::unreadable_manifest(file.location(Span::new(offset, offset)), &error.message);
            return Facts::gap(gap);
        }
    };
    let (needs, patches) = (manifest.needs(), manifest.patches());
    let package = manifest.package.map(|package| package.says(file, needs));
    let workspace = manifest.workspace.map(Workspace::says);
    Facts {
        cargo: Some(CargoFacts::Manifest(Box::new(CargoManifest {
            package,
            workspace,
            patches,
        }))),
        ..Facts::default()
    }
}

impl CargoToml {
    fn needs(&self) -> Vec<CargoNeed> {
        let targets = self.target.values();
        let own = [
            (&self.dependencies, Scope::Runtime),
            (&self.build_dependencies, Scope::Build),
        ];
        let of_targets = targets.clone().flat_map(|target| {
            [
                (&target.dependencies, Scope::Runtime),
                (&target.build_dependencies, Scope::Build),
            ]
        });
        let dev = std::iter::once(&self.dev_dependencies)
            .chain(targets.map(|target| &target.dev_dependencies))
            .map(|table| (table, Scope::Dev));
        let tables = own.into_iter().chain(of_targets).chain(dev);
        tables
            .flat_map(|(table, scope)| table.iter().map(move |entry| (entry, scope)))
            .map(|((key, dependency), scope)| CargoNeed {
                scope: dependency.scope(scope),
                asked: dependency.asked(key),
            })
            .collect()
    }

    fn patches(&self) -> Vec<CargoDependency> {
        let patched = self
            .patch
            .values()
            .flatten()
            .map(|(key, entry)| entry.described(key));
        // The key is a package id: `NAME:VERSION`, at times with an address and `#` before it.
        let name = |id: &str| {
            id.rsplit('#')
                .next()
                .and_then(|id| id.split([':', '@']).next())
                .map(str::to_owned)
        };
        let replaced = self
            .replace
            .iter()
            .filter_map(|(key, entry)| Some(entry.described(&name(key)?)));
        patched.chain(replaced).collect()
    }
}

impl Package {
    fn says(self, file: &TextFile<'_>, needs: Vec<CargoNeed>) -> CargoPackage {
        let name = self.name.span();
        let version = match self.version {
            Some(Version::Own(version)) => PackageVersion::Own(version.trim().to_owned()),
            Some(Version::Inherited { .. }) => PackageVersion::Inherited,
            // What Cargo takes for a package that is never published.
            None => PackageVersion::Own("0.0.0".to_owned()),
        };
        CargoPackage {
            name: self.name.into_inner(),
            version,
            root: self.workspace,
            needs,
            location: file.location(Span::new(name.start, name.end)),
        }
    }
}

impl Workspace {
    fn says(self) -> CargoWorkspace {
        let dependencies = self
            .dependencies
            .iter()
            .map(|(key, entry)| (key.clone(), entry.described(key)));
        CargoWorkspace {
            version: self
                .package
                .and_then(|package| package.version)
                .map(|text| text.trim().to_owned()),
            dependencies: dependencies.collect(),
            members: self.members,
            exclude: self.exclude,
        }
    }
}

impl Dependency {
    /// What it is needed for, in a table of this scope.
    fn scope(&self, of_table: Scope) -> Scope {
        match self {
            Self::Detailed(Detailed { optional: true, .. }) => Scope::Optional,
            Self::Detailed(_) | Self::Version(_) => of_table,
        }
    }

    fn asked(&self, key: &str) -> AskedFor {
        match self {
            Self::Detailed(Detailed {
                workspace: true, ..
            }) => AskedFor::InWorkspace(key.to_owned()),
            Self::Detailed(_) | Self::Version(_) => AskedFor::Here(self.described(key)),
        }
    }

    fn described(&self, key: &str) -> CargoDependency {
        let (package, version, path) = match self {
            Self::Version(version) => (None, Some(version), None),
            Self::Detailed(detailed) => (
                detailed.package.as_deref(),
                detailed.version.as_ref(),
                detailed.path.as_ref(),
            ),
        };
        CargoDependency {
            name: package.unwrap_or(key).to_owned(),
            requirement: version.cloned(),
            folder: path.cloned(),
        }
    }
}
