//! Which lockfile answers for which manifest, in every family whose lockfiles stand in the manifest's
//! folder or above it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Component, Gap, Purl, Scope, TreePath};

use crate::facts::{Covers, Facts, Lock, Manifest};
use crate::family::Family;
use crate::gap;
use crate::tree_path::{above, relative, resolve as resolve_path};

/// What each file of one family says.
pub(crate) type Files<'a> = BTreeMap<&'a TreePath, &'a Facts>;

/// What the files of one family say together, beside what each says by itself.
#[derive(Default)]
pub(crate) struct Resolution {
    pub(crate) gaps: Vec<Gap>,
    /// Packages that a file asks for and whose version no file says.
    pub(crate) declared: Vec<Component>,
    /// What the packages of a lockfile are needed for, where other files say so.
    pub(crate) scopes: BTreeMap<TreePath, BTreeMap<Purl, Scope>>,
}

/// The manifests that no lockfile answers for, and the packages that lockfiles expect in the tree and
/// that it does not hold.
pub(crate) fn resolve(family: &Family, files: &Files<'_>) -> Resolution {
    let locks = Locks::new(files);
    let manifests = files
        .iter()
        .filter_map(|(path, facts)| Some((*path, facts.manifest.as_ref()?)));
    let mut gaps: Vec<Gap> = manifests
        .filter_map(|(path, manifest)| locks.manifest_gap(path, manifest, family.fix))
        .collect();
    gaps.extend(missing_packages(files));
    Resolution {
        gaps,
        ..Resolution::default()
    }
}

/// A package that is not fetched is a package of the tree. Were a lockfile believed without looking, the
/// change of one line would take a package out of the inventory.
pub(crate) fn missing_packages(files: &Files<'_>) -> Vec<Gap> {
    let locks = files
        .iter()
        .filter_map(|(path, facts)| Some((path, facts.lock.as_ref()?)));
    let local =
        locks.flat_map(|(path, lock)| lock.local.iter().map(move |package| (path, package)));
    let missing = local.filter(|(path, package)| {
        let manifest = resolve_path(path.parent(), &package.manifest);
        manifest.is_none_or(|manifest| !files.contains_key(&TreePath::new(manifest)))
    });
    missing
        .map(|(_, package)| gap::missing_package(package.location.clone(), &package.name))
        .collect()
}

/// The lockfiles of a family by folder.
pub(crate) struct Locks<'a>(BTreeMap<&'a str, Vec<(&'a TreePath, &'a Lock)>>);

/// How a lockfile relates to a manifest.
pub(crate) enum Answer {
    /// It locks everything the manifest asks for.
    Whole,
    /// It knows the manifest but not these.
    Without(Vec<String>),
    /// It speaks of other manifests.
    None,
}

impl Answer {
    pub(crate) fn without(missing: Vec<String>) -> Self {
        if missing.is_empty() {
            Self::Whole
        } else {
            Self::Without(missing)
        }
    }
}

impl<'a> Locks<'a> {
    pub(crate) fn new(files: &Files<'a>) -> Self {
        let mut by_folder: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (path, facts) in files {
            if let Some(lock) = &facts.lock {
                by_folder
                    .entry(path.parent())
                    .or_default()
                    .push((*path, lock));
            }
        }
        Self(by_folder)
    }

    /// The gap of a manifest that no lockfile in its folder or above answers for, the nearest first.
    pub(crate) fn manifest_gap(
        &self,
        path: &TreePath,
        manifest: &Manifest,
        fix: &str,
    ) -> Option<Gap> {
        let mut outdated = None;
        let locks = above(path.parent())
            .filter_map(|folder| self.0.get(folder))
            .flatten();
        for (lock_path, lock) in locks {
            match answer(lock_path, lock, path, manifest) {
                Answer::Whole => return None,
                Answer::Without(missing) => outdated = outdated.or(Some((*lock_path, missing))),
                Answer::None => {}
            }
        }
        let at = manifest.location.clone();
        Some(match outdated {
            Some((lock, missing)) => gap::outdated_lockfile(at, lock, &listed(&missing), fix),
            None => gap::unlocked_manifest(at, unlocked(path), fix),
        })
    }
}

/// What is said about a manifest without a lockfile.
pub(crate) fn unlocked(path: &TreePath) -> String {
    format!(
        "{path} asks for packages, and no lockfile says which versions; none of them was checked"
    )
}

fn answer(lock_path: &TreePath, lock: &Lock, path: &TreePath, manifest: &Manifest) -> Answer {
    match &lock.covers {
        Covers::Everything => Answer::Whole,
        Covers::Folders(folders) => {
            match relative(lock_path.parent(), path.parent()).and_then(|at| folders.get(at)) {
                Some(Some(known)) => Answer::without(unknown(manifest, known)),
                Some(None) => Answer::Whole,
                None => Answer::None,
            }
        }
        Covers::Names(names) if manifest.needs.keys().all(|need| names.contains(need)) => {
            Answer::Whole
        }
        Covers::Names(_) => Answer::None,
    }
}

/// What a manifest asks for and its lockfile does not know, neither as it is written nor by its name.
fn unknown(manifest: &Manifest, known: &BTreeSet<String>) -> Vec<String> {
    let needs = manifest.needs.iter();
    needs
        .filter(|(need, name)| !known.contains(*need) && !known.contains(*name))
        .map(|(need, _)| need.clone())
        .collect()
}

/// The first few of a list, and how many more there are.
pub(crate) fn listed(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let list = items
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match items.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{list} and {more} more"),
        Some(_) | None => list,
    }
}
