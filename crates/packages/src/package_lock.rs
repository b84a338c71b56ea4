//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Version 1 nests packages, later ones list them by folder; both are read as folders. Links and
//! workspaces are no components, their manifests are covered. A version 2 file says everything
//! twice; `packages` counts, as it does for npm since version 7.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plimsoll_model::{Component, Ecosystem, Location, Purl, Span, Version};
use plimsoll_source::File;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::facts::{Covers, Family, Lock};
use crate::json::{Entries, error_offset, key_span};
use crate::places::Places;
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser =
    Parser { id: "package-lock/1", globs: &["**/package-lock.json", "**/npm-shrinkwrap.json"], read };

/// npm nests a package only to hold two versions apart; real trees stay below ten.
const MAX_DEPTH: usize = 64;
const NEWEST_VERSION: u64 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile<'a> {
    lockfile_version: Option<u64>,
    #[serde(borrow)]
    packages: Option<Entries<'a>>,
    #[serde(borrow)]
    dependencies: Option<Entries<'a>>,
}

/// An entry of either layout.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    /// The real name, where the folder has another one.
    name: Option<String>,
    version: Option<String>,
    resolved: Option<Resolved>,
    integrity: Option<String>,
    #[serde(default)]
    link: bool,
    /// Version 1: nested entries. Later: the ranges it asks for.
    #[serde(borrow)]
    dependencies: Option<Entries<'a>>,
    #[serde(borrow)]
    dev_dependencies: Option<Entries<'a>>,
    #[serde(borrow)]
    optional_dependencies: Option<Entries<'a>>,
    #[serde(borrow)]
    peer_dependencies: Option<Entries<'a>>,
    /// Version 1: the ranges it asks for, or `true` at the top.
    #[serde(borrow)]
    requires: Option<&'a RawValue>,
}

/// npm 6 writes `false` for packages without an address.
#[derive(Deserialize)]
#[serde(untagged)]
enum Resolved {
    Address(String),
    Unknown(#[expect(dead_code, reason = "only its shape is read")] bool),
}

/// A package in its folder, from either layout.
struct Package {
    name: String,
    version: Option<String>,
    /// The address, where one is written.
    source: Option<String>,
    integrity: Option<String>,
    needs: Vec<String>,
    location: Location,
}

/// What was read so far.
struct Reading<'a> {
    file: &'a File<'a>,
    places: Places<'a>,
    packages: BTreeMap<String, Package>,
    folders: BTreeMap<String, Option<BTreeSet<String>>>,
    facts: Facts,
}

fn read(file: &File<'_>) -> Facts {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let mut reading = Reading {
        file,
        places: Places::new(file.path, file.text),
        packages: BTreeMap::new(),
        folders: BTreeMap::new(),
        facts: Facts::default(),
    };
    match serde_json::from_str::<LockFile<'_>>(text) {
        Ok(lock) => reading.lockfile(&lock),
        Err(error) => reading.broken(error_offset(text, &error), &error),
    }
    reading.finish()
}

impl Reading<'_> {
    fn lockfile(&mut self, lock: &LockFile<'_>) {
        match (lock.lockfile_version.unwrap_or(1), &lock.packages, &lock.dependencies) {
            (..=1, None, None) => self.cover("", Some(BTreeSet::new())),
            (..=NEWEST_VERSION, Some(packages), _) => self.flat(packages),
            (..=1, None, Some(dependencies)) => self.nested(dependencies),
            (2..=NEWEST_VERSION, None, _) => {
                let why = "`packages` is missing";
                self.facts.gaps.push(gap::unreadable_lockfile(Location::file(self.file.path.clone()), why));
            }
            (version, ..) => {
                let what = format!("an npm lockfile of version {version}");
                let location = Location::file(self.file.path.clone());
                self.facts.gaps.push(gap::unsupported_lockfile(location, &what, "use a newer Plimsoll"));
            }
        }
    }

    fn flat(&mut self, packages: &Entries<'_>) {
        for (folder, value) in &packages.0 {
            let Some(entry) = self.entry(folder, value) else { continue };
            let asked = [&entry.dependencies, &entry.dev_dependencies, &entry.optional_dependencies];
            self.cover(folder, Some(names(&asked)));
            let Some(name) = installed_name(folder) else { continue };
            if !entry.link {
                let needed = [&entry.dependencies, &entry.optional_dependencies, &entry.peer_dependencies];
                let package = Package {
                    name: entry.name.clone().unwrap_or_else(|| name.to_owned()),
                    needs: names(&needed).into_iter().collect(),
                    version: entry.version,
                    source: address(entry.resolved),
                    integrity: entry.integrity,
                    location: self.location(folder, value),
                };
                self.packages.insert(folder.clone(), package);
            }
        }
    }

    fn nested(&mut self, dependencies: &Entries<'_>) {
        self.cover("", Some(dependencies.keys().map(str::to_owned).collect()));
        self.nest("", dependencies, 1);
    }

    fn nest(&mut self, parent: &str, dependencies: &Entries<'_>, depth: usize) {
        for (key, value) in &dependencies.0 {
            let Some(entry) = self.entry(key, value) else { continue };
            let linked = linked_folder(&entry);
            let folder = linked.clone().unwrap_or_else(|| join(parent, &format!("node_modules/{key}")));
            let location = self.location(key, value);
            match &entry.dependencies {
                Some(_) if depth == MAX_DEPTH => {
                    let what = format!("packages nested deeper than {MAX_DEPTH} levels");
                    self.facts.gaps.push(gap::bounded(location.clone(), &what));
                }
                Some(nested) => self.nest(&folder, nested, depth + 1),
                None => {}
            }
            if linked.is_some() {
                self.cover(&folder, None);
                continue;
            }
            let package = nested_package(key, entry, location);
            self.packages.insert(folder, package);
        }
    }

    fn entry<'v>(&mut self, key: &str, value: &'v RawValue) -> Option<Entry<'v>> {
        match serde_json::from_str(value.get()) {
            Ok(entry) => Some(entry),
            Err(error) => {
                self.broken(key_span(self.file.text, key, value).start, &error);
                None
            }
        }
    }

    fn broken(&mut self, offset: usize, error: &serde_json::Error) {
        let why = match error.classify() {
            serde_json::error::Category::Data => "a value of the wrong type stands there",
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
        };
        let location = self.places.location(Span::new(offset, offset));
        self.facts.gaps.push(gap::unreadable_lockfile(location, why));
    }

    fn cover(&mut self, folder: &str, asked: Option<BTreeSet<String>>) {
        self.folders.insert(folder.to_owned(), asked);
    }

    fn location(&mut self, key: &str, value: &RawValue) -> Location {
        self.places.location(key_span(self.file.text, key, value))
    }

    fn finish(mut self) -> Facts {
        for (folder, package) in &self.packages {
            conclude(&self.packages, folder, package, &mut self.facts);
        }
        let covers = if self.folders.is_empty() { Covers::Everything } else { Covers::Folders(self.folders) };
        self.facts.lock = Some(Lock { family: Family::Node, covers });
        self.facts
    }
}

