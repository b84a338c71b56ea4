//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Version 1 nests packages, later ones list them by folder; both are read as folders. Links and
//! workspaces are no components, their manifests are covered. A version 2 file says everything
//! twice; `packages` counts, as it does for npm since version 7.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plimsoll_model::{
    Checksum, ChecksumAlgorithm, Component, Gap, License, LicenseSource, Location, Purl, Scope,
    Span,
};
use plimsoll_source::TextFile;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::folder::{installed_name, is_plain, join, lookup};
use super::npm_needs::{self, NpmNeeds};
use super::{ECOSYSTEM, FIX, npm_address, npm_nested};
use crate::facts::{Covers, LocalPackage, Lock};
use crate::json::{Entries, error_offset, key_span};
use crate::places::Places;
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/package-lock.json", "**/npm-shrinkwrap.json"],
    read,
};

/// npm nests a package only to hold two versions apart; real trees stay below ten.
const MAX_DEPTH: usize = 64;
/// No folder of a package has a longer path: no system can hold one.
const MAX_FOLDER_BYTES: usize = 4096;
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
#[expect(clippy::struct_excessive_bools, reason = "the marks are npm's")]
pub(crate) struct Entry<'a> {
    /// The real name, where the folder has another one.
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) resolved: Option<Resolved>,
    pub(crate) integrity: Option<String>,
    #[serde(default)]
    pub(crate) link: bool,
    /// Nothing but development packages need it.
    #[serde(default)]
    pub(crate) dev: bool,
    /// Nothing but optional packages need it.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Nothing but development packages and optional ones need it.
    #[serde(default)]
    pub(crate) dev_optional: bool,
    pub(crate) license: Option<Written>,
    /// Version 1: nested entries. Later: the ranges it asks for, as [`NpmNeeds`] reads them.
    #[serde(borrow)]
    pub(crate) dependencies: Option<Entries<'a>>,
    /// Version 1: the ranges it asks for, or `true` at the top.
    #[serde(borrow)]
    pub(crate) requires: Option<&'a RawValue>,
}

/// Old packages state their licence as an object or a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl Entry<'_> {
    pub(crate) fn scope(&self) -> Scope {
        if self.optional || self.dev_optional {
            Scope::Optional
        } else if self.dev {
            Scope::Dev
        } else {
            Scope::Runtime
        }
    }

    pub(crate) fn licenses(&self) -> Vec<License> {
        match &self.license {
            Some(Written::Text(expression)) => vec![License {
                expression: expression.clone(),
                source: LicenseSource::Lockfile,
            }],
            Some(Written::Other(_)) | None => Vec::new(),
        }
    }
}

/// npm 6 writes `false` for packages without an address.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Resolved {
    Address(String),
    Unknown(#[expect(dead_code, reason = "only its shape is read")] bool),
}

/// A package in its folder, from either layout.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The address, where one is written.
    pub(crate) source: Option<String>,
    pub(crate) integrity: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) licenses: Vec<License>,
    pub(crate) needs: Vec<String>,
    /// Those that it cannot do without.
    pub(crate) required: Vec<String>,
    pub(crate) location: Location,
}

/// What was read so far.
struct Reading<'a> {
    file: &'a TextFile<'a>,
    places: Places<'a>,
    packages: BTreeMap<String, Package>,
    /// What each folder asks for: the name alone, and as a manifest would say it.
    folders: BTreeMap<String, Option<Vec<(String, String)>>>,
    links: BTreeSet<String>,
    local: Vec<LocalPackage>,
    facts: Facts,
}

