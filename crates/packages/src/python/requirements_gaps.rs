//! What requirements files leave open once all files are known: requirements that nothing pins, pins
//! that need not be all, and files and folders that are drawn in and were not read.

use std::collections::BTreeSet;

use plimsoll_model::{Component, Gap, Place, TreePath};

use super::requirements_facts::{Include, IncludeKind, OpenRequirement};
use super::{ECOSYSTEM, FIX};
use crate::lockfiles::{Files, listed};
use crate::tree_path::{above, resolve};
use crate::{Facts, gap};

pub(super) fn requirements_gaps(facts: &Files<'_>) -> Vec<Gap> {
    let installed = installed(facts);
    let mut gaps = Vec::new();
    for (path, file) in facts {
        if installed.contains(path) || !is_constraints(path) {
            gaps.extend(open_gap(path, file, facts).or_else(|| unsealed_gap(path, file, facts)));
        }
        gaps.extend(
            file.requirements
                .includes
                .iter()
                .filter_map(|include| include_gap(path, include, facts)),
        );
    }
    gaps
}

/// Files that another file draws in with `-r`, whatever their name says they are for.
fn installed(facts: &Files<'_>) -> BTreeSet<TreePath> {
    let drawn_in = facts.iter().flat_map(|(path, file)| {
        let includes = file.requirements.includes.iter();
        let requirements = includes.filter(|include| include.kind == IncludeKind::Requirements);
        requirements
            .filter_map(|include| resolve(path.parent(), &include.path))
            .map(TreePath::new)
    });
    drawn_in.collect()
}

/// A constraints file chooses versions and asks for nothing.
fn is_constraints(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    name.contains("constraints") && !name.contains("requirements")
}

/// What a requirements file asks for in any version of a range, and no file that it draws in pins.
fn open_requirements<'a>(
    path: &TreePath,
    file: &'a Facts,
    facts: &Files<'_>,
) -> Vec<&'a OpenRequirement> {
    let drawn_in = with_includes(path, facts);
    let pins = drawn_in.iter().flat_map(|file| &file.components);
    let pinned: BTreeSet<&str> = pins.map(|component| component.name.as_str()).collect();
    let open = file.requirements.open.iter();
    open.filter(|open| !pinned.contains(open.name.as_str()))
        .collect()
}

/// Each package that is installed in a version that no file says.
pub(super) fn declared(facts: &Files<'_>) -> Vec<Component> {
    let installed = installed(facts);
    let asking = facts
        .iter()
        .filter(|(path, _)| installed.contains(**path) || !is_constraints(path));
    asking
        .flat_map(|(path, file)| open_requirements(path, file, facts))
        .map(|open| ECOSYSTEM.declared_component(&open.name, &open.range, open.location.clone()))
        .collect()
}

/// The one gap of a requirements file with requirements that nothing pins.
fn open_gap(path: &TreePath, file: &Facts, facts: &Files<'_>) -> Option<Gap> {
    let open = open_requirements(path, file, facts);
    let first = open.first()?;
    let shown: Vec<String> = open.iter().map(|open| describe(open)).collect();
    let total = open.len() + file.components.len();
    let message = format!(
        "{} of {total} requirements of {path} name no exact version, so they were not checked: {}",
        open.len(),
        listed(&shown)
    );
    Some(gap::unlocked_manifest(first.location.clone(), message, FIX))
}

/// The gap of a requirements file whose pins may ask for packages that no file lists.
fn unsealed_gap(path: &TreePath, file: &Facts, facts: &Files<'_>) -> Option<Gap> {
    let of_requirements = file.lock.is_some() || !file.requirements.open.is_empty();
    let first = file
        .components
        .iter()
        .flat_map(|component| &component.places);
    let first = first.filter_map(Place::file);
    let first = first
        .chain(file.requirements.open.iter().map(|open| &open.location))
        .min()?;
    let sealed = with_includes(path, facts)
        .iter()
        .any(|file| file.requirements.sealed);
    let pins = file.components.len() + file.requirements.open.len();
    (of_requirements && !sealed).then(|| gap::unsealed_requirements(first.clone(), pins))
}

fn describe(open: &OpenRequirement) -> String {
    let lower = open.range.split(',').find_map(|clause| {
        [">=", "~=", ">"]
            .into_iter()
            .find_map(|operator| clause.strip_prefix(operator))
    });
    match lower {
        Some(version) => format!("{}{} (from {version} on)", open.name, open.range),
        None => format!("{}{}", open.name, open.range),
    }
}

/// A requirements file and every file it draws in.
fn with_includes<'a>(path: &TreePath, facts: &Files<'a>) -> Vec<&'a Facts> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![path.clone()];
    while let Some(path) = waiting.pop() {
        let Some(file) = facts.get(&path) else {
            continue;
        };
        if seen.insert(path.clone()) {
            files.push(*file);
            let includes = file.requirements.includes.iter();
            let more = includes.filter(|include| include.kind != IncludeKind::Project);
            waiting.extend(
                more.filter_map(|include| resolve(path.parent(), &include.path))
                    .map(TreePath::new),
            );
        }
    }
    files
}

fn include_gap(path: &TreePath, include: &Include, facts: &Files<'_>) -> Option<Gap> {
    let why = match include.kind {
        IncludeKind::Project => missing_project(path, include, facts)?,
        IncludeKind::Requirements | IncludeKind::Constraints => missing_file(path, include, facts)?,
    };
    Some(gap::missing_include(
        include.location.clone(),
        &shown(include),
        why,
    ))
}

fn missing_file(path: &TreePath, include: &Include, facts: &Files<'_>) -> Option<&'static str> {
    if include.path.contains("://") {
        return Some("which is an address on the network");
    }
    match resolve(path.parent(), &include.path).map(TreePath::new) {
        Some(target) if facts.contains_key(&target) => None,
        Some(_) => Some("which is not in the tree or has a name that is not read"),
        None => Some("which lies outside the tree"),
    }
}

/// Why no manifest of a folder was read. Where pip is started is not known: the file's own folder and
/// every folder above it count.
fn missing_project(path: &TreePath, include: &Include, facts: &Files<'_>) -> Option<&'static str> {
    let is_held = above(path.parent())
        .filter_map(|base| resolve(base, &include.path))
        .any(|folder| holds_manifest(&folder, facts));
    (!is_held).then_some("a folder of which the tree holds no manifest")
}

fn holds_manifest(folder: &str, facts: &Files<'_>) -> bool {
    const MANIFESTS: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];
    MANIFESTS
        .iter()
        .filter_map(|name| resolve(folder, name))
        .any(|manifest| facts.contains_key(&TreePath::new(manifest)))
}

/// An include as people may see it: an address can hold credentials.
fn shown(include: &Include) -> String {
    match include.path.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://…/{}", rest.rsplit('/').next().unwrap_or("")),
        None => include.path.clone(),
    }
}
