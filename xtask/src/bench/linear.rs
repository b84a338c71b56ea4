//! The plain way to match: read every advisory of the ecosystem, compare it with every component.
//!
//! It shares no code with the product, so its count is a second opinion as well as a peer in speed.
//! It knows OSV's `SemVer` ranges and listed versions, and nothing of aliases.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use semver::Version;
use serde::Deserialize;

/// Where an ecosystem's advisories lie below the folder of the bucket's layout.
pub(super) const ZIP: &str = "crates.io/all.zip";
/// The ecosystem, by its OSV name.
pub(super) const ECOSYSTEM: &str = "crates.io";

/// Every advisory of one ecosystem (OSV schema 1.7), as far as matching needs it.
pub(super) struct Database(Vec<Advisory>);

#[derive(Deserialize)]
struct Advisory {
    id: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    Limit(serde::de::IgnoredAny),
}

impl Database {
    /// Reads the ecosystem's zip.
    pub(super) fn read(osv: &Path) -> Result<Self> {
        let path = osv.join(ZIP);
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut zip = zip::ZipArchive::new(file)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut advisories = Vec::with_capacity(zip.len());
        for at in 0..zip.len() {
            let mut entry = zip
                .by_index(at)
                .with_context(|| format!("cannot read entry {at} of {}", path.display()))?;
            let mut bytes = Vec::new();
            entry
                .read_to_end(&mut bytes)
                .with_context(|| format!("cannot unpack entry {at} of {}", path.display()))?;
            advisories.push(
                serde_json::from_slice(&bytes)
                    .with_context(|| format!("cannot parse entry {at} of {}", path.display()))?,
            );
        }
        Ok(Self(advisories))
    }

    /// The names of all affected packages, sorted.
    pub(super) fn package_names(&self) -> Vec<&str> {
        let packages = self
            .0
            .iter()
            .flat_map(|advisory| &advisory.affected)
            .filter_map(|affected| affected.package.as_ref());
        let ours = packages.filter(|package| package.ecosystem == ECOSYSTEM);
        ours.map(|package| package.name.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// How many pairs of a component and an advisory match.
    pub(super) fn matches(&self, components: &[(String, String)]) -> usize {
        let standing = || {
            self.0
                .iter()
                .filter(|advisory| advisory.withdrawn.is_none())
        };
        components
            .iter()
            .map(|component| {
                standing()
                    .filter(|advisory| advisory.affects(component))
                    .count()
            })
            .sum()
    }
}

impl Advisory {
    fn affects(&self, (name, version): &(String, String)) -> bool {
        self.affected.iter().any(|affected| {
            let same = |package: &Package| package.ecosystem == ECOSYSTEM && package.name == *name;
            affected.package.as_ref().is_some_and(same) && affected.holds(version, &self.id)
        })
    }
}

impl Affected {
    fn holds(&self, version: &str, id: &str) -> bool {
        let semver = Version::parse(version).expect("the generated lockfile holds SemVer versions");
        let listed = self.versions.iter().any(|listed| listed == version);
        listed
            || self
                .ranges
                .iter()
                .filter(|range| range.kind == "SEMVER")
                .any(|range| range.holds(&semver, id))
    }
}

impl Range {
    /// OSV schema 1.7, "evaluation": the last event at or before the version decides.
    fn holds(&self, version: &Version, id: &str) -> bool {
        let parse = |text: &str| {
            let text = if text == "0" { "0.0.0-0" } else { text };
            Version::parse(text)
                .unwrap_or_else(|error| panic!("{id} has the version {text}: {error}"))
        };
        // The sort is stable: of two events at one version the later one listed decides, so that an
        // interval whose ends are equal is empty.
        let mut events: Vec<_> = self
            .events
            .iter()
            .filter_map(|event| Some((parse(event.at()?), event)))
            .collect();
        events.sort_by(|(one, _), (other, _)| one.cmp(other));
        events
            .iter()
            .fold(false, |inside, (at, event)| match event {
                Event::Introduced(_) if version >= at => true,
                Event::Fixed(_) if version >= at => false,
                Event::LastAffected(_) if version > at => false,
                Event::Introduced(_)
                | Event::Fixed(_)
                | Event::LastAffected(_)
                | Event::Limit(_) => inside,
            })
    }
}

impl Event {
    fn at(&self) -> Option<&str> {
        match self {
            Self::Introduced(at) | Self::Fixed(at) | Self::LastAffected(at) => Some(at),
            Self::Limit(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Advisory, Database};

    #[test]
    fn ranges_are_evaluated_as_the_schema_says() {
        let text = r#"{"id": "X-1", "affected": [{"package": {"ecosystem": "crates.io", "name": "a"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"},
                        {"introduced": "2.0.0"}, {"last_affected": "2.1.0"},
                        {"introduced": "4.0.0"}, {"fixed": "4.0.0"}]}]}]}"#;
        let database = Database(vec![serde_json::from_str::<Advisory>(text).unwrap()]);
        let matches = |name: &str, version: &str| {
            database.matches(&[(name.to_owned(), version.to_owned())]) == 1
        };
        for version in ["0.0.1", "1.1.9", "1.2.0-rc.1", "2.0.0", "2.1.0"] {
            assert!(matches("a", version), "{version}");
        }
        for version in ["1.2.0", "1.9.0", "2.1.1", "3.0.0", "4.0.0", "4.0.1"] {
            assert!(!matches("a", version), "{version}");
        }
        assert!(!matches("b", "1.0.0"));
        assert_eq!(database.package_names(), ["a"]);
    }
}
