//! `Cargo.lock`, versions 1 to 4.
//!
//! Entries without a source are members and path dependencies: they are no components, their
//! manifests are covered. Git and private registries are gaps.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Checksum, ChecksumAlgorithm, Component, Purl, Span};
use plimsoll_source::TextFile;
use serde::Deserialize;
use toml::Spanned;

use super::cargo_facts::{CargoFacts, CargoLock, LocalPackage, LockedVersion, LockedVersions};
use super::{ECOSYSTEM, FIX};
use crate::places::Places;
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/Cargo.lock"],
    read,
};

/// How Cargo writes the public registry, by whatever protocol or mirror it reached it.
const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NEWEST_VERSION: u32 = 4;

#[derive(Deserialize)]
struct LockFile<'a> {
    version: Option<u32>,
    #[serde(borrow, default)]
    package: Vec<Package<'a>>,
    /// The package of the folder, in the oldest lockfiles.
    #[serde(borrow)]
    root: Option<Package<'a>>,
    /// Checksums of version 1: `checksum NAME VERSION (SOURCE)`.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Package<'a> {
    name: Spanned<String>,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    /// `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`.
    #[serde(borrow, default)]
    dependencies: Vec<std::borrow::Cow<'a, str>>,
}

fn read(file: &TextFile<'_>) -> Facts {
    let lock: LockFile<'_> = match plimsoll_syntax::toml::from_str(file.text) {
        Ok(lock) => lock,
        Err(error) => {
            let offset = error.offset;
            return broken(gap::unreadable_lockfile(
                file.location(Span::new(offset, offset)),
                &error.message,
            ));
        }
    };
    if let Some(version) = lock
        .version
        .filter(|version| !(1..=NEWEST_VERSION).contains(version))
    {
        let what = format!("a Cargo lockfile of version {version}");
        let location = file.location(Span::new(0, 0));
        return broken(gap::unsupported_lockfile(
            location,
            &what,
            "use a newer Plimsoll",
        ));
    }
    facts(file, &lock)
}

fn broken(gap: plimsoll_model::Gap) -> Facts {
    Facts {
        cargo: Some(CargoFacts::Lock(CargoLock::Unread)),
        ..Facts::gap(gap)
    }
}

fn facts(file: &TextFile<'_>, lock: &LockFile<'_>) -> Facts {
    let mut facts = Facts::default();
    let mut places = Places::new(file.path, file.text);
    let (mut members, mut local) = (BTreeMap::<_, BTreeMap<_, _>>::new(), Vec::new());
    let index = Index::new(&lock.package);
    let by_fetched = index.asked_by_fetched(&lock.package);
    for package in lock.package.iter().chain(&lock.root) {
        let span = package.name.span();
        let location = places.location(Span::new(span.start, span.end));
        if let Some(missing) = package
            .dependencies
            .iter()
            .find(|needed| index.find(needed).is_none())
        {
            facts.gaps.push(gap::incomplete_lockfile(
                location.clone(),
                package.name.get_ref(),
                &name_of(missing),
                FIX,
            ));
        }
        match package.source.as_deref() {
            None => {
                let (name, version) = (package.name.get_ref().clone(), package.version.clone());
                let by_fetched = by_fetched.contains(&(name.as_str(), version.as_str()));
                local.push(LocalPackage {
                    name: name.clone(),
                    version: version.clone(),
                    by_fetched,
                    location,
                });
                members
                    .entry(name)
                    .or_default()
                    .insert(version, index.chosen(package));
            }
            Some(PUBLIC_REGISTRY) => facts.components.push(Component {
                checksums: checksum(package, &lock.metadata).into_iter().collect(),
                dependencies: index.purls(package),
                ..ECOSYSTEM.component(package.name.get_ref(), &package.version, location)
            }),
            Some(source) => facts.gaps.push(gap::foreign_source(
                location,
                package.name.get_ref(),
                &shown(source),
            )),
        }
    }
    facts.cargo = Some(CargoFacts::Lock(CargoLock::Read {
        packages: members,
        local,
    }));
    facts
}

/// A source as people may see it: an address can hold credentials before its `@`.
fn shown(source: &str) -> String {
    let kind = source.split_once('+').map_or("source", |(kind, _)| kind);
    match kind {
        "git" => "a Git repository".to_owned(),
        "registry" | "sparse" => "another registry than the public one".to_owned(),
        _ => "a source of unknown kind".to_owned(),
    }
}

fn checksum(package: &Package<'_>, metadata: &BTreeMap<String, String>) -> Option<Checksum> {
    let found = package.checksum.as_ref().or_else(|| {
        let source = package.source.as_deref()?;
        metadata.get(&format!(
            "checksum {} {} ({source})",
            package.name.get_ref(),
            package.version
        ))
    })?;
    Checksum::new(ChecksumAlgorithm::Sha256, found)
}

fn name_of(dependency: &str) -> String {
    dependency
        .split(' ')
        .next()
        .unwrap_or(dependency)
        .to_owned()
}

/// The packages by name, to resolve what `dependencies` abbreviate.
struct Index<'a>(BTreeMap<&'a str, Vec<&'a Package<'a>>>);

impl<'a> Index<'a> {
    fn new(packages: &'a [Package<'a>]) -> Self {
        let mut index: BTreeMap<&str, Vec<&Package<'_>>> = BTreeMap::new();
        for package in packages {
            index
                .entry(package.name.get_ref())
                .or_default()
                .push(package);
        }
        Self(index)
    }

    fn purls(&self, package: &Package<'_>) -> Vec<Purl> {
        let needed = package
            .dependencies
            .iter()
            .filter_map(|text| self.find(text));
        let public = needed.filter(|needed| needed.source.as_deref() == Some(PUBLIC_REGISTRY));
        public
            .filter_map(|needed| ECOSYSTEM.purl(needed.name.get_ref(), Some(&needed.version)))
            .collect()
    }

    fn chosen(&self, package: &Package<'_>) -> LockedVersions {
        let mut chosen = LockedVersions::new();
        for text in &package.dependencies {
            let versions = chosen.entry(name_of(text)).or_default();
            versions.extend(self.find(text).map(|found| LockedVersion {
                version: found.version.clone(),
                is_local: found.source.is_none(),
            }));
        }
        chosen
    }

    /// The name and version of each package that one with a source asks for.
    fn asked_by_fetched(&self, packages: &[Package<'_>]) -> BTreeSet<(&'a str, &'a str)> {
        let fetched = packages.iter().filter(|package| package.source.is_some());
        let asked = fetched
            .flat_map(|package| &package.dependencies)
            .filter_map(|text| self.find(text));
        asked
            .map(|package| (package.name.get_ref().as_str(), package.version.as_str()))
            .collect()
    }

    fn find(&self, dependency: &str) -> Option<&'a Package<'a>> {
        let mut words = dependency.splitn(3, ' ');
        let candidates = self.0.get(words.next()?)?;
        let version = words.next();
        let source = words
            .next()
            .map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        candidates.iter().copied().find(|package| {
            version.is_none_or(|version| version == package.version)
                && source.is_none_or(|source| Some(source) == package.source.as_deref())
        })
    }
}
