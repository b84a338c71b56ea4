use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Component, Gap, Inspection, TreePath};

use crate::cargo_packages::{CargoPackages, TreePackage, above};
use crate::facts::{Covers, Facts, Family, LocalPlace, Lock, Manifest};
use crate::{gap, requirements_gaps, vendored};

/// What all files together say: every component, and every gap, among them the manifests that no
/// lockfile answers for.
pub fn conclude(facts: &BTreeMap<TreePath, Facts>) -> Inspection {
    let mut inspection = Inspection::default();
    for facts in facts.values() {
        inspection
            .components
            .extend(facts.components.iter().cloned());
        inspection.gaps.extend(facts.gaps.iter().cloned());
    }
    let locks = Locks::new(facts);
    let mut installed = BTreeMap::new();
    for (path, facts_of_file) in facts {
        if let Some(manifest) = &facts_of_file.manifest {
            match (manifest_gap(path, manifest, &locks), installation(path)) {
                (Some(_), Some(folder)) => installed
                    .entry(folder)
                    .or_insert_with(Vec::new)
                    .push(manifest),
                (gap, _) => inspection.gaps.extend(gap),
            }
        }
    }
    inspection.gaps.extend(requirements_gaps(facts));
    inspection
        .gaps
        .extend(missing_packages(facts, &locks.packages));
    inspection.gaps.extend(
        installed
            .into_iter()
            .map(|(folder, manifests)| installed_gap(folder, &manifests)),
    );
    inspection
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

/// A lockfile entry without a source is a package of the tree. Were it believed without looking, the
/// loss of one line would take a package out of the inventory.
fn missing_packages(facts: &BTreeMap<TreePath, Facts>, packages: &CargoPackages<'_>) -> Vec<Gap> {
    let declared = packages.declared();
    let locks = facts
        .iter()
        .filter_map(|(path, facts)| Some((path, facts.lock.as_ref()?)));
    let local =
        locks.flat_map(|(path, lock)| lock.local.iter().map(move |package| (path, package)));
    let missing = local.filter(|(path, package)| match &package.place {
        LocalPlace::OfVersion {
            version,
            by_fetched,
        } => {
            let is_declared = declared.contains(&(package.name.as_str(), version.as_str()));
            !is_declared
                || *by_fetched && !packages.is_patched(path.parent(), &package.name, version)
        }
        LocalPlace::Folder(folder) => {
            let manifest = resolve(path.parent(), &format!("{folder}/package.json"));
            manifest.is_none_or(|manifest| !facts.contains_key(&TreePath::new(manifest)))
        }
    });
    missing
        .map(|(_, package)| gap::missing_package(package.location.clone(), &package.name))
        .collect()
}

/// The lockfiles of a tree by folder.
struct Locks<'a> {
    facts: &'a BTreeMap<TreePath, Facts>,
    packages: CargoPackages<'a>,
    /// The name and version of each published package that a Rust lockfile locks.
    fetched: BTreeMap<&'a TreePath, BTreeSet<(&'a str, &'a str)>>,
    by_folder: BTreeMap<String, Vec<(&'a TreePath, &'a Lock)>>,
    /// Rust lockfiles that answer for a folder outside their own, because a manifest that they answer
    /// for names that folder as a path dependency.
    by_path_dependency: BTreeMap<String, BTreeSet<&'a TreePath>>,
}

/// How a lockfile relates to a manifest.
enum Answer {
    /// It locks everything the manifest asks for.
    Whole,
    /// It knows the manifest but not these.
    Without(Vec<String>),
    /// It speaks of other manifests.
    None,
}

