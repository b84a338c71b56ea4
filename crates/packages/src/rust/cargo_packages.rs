//! The Rust packages of a tree, each with what it inherits from its workspace, beside what a lockfile
//! says about them.
//!
//! Cargo takes over what a lockfile says of a package as long as each requirement of its manifest is
//! met, and chooses anew where one is not.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Scope, TreePath};
use semver::VersionReq;

use super::cargo_facts::{
    AskedFor, CargoDependency, CargoManifest, CargoPackage, CargoWorkspace, LockedVersion,
    LockedVersions, PackageVersion,
};
use crate::lockfiles::Files;
use crate::tree_path::{above, resolve};

/// Every package that a `Cargo.toml` of the tree declares.
pub(crate) struct CargoPackages<'a> {
    by_path: BTreeMap<&'a TreePath, TreePackage<'a>>,
    by_folder: BTreeMap<&'a str, &'a TreePath>,
    patches: BTreeSet<(Reach<'a>, &'a str, &'a str)>,
}

/// The lockfiles that a patch is meant for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach<'a> {
    /// That in this folder.
    Manifest(&'a str),
    /// Those in this folder and below.
    Configuration(&'a str),
}

/// A package of the tree.
pub(crate) struct TreePackage<'a> {
    pub(crate) name: &'a str,
    /// `None` when it is inherited from a workspace that the tree does not hold.
    pub(crate) version: Option<&'a str>,
    folder: &'a str,
    root: Option<Root<'a>>,
    pub(crate) package: &'a CargoPackage,
}

/// The root of a workspace and the folder it stands in.
#[derive(Clone, Copy)]
struct Root<'a> {
    folder: &'a str,
    workspace: &'a CargoWorkspace,
}

impl<'a> CargoPackages<'a> {
    pub(crate) fn new(files: &Files<'a>) -> Self {
        let manifests = files
            .iter()
            .filter_map(|(path, facts)| Some((*path, facts.cargo.as_ref()?.manifest()?)));
        let (mut by_folder, mut roots) = (BTreeMap::new(), BTreeMap::new());
        for (path, manifest) in manifests.clone() {
            // `Cargo.toml` comes before names in other letters, which Cargo does not read.
            by_folder.entry(path.parent()).or_insert(path);
            if let Some(workspace) = &manifest.workspace {
                roots.entry(path.parent()).or_insert(workspace);
            }
        }
        let packages = manifests
            .clone()
            .filter_map(|(path, manifest)| Some((path, package(path, manifest, &roots)?)));
        let mut packages = Self {
            by_path: packages.collect(),
            by_folder,
            patches: BTreeSet::new(),
        };
        packages.patches = manifests
            .flat_map(|(path, manifest)| packages.patches_of(path, manifest))
            .collect();
        packages
    }

    /// Each package of the tree that a manifest or a configuration puts in the place of another.
    fn patches_of(
        &self,
        path: &'a TreePath,
        manifest: &'a CargoManifest,
    ) -> impl Iterator<Item = (Reach<'a>, &'a str, &'a str)> {
        let folder = path.parent();
        let (base, reach) = match folder
            .strip_suffix(".cargo")
            .map(|above| above.trim_end_matches('/'))
        {
            Some(above) if path.file_name() != "Cargo.toml" => (above, Reach::Configuration(above)),
            Some(_) | None => (folder, Reach::Manifest(folder)),
        };
        manifest.patches.iter().filter_map(move |patch| {
            let package = self.in_folder(&resolve(base, patch.folder.as_ref()?)?)?;
            Some((reach, patch.name.as_str(), package.version?))
                .filter(|_| package.name == patch.name)
        })
    }

    /// Whether a package of the tree stands in for this published version.
    pub(crate) fn is_patched(&self, lock_folder: &str, name: &str, version: &str) -> bool {
        let reaches = above(lock_folder).map(Reach::Configuration);
        let mut reaches = reaches.chain(std::iter::once(Reach::Manifest(lock_folder)));
        reaches.any(|reach| self.patches.contains(&(reach, name, version)))
    }

    pub(crate) fn at(&self, path: &TreePath) -> Option<&TreePackage<'a>> {
        self.by_path.get(path)
    }

    /// Each with the path of its manifest.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'a TreePath, &TreePackage<'a>)> {
        self.by_path.iter().map(|(path, package)| (*path, package))
    }

    pub(crate) fn folders(&self) -> impl Iterator<Item = &'a str> {
        self.by_folder.keys().copied()
    }

    pub(crate) fn in_folder(&self, folder: &str) -> Option<&TreePackage<'a>> {
        self.at(self.by_folder.get(folder)?)
    }

    /// The name and version of each.
    pub(crate) fn declared(&self) -> BTreeSet<(&'a str, &'a str)> {
        self.by_path
            .values()
            .filter_map(|package| Some((package.name, package.version?)))
            .collect()
    }
}

