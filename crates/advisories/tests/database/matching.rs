//! What is found equals what the second opinion finds, on published and on generated records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use plimsoll_advisories::{Database, Source};
use plimsoll_model::{Component, Finding, Location, Severity, TreePath};
use plimsoll_trial as trial;
use serde_json::{Value, json};

use crate::brute::{Expected, Oracle};
use crate::fixture::{Fixture, component, import_quietly, now, open, shared_osv, version_key};

/// Judges the versions of each package, and says how many pairs and findings there were.
fn agree(
    oracle: &Oracle,
    ecosystem: &str,
    database: &Database,
    pairs: &[(String, String)],
) -> usize {
    let components: Vec<Component> = pairs
        .iter()
        .enumerate()
        .map(|(index, (name, version))| Component {
            places: vec![Location::file(TreePath::new(format!("{index:06}"))).into()],
            ..component(ecosystem, name, version)
        })
        .collect();
    let inspection = database.inspect(&components, now(), None);
    let unexpected: Vec<_> = inspection
        .gaps
        .iter()
        .filter(|gap| gap.id.name() != "undecided-advisory")
        .collect();
    assert!(
        unexpected.is_empty(),
        "{:#?}",
        &unexpected[..unexpected.len().min(5)]
    );
    let mut found: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for finding in &inspection.findings {
        found
            .entry(
                finding.places[0]
                    .file()
                    .unwrap()
                    .path
                    .as_str()
                    .parse()
                    .unwrap(),
            )
            .or_default()
            .push(finding);
    }
    for (index, (name, version)) in pairs.iter().enumerate() {
        let found = found.get(&index).map_or(&[][..], Vec::as_slice);
        let expected = oracle.judge(name, version);
        assert_eq!(
            found.len(),
            expected.len(),
            "{name} {version}: {found:#?} {expected:#?}"
        );
        for expected in &expected {
            agree_on_flaw(oracle, found, expected, &format!("{name} {version}"));
        }
    }
    inspection.findings.len()
}

fn agree_on_flaw(oracle: &Oracle, found: &[&Finding], expected: &Expected, what: &str) {
    let named = |finding: &Finding| -> BTreeSet<String> {
        let ids = finding
            .references
            .iter()
            .map(|reference| reference.id.clone());
        ids.filter(|id| !id.starts_with("CWE-")).collect()
    };
    let finding = found.iter().find(|finding| named(finding) == expected.ids);
    let finding = finding.unwrap_or_else(|| panic!("{what}: {expected:?} is not in {found:#?}"));
    assert!(expected.ids.contains(finding.rule.name()), "{what}");
    let has_ghsa = expected.ids.iter().any(|id| id.starts_with("GHSA-"));
    assert_eq!(finding.rule.name().starts_with("GHSA-"), has_ghsa, "{what}");
    if let Some(severity) = expected.severity {
        assert_eq!(finding.severity, severity, "{what}");
    }
    let fix = finding.fix.as_ref().and_then(|fix| fix.version.as_deref());
    match (fix, &expected.smallest_fix) {
        (Some(fix), Some(smallest)) => {
            assert!(oracle.equal(fix, smallest), "{what}: {fix}, not {smallest}")
        }
        (Some(fix), None) => panic!("{what}: {fix} is no fix"),
        (None, Some(smallest)) => panic!("{what}: {smallest} was not found"),
        (None, None) => {}
    }
}

/// The versions that a record names, and neighbours of each.
fn neighbours(ecosystem: &str, version: &str) -> Vec<String> {
    let mut all = vec![version.to_owned()];
    if ecosystem == "PyPI" {
        all.extend(
            [".post1", ".dev0", "rc1", ".0", ".0.1", "+local"]
                .map(|tail| format!("{version}{tail}")),
        );
    } else {
        all.extend(["-0", "-alpha.1", "+build"].map(|tail| format!("{version}{tail}")));
    }
    if let Some((head, last)) = version.rsplit_once('.')
        && let Ok(last) = last.parse::<u64>()
    {
        all.extend(
            [last.saturating_sub(1), last.saturating_add(1)].map(|last| format!("{head}.{last}")),
        );
    }
    all.retain(|version| version_key(ecosystem, version).is_some());
    all
}