fn read(file: &TextFile<'_>) -> Facts {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let mut reading = Reading {
        file,
        places: Places::new(file.path, file.text),
        packages: BTreeMap::new(),
        folders: BTreeMap::new(),
        links: BTreeSet::new(),
        local: Vec::new(),
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
        match (
            lock.lockfile_version.unwrap_or(1),
            &lock.packages,
            &lock.dependencies,
        ) {
            (..=1, None, None) => self.cover("", Some(Vec::new())),
            (..=NEWEST_VERSION, Some(packages), _) => self.flat(packages),
            (..=1, None, Some(dependencies)) => self.nested(dependencies),
            (2..=NEWEST_VERSION, None, _) => {
                let why = "`packages` is missing";
                self.facts.gaps.push(gap::unreadable_lockfile(
                    Location::file(self.file.path.clone()),
                    why,
                ));
            }
            (version, ..) => {
                let what = format!("an npm lockfile of version {version}");
                let location = Location::file(self.file.path.clone());
                self.facts.gaps.push(gap::unsupported_lockfile(
                    location,
                    &what,
                    "use a newer Plimsoll",
                ));
            }
        }
    }

    fn flat(&mut self, packages: &Entries<'_>) {
        for (folder, value) in &packages.0 {
            if !self.is_folder(folder, value) {
                continue;
            }
            let Some(entry) = self.entry::<Entry<'_>>(folder, value) else {
                continue;
            };
            let Some(needs) = self.entry::<NpmNeeds<'_>>(folder, value) else {
                continue;
            };
            let asked = needs
                .asked()
                .map(|(name, range)| (name.to_owned(), npm_needs::text(name, range)));
            self.cover(folder, Some(asked.collect()));
            let Some(name) = installed_name(folder) else {
                continue;
            };
            if entry.link {
                self.link(folder, name, entry.resolved, value);
                continue;
            }
            let package = Package {
                scope: entry.scope(),
                licenses: entry.licenses(),
                name: entry.name.clone().unwrap_or_else(|| name.to_owned()),
                needs: needs
                    .at_run_time()
                    .map(str::to_owned)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                required: needs.required().map(str::to_owned).collect(),
                version: entry.version,
                source: address(entry.resolved),
                integrity: entry.integrity,
                location: self.location(folder, value),
            };
            self.packages.insert(folder.clone(), package);
        }
    }

    /// Whether a package can stand there; what cannot is told.
    fn is_folder(&mut self, folder: &str, value: &RawValue) -> bool {
        if !is_plain(folder) {
            self.misnamed(folder, value);
        } else if folder.matches("node_modules/").count() > MAX_DEPTH
            || folder.len() > MAX_FOLDER_BYTES
        {
            let location = self.location(folder, value);
            self.too_deep(location);
        } else {
            return true;
        }
        false
    }

    fn link(&mut self, folder: &str, name: &str, target: Option<Resolved>, value: &RawValue) {
        self.links.insert(folder.to_owned());
        let location = self.location(folder, value);
        // Without a target it points nowhere, which no folder of the tree is.
        let target = address(target).unwrap_or_else(|| "..".to_owned());
        self.expect(name, &target, location);
    }

    /// A package that stands in a folder of the tree.
    fn expect(&mut self, name: &str, folder: &str, location: Location) {
        self.local.push(LocalPackage {
            name: name.to_owned(),
            manifest: format!("{folder}/package.json"),
            location,
        });
    }

    fn misnamed(&mut self, key: &str, value: &RawValue) {
        let why = "an entry there is no package's folder";
        let location = self.location(key, value);
        self.facts
            .gaps
            .push(gap::unreadable_lockfile(location, why));
    }

    fn too_deep(&mut self, location: Location) {
        let what = format!("packages nested deeper than {MAX_DEPTH} levels");
        self.facts.gaps.push(gap::bounded(location, &what));
    }

    fn nested(&mut self, dependencies: &Entries<'_>) {
        let names = dependencies
            .keys()
            .map(|name| (name.to_owned(), name.to_owned()));
        self.cover("", Some(names.collect()));
        self.nest("", dependencies, 1);
    }

    fn nest(&mut self, parent: &str, dependencies: &Entries<'_>, depth: usize) {
        for (key, value) in &dependencies.0 {
            let own = join(parent, &format!("node_modules/{key}"));
            if installed_name(&own) != Some(key) || !is_plain(&own) {
                self.misnamed(key, value);
                continue;
            }
            let Some(entry) = self.entry::<Entry<'_>>(key, value) else {
                continue;
            };
            let linked = npm_nested::linked_folder(&entry);
            let folder = linked.as_ref().unwrap_or(&own).clone();
            let location = self.location(key, value);
            match &entry.dependencies {
                Some(_) if depth == MAX_DEPTH => {
                    self.too_deep(location.clone());
                }
                Some(nested) => self.nest(&folder, nested, depth + 1),
                None => {}
            }
            if linked.is_some() {
                self.cover(&folder, None);
                self.links.insert(own);
                self.expect(key, &folder, location);
                continue;
            }
            match npm_nested::package(key, entry, location) {
                Ok(package) => drop(self.packages.insert(folder, package)),
                Err(error) => self.broken(key_span(self.file.text, key, value).start, &error),
            }
        }
    }

    fn entry<'v, T: Deserialize<'v>>(&mut self, key: &str, value: &'v RawValue) -> Option<T> {
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
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                "it is not JSON"
            }
        };
        let location = self.places.location(Span::new(offset, offset));
        self.facts
            .gaps
            .push(gap::unreadable_lockfile(location, why));
    }

    fn cover(&mut self, folder: &str, asked: Option<Vec<(String, String)>>) {
        self.folders.insert(folder.to_owned(), asked);
    }

    fn location(&mut self, key: &str, value: &RawValue) -> Location {
        self.places.location(key_span(self.file.text, key, value))
    }

    fn finish(mut self) -> Facts {
        for (folder, package) in &self.packages {
            conclude(&self.packages, folder, package, &mut self.facts);
        }
        self.facts.gaps.extend(self.incomplete());
        let covers = if self.folders.is_empty() && !self.facts.gaps.is_empty() {
            Covers::Everything
        } else {
            Covers::Folders(
                self.folders
                    .iter()
                    .map(|(folder, asked)| (folder.clone(), self.known(folder, asked.as_ref())))
                    .collect(),
            )
        };
        self.facts.lock = Some(Lock {
            covers,
            local: self.local,
        });
        self.facts
    }

    /// What a folder asks for and the file locks: that it was asked for is not enough.
    fn known(
        &self,
        folder: &str,
        asked: Option<&Vec<(String, String)>>,
    ) -> Option<BTreeSet<String>> {
        let locked = asked?
            .iter()
            .filter(|(name, _)| self.is_locked(folder, name));
        Some(locked.map(|(_, text)| text.clone()).collect())
    }

    fn is_locked(&self, folder: &str, name: &str) -> bool {
        lookup(folder, name, |at| {
            (self.packages.contains_key(at) || self.links.contains(at)).then_some(())
        })
        .is_some()
    }

    /// One gap for all packages that ask for what is not locked.
    fn incomplete(&self) -> Option<Gap> {
        self.packages.iter().find_map(|(folder, package)| {
            let missing = package
                .required
                .iter()
                .find(|name| !self.is_locked(folder, name))?;
            Some(gap::incomplete_lockfile(
                package.location.clone(),
                &package.name,
                missing,
                FIX,
            ))
        })
    }
}

