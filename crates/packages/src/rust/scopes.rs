//! What a locked Rust package is needed for. The lockfile does not say; the manifests of the packages of
//! the tree do, for what they ask for themselves, and all that such a package needs is needed for the same.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use plimsoll_model::{Component, Purl, Scope};

use super::ECOSYSTEM;
use super::cargo_facts::LockedVersions;
use super::cargo_packages::CargoPackages;

/// The packages of the tree that a lockfile answers for, by name and version, with what is chosen for each.
type Locked = BTreeMap<String, BTreeMap<String, LockedVersions>>;

/// The scope of each fetched package of one lockfile. One that no package of the tree leads to has none.
pub(super) fn scopes(
    locked: &Locked,
    components: &[Component],
    packages: &CargoPackages<'_>,
) -> BTreeMap<Purl, Scope> {
    let needs: BTreeMap<&Purl, &[Purl]> = components
        .iter()
        .filter_map(|component| Some((component.purl.as_ref()?, &component.dependencies[..])))
        .collect();
    let mut waiting = asked_for(locked, packages);
    let mut scopes = BTreeMap::new();
    // The widest scope goes first, so that each package is visited once.
    waiting.sort();
    for (scope, purl) in waiting {
        let mut open = vec![purl];
        while let Some(purl) = open.pop() {
            if let Entry::Vacant(unseen) = scopes.entry(purl) {
                let needed = needs.get(unseen.key()).copied().unwrap_or_default();
                open.extend(needed.iter().cloned());
                unseen.insert(scope);
            }
        }
    }
    scopes
}

/// What the packages of the tree ask for themselves.
fn asked_for(locked: &Locked, packages: &CargoPackages<'_>) -> Vec<(Scope, Purl)> {
    let versions = locked.iter().flat_map(|(name, versions)| {
        versions
            .iter()
            .map(move |(version, chosen)| (name, version, chosen))
    });
    let mut asked = Vec::new();
    for (name, version, chosen) in versions {
        let of_package = packages
            .all()
            .map(|(_, package)| package)
            .find(|package| package.name == name && package.version == Some(version));
        for (needed, versions) in chosen {
            for chosen in versions.iter().filter(|chosen| !chosen.is_local) {
                let scope = of_package
                    .and_then(|package| package.scope_of(needed, &chosen.version))
                    .unwrap_or_default();
                let purl = ECOSYSTEM.purl(needed, Some(&chosen.version));
                asked.extend(purl.map(|purl| (scope, purl)));
            }
        }
    }
    asked
}