fn published(zip: &Path) -> Vec<Value> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip).unwrap()).unwrap();
    let count = archive.len();
    let read = |index| {
        let mut text = String::new();
        archive
            .by_index(index)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        serde_json::from_str(&text).unwrap()
    };
    (0..count).map(read).collect()
}

/// Every pair of a package and a version that its records name, or a neighbour of one.
fn judge_published(ecosystem: &str, pairs_min: usize) {
    let Some(osv) = shared_osv(&format!("published {ecosystem} advisories")) else {
        return;
    };
    let zip = osv.join(ecosystem).join("all.zip");
    let folder = tempfile::tempdir().unwrap();
    import_quietly(&Source::Zip(zip.clone()), folder.path(), &[]);
    let oracle = Oracle::new(ecosystem, published(&zip));
    let mut pairs = Vec::new();
    for package in oracle.packages() {
        let versions: BTreeSet<String> = oracle
            .versions(package)
            .iter()
            .flat_map(|version| neighbours(ecosystem, version))
            .collect();
        // Long lists are thinned evenly, because the second opinion is slow.
        let step = versions.len().div_ceil(8).max(1);
        pairs.extend(
            versions
                .into_iter()
                .step_by(step)
                .map(|version| (package.to_owned(), version)),
        );
    }
    let database = open(folder.path()).unwrap();
    let findings = agree(&oracle, ecosystem, &database, &pairs);
    eprintln!(
        "{ecosystem}: {} pairs, {findings} findings agree",
        pairs.len()
    );
    assert!(pairs.len() > pairs_min && findings > pairs_min / 4);
}

#[test]
fn published_advisories_match_as_the_schema_says() {
    std::thread::scope(|scope| {
        for rules in plimsoll_packages::ecosystems() {
            scope.spawn(|| judge_published(rules.name, 1500));
        }
    });
}

/// A small generator of numbers, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }

    fn version(&mut self) -> String {
        let tail = ["", "", "-rc.1", "-0"][self.below(4)];
        format!("{}.{}.0{tail}", self.below(3), self.below(3))
    }

    /// Events in any order, with ties, limits and missing ends.
    fn range(&mut self) -> Value {
        let kinds = [
            "introduced",
            "introduced",
            "fixed",
            "fixed",
            "last_affected",
            "limit",
        ];
        let mut events = Vec::new();
        if self.below(2) == 0 {
            events.push(json!({"introduced": "0"}));
        }
        for _ in 0..=self.below(4) {
            events.push(json!({ kinds[self.below(6)]: self.version() }));
        }
        json!({"type": "SEMVER", "events": events})
    }

    fn record(&mut self, number: usize) -> Value {
        let ranges: Vec<Value> = (0..self.below(3)).map(|_| self.range()).collect();
        let mut versions: Vec<String> = (0..self.below(3)).map(|_| self.version()).collect();
        if ranges.is_empty() && versions.is_empty() {
            versions.push(self.version());
        }
        let aliases: Vec<String> = (0..self.below(2))
            .map(|_| format!("CVE-{}", self.below(12)))
            .collect();
        let id = format!("{}-{number}", ["GHSA", "X"][self.below(2)]);
        let package = json!({"ecosystem": "npm", "name": format!("p{}", self.below(4))});
        let withdrawn = (self.below(10) == 0).then_some("2026-01-01T00:00:00Z");
        json!({
            "id": id, "modified": "2026-01-01T00:00:00Z", "withdrawn": withdrawn, "aliases": aliases,
            "affected": [{"package": package, "ranges": ranges, "versions": versions}],
        })
    }
}

#[test]
fn generated_records_match_as_the_schema_says() {
    let mut findings = 0;
    let fixtures = trial::count(12, 60);
    let mut judged = 0;
    for seed in 0..fixtures {
        let mut numbers = Numbers(seed);
        let records: Vec<Value> = (0..16).map(|number| numbers.record(number)).collect();
        let fixture = Fixture::of(&records, &["npm"]);
        let oracle = Oracle::new("npm", records);
        let mut pairs = Vec::new();
        for package in ["p0", "p1", "p2", "p3"] {
            for (major, minor) in (0..4).flat_map(|major| (0..4).map(move |minor| (major, minor))) {
                let tails = ["-0", "-alpha", "-rc.1", "", "+x"];
                pairs.extend(
                    tails.map(|tail| (package.to_owned(), format!("{major}.{minor}.0{tail}"))),
                );
            }
        }
        findings += agree(&oracle, "npm", &fixture.database, &pairs);
        judged += pairs.len();
    }
    assert!(findings > judged / 4, "{findings} of {judged}");
    trial::tell(format_args!(
        "{judged} pairs in {fixtures} databases: {findings} findings"
    ));
}