impl<'a> Locks<'a> {
    fn new(facts: &'a BTreeMap<TreePath, Facts>) -> Self {
        let mut by_folder: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (path, facts) in facts {
            if let Some(lock) = &facts.lock {
                by_folder
                    .entry(path.parent().to_owned())
                    .or_default()
                    .push((path, lock));
            }
        }
        by_folder.values_mut().for_each(without_shadowed);
        let packages = CargoPackages::new(facts);
        let named =
            |component: &'a Component| (component.name.as_str(), component.version.as_str());
        let is_rust = |facts: &Facts| {
            facts
                .lock
                .as_ref()
                .is_some_and(|lock| lock.family == Family::Rust)
        };
        let fetched = facts
            .iter()
            .filter(|(_, facts)| is_rust(facts))
            .map(|(path, facts)| (path, facts.components.iter().map(named).collect()))
            .collect();
        let mut locks = Self {
            facts,
            packages,
            fetched,
            by_folder,
            by_path_dependency: BTreeMap::new(),
        };
        locks.follow_path_dependencies();
        locks
    }

    /// Lockfiles of a family in the folder or above it, the nearest first.
    fn above(
        &self,
        folder: &str,
        family: Family,
    ) -> impl Iterator<Item = (&'a TreePath, &'a Lock)> {
        let found = above(folder)
            .filter_map(|folder| self.by_folder.get(folder))
            .flatten();
        found
            .copied()
            .filter(move |(_, lock)| lock.family == family)
    }

    fn answering(&self, folder: &str, family: Family) -> Vec<(&'a TreePath, &'a Lock)> {
        let linked = self.by_path_dependency.get(folder).into_iter().flatten();
        let linked =
            linked.flat_map(|path| self.by_folder.get(path.parent()).into_iter().flatten());
        self.above(folder, family)
            .chain(linked.copied().filter(|(_, lock)| lock.family == family))
            .collect()
    }

