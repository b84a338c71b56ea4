//! Which `Cargo.lock` answers for which manifest: that of its workspace, one in its folder or above, or
//! one whose packages name its folder as a path dependency.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Component, Gap, TreePath};

use super::cargo_facts::CargoLock;
use super::cargo_packages::{CargoPackages, TreePackage};
use super::{scopes, vendored};
use crate::family::Family;
use crate::gap;
use crate::lockfiles::{Answer, Files, Resolution, listed, unlocked};
use crate::tree_path::above;

pub(super) fn resolve(family: &Family, files: &Files<'_>) -> Resolution {
    let locks = CargoLocks::new(files);
    let asking = locks
        .packages
        .all()
        .filter(|(_, package)| !package.package.needs.is_empty());
    let mut gaps: Vec<Gap> = asking
        .filter_map(|(path, package)| locks.manifest_gap(path, package, family.fix))
        .collect();
    gaps.extend(missing_packages(files, &locks.packages));
    let scopes = lockfiles(files).filter_map(|(path, lock)| match lock {
        CargoLock::Read { packages, .. } => {
            let components = &files[path].components;
            let scopes = scopes::scopes(packages, components, &locks.packages);
            Some((path.clone(), scopes))
        }
        CargoLock::Unread => None,
    });
    Resolution {
        scopes: scopes.collect(),
        gaps,
        ..Resolution::default()
    }
}

/// A lockfile entry without a source is a package of the tree. Were it believed without looking, the
/// loss of one line would take a package out of the inventory.
fn missing_packages(files: &Files<'_>, packages: &CargoPackages<'_>) -> Vec<Gap> {
    let declared = packages.declared();
    let mut gaps = Vec::new();
    for (path, lock) in lockfiles(files) {
        let CargoLock::Read { local, .. } = lock else {
            continue;
        };
        let missing = local.iter().filter(|local| {
            let (name, version) = (local.name.as_str(), local.version.as_str());
            let is_declared = declared.contains(&(name, version));
            !is_declared || local.by_fetched && !packages.is_patched(path.parent(), name, version)
        });
        gaps.extend(missing.map(|local| gap::missing_package(local.location.clone(), &local.name)));
    }
    gaps
}

fn lockfiles<'a>(files: &Files<'a>) -> impl Iterator<Item = (&'a TreePath, &'a CargoLock)> {
    files
        .iter()
        .filter_map(|(path, facts)| Some((*path, facts.cargo.as_ref()?.lock()?)))
}

/// The Rust lockfiles of a tree.
struct CargoLocks<'a> {
    packages: CargoPackages<'a>,
    /// The folders that `cargo vendor` has put published packages into.
    vendored: BTreeSet<&'a str>,
    /// The name and version of each published package that a lockfile locks.
    fetched: BTreeMap<&'a TreePath, BTreeSet<(&'a str, &'a str)>>,
    by_folder: BTreeMap<&'a str, Vec<(&'a TreePath, &'a CargoLock)>>,
    /// Lockfiles that answer for a folder outside their own, because a manifest that they answer for
    /// names that folder as a path dependency.
    by_path_dependency: BTreeMap<String, BTreeSet<&'a TreePath>>,
}

impl<'a> CargoLocks<'a> {
    fn new(files: &Files<'a>) -> Self {
        let mut by_folder: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        let mut fetched = BTreeMap::new();
        for (path, lock) in lockfiles(files) {
            by_folder
                .entry(path.parent())
                .or_default()
                .push((path, lock));
            fetched.insert(
                path,
                files[path].components.iter().filter_map(named).collect(),
            );
        }
        let marks = files.keys().filter(|path| vendored::is_mark(path));
        let mut locks = Self {
            packages: CargoPackages::new(files),
            vendored: marks.map(|path| path.parent()).collect(),
            fetched,
            by_folder,
            by_path_dependency: BTreeMap::new(),
        };
        locks.follow_path_dependencies();
        locks
    }

    /// Lockfiles in the folder or above it, the nearest first.
    fn above(&self, folder: &str) -> impl Iterator<Item = (&'a TreePath, &'a CargoLock)> {
        above(folder)
            .filter_map(|folder| self.by_folder.get(folder))
            .flatten()
            .copied()
    }

    fn answering(&self, folder: &str) -> Vec<(&'a TreePath, &'a CargoLock)> {
        let linked = self.by_path_dependency.get(folder).into_iter().flatten();
        let linked =
            linked.flat_map(|path| self.by_folder.get(path.parent()).into_iter().flatten());
        self.above(folder).chain(linked.copied()).collect()
    }

