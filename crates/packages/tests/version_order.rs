//! The version order of each ecosystem, judged against published tables and other readers.

#![expect(
    clippy::unwrap_used,
    reason = "a failing helper fails its test; a skipped test says so"
)]

use std::cmp::Ordering;
use std::fs;
use std::path::Path;

use plimsoll_model::EcosystemRules;
use plimsoll_packages::ecosystems;

/// How two versions of an ecosystem compare; `None` when one of them has no place in its order. Versions
/// that are written alike are equal in every ecosystem.
fn order(ecosystem: &str, left: &str, right: &str) -> Option<Ordering> {
    let rules = EcosystemRules::find(&ecosystems(), ecosystem).expect("a known ecosystem");
    if left == right {
        return Some(Ordering::Equal);
    }
    Some(rules.key(left)?.cmp(&rules.key(right)?))
}

/// Judges every line `A < B`, `A = B`, `A > B` of the published files.
fn judge(ecosystem: &str, files: &[&str]) -> Option<usize> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/version-order");
    if !folder.is_dir() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: version order of {ecosystem}, because {} is absent\n",
                folder.display()
            ),
        )
        .unwrap();
        return None;
    }
    let mut wrong = Vec::new();
    let mut judged = 0;
    for file in files {
        for line in fs::read_to_string(folder.join(file)).unwrap().lines() {
            let [left, sign, right] = line.split(' ').collect::<Vec<_>>()[..] else {
                continue;
            };
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => continue,
            };
            judged += 1;
            let straight = order(ecosystem, left, right);
            let turned = order(ecosystem, right, left).map(Ordering::reverse);
            if straight != Some(expected) || turned != Some(expected) {
                wrong.push(format!("{line}: {straight:?}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {judged} wrong: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    Some(judged)
}

#[test]
fn semantic_order_agrees_with_every_published_line() {
    for ecosystem in ["crates.io", "npm"] {
        assert!(judge(ecosystem, &["semver-versions.txt"]).is_none_or(|judged| judged > 20));
    }
}

#[test]
fn python_order_agrees_with_every_published_line() {
    let judged = judge(
        "PyPI",
        &["pypi-versions.txt", "pypi-versions-generated.txt"],
    );
    assert!(judged.is_none_or(|judged| judged > 6000));
}

#[test]
fn gem_order_agrees_with_every_published_line() {
    let judged = judge(
        "RubyGems",
        &["rubygems-versions.txt", "rubygems-versions-generated.txt"],
    );
    assert!(judged.is_none_or(|judged| judged > 2000));
}

#[test]
fn the_semver_and_nodejs_crates_agree_on_strict_versions() {
    let numbers = [
        "0.0.0",
        "0.0.1",
        "0.1.0",
        "0.10.0",
        "0.9.0",
        "1.0.0",
        "1.2.3",
        "18446744073709551615.0.0",
    ];
    let tails = [
        "",
        "-0",
        "-1",
        "-10",
        "-9",
        "-a",
        "-a.1",
        "-a.b",
        "-a-b",
        "-alpha.1.x",
        "-rc.1",
        "-Z",
        "+b",
    ];
    let all: Vec<String> = numbers
        .iter()
        .flat_map(|number| tails.iter().map(move |tail| format!("{number}{tail}")))
        .collect();
    for left in &all {
        for right in &all {
            let ours = order("crates.io", left, right);
            let version = |text: &str| semver::Version::parse(text).unwrap();
            assert_eq!(
                ours,
                Some(version(left).cmp_precedence(&version(right))),
                "{left} {right}"
            );
            if let (Ok(left), Ok(right)) = (
                nodejs_semver::Version::parse(left),
                nodejs_semver::Version::parse(right),
            ) {
                assert_eq!(ours, Some(left.cmp(&right)), "{left} {right}");
            }
        }
    }
}

#[test]
fn what_is_not_a_version_has_no_order() {
    for text in [
        "",
        "^1.0.0",
        "1.x",
        "1.2.3.4",
        "1..2",
        "1.2.3-",
        "1.2.3-a..b",
        "latest",
        "1.2.3-ü",
    ] {
        assert_eq!(order("npm", text, "1.0.0"), None, "{text}");
    }
    assert_eq!(order("PyPI", "1.99999999999999999999999", "1.0"), None);
    assert_eq!(order("npm", &"1".repeat(300), "1.0.0"), None);
}
