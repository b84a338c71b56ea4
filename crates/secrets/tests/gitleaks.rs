//! The second opinion: the real gitleaks with the same rule file over the same files.
//!
//! The program is the one that `PLIMSOLL_GITLEAKS` names, else the one that `.ci/peers` fetched, else
//! the one on the search path. `PLIMSOLL_GITLEAKS_TREE` names a real tree to compare on besides the
//! generated one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "all of this file is a test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_model::{Address, Masks, TreePath};
use plimsoll_secrets::Rules;
use plimsoll_source::{Body, File, Metadata, Text};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use regex_syntax::hir::{Hir, HirKind};

/// A found secret: file, rule and value; and on which lines: from the first to the last of the match
/// as gitleaks tells it, and of the secret as we do.
type Findings = BTreeMap<(String, String, String), Vec<(u64, u64)>>;

fn rule_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/gitleaks/gitleaks.toml")
}

/// The program and the rule file, or `None` with a line that says what is missing.
fn peer() -> Option<(PathBuf, String)> {
    let program = plimsoll_trial::find_peer("gitleaks", "the comparison with gitleaks")?;
    let Ok(text) = std::fs::read_to_string(rule_file()) else {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: the comparison with gitleaks, because ../shared/data/gitleaks is absent\n"
            ),
        )
        .unwrap();
        return None;
    };
    Some((program, text))
}

fn theirs(program: &Path, tree: &Path) -> Findings {
    let report = tempfile::NamedTempFile::new().unwrap();
    let config = rule_file().canonicalize().unwrap();
    let status = Command::new(program)
        .current_dir(tree)
        .args([
            "dir",
            ".",
            "--no-banner",
            "--log-level",
            "error",
            "--exit-code",
            "0",
            "--ignore-gitleaks-allow",
        ])
        .args([
            "--max-decode-depth",
            "0",
            "--report-format",
            "json",
            "--report-path",
        ])
        .arg(report.path())
        .arg("--config")
        .arg(config)
        .status()
        .unwrap();
    assert!(status.success());
    let found: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(report.path()).unwrap()).unwrap();
    let mut findings = Findings::new();
    for finding in found {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        let secret = text("Secret");
        let lines = (
            finding["StartLine"].as_u64().unwrap(),
            finding["EndLine"].as_u64().unwrap(),
        );
        findings
            .entry((text("File"), text("RuleID"), secret))
            .or_default()
            .push(lines);
    }
    for lines in findings.values_mut() {
        lines.sort_unstable();
    }
    findings
}

fn ours(rules: &Rules, tree: &Path) -> Findings {
    let mut findings = Findings::new();
    let mut folders = vec![tree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                add(rules, tree, &entry.path(), &mut findings);
            }
        }
    }
    findings
}

fn add(rules: &Rules, tree: &Path, file: &Path, findings: &mut Findings) {
    let path = TreePath::new(file.strip_prefix(tree).unwrap().to_str().unwrap());
    if !rules.claims(&path) {
        return;
    }
    let decoded = Text::decode(std::fs::read(file).unwrap());
    let masks = Masks::default();
    let (body, text) = match &decoded {
        Text::Binary(bytes) => (Body::Bytes(bytes), ""),
        Text::Text(text) => (
            Body::Text {
                text,
                masks: &masks,
            },
            text.as_str(),
        ),
    };
    let facts = rules.extract(&File {
        address: &Address::new(path.clone()),
        metadata: &Metadata::UNKNOWN,
        body,
    });
    for hit in facts.hits {
        let secret = text[hit.span.start..hit.span.end].to_owned();
        let line = u64::from(hit.start.line);
        findings
            .entry((path.to_string(), hit.rule, secret))
            .or_default()
            .push((line, line));
    }
}

/// What one side found and the other did not.
fn differences(one: &Findings, other: &Findings) -> Vec<String> {
    let count = |found| other.get(found).map_or(0, Vec::len);
    let more = one
        .iter()
        .filter(|(found, lines)| count(found) < lines.len());
    more.map(|(found, lines)| format!("{found:?} {lines:?}"))
        .collect()
}