/// The folder that a version 1 entry links to; it writes `file:` for folders and archives alike.
fn linked_folder(entry: &Entry<'_>) -> Option<String> {
    let folder = entry.version.as_deref()?.strip_prefix("file:")?;
    let archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| folder.ends_with(ending));
    (!archive).then(|| folder.trim_start_matches("./").trim_end_matches('/').to_owned())
}

fn nested_package(key: &str, entry: Entry<'_>, location: Location) -> Package {
    let needs = entry.requires.and_then(|requires| Entries::of(requires).ok());
    let needs = needs.map(|needs| needs.keys().map(str::to_owned).collect()).unwrap_or_default();
    let written = entry.version.unwrap_or_default();
    let (name, version, source) = match written.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'))
    {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned()), None),
        None if written.contains([':', '/']) => (key.to_owned(), None, Some(written)),
        None => (key.to_owned(), Some(written).filter(|version| !version.is_empty()), None),
    };
    let source = source.or_else(|| address(entry.resolved));
    Package { name, version, source, integrity: entry.integrity, needs, location }
}

/// Adds the package as a component, or the gap that keeps it from being one.
fn conclude(packages: &BTreeMap<String, Package>, folder: &str, package: &Package, facts: &mut Facts) {
    if let Some(source) = package.source.as_deref().and_then(foreign) {
        facts.gaps.push(gap::foreign_source(package.location.clone(), &package.name, source));
        return;
    }
    let Some(version) = &package.version else {
        facts.gaps.push(gap::unversioned_entry(package.location.clone(), &package.name));
        return;
    };
    facts.components.push(Component {
        ecosystem: Ecosystem::new(Ecosystem::NPM),
        name: package.name.clone(),
        version: Version::new(version),
        location: package.location.clone(),
        checksum: package.integrity.as_deref().and_then(checksum),
        dependencies: package.needs.iter().filter_map(|name| resolve(packages, folder, name)).collect(),
    });
}

/// What an address is when it is no registry's. Any https address may be a mirror of the registry.
fn foreign(address: &str) -> Option<&'static str> {
    if address.starts_with("https://") || address.starts_with("http://") {
        None
    } else if address.starts_with("file:") {
        Some("a file")
    } else {
        Some("a Git repository")
    }
}

fn address(resolved: Option<Resolved>) -> Option<String> {
    match resolved {
        Some(Resolved::Address(address)) => Some(address),
        Some(Resolved::Unknown(_)) | None => None,
    }
}

/// The folder's package name, or `None` for a folder that npm did not install into.
fn installed_name(folder: &str) -> Option<&str> {
    let name = folder.rsplit_once("node_modules/").map(|(_, name)| name)?;
    (!name.is_empty()).then_some(name)
}

fn names(tables: &[&Option<Entries<'_>>]) -> BTreeSet<String> {
    tables.iter().filter_map(|table| table.as_ref()).flat_map(Entries::keys).map(str::to_owned).collect()
}

/// The strongest digest of a Subresource Integrity text (W3C SRI §3.5) that a component may carry.
fn checksum(integrity: &str) -> Option<String> {
    ["sha512", "sha256"].into_iter().find_map(|algorithm| {
        let digests = integrity.split_ascii_whitespace().filter_map(|part| part.split_once('-'));
        let (_, encoded) = digests.into_iter().find(|(name, _)| *name == algorithm)?;
        let bytes = BASE64_STANDARD.decode(encoded.split('?').next()?).ok()?;
        Some(format!("{algorithm}:{}", hex::encode(bytes)))
    })
}

/// Finds the package that `name` means to a package in `folder`, as Node.js looks it up: in its own
/// `node_modules`, then in that of each folder above.
fn resolve(packages: &BTreeMap<String, Package>, folder: &str, name: &str) -> Option<Purl> {
    let mut from = folder;
    loop {
        if let Some(found) = packages.get(&join(from, &format!("node_modules/{name}"))) {
            let version = Version::new(found.version.as_ref()?);
            return Purl::of(&Ecosystem::new(Ecosystem::NPM), &found.name, &version);
        }
        if from.is_empty() {
            return None;
        }
        from = from.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
}

fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() { child.to_owned() } else { format!("{parent}/{child}") }
}
