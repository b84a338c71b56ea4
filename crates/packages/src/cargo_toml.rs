//! `Cargo.toml`: what a Rust package asks for. Versions come from `Cargo.lock` alone.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Span;
use plimsoll_source::File;
use serde::Deserialize;
use toml::Spanned;

use crate::facts::{Family, Manifest};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser { id: "cargo-toml/2", globs: &["**/Cargo.toml"], read };

type Table = BTreeMap<Spanned<String>, Dependency>;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CargoToml {
    /// Before Cargo 1.0, `package` was called `project`.
    #[serde(alias = "project")]
    package: Option<Package>,
    #[serde(default)]
    dependencies: Table,
    #[serde(default, alias = "dev_dependencies")]
    dev_dependencies: Table,
    #[serde(default, alias = "build_dependencies")]
    build_dependencies: Table,
    #[serde(default)]
    target: BTreeMap<String, Target>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
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
    Version(#[expect(dead_code, reason = "only its shape is read")] String),
    Detailed(Detailed),
}

#[derive(Deserialize)]
struct Detailed {
    /// The real name, when the key renames the package.
    package: Option<String>,
    path: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    workspace: bool,
}

fn read(file: &File<'_>) -> Facts {
    let manifest: CargoToml = match toml::from_str(file.text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let gap = gap::unreadable_manifest(file.location(Span::new(offset, offset)), error.message());
            return Facts { gaps: vec![gap], ..Facts::default() };
        }
    };
    let package = manifest.package.as_ref().map(|package| package.name.get_ref().clone());
    Facts { manifest: facts(file, &manifest), package, ..Facts::default() }
}

/// `None` for a manifest that asks for nothing: one without dependencies, or a workspace without a
/// package, whose members ask for themselves.
fn facts(file: &File<'_>, manifest: &CargoToml) -> Option<Manifest> {
    let name = &manifest.package.as_ref()?.name;
    let shipped = manifest.shipped();
    let tested = manifest.tested();
    if shipped.iter().chain(&tested).all(|table| table.is_empty()) {
        return None;
    }
    let folders = shipped.iter().chain(&tested).flat_map(|table| table.values()).filter_map(Dependency::path);
    Some(Manifest {
        family: Family::Rust,
        package: Some(name.get_ref().clone()),
        needs: needs(&shipped),
        folders: folders.map(str::to_owned).collect(),
        location: file.location(Span::new(name.span().start, name.span().end)),
    })
}

/// The packages that every lockfile of this manifest names. Left out is what Cargo leaves out for a
/// path dependency (optional and development packages), and what the workspace may rename.
fn needs(tables: &[&Table]) -> BTreeSet<String> {
    let entries = tables.iter().flat_map(|table| table.iter());
    entries.filter_map(|(key, dependency)| dependency.package(key.get_ref())).map(str::to_owned).collect()
}

impl CargoToml {
    fn shipped(&self) -> Vec<&Table> {
        let targets =
            self.target.values().flat_map(|target| [&target.dependencies, &target.build_dependencies]);
        [&self.dependencies, &self.build_dependencies].into_iter().chain(targets).collect()
    }

    fn tested(&self) -> Vec<&Table> {
        let targets = self.target.values().map(|target| &target.dev_dependencies);
        std::iter::once(&self.dev_dependencies).chain(targets).collect()
    }
}

impl Dependency {
    fn package<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        match self {
            Self::Version(_) => Some(key),
            Self::Detailed(detailed) if detailed.workspace || detailed.optional => None,
            Self::Detailed(detailed) => Some(detailed.package.as_deref().unwrap_or(key)),
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Version(_) => None,
            Self::Detailed(detailed) => detailed.path.as_deref(),
        }
    }
}