fn package<'a>(
    path: &'a TreePath,
    manifest: &'a CargoManifest,
    roots: &BTreeMap<&'a str, &'a CargoWorkspace>,
) -> Option<TreePackage<'a>> {
    let (folder, package) = (path.parent(), manifest.package.as_ref()?);
    let root = |folder: &str| {
        roots
            .get_key_value(folder)
            .map(|(folder, workspace)| Root { folder, workspace })
    };
    let root = match (&manifest.workspace, &package.root) {
        (None, Some(named)) => resolve(folder, named).and_then(|folder| root(&folder)),
        (None, None) => above(folder).find_map(root),
        (Some(workspace), _) => Some(Root { folder, workspace }),
    };
    let version = match &package.version {
        PackageVersion::Own(version) => Some(version),
        PackageVersion::Inherited => root.and_then(|root| root.workspace.version.as_ref()),
    };
    Some(TreePackage {
        name: &package.name,
        version: version.map(String::as_str),
        folder,
        root,
        package,
    })
}

impl TreePackage<'_> {
    /// What it asks for and is not among the locked versions, each as people may read it.
    pub(crate) fn missing(
        &self,
        lock_folder: &str,
        locked: &LockedVersions,
        packages: &CargoPackages<'_>,
    ) -> Vec<String> {
        let is_member = self.is_member(lock_folder);
        let needs = self
            .package
            .needs
            .iter()
            .filter(|need| need.is_always_locked() || is_member);
        let missing = needs.filter_map(|need| match self.dependency(&need.asked) {
            Ok((_, dependency))
                if is_locked(dependency, locked, |name, version| {
                    packages.is_patched(lock_folder, name, version)
                }) =>
            {
                None
            }
            Ok((
                _,
                CargoDependency {
                    name,
                    requirement: Some(requirement),
                    ..
                },
            )) => Some(format!("{name} \"{requirement}\"")),
            Ok((
                _,
                CargoDependency {
                    name,
                    requirement: None,
                    ..
                },
            )) => Some(name.clone()),
            Err(name) => Some(format!(
                "{name} (as a workspace says that the tree does not hold)"
            )),
        });
        missing.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The widest scope in which it asks for a package at this version; `None` when it asks for no
    /// such package.
    pub(crate) fn scope_of(&self, name: &str, version: &str) -> Option<Scope> {
        let needs = self.package.needs.iter().filter(|need| {
            self.dependency(&need.asked).is_ok_and(|(_, dependency)| {
                dependency.name == name && is_met(dependency.requirement.as_deref(), version)
            })
        });
        needs.map(|need| need.scope).min()
    }

    /// Folders of the tree that it takes packages from.
    pub(crate) fn folders(&self) -> impl Iterator<Item = String> {
        let dependencies = self
            .package
            .needs
            .iter()
            .filter_map(|need| self.dependency(&need.asked).ok());
        dependencies.filter_map(|(base, dependency)| resolve(base, dependency.folder.as_ref()?))
    }

    /// A dependency and the folder its path starts from; the name of one that no workspace describes.
    fn dependency<'b>(
        &'b self,
        asked: &'b AskedFor,
    ) -> Result<(&'b str, &'b CargoDependency), &'b str> {
        match asked {
            AskedFor::Here(dependency) => Ok((self.folder, dependency)),
            AskedFor::InWorkspace(name) => self
                .root
                .and_then(|root| Some((root.folder, root.workspace.dependencies.get(name)?)))
                .ok_or(name.as_str()),
        }
    }

    /// Whether the lockfile in this folder is that of the package's workspace, whatever others there are.
    pub(crate) fn is_of_workspace_in(&self, lock_folder: &str) -> bool {
        self.root.is_some_and(|root| root.folder == lock_folder) && self.is_member(lock_folder)
    }

    /// Whether Cargo locks everything the package asks for, as it does for members of the workspace.
    fn is_member(&self, lock_folder: &str) -> bool {
        let Some(root) = self.root.filter(|root| root.folder == lock_folder) else {
            return self.folder == lock_folder;
        };
        let lies_in = |entry: &String| {
            resolve(root.folder, entry)
                .is_some_and(|folder| above(self.folder).any(|above| above == folder))
        };
        let is_excluded = root.workspace.exclude.iter().any(lies_in);
        !is_excluded || self.folder == lock_folder || root.workspace.members.iter().any(lies_in)
    }
}

/// Whether a version is locked that the dependency may take: without a folder, one that is fetched, or
/// one of the tree that is patched in.
fn is_locked(
    dependency: &CargoDependency,
    locked: &LockedVersions,
    is_patched: impl Fn(&str, &str) -> bool,
) -> bool {
    let Some(versions) = locked.get(&dependency.name) else {
        return false;
    };
    // Without a version, the lockfile has a gap of its own: what it names it does not lock.
    versions.is_empty()
        || versions.iter().any(|LockedVersion { version, is_local }| {
            is_met(dependency.requirement.as_deref(), version)
                && (!is_local
                    || dependency.folder.is_some()
                    || is_patched(&dependency.name, version))
        })
}

/// Whether a version meets a requirement. Cargo refuses requirements and versions that it cannot read.
fn is_met(requirement: Option<&str>, version: &str) -> bool {
    let Some(requirement) = requirement else {
        return true;
    };
    let (Ok(requirement), Ok(version)) = (
        VersionReq::parse(requirement),
        semver::Version::parse(version),
    ) else {
        return false;
    };
    requirement.matches(&version)
}
