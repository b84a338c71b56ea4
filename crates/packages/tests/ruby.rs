//! Ruby: the order of gems beside `RubyGems` itself, and what is read from a `Gemfile.lock` beside
//! Bundler. A tool that this machine lacks is skipped by name.

#![expect(
    clippy::unwrap_used,
    reason = "a failing helper fails its test; a skipped test says so"
)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use plimsoll_model::{Address, EcosystemRules, Inspection, Masks, TreePath};
use plimsoll_packages::{Facts, claims, conclude, ecosystems};
use plimsoll_source::File;

fn skip(what: &str) {
    std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("SKIPPED: {what}\n")).unwrap();
}

fn compare(left: &str, right: &str) -> Option<Ordering> {
    let rules = EcosystemRules::find(&ecosystems(), "RubyGems").unwrap();
    Some(rules.key(left)?.cmp(&rules.key(right)?))
}

/// What a Ruby program prints for these lines; `None` without Ruby.
fn ruby(program: &str, input: &str) -> Option<String> {
    let started = Command::new("ruby")
        .args(["-e", program])
        // Bundler asks for the folder of a Gemfile before it reads one of a lockfile's folders.
        .env("BUNDLE_GEMFILE", "/nowhere/Gemfile")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            skip(&format!(
                "the comparison with Ruby because it cannot be started: {error}"
            ));
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let text = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "Ruby failed");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_order_agrees_with_rubygems() {
    let parts = ["0", "00", "1", "10", "a", "b1", "pre"];
    let mut versions: Vec<String> = vec!["1-1".to_owned(), "1-a.0".to_owned(), String::new()];
    for first in ["0", "1", "01"] {
        versions.push(first.to_owned());
        for second in parts {
            versions.push(format!("{first}.{second}"));
            for third in parts {
                versions.push(format!("{first}.{second}.{third}"));
                versions.push(format!("{first}.{second}.0.{third}"));
            }
        }
    }
    versions.extend(["a", "1..2", "1.", "1.2-", "1.ü", "^1", "1 2"].map(str::to_owned));
    let program = "all = STDIN.read.split(\"\\n\", -1).map { |text| Gem::Version.correct?(text) ? Gem::Version.new(text) : nil }\nall.each { |left| puts all.map { |right| left && right ? (left <=> right) : '?' }.join(' ') }";
    let Some(theirs) = ruby(program, &versions.join("\n")) else {
        return;
    };
    for (left, line) in versions.iter().zip(theirs.lines()) {
        for (right, sign) in versions.iter().zip(line.split(' ')) {
            let expected = match sign {
                "-1" => Some(Ordering::Less),
                "0" => Some(Ordering::Equal),
                "1" => Some(Ordering::Greater),
                _ => None,
            };
            assert_eq!(compare(left, right), expected, "{left:?} {right:?}");
        }
    }
}

fn facts(path: &str, text: &str) -> Facts {
    let path = TreePath::new(path);
    let address = Address::new(path.clone());
    let facts = claims(&path)
        .unwrap()
        .extract(&File::text(&address, text, &Masks::default()));
    serde_json::from_slice(&serde_json::to_vec(&facts).unwrap()).unwrap()
}

fn inspect(files: &[(&str, &str)]) -> Inspection {
    let all: BTreeMap<TreePath, Facts> = files
        .iter()
        .map(|(path, text)| (TreePath::new(*path), facts(path, text)))
        .collect();
    conclude(&all)
}

/// The gaps as `id line`.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let inspection = inspect(files);
    let gaps: Vec<String> = inspection
        .gaps
        .iter()
        .map(|gap| {
            let location = gap.place.as_ref().unwrap().file().unwrap();
            format!(
                "{} {}:{}",
                gap.id.name(),
                location.path,
                location.start.line
            )
        })
        .collect();
    assert_eq!(gaps, expected);
}

const LOCK: &str = include_str!("ruby/gemfile-lock.txt");