/// Secrets that do not lie on the lines of their match.
fn misplaced(ours: &Findings, theirs: &Findings) -> Vec<String> {
    let inside =
        |(ours, theirs): (&(u64, u64), &(u64, u64))| theirs.0 <= ours.0 && ours.0 <= theirs.1;
    let wrong = ours
        .iter()
        .filter(|(found, lines)| !lines.iter().zip(&theirs[*found]).all(inside));
    wrong
        .map(|(found, lines)| format!("{found:?} {lines:?}, there {:?}", theirs[found]))
        .collect()
}

/// The expression without anchors and word boundaries, which no text generator knows.
fn without_looks(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_looks).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_looks).collect()),
        HirKind::Capture(capture) => without_looks(&capture.sub),
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(without_looks(&repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}

fn samples(regex: &str, runner: &mut TestRunner) -> Vec<String> {
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(regex)
        .unwrap();
    let strategy = proptest::string::bytes_regex_parsed(&without_looks(&hir)).unwrap();
    let sample = |runner: &mut TestRunner| {
        String::from_utf8(strategy.new_tree(runner).unwrap().current()).ok()
    };
    (0..60)
        .filter_map(|_| sample(runner))
        .filter(|text| text.is_ascii() && !text.contains('\0'))
        .take(8)
        .collect()
}

/// For each rule a file of texts that its expression was made of, so that every rule has something
/// to find; and files whose names single rules ask for.
fn generate(rules: &str, tree: &Path) -> usize {
    let file: toml::Table = rules.parse().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut all = String::new();
    let mut count = 0;
    for rule in file["rules"].as_array().unwrap() {
        let Some(regex) = rule.get("regex") else {
            continue;
        };
        let samples = samples(regex.as_str().unwrap(), &mut runner);
        count += samples.len();
        let text = samples
            .iter()
            .flat_map(|sample| ["-- ", sample, "\n\n", sample, " ;\n"])
            .collect::<String>();
        std::fs::write(
            tree.join(format!("{}.txt", rule["id"].as_str().unwrap())),
            &text,
        )
        .unwrap();
        if rule.get("path").is_some() {
            all.push_str(&text);
        }
    }
    for name in [
        "a.yaml",
        "a.tf",
        "a.php",
        "nuget.config",
        "a.p12",
        "package-lock.json",
    ] {
        std::fs::write(tree.join(name), &all).unwrap();
    }
    count
}

#[test]
fn gitleaks_finds_the_same_in_generated_files() {
    let Some((program, text)) = peer() else {
        return;
    };
    let tree = tempfile::tempdir().unwrap();
    let count = generate(&text, tree.path());
    assert!(count > 1_200, "{count} texts");
    let rules = Rules::from_gitleaks(&text, "gitleaks.toml").unwrap();
    compare(
        &ours(&rules, tree.path()),
        &theirs(&program, tree.path()),
        200,
    );
}

#[test]
fn gitleaks_finds_the_same_in_a_real_tree() {
    let Some((program, text)) = peer() else {
        return;
    };
    let Some(tree) = std::env::var_os("PLIMSOLL_GITLEAKS_TREE").map(PathBuf::from) else {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: the comparison on a real tree, because PLIMSOLL_GITLEAKS_TREE names none\n"
            ),
        )
        .unwrap();
        return;
    };
    let rules = Rules::from_gitleaks(&text, "gitleaks.toml").unwrap();
    compare(&ours(&rules, &tree), &theirs(&program, &tree), 0);
}

fn compare(ours: &Findings, theirs: &Findings, least_rules: usize) {
    let seen: std::collections::BTreeSet<&String> = ours.keys().map(|(_, rule, _)| rule).collect();
    eprintln!(
        "{} findings of {} rules here, {} there",
        ours.len(),
        seen.len(),
        theirs.len()
    );
    let (extra, missed) = (differences(ours, theirs), differences(theirs, ours));
    assert!(
        extra.is_empty() && missed.is_empty(),
        "only here:\n{}\nonly there:\n{}",
        extra.join("\n"),
        missed.join("\n")
    );
    let misplaced = misplaced(ours, theirs);
    assert!(
        misplaced.is_empty(),
        "on other lines:\n{}",
        misplaced.join("\n")
    );
    assert!(
        seen.len() >= least_rules,
        "only {} rules found something",
        seen.len()
    );
}
