//! Which npm lockfile answers for which manifest. npm reads no package-lock.json beside an
//! npm-shrinkwrap.json, and installed packages that no lockfile lists are one gap a folder.

use std::collections::BTreeMap;

use plimsoll_model::{Gap, TreePath};

use crate::facts::Manifest;
use crate::family::Family;
use crate::gap;
use crate::lockfiles::{Files, Locks, Resolution, missing_packages};
use crate::tree_path::resolve as resolve_path;

pub(super) fn resolve(family: &Family, files: &Files<'_>) -> Resolution {
    let read: Files<'_> = files
        .iter()
        .filter(|(path, _)| !is_shadowed(path, files))
        .map(|(path, facts)| (*path, *facts))
        .collect();
    let locks = Locks::new(&read);
    let mut gaps = Vec::new();
    let mut installed: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
    for (path, facts) in files {
        let Some(manifest) = &facts.manifest else {
            continue;
        };
        match (
            locks.manifest_gap(path, manifest, family.fix),
            installation(path),
        ) {
            (Some(_), Some(folder)) => installed.entry(folder).or_default().push(manifest),
            (gap, _) => gaps.extend(gap),
        }
    }
    gaps.extend(missing_packages(files));
    let installed = installed.into_iter();
    gaps.extend(installed.map(|(folder, manifests)| installed_gap(folder, &manifests)));
    Resolution {
        gaps,
        ..Resolution::default()
    }
}

/// Whether npm passes over this lockfile for the one that was made to be published.
fn is_shadowed(path: &TreePath, files: &Files<'_>) -> bool {
    let published = resolve_path(path.parent(), "npm-shrinkwrap.json").map(TreePath::new);
    path.file_name() == "package-lock.json"
        && published.is_some_and(|published| files.contains_key(&published))
}

/// The outermost `node_modules` folder that the path lies in.
fn installation(path: &TreePath) -> Option<&str> {
    const FOLDER: &str = "node_modules";
    let mut end = 0;
    path.as_str().split('/').find_map(|part| {
        end += part.len() + 1;
        (part == FOLDER && end < path.as_str().len()).then(|| &path.as_str()[..end - 1])
    })
}

/// Installed packages are many, and one thing makes up for all of them: one gap.
fn installed_gap(folder: &str, manifests: &[&Manifest]) -> Gap {
    let message = format!(
        "{folder} holds {} installed packages that ask for others and that no lockfile lists; none of them was checked",
        manifests.len()
    );
    let fix = "take the folder out of the tree, or commit the lockfile it was installed from";
    gap::unlocked_manifest(manifests[0].location.clone(), message, fix)
}
