use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;
use crate::{Checksum, License, Place, TreePath};

text_newtype! {
    /// A package ecosystem by its OSV name (`crates.io`, `PyPI`, `npm`). Not a closed set: OSV adds
    /// a name about monthly.
    Ecosystem
}

text_newtype! {
    /// A version as its ecosystem writes it; compare only by the ecosystem's own order.
    Version
}

text_newtype! {
    /// A package URL, by the purl specification.
    Purl
}

/// A package that is part of what ships, or of how it is made. One version of a package is one component,
/// in however many files it is named. What is empty is left out where it is written, as it is kept by the
/// thousand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Component {
    /// Whose names and versions these are.
    pub ecosystem: Ecosystem,
    /// The name as the ecosystem normalises it.
    pub name: String,
    /// The exact version; `None` where only a range is declared.
    pub version: Option<Version>,
    /// The range that is asked for, as written, where no version is known; empty for any version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// The distribution and release it was built for: `debian-12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// The processor architecture it was built for, as its package manager writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Its package URL; `None` where its ecosystem has no type of them or its name fits none.
    pub purl: Option<Purl>,
    /// Where it was read, in order; the first place is the one to show.
    pub places: Vec<Place>,
    /// The digests of its archive that the files state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checksums: Vec<Checksum>,
    /// What it is needed for.
    pub scope: Scope,
    /// Under which terms it may be used, each with whoever says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// The package that it was built from, where that has another name or version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_package: Option<SourcePackage>,
    /// The files of the inspected tree that it put there, where its package manager lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<TreePath>,
    /// The components it needs, by package URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Purl>,
    /// The components that need it, by package URL: how it got in. The first few alone; none for one that
    /// is asked for directly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed_by: Vec<Purl>,
}

/// What a component is needed for. Where nothing says so, it is needed at run time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// To run.
    #[default]
    Runtime,
    /// To run with a feature that can be left out.
    Optional,
    /// To build.
    Build,
    /// To test.
    Test,
    /// To develop.
    Dev,
}

impl Scope {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Optional => "optional",
            Self::Build => "build",
            Self::Test => "test",
            Self::Dev => "dev",
        }
    }
}

/// The package that a component was built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
}

/// So many components that need one are named.
const NEEDED_BY_MAX: usize = 16;

impl Component {
    /// The name with the version or the range that is asked for, for people.
    pub fn label(&self) -> String {
        match (&self.version, self.declared.as_deref()) {
            (Some(version), _) => format!("{} {version}", self.name),
            (None, None | Some("")) => format!("{} of any version", self.name),
            (None, Some(range)) => format!("{} {range}", self.name),
        }
    }

    /// Puts components in order, and those of the same package version together into one.
    pub fn combine(mut components: Vec<Self>) -> Vec<Self> {
        components.sort();
        let mut combined: Vec<Self> = Vec::with_capacity(components.len());
        for component in components {
            match combined.last_mut() {
                Some(last) if last.identity() == component.identity() => last.absorb(component),
                Some(_) | None => combined.push(component),
            }
        }
        combined
    }

    fn identity(&self) -> [Option<&str>; 6] {
        [
            Some(self.ecosystem.as_str()),
            Some(&self.name),
            self.version.as_ref().map(Version::as_str),
            self.declared.as_deref(),
            self.distribution.as_deref(),
            self.architecture.as_deref(),
        ]
    }

    /// Adds what another entry of the same package version says. What is needed at run time anywhere is
    /// needed at run time.
    fn absorb(&mut self, other: Self) {
        self.scope = self.scope.min(other.scope);
        self.purl = self.purl.take().or(other.purl);
        self.source_package = self.source_package.take().or(other.source_package);
        add(&mut self.places, other.places);
        add(&mut self.checksums, other.checksums);
        add(&mut self.licenses, other.licenses);
        add(&mut self.files, other.files);
        add(&mut self.dependencies, other.dependencies);
        add(&mut self.needed_by, other.needed_by);
        self.needed_by.truncate(NEEDED_BY_MAX);
    }

    /// Says of each component which others need it, from what each of them needs.
    pub fn link(components: &mut [Self]) {
        let mut needed_by: BTreeMap<Purl, Vec<Purl>> = BTreeMap::new();
        for component in components.iter() {
            let Some(purl) = &component.purl else {
                continue;
            };
            for needed in &component.dependencies {
                let needing = needed_by.entry(needed.clone()).or_default();
                if needing.len() < NEEDED_BY_MAX && needed != purl {
                    needing.push(purl.clone());
                }
            }
        }
        for component in components {
            if let Some(needing) = component
                .purl
                .as_ref()
                .and_then(|purl| needed_by.remove(purl))
            {
                add(&mut component.needed_by, needing);
            }
        }
    }
}

/// Adds to a list that is kept in order and without repetitions.
fn add<T: Ord>(list: &mut Vec<T>, more: Vec<T>) {
    list.extend(more);
    list.sort();
    list.dedup();
}

#[cfg(test)]
mod tests {
    use crate::{EcosystemRules, Location, Scope, TreePath, VersionKey, exact_name};

    const RULES: EcosystemRules = EcosystemRules {
        name: "npm",
        purl_type: "npm",
        namespace_end: Some('/'),
        normalize: exact_name,
        version_key: |_| Some(VersionKey::new()),
    };

    fn component(name: &str, version: &str, path: &str) -> super::Component {
        RULES.component(name, version, Location::file(TreePath::new(path)))
    }

    #[test]
    fn one_version_of_a_package_is_one_component_with_every_place() {
        let mut dev = component("a", "1.0.0", "z/lock");
        dev.scope = Scope::Dev;
        let all = vec![
            dev,
            component("a", "2.0.0", "b/lock"),
            component("a", "1.0.0", "b/lock"),
            component("a", "1.0.0", "b/lock"),
        ];
        let combined = super::Component::combine(all);
        assert_eq!(combined.len(), 2);
        let places: Vec<String> = combined[0].places.iter().map(ToString::to_string).collect();
        assert_eq!(places, ["b/lock:1:1", "z/lock:1:1"]);
        assert_eq!(combined[0].scope, Scope::Runtime);
    }

    #[test]
    fn who_needs_a_component_is_bounded() {
        let mut all: Vec<_> = (0..40)
            .map(|number| component("needing", &format!("1.0.{number}"), "lock"))
            .collect();
        let needed = component("needed", "1.0.0", "lock");
        for component in &mut all {
            component.dependencies = needed.purl.clone().into_iter().collect();
        }
        all.push(needed);
        super::Component::link(&mut all);
        assert_eq!(all[40].needed_by.len(), 16);
        assert!(all[0].needed_by.is_empty());
    }
}