#[test]
fn bundler_reads_the_same_gems() {
    let program = "require 'bundler'\nBundler::LockfileParser.new(STDIN.read).specs.select { |spec| spec.source.is_a?(Bundler::Source::Rubygems) }.each { |spec| puts \"#{spec.name} #{spec.version}\" }";
    let Some(theirs) = ruby(program, LOCK) else {
        return;
    };
    let theirs: BTreeSet<&str> = theirs.lines().collect();
    let components = inspect(&[("Gemfile.lock", LOCK)]).components;
    let ours: Vec<String> = components
        .iter()
        .map(plimsoll_model::Component::label)
        .collect();
    assert_eq!(
        ours.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        theirs
    );
    assert_eq!(
        ours.len(),
        theirs.len(),
        "a gem of two platforms is one component"
    );
}

#[test]
fn a_lockfile_says_what_is_fetched_from_where() {
    let files = [
        ("Gemfile.lock", LOCK),
        ("Gemfile", "gem 'rails'"),
        ("engines/shop/shop.gemspec", ""),
    ];
    check(&files, &["foreign-source Gemfile.lock:5"]);
    let components = inspect(&files).components;
    let rack = components
        .iter()
        .find(|component| component.name == "rack")
        .unwrap();
    assert_eq!(rack.purl.as_ref().unwrap().as_str(), "pkg:gem/rack@3.1.8");
    assert_eq!(rack.checksums[0].digits(), "a".repeat(64));
    assert_eq!(rack.places[0].file().unwrap().start.line, 24);
    let needed_by: Vec<&str> = rack
        .needed_by
        .iter()
        .map(plimsoll_model::Purl::as_str)
        .collect();
    assert_eq!(needed_by, ["pkg:gem/rack-test@2.1.0"]);
    let nokogiri = components
        .iter()
        .find(|component| component.name == "nokogiri")
        .unwrap();
    assert_eq!((nokogiri.places.len(), nokogiri.checksums.len()), (2, 0));
}

#[test]
fn what_a_lockfile_leaves_open_is_a_gap() {
    check(&[("Gemfile", "gem 'a'")], &["unlocked-manifest Gemfile:1"]);
    check(
        &[("x/a.gemspec", ""), ("Gemfile.lock", LOCK)],
        &[
            "unlocked-manifest x/a.gemspec:1",
            "missing-package Gemfile.lock:11",
            "foreign-source Gemfile.lock:5",
        ],
    );
    let lock = |gems: &str, asked: &str| {
        format!(
            "GEM\n  remote: https://rubygems.org/\n  specs:\n{gems}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n{asked}\n"
        )
    };
    let check_lock = |text: &str, expected: &[&str]| check(&[("Gemfile.lock", text)], expected);
    check_lock(
        &lock("    a (1.0)\n      bundler (>= 2)\n", "  a (~> 1)\n"),
        &[],
    );
    check_lock(
        &lock("    a (1.0)\n      b (>= 2)\n", "  a\n"),
        &["incomplete-lockfile Gemfile.lock:4"],
    );
    check_lock(
        &lock("    a (1.0)\n", "  b!\n"),
        &["incomplete-lockfile Gemfile.lock:10"],
    );
    check_lock(
        &lock("    a\n", "  a\n"),
        &["unversioned-entry Gemfile.lock:4"],
    );
    let elsewhere = lock("    a (1.0)\n", "  a\n").replace("rubygems.org", "gems.example");
    check_lock(&elsewhere, &["foreign-source Gemfile.lock:4"]);
    let nowhere = lock("    a (1.0)\n", "  a\n").replace("  remote: https://rubygems.org/\n", "");
    check_lock(&nowhere, &["foreign-source Gemfile.lock:3"]);
    check_lock(
        &lock("    a (1.0\n", "  a\n"),
        &["unreadable-lockfile Gemfile.lock:4"],
    );
    check_lock(
        &lock("<<<<<<< HEAD\n    a (1.0)\n", "  a\n"),
        &["unreadable-lockfile Gemfile.lock:4"],
    );
    check_lock("{\"a\": 1}\n", &["unreadable-lockfile Gemfile.lock:1"]);
}

#[test]
fn a_lockfile_cut_in_half_is_a_gap_or_names_every_gem() {
    let whole = inspect(&[("Gemfile.lock", LOCK)]).components.len();
    for end in (0..LOCK.len()).filter(|end| LOCK.is_char_boundary(*end)) {
        let inspection = inspect(&[("Gemfile.lock", &LOCK[..end])]);
        let is_told = inspection
            .gaps
            .iter()
            .any(|gap| gap.id.name() == "unreadable-lockfile");
        assert!(is_told || inspection.components.len() == whole, "{end}");
    }
}
