//! What each inspector finds today is written down beside its semantics number. Other results under the
//! same number would let evidence of other rules pass for evidence of these.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_advisories::{ImportOptions, Limits, Source, import};
use plimsoll_model::{Address, Digest, Extent, Inspector, RuleId, TreePath};
use plimsoll_packages::ecosystems;
use plimsoll_policy::Policy;
use plimsoll_source::{Content, Memory, Metadata, Site};
use serde_json::json;

use super::{Inspectors, Ready, rows};
use crate::inspect::{Inspected, Options, inspect};

/// One line an inspector: its id, its semantics, the digest of what it does.
const WRITTEN: &str = include_str!("semantics.txt");

#[test]
fn other_results_have_another_semantics_number() {
    let written: BTreeMap<&str, (&str, &str)> = WRITTEN
        .lines()
        .filter_map(|line| {
            let (id, rest) = line.split_once(' ')?;
            Some((id, rest.split_once(' ')?))
        })
        .collect();
    let mut stale = Vec::new();
    for (row, digest) in digests() {
        let (number, digest) = (row.semantics.to_string(), digest.to_string());
        match written.get(row.id) {
            Some(line) if *line == (number.as_str(), digest.as_str()) => {}
            Some((before, _)) if *before == number => stale.push(format!(
                "`{}` gives other results than its semantics {number} stand for: raise `semantics` in its \
                 row, then write the new line:\n{} {} {digest}",
                row.id,
                row.id,
                row.semantics + 1
            )),
            _ => stale.push(format!(
                "write this line into crates/engine/src/register/semantics.txt:\n{} {number} {digest}",
                row.id
            )),
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

/// The digest of each inspector's rule ids, severities, defaults and results.
fn digests() -> Vec<(&'static Inspector, Digest)> {
    let databases = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    import_advisories(databases.path(), now);
    let site = Site {
        folder: Path::new("."),
        trusted: false,
        root: Path::new("."),
        databases: Some(databases.path()),
        home: None,
        now,
    };
    let known = Inspectors::prepare(&Policy::defaults(rows()), &site).unwrap();
    let options = Options {
        inspectors: &known,
        cache: None,
        progress: &|_| (),
        site: Some(site),
        scope: Extent::Root,
    };
    let mut inspected = inspect(&fixtures(), &options);
    inspected.inspection.sort();
    let digest = |ready: &dyn Ready| {
        (
            ready.about(),
            Digest::of(told(ready, &inspected).as_bytes()),
        )
    };
    known.ready().map(digest).collect()
}

/// Imports the advisories of the example.
fn import_advisories(into: &Path, now: Timestamp) {
    let options = ImportOptions {
        ecosystems: Vec::new(),
        as_of: Some(now),
        rules: ecosystems(),
        now,
        limits: Limits::default(),
    };
    let source = Source::Folder(examples().join("record-store/advisories"));
    import(&source, into, &options, &mut |_| ()).unwrap();
}

/// All that an inspector does, as text: no words for people, which may change.
fn told(ready: &dyn Ready, inspected: &Inspected) -> String {
    let mut told = told_row(ready);
    let inspection = &inspected.inspection;
    let ran = inspected.ran.iter();
    for ran in ran.filter(|ran| ran.inspector == ready.about().id) {
        writeln!(told, "seen {}", ran.seen).unwrap();
    }
    let own = |id: &RuleId| id.inspector() == ready.about().id;
    for finding in inspection
        .findings
        .iter()
        .filter(|finding| own(&finding.rule))
    {
        let fixed = finding.fix.as_ref().and_then(|fix| fix.version.as_ref());
        let facts = json!([
            finding.rule,
            finding.severity,
            finding.places,
            finding.matter,
            fixed
        ]);
        writeln!(told, "{facts}").unwrap();
    }
    for gap in inspection.gaps.iter().filter(|gap| own(&gap.id)) {
        writeln!(told, "{}", json!([gap.id, gap.place])).unwrap();
    }
    told
}

/// The rules, gaps and defaults of an inspector, as text.
fn told_row(ready: &dyn Ready) -> String {
    let row = ready.about();
    let defaults = json!([
        row.gate_key,
        row.default_gate,
        row.settings,
        row.ages.as_ref().map(|ages| ages.default_max_days),
        row.required_by_default,
        ready.identity()
    ]);
    let mut told = format!("{defaults}\n");
    for rule in (row.rules)() {
        writeln!(told, "rule {} {}", rule.name, rule.severity).unwrap();
    }
    for gap in row.gap_docs() {
        writeln!(told, "gap {} {}", gap.name, gap.kind.as_str()).unwrap();
    }
    told
}

/// The example, flawed and fixed, and the workflows that the release path's rules are tested with.
fn fixtures() -> Memory {
    let mut tree = Memory::default();
    let flawed = examples().join("record-store");
    add(&mut tree, &flawed, "example", str::to_owned);
    let fixed = |name: &str| name.strip_suffix(".fixed").unwrap_or(name).to_owned();
    add(&mut tree, &flawed, "fixed", fixed);
    let workflows = examples().join("../crates/path/tests/fixtures");
    add(&mut tree, &workflows, ".github/workflows", |name| {
        name.replace('/', "-")
    });
    tree
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Adds the files below a folder; of two with one name the longer written one, the fixed one, counts.
fn add(tree: &mut Memory, folder: &Path, into: &str, rename: impl Fn(&str) -> String) {
    let mut files = Vec::new();
    list(folder, &mut files);
    files.sort();
    for file in files {
        let name = file.strip_prefix(folder).unwrap().to_str().unwrap();
        let path = TreePath::new(format!("{into}/{}", rename(name)));
        let content = Content::Bytes(std::fs::read(&file).unwrap());
        tree.insert(Address::new(path), Metadata::default(), content);
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
