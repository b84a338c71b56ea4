use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use plimsoll_model::{EcosystemRules, Location, TreePath};
use plimsoll_source::{File, TextFile};

use crate::facts::{Covers, Lock, Manifest};
use crate::lockfiles::{Files, Resolution};
use crate::{
    Facts, Parser, bazel, cocoapods, conan, dart, deno, dotnet, elixir, gap, go, haskell, jvm, nix,
    node, parser, php, python, r, ruby, rust, swift,
};

/// Files that lock and declare packages for one another, and all that is particular to them: everything
/// else in this crate holds for each family alike.
pub(crate) struct Family {
    /// What its lockfiles are called, with an article: `a Rust lockfile`.
    pub(crate) lockfile: &'static str,
    /// How its names and versions are written; `None` while no file of it is read.
    pub(crate) ecosystem: Option<&'static EcosystemRules>,
    /// Its readers; the first whose globs fit a path reads the file.
    pub(crate) parsers: &'static [&'static Parser],
    /// Lockfiles without a reader, as globs: each is a gap, so that a project is never called clean
    /// because nobody could read it.
    pub(crate) unread_locks: &'static [&'static str],
    /// Manifests without a reader, as globs: each needs a lockfile beside or above it.
    pub(crate) unread_manifests: &'static [&'static str],
    /// What a person does to get a lockfile that is read.
    pub(crate) fix: &'static str,
    /// What its files say together, beside what each says by itself.
    pub(crate) resolve: fn(&Family, &Files<'_>) -> Resolution,
}

/// What a person does about a lockfile of a family without any reader.
pub(crate) const CHECK_BY_OTHER_MEANS: &str =
    "check its packages by another means and waive the gap with an expiry";

/// Every family.
pub(crate) static FAMILIES: [&Family; 18] = [
    &rust::FAMILY,
    &node::FAMILY,
    &python::FAMILY,
    &go::FAMILY,
    &ruby::FAMILY,
    &php::FAMILY,
    &jvm::FAMILY,
    &dotnet::FAMILY,
    &dart::FAMILY,
    &elixir::FAMILY,
    &swift::FAMILY,
    &cocoapods::FAMILY,
    &haskell::FAMILY,
    &r::FAMILY,
    &deno::FAMILY,
    &conan::FAMILY,
    &bazel::FAMILY,
    &nix::FAMILY,
];

/// How each ecosystem whose packages are read writes names and versions.
pub fn ecosystems() -> Vec<&'static EcosystemRules> {
    FAMILIES
        .iter()
        .filter_map(|family| family.ecosystem)
        .collect()
}

/// A file of a known format: whose it is, and how it is read.
#[derive(Clone, Copy)]
pub struct Claim {
    /// The family's place in the table.
    pub(crate) family: usize,
    reader: Reader,
}

#[derive(Clone, Copy)]
enum Reader {
    Parser(&'static Parser),
    UnreadLock,
    UnreadManifest,
}

impl Claim {
    /// Reads the file. Never fails and never panics: what cannot be read is a gap.
    pub fn extract(&self, file: &File<'_>) -> Facts {
        parser::extract(file, |file| self.read(file))
    }

    fn read(&self, file: &TextFile<'_>) -> Facts {
        let family = FAMILIES[self.family];
        match self.reader {
            Reader::Parser(parser) => (parser.read)(file),
            Reader::UnreadLock => unread_lock(family, file),
            Reader::UnreadManifest => Facts {
                manifest: Some(Manifest::asking_for_anything(file)),
                ..Facts::default()
            },
        }
    }
}

fn unread_lock(family: &Family, file: &TextFile<'_>) -> Facts {
    let location = Location::file(file.path.clone());
    Facts {
        lock: Some(Lock::of(Covers::Everything)),
        ..Facts::gap(gap::unsupported_lockfile(
            location,
            family.lockfile,
            family.fix,
        ))
    }
}

/// Who reads the file at this path, if it is of a known format. The path alone decides.
pub fn claims(path: &TreePath) -> Option<Claim> {
    let first = GLOBS.set.matches(path.as_str()).into_iter().min()?;
    Some(GLOBS.claims[first])
}

struct Globs {
    set: GlobSet,
    /// What each glob stands for, in the order of the set.
    claims: Vec<Claim>,
}

static GLOBS: LazyLock<Globs> = LazyLock::new(|| {
    let mut set = GlobSetBuilder::new();
    let mut claims = Vec::new();
    for (family, row) in FAMILIES.iter().enumerate() {
        for (glob, reader) in globs(row) {
            // A folder of macOS or Windows finds `package.json` under the name `Package.json`.
            let glob = GlobBuilder::new(glob)
                .literal_separator(true)
                .case_insensitive(true)
                .build();
            set.add(glob.expect("the globs of the table are valid"));
            claims.push(Claim { family, reader });
        }
    }
    Globs {
        set: set
            .build()
            .expect("the globs of the table are valid together"),
        claims,
    }
});

fn globs(family: &Family) -> impl Iterator<Item = (&'static str, Reader)> {
    let read = family.parsers.iter().flat_map(|parser| {
        parser
            .globs
            .iter()
            .map(|glob| (*glob, Reader::Parser(parser)))
    });
    let locks = family
        .unread_locks
        .iter()
        .map(|glob| (*glob, Reader::UnreadLock));
    let manifests = family
        .unread_manifests
        .iter()
        .map(|glob| (*glob, Reader::UnreadManifest));
    read.chain(locks).chain(manifests)
}
