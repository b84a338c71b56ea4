//! What is said of a component: what it is needed for, where it stands, by which package URL.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use plimsoll_model::{Address, Component, EcosystemRules, Masks, Scope, TreePath};
use plimsoll_packages::{claims, conclude, ecosystems};
use plimsoll_source::File;
use serde_json::Value;

fn components(files: &[(&str, &str)]) -> Vec<Component> {
    let all: BTreeMap<_, _> = files
        .iter()
        .map(|(path, text)| {
            let path = TreePath::new(*path);
            let address = Address::new(path.clone());
            let facts =
                claims(&path)
                    .unwrap()
                    .extract(&File::text(&address, text, &Masks::default()));
            (path, facts)
        })
        .collect();
    conclude(&all).components
}

/// `name scope` of each.
fn scopes(files: &[(&str, &str)]) -> Vec<String> {
    components(files)
        .iter()
        .map(|component| format!("{} {}", component.name, component.scope.as_str()))
        .collect()
}

const CRATES: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// A lockfile of an app with these packages, each with what it needs.
fn cargo_lock(app: &[&str], packages: &[(&str, &[&str])]) -> String {
    let mut text = format!(
        "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = {app:?}\n"
    );
    for (name, needs) in packages {
        write!(
            text,
            "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{CRATES}\ndependencies = {needs:?}\n"
        )
        .unwrap();
    }
    text
}

#[test]
fn manifests_say_what_a_locked_crate_is_needed_for() {
    let lock = cargo_lock(
        &["both", "build", "dev", "extra", "run"],
        &[
            ("both", &[]),
            ("build", &["shared"]),
            ("dev", &["under-dev", "shared"]),
            ("extra", &[]),
            ("run", &["under-run"]),
            ("shared", &[]),
            ("under-dev", &["under-run"]),
            ("under-run", &[]),
        ],
    );
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nrun = \"1\"\nboth = \"1\"\nextra = { version = \"1\", optional = true }\n[build-dependencies]\nbuild = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\ndev = \"1\"\nboth = \"1\"\n";
    let expected = [
        "both runtime",
        "build build",
        "dev dev",
        "extra optional",
        "run runtime",
        "shared build",
        "under-dev dev",
        "under-run runtime",
    ];
    assert_eq!(
        scopes(&[("Cargo.lock", &lock), ("Cargo.toml", manifest)]),
        expected
    );
    // Where no manifest says so, a package is needed at run time, in whatever other file it is less.
    let at_run_time = expected.map(|line| {
        let (name, _) = line.split_once(' ').unwrap();
        format!("{name} runtime")
    });
    assert_eq!(scopes(&[("Cargo.lock", &lock)]), at_run_time);
    let unknown = lock.replace("\"app\"", "\"unknown\"");
    let files = [
        ("a/Cargo.lock", lock.as_str()),
        ("a/Cargo.toml", manifest),
        ("b/Cargo.lock", &unknown),
    ];
    assert_eq!(scopes(&files), at_run_time);
}

const NPM: &str = r#"{ "lockfileVersion": 3, "packages": {
  "": {}, "node_modules/a": { "version": "1.0.0", "license": "MIT", "dependencies": { "b": "1" } },
  "node_modules/b": { "version": "1.0.0", "dev": true, "license": { "type": "MIT" } },
  "node_modules/c": { "version": "1.0.0", "optional": true },
  "node_modules/d": { "version": "1.0.0", "devOptional": true }
} }"#;

#[test]
fn an_npm_lockfile_says_it_itself() {
    let expected = ["a runtime", "b dev", "c optional", "d optional"];
    assert_eq!(scopes(&[("package-lock.json", NPM)]), expected);
    let components = components(&[("package-lock.json", NPM)]);
    let licenses: Vec<&str> = components
        .iter()
        .flat_map(|component| &component.licenses)
        .map(|license| license.expression.as_str())
        .collect();
    assert_eq!(licenses, ["MIT"]);
}

#[test]
fn one_package_version_in_several_files_is_one_component() {
    let files = [("x/package-lock.json", NPM), ("y/package-lock.json", NPM)];
    let components = components(&files);
    assert_eq!(components.len(), 4);
    let places: Vec<String> = components[1]
        .places
        .iter()
        .map(|place| place.file().unwrap().path.to_string())
        .collect();
    assert_eq!(places, ["x/package-lock.json", "y/package-lock.json"]);
    let needed_by: Vec<&str> = components[1]
        .needed_by
        .iter()
        .map(plimsoll_model::Purl::as_str)
        .collect();
    assert_eq!(needed_by, ["pkg:npm/a@1.0.0"]);
}

#[test]
fn a_requirement_without_a_version_is_a_component_without_one() {
    let components = components(&[("requirements.txt", "A.b>=1,<2\nc==1.0\n")]);
    let declared = &components[0];
    assert_eq!((declared.name.as_str(), &declared.version), ("a-b", &None));
    assert_eq!(declared.declared.as_deref(), Some(">=1,<2"));
    assert_eq!(declared.purl.as_ref().unwrap().as_str(), "pkg:pypi/a-b");
    assert_eq!(declared.scope, Scope::Runtime);
    assert_eq!(components[1].label(), "c 1.0");
}

#[test]
fn package_urls_are_those_of_the_ecosystem() {
    for (ecosystem, name, version, expected) in [
        (
            "npm",
            "@angular/animation",
            "12.3.1",
            "pkg:npm/%40angular/animation@12.3.1",
        ),
        ("crates.io", "rand", "0.7.2+b", "pkg:cargo/rand@0.7.2%2Bb"),
        (
            "PyPI",
            "Zope.Interface_x",
            "5.0",
            "pkg:pypi/zope-interface-x@5.0",
        ),
    ] {
        let rules = EcosystemRules::find(&ecosystems(), ecosystem).unwrap();
        assert_eq!(rules.purl(name, Some(version)).unwrap().as_str(), expected);
    }
}

fn skip(what: &str, absent: &Path) {
    std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("SKIPPED: {what}, because {} is absent\n", absent.display()),
    )
    .unwrap();
}

/// Every published case in which a package URL is made of a namespace, a name and a version.
#[test]
fn package_urls_are_those_of_the_specification() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/purl");
    if !folder.is_dir() {
        return skip("published package URLs", &folder);
    }
    let mut judged = 0;
    for rules in ecosystems() {
        let file = folder.join(format!("{}-test.json", rules.purl_type));
        if !file.is_file() {
            skip(&format!("published package URLs of {}", rules.name), &file);
            continue;
        }
        let text = std::fs::read(&file).unwrap();
        let cases: Value = serde_json::from_slice(&text).unwrap();
        let builds = cases["tests"].as_array().unwrap().iter().filter(|case| {
            let input = &case["input"];
            case["test_type"] == "build"
                && input["type"] == rules.purl_type
                && input["qualifiers"].is_null()
                && input["subpath"].is_null()
        });
        for case in builds {
            let input = &case["input"];
            let name = match input["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{}", input["name"].as_str().unwrap_or("")),
                None => input["name"].as_str().unwrap_or("").to_owned(),
            };
            let made = rules.purl(&name, input["version"].as_str());
            let made = made.as_ref().map(plimsoll_model::Purl::as_str);
            let expected = match case["expected_failure"].as_bool() {
                Some(true) => None,
                _ => case["expected_output"].as_str(),
            };
            assert_eq!(made, expected, "{case}");
            judged += 1;
        }
    }
    assert!(judged > 0, "no published case was judged");
}
