//! Small sets of records, imported into a folder that lives as long as the test.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_advisories::{Database, ImportOptions, Imported, Limits, OpenError, Source, import};
use plimsoll_model::{
    Component, Ecosystem, EcosystemRules, Inspection, Location, TreePath, VersionKey,
};
use serde_json::Value;
use tempfile::TempDir;

/// The moment at which every test imports.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// The databases of a folder, read by the rules of every family of packages.
pub(crate) fn open(folder: &Path) -> Result<Database, OpenError> {
    Database::open(folder, &plimsoll_packages::ecosystems())
}

/// A version's place in the order of an ecosystem, as its family of packages states it.
pub(crate) fn version_key(ecosystem: &str, version: &str) -> Option<VersionKey> {
    EcosystemRules::find(&plimsoll_packages::ecosystems(), ecosystem)?.key(version)
}

pub(crate) fn options(ecosystems: &[&str]) -> ImportOptions {
    ImportOptions {
        ecosystems: ecosystems
            .iter()
            .map(|name| Ecosystem::new(*name))
            .collect(),
        as_of: Some(now()),
        rules: plimsoll_packages::ecosystems(),
        now: now(),
        limits: Limits::default(),
    }
}

pub(crate) fn import_quietly(source: &Source, into: &Path, ecosystems: &[&str]) -> Imported {
    import(source, into, &options(ecosystems), &mut |_| {}).unwrap()
}

/// A database of these records.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) imported: Imported,
    pub(crate) database: Database,
}

impl Fixture {
    pub(crate) fn of(records: &[Value], ecosystems: &[&str]) -> Self {
        let source = tempfile::tempdir().unwrap();
        for (index, record) in records.iter().enumerate() {
            fs::write(
                source.path().join(format!("{index:05}.json")),
                record.to_string(),
            )
            .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let imported = import_quietly(
            &Source::Folder(source.path().to_owned()),
            folder.path(),
            ecosystems,
        );
        let database = open(folder.path()).unwrap();
        Self {
            folder,
            imported,
            database,
        }
    }

    pub(crate) fn inspect(&self, components: &[Component]) -> Inspection {
        self.database.inspect(components, now(), None)
    }
}

pub(crate) fn component(ecosystem: &str, name: &str, version: &str) -> Component {
    let place = Location::file(TreePath::new("lock"));
    let rules = EcosystemRules::find(&plimsoll_packages::ecosystems(), "npm").unwrap();
    Component {
        ecosystem: Ecosystem::new(ecosystem),
        name: name.to_owned(),
        purl: None,
        ..rules.component(name, version, place)
    }
}

/// The published OSV data, or `None` with a word about it.
pub(crate) fn shared_osv(what: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osv");
    if folder.is_dir() {
        return Some(folder);
    }
    std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("SKIPPED: {what}, because {} is absent\n", folder.display()),
    )
    .unwrap();
    None
}