/// Adds the package as a component, or the gap that keeps it from being one.
fn conclude(
    packages: &BTreeMap<String, Package>,
    folder: &str,
    package: &Package,
    facts: &mut Facts,
) {
    if let Some(source) = package.source.as_deref().and_then(foreign) {
        facts.gaps.push(gap::foreign_source(
            package.location.clone(),
            &package.name,
            source,
        ));
        return;
    }
    let Some(version) = &package.version else {
        facts.gaps.push(gap::unversioned_entry(
            package.location.clone(),
            &package.name,
        ));
        return;
    };
    if package
        .source
        .as_deref()
        .is_some_and(|source| !npm_address::names(source, &package.name, version))
    {
        let source = "an address that is not that of this name and version";
        facts.gaps.push(gap::foreign_source(
            package.location.clone(),
            &package.name,
            source,
        ));
        return;
    }
    facts.components.push(Component {
        checksums: package
            .integrity
            .as_deref()
            .map_or_else(Vec::new, checksums),
        scope: package.scope,
        licenses: package.licenses.clone(),
        dependencies: package
            .needs
            .iter()
            .filter_map(|name| resolve(packages, folder, name))
            .collect(),
        ..ECOSYSTEM.component(&package.name, version, package.location.clone())
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

pub(crate) fn address(resolved: Option<Resolved>) -> Option<String> {
    match resolved {
        Some(Resolved::Address(address)) => Some(address),
        Some(Resolved::Unknown(_)) | None => None,
    }
}

/// The digests of a Subresource Integrity text (W3C SRI §3.5).
fn checksums(integrity: &str) -> Vec<Checksum> {
    integrity
        .split_ascii_whitespace()
        .filter_map(checksum)
        .collect()
}

/// `ALGORITHM-BASE64?OPTIONS`.
fn checksum(digest: &str) -> Option<Checksum> {
    let (name, encoded) = digest.split_once('-')?;
    let algorithm = ChecksumAlgorithm::find(name)?;
    let bytes = BASE64_STANDARD.decode(encoded.split('?').next()?).ok()?;
    Checksum::new(algorithm, &hex::encode(bytes))
}

/// The package URL of what `name` means to a package in `folder`.
fn resolve(packages: &BTreeMap<String, Package>, folder: &str, name: &str) -> Option<Purl> {
    let found = lookup(folder, name, |at| packages.get(at))?;
    ECOSYSTEM.purl(&found.name, Some(found.version.as_ref()?))
}