fn affecting(name: &str, events: &Value) -> Value {
    json!({"package": {"ecosystem": "crates.io", "name": name}, "ranges": [{"type": "SEMVER", "events": events}]})
}

#[test]
fn one_flaw_is_reported_once_with_all_of_its_names() {
    let v3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let records = [
        json!({"id": "RUSTSEC-2026-0001", "modified": "2026-01-01T00:00:00Z", "aliases": ["CVE-2026-1"],
            "summary": "a \u{1b}[31mflaw\nwith two lines",
            "affected": [affecting("shelf", &json!([{"introduced": "0"}, {"fixed": "1.2.0"}]))]}),
        json!({"id": "GHSA-aaaa-bbbb-cccc", "modified": "2026-01-01T00:00:00Z", "aliases": ["CVE-2026-1"],
            "severity": [{"type": "CVSS_V3", "score": v3}], "database_specific": {"cwe_ids": ["CWE-79"]},
            "references": [{"type": "WEB", "url": "https://a.example/"}, {"type": "ADVISORY", "url": "https://b.example/"}],
            "affected": [affecting("shelf", &json!([{"introduced": "0"}, {"fixed": "1.3.0"}]))]}),
        json!({"id": "GHSA-gone", "modified": "2026-01-01T00:00:00Z", "withdrawn": "2026-01-02T00:00:00Z",
            "affected": [affecting("shelf", &json!([{"introduced": "0"}]))]}),
    ];
    let fixture = Fixture::of(&records, &[]);
    let inspection = fixture.inspect(&[component("crates.io", "shelf", "1.0.0")]);
    let [finding] = &inspection.findings[..] else {
        panic!("{inspection:#?}")
    };
    assert_eq!(finding.rule.as_str(), "dependency/GHSA-aaaa-bbbb-cccc");
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.message, "shelf 1.0.0: a [31mflaw");
    let ids: Vec<&str> = finding
        .references
        .iter()
        .map(|reference| reference.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "CVE-2026-1",
            "CWE-79",
            "GHSA-aaaa-bbbb-cccc",
            "RUSTSEC-2026-0001"
        ]
    );
    assert_eq!(
        finding.references[2].url.as_deref(),
        Some("https://b.example/")
    );
    let fix = finding.fix.as_ref().unwrap();
    assert_eq!(
        fix.version.as_deref(),
        Some("1.3.0"),
        "1.2.0 satisfies one of the two records alone"
    );
    assert_eq!(inspection.gaps, []);
    // Where one record alone matches, the flaw keeps its id and severity.
    let later = fixture.inspect(&[component("crates.io", "shelf", "1.2.0")]);
    assert_eq!(later.findings.len(), 1);
    assert_eq!(
        fixture
            .inspect(&[component("crates.io", "shelf", "1.3.0")])
            .findings,
        []
    );
    assert_eq!(fixture.imported.databases[0].withdrawn, 1);
}

#[test]
fn a_malicious_package_is_critical_and_python_names_are_folded() {
    let python = |name: &str| json!({"package": {"ecosystem": "PyPI", "name": name}, "versions": ["1.0.0-final", "2.0"]});
    let record = json!({"id": "MAL-2026-1", "modified": "2026-01-01T00:00:00Z", "affected": [python("Evil_Pack.age")]});
    let fixture = Fixture::of(&[record], &[]);
    for (version, expected) in [("2.0.0", 1), ("1.0.0-final", 1), ("2.0.1", 0)] {
        let inspection = fixture.inspect(&[component("PyPI", "evil-pack-age", version)]);
        assert_eq!(inspection.findings.len(), expected, "{version}");
        assert!(
            inspection
                .findings
                .iter()
                .all(|f| f.severity == Severity::Critical && f.fix.is_none())
        );
    }
}
