use std::borrow::Cow;
use std::fmt;

use packageurl::PackageUrl;

use crate::{Component, Ecosystem, Place, Purl, Scope, Version, VersionKey};

/// How an ecosystem writes the names and versions of its packages.
///
/// Each family of packages states its own; whoever compares names or versions gets these rows as data
/// and knows no ecosystem by itself.
#[derive(Clone, Copy)]
pub struct EcosystemRules {
    /// The OSV name without a release: `crates.io`, `PyPI`, `npm`.
    pub name: &'static str,
    /// The package-URL type: `cargo`, `pypi`, `npm`.
    pub purl_type: &'static str,
    /// What ends the namespace of a package URL inside a name, where names have one: `/` in
    /// `@scope/name`.
    pub namespace_end: Option<char>,
    /// The one form of a package's name: equal packages have equal forms.
    pub normalize: fn(&str) -> Cow<'_, str>,
    /// The key of a version, or `None` for a text that has no place in the ecosystem's order.
    pub version_key: fn(&str) -> Option<VersionKey>,
}

/// A longer text is no version, and reading it would only cost time.
const VERSION_MAX_BYTES: usize = 256;

impl EcosystemRules {
    /// The row of an ecosystem, by its OSV name without a release.
    pub fn find(rows: &[&'static Self], name: &str) -> Option<&'static Self> {
        rows.iter().copied().find(|row| row.name == name)
    }

    /// The key of a version; `None` for one that is too long or has no place in the order.
    pub fn key(&self, version: &str) -> Option<VersionKey> {
        if version.len() > VERSION_MAX_BYTES {
            return None;
        }
        (self.version_key)(version)
    }

    /// A version of a package that was read at this place, of which nothing else is known yet.
    pub fn component(&self, name: &str, version: &str, place: impl Into<Place>) -> Component {
        self.plain_component(name, Some(version), None, place.into())
    }

    /// A package of which a place asks for any version in a range.
    pub fn declared_component(
        &self,
        name: &str,
        range: &str,
        place: impl Into<Place>,
    ) -> Component {
        self.plain_component(name, None, Some(range), place.into())
    }

    fn plain_component(
        &self,
        name: &str,
        version: Option<&str>,
        declared: Option<&str>,
        place: Place,
    ) -> Component {
        Component {
            ecosystem: Ecosystem::new(self.name),
            name: (self.normalize)(name).into_owned(),
            version: version.map(Version::new),
            declared: declared.map(str::to_owned),
            distribution: None,
            architecture: None,
            purl: self.purl(name, version),
            places: vec![place],
            checksums: Vec::new(),
            scope: Scope::Runtime,
            licenses: Vec::new(),
            source_package: None,
            files: Vec::new(),
            dependencies: Vec::new(),
            needed_by: Vec::new(),
        }
    }

    /// The package URL of a package or of one version of it; `None` for a name that fits no package URL
    /// of its type.
    pub fn purl(&self, name: &str, version: Option<&str>) -> Option<Purl> {
        let name = (self.normalize)(name);
        let parts = self.namespace_end.and_then(|end| name.rsplit_once(end));
        let (namespace, name) = match parts {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, name.as_ref()),
        };
        let mut purl = PackageUrl::new(self.purl_type, name).ok()?;
        if let Some(namespace) = namespace {
            purl.with_namespace(namespace).ok()?;
        }
        if let Some(version) = version {
            purl.with_version(version).ok()?;
        }
        purl.validate().ok()?;
        Some(Purl::new(purl.to_string()))
    }
}

impl fmt::Debug for EcosystemRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The form of a name in an ecosystem that tells names apart by every character.
pub fn exact_name(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}