    /// Walks from each Rust manifest with a lockfile to the folders it names, until nothing is new.
    /// Each pair of folder and lockfile is visited once.
    fn follow_path_dependencies(&mut self) {
        let mut waiting: Vec<String> = self.packages.folders().map(str::to_owned).collect();
        while let Some(folder) = waiting.pop() {
            let Some(package) = self.packages.in_folder(&folder) else {
                continue;
            };
            let answering = self.answering(&folder, Family::Rust);
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

    fn answer(
        &self,
        lock_path: &TreePath,
        lock: &Lock,
        path: &TreePath,
        manifest: &Manifest,
    ) -> Answer {
        match &lock.covers {
            Covers::Everything => Answer::Whole,
            Covers::Packages(packages) => {
                let Some(package) = self.packages.at(path) else {
                    return Answer::None;
                };
                let known = packages.get(package.name).zip(package.version);
                match known.and_then(|(versions, version)| versions.get(version)) {
                    Some(locked) => {
                        Answer::without(package.missing(lock_path.parent(), locked, &self.packages))
                    }
                    None => Answer::None,
                }
            }
            Covers::Folders(folders) => {
                match relative(lock_path.parent(), path.parent()).and_then(|at| folders.get(at)) {
                    Some(Some(known)) => Answer::without(unknown(manifest, known)),
                    Some(None) => Answer::Whole,
                    None => Answer::None,
                }
            }
            Covers::Names(names) if manifest.needs.is_subset(names) => Answer::Whole,
            Covers::Names(_) => Answer::None,
        }
    }

    /// Whether the manifest is that of a published package which `cargo vendor` put here, and a lockfile
    /// above it locks that version: what the package asks for is then locked there, as if it were fetched.
    fn is_vendored(&self, path: &TreePath) -> bool {
        let mark = TreePath::new(format!("{}/{}", path.parent(), vendored::MARK));
        let package = self
            .packages
            .at(path)
            .and_then(|package| Some((package.name, package.version?)));
        let is_fetched = |package| {
            let mut locks = self.above(path.parent(), Family::Rust);
            locks.any(|(lock, _)| {
                self.fetched
                    .get(lock)
                    .is_some_and(|fetched| fetched.contains(&package))
            })
        };
        self.facts.contains_key(&mark) && package.is_some_and(is_fetched)
    }

    /// The lockfile that locks another version of the package of a manifest, as people may read it.
    fn other_versions(&self, path: &TreePath) -> Option<String> {
        let package = self.packages.at(path)?;
        self.answering(path.parent(), Family::Rust).into_iter().find_map(|(lock, content)| {
            let Covers::Packages(packages) = &content.covers else { return None };
            let locked: Vec<String> = packages.get(package.name)?.keys().cloned().collect();
            let (name, version) = (package.name, package.version.unwrap_or("of unknown version"));
            Some(format!(
                "{path} is `{name}` {version}, of which {lock} locks {} alone, so what it asks for was not checked",
                listed(&locked)
            ))
        })
    }
}

impl Answer {
    fn without(missing: Vec<String>) -> Self {
        if missing.is_empty() {
            Self::Whole
        } else {
            Self::Without(missing)
        }
    }
}

/// npm reads no package-lock.json beside an npm-shrinkwrap.json.
fn without_shadowed(locks: &mut Vec<(&TreePath, &Lock)>) {
    if locks
        .iter()
        .any(|(path, _)| path.file_name() == "npm-shrinkwrap.json")
    {
        locks.retain(|(path, _)| path.file_name() != "package-lock.json");
    }
}

fn knows(lock: &Lock, package: &TreePackage<'_>) -> bool {
    match &lock.covers {
        Covers::Everything => true,
        Covers::Packages(packages) => packages
            .get(package.name)
            .zip(package.version)
            .is_some_and(|(versions, version)| versions.contains_key(version)),
        Covers::Folders(_) | Covers::Names(_) => false,
    }
}

/// What a manifest of npm asks for and its lockfile does not know.
fn unknown(manifest: &Manifest, known: &BTreeSet<String>) -> Vec<String> {
    let is_known = |need: &&String| {
        // The oldest npm lockfiles say which packages are asked for and not in which range.
        let name = need
            .char_indices()
            .find(|(at, character)| *at > 0 && *character == '@');
        known.contains(*need) || name.is_some_and(|(at, _)| known.contains(&need[..at]))
    };
    manifest
        .needs
        .iter()
        .filter(|need| !is_known(need))
        .cloned()
        .collect()
}

fn manifest_gap(path: &TreePath, manifest: &Manifest, locks: &Locks<'_>) -> Option<Gap> {
    if manifest.family == Family::Rust && locks.is_vendored(path) {
        return None;
    }
    let mut outdated = None;
    let mut answering = locks.answering(path.parent(), manifest.family);
    let of_workspace = locks.packages.at(path).and_then(|package| {
        let mut knowing = answering.iter().filter(|(_, lock)| knows(lock, package));
        knowing
            .find(|(lock_path, _)| package.is_of_workspace_in(lock_path.parent()))
            .copied()
    });
    if let Some(found) = of_workspace {
        // Cargo reads no other lockfile for a member, not even the one beside it.
        answering = vec![found];
    }
    for (lock_path, lock) in answering {
        match locks.answer(lock_path, lock, path, manifest) {
            Answer::Whole => return None,
            Answer::Without(missing) => outdated = outdated.or(Some((lock_path, missing))),
            Answer::None => {}
        }
    }
    let fix = manifest.family.fix();
    if let Some((lock, missing)) = outdated {
        return Some(gap::outdated_lockfile(
            manifest.location.clone(),
            lock,
            &listed(&missing),
            fix,
        ));
    }
    let message = locks.other_versions(path).unwrap_or_else(|| {
        format!("{path} asks for packages, and no lockfile says which versions; none of them was checked")
    });
    Some(gap::unlocked_manifest(
        manifest.location.clone(),
        message,
        fix,
    ))
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

/// `folder` as seen from `base`; `None` when it does not lie below.
fn relative<'a>(base: &str, folder: &'a str) -> Option<&'a str> {
    if base.is_empty() {
        return Some(folder);
    }
    let rest = folder.strip_prefix(base)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// The tree path that `target` means in `folder`; `None` when it leaves the tree.
pub(crate) fn resolve(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