    /// Walks from each manifest with a lockfile to the folders it names, until nothing is new. Each pair
    /// of folder and lockfile is visited once.
    fn follow_path_dependencies(&mut self) {
        let mut waiting: Vec<String> = self.packages.folders().map(str::to_owned).collect();
        while let Some(folder) = waiting.pop() {
            let Some(package) = self.packages.in_folder(&folder) else {
                continue;
            };
            let answering = self.answering(&folder);
            let knowing: Vec<_> = answering
                .into_iter()
                .filter(|(_, lock)| knows(lock, package))
                .collect();
            for target in package.folders() {
                let known = self.by_path_dependency.entry(target.clone()).or_default();
                let before = known.len();
                known.extend(knowing.iter().map(|(path, _)| *path));
                if known.len() > before {
                    waiting.push(target);
                }
            }
        }
    }

    fn manifest_gap(&self, path: &TreePath, package: &TreePackage<'_>, fix: &str) -> Option<Gap> {
        if self.is_vendored(path, package) {
            return None;
        }
        let mut outdated = None;
        for (lock_path, lock) in self.judging(path, package) {
            match self.answer(lock_path, lock, package) {
                Answer::Whole => return None,
                Answer::Without(missing) => outdated = outdated.or(Some((lock_path, missing))),
                Answer::None => {}
            }
        }
        let at = package.package.location.clone();
        let Some((lock, missing)) = outdated else {
            let why = self.other_versions(path, package);
            let why = why.unwrap_or_else(|| unlocked(path));
            return Some(gap::unlocked_manifest(at, why, fix));
        };
        let missing = listed(&missing);
        Some(gap::outdated_lockfile(at, lock, &missing, fix))
    }

    /// The lockfiles that may answer for a manifest. Cargo reads no other than that of the workspace for a
    /// member, not even the one beside it.
    fn judging(
        &self,
        path: &TreePath,
        package: &TreePackage<'_>,
    ) -> Vec<(&'a TreePath, &'a CargoLock)> {
        let answering = self.answering(path.parent());
        let of_workspace = answering.iter().find(|(lock_path, lock)| {
            knows(lock, package) && package.is_of_workspace_in(lock_path.parent())
        });
        match of_workspace {
            Some(found) => vec![*found],
            None => answering,
        }
    }

    fn answer(&self, path: &TreePath, lock: &CargoLock, package: &TreePackage<'_>) -> Answer {
        let CargoLock::Read { packages, .. } = lock else {
            return Answer::Whole;
        };
        let known = packages.get(package.name).zip(package.version);
        match known.and_then(|(versions, version)| versions.get(version)) {
            Some(locked) => Answer::without(package.missing(path.parent(), locked, &self.packages)),
            None => Answer::None,
        }
    }

    /// Whether the manifest is that of a published package which `cargo vendor` put here, and a lockfile
    /// above it locks that version: what the package asks for is then locked there, as if it were fetched.
    fn is_vendored(&self, path: &TreePath, package: &TreePackage<'_>) -> bool {
        let Some(version) = package.version else {
            return false;
        };
        let is_fetched = |lock| {
            self.fetched
                .get(lock)
                .is_some_and(|fetched| fetched.contains(&(package.name, version)))
        };
        self.vendored.contains(path.parent())
            && self.above(path.parent()).any(|(lock, _)| is_fetched(lock))
    }

    /// The lockfile that locks another version of the package of a manifest, as people may read it.
    fn other_versions(&self, path: &TreePath, package: &TreePackage<'_>) -> Option<String> {
        self.answering(path.parent()).into_iter().find_map(|(lock, content)| {
            let CargoLock::Read { packages, .. } = content else { return None };
            let locked: Vec<String> = packages.get(package.name)?.keys().cloned().collect();
            let (name, version) = (package.name, package.version.unwrap_or("of unknown version"));
            Some(format!(
                "{path} is `{name}` {version}, of which {lock} locks {} alone, so what it asks for was not checked",
                listed(&locked)
            ))
        })
    }
}

fn named(component: &Component) -> Option<(&str, &str)> {
    Some((&component.name, component.version.as_ref()?.as_str()))
}

fn knows(lock: &CargoLock, package: &TreePackage<'_>) -> bool {
    match lock {
        CargoLock::Unread => true,
        CargoLock::Read { packages, .. } => packages
            .get(package.name)
            .zip(package.version)
            .is_some_and(|(versions, version)| versions.contains_key(version)),
    }
}
