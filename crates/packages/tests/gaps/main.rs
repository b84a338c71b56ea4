//! What a tree of manifests and lockfiles comes to: each kind of gap in a tree that must have it and
//! in one that must not.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod node;
mod python;
mod rust;

use std::collections::BTreeMap;

use plimsoll_model::{Address, Inspection, Masks, TreePath};
use plimsoll_packages::{Facts, claims, conclude};
use plimsoll_source::File;

fn facts(path: &str, text: &str, masks: &Masks) -> Option<Facts> {
    let path = TreePath::new(path);
    let facts = claims(&path)?.extract(&File::text(&Address::new(path.clone()), text, masks));
    let stored = serde_json::to_vec(&facts).unwrap();
    Some(serde_json::from_slice(&stored).unwrap())
}

fn inspect(files: &[(&str, &str)]) -> Inspection {
    let all: BTreeMap<TreePath, Facts> = files
        .iter()
        .filter_map(|(path, text)| {
            Some((TreePath::new(*path), facts(path, text, &Masks::default())?))
        })
        .collect();
    conclude(&all)
}

/// The gaps as `id place`, in the order of their places.
fn gaps(files: &[(&str, &str)]) -> Vec<String> {
    let mut inspection = inspect(files);
    inspection.sort();
    let line = |gap: &plimsoll_model::Gap| {
        assert!(!gap.message.is_empty() && !gap.fix.is_empty(), "{gap:?}");
        let place = gap.place.as_ref().expect("every gap has a place");
        let location = place.file().expect("every place is a file");
        format!(
            "{} {}:{}",
            gap.id.name(),
            location.path,
            location.start.line
        )
    };
    inspection.gaps.iter().map(line).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(gaps(files), expected, "{files:#?}");
}

const RUST_LOCK: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["lib", "rand"]

[[package]]
name = "lib"
version = "0.1.0"
dependencies = ["rand"]

[[package]]
name = "rand"
version = "0.8.5"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;
const APP: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nlib = { path = \"../lib\" }\nrand = \"0.8\"\n";
/// The other member, where it matters only that it is there.
const APP_FILE: (&str, &str) = (
    "app/Cargo.toml",
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\n",
);
const LIB: &str =
    "[package]\nname = \"lib\"\nversion = \"0.1.0\"\n[dependencies]\nrand = \"0.8\"\n";

#[test]
fn a_rust_manifest_needs_a_lockfile_that_knows_it() {
    check(&[("Cargo.toml", LIB)], &["unlocked-manifest Cargo.toml:2"]);
    check(
        &[("Cargo.lock", RUST_LOCK), ("lib/Cargo.toml", LIB), APP_FILE],
        &[],
    );
    check(&[("Cargo.toml", "[package]\nname = \"lib\"\n")], &[]);
    // A lockfile above that does not list the package is another workspace's.
    let stranger = LIB.replace("\"lib\"", "\"stranger\"");
    let files = [
        ("Cargo.lock", RUST_LOCK),
        ("x/Cargo.toml", &stranger),
        ("lib/Cargo.toml", LIB),
        APP_FILE,
    ];
    check(&files, &["unlocked-manifest x/Cargo.toml:2"]);
    // A lockfile below does not answer for what stands above it.
    check(
        &[("x/Cargo.lock", RUST_LOCK), ("Cargo.toml", LIB), APP_FILE],
        &["unlocked-manifest Cargo.toml:2"],
    );
}

#[test]
fn a_path_dependency_beside_the_package_is_locked_with_it() {
    check(
        &[
            ("app/Cargo.lock", RUST_LOCK),
            ("app/Cargo.toml", APP),
            ("lib/Cargo.toml", LIB),
        ],
        &[],
    );
    let app = APP.replace("../lib", "../other");
    check(
        &[
            ("app/Cargo.lock", RUST_LOCK),
            ("app/Cargo.toml", &app),
            ("lib/Cargo.toml", LIB),
        ],
        &["unlocked-manifest lib/Cargo.toml:2"],
    );
    // Folders that name each other end.
    let back = "[package]\nname = \"lib\"\nversion = \"0.1.0\"\n[dependencies]\napp = { path = \"../app\" }\n";
    let lock = RUST_LOCK.replace("dependencies = [\"rand\"]", "dependencies = [\"app\"]");
    check(
        &[
            ("app/Cargo.lock", &lock),
            ("app/Cargo.toml", APP),
            ("lib/Cargo.toml", back),
        ],
        &[],
    );
}

#[test]
fn a_lockfile_that_lags_behind_its_manifest_is_a_gap() {
    let more = format!("{LIB}serde = \"1\"\n");
    check(
        &[
            ("Cargo.lock", RUST_LOCK),
            ("lib/Cargo.toml", &more),
            APP_FILE,
        ],
        &["outdated-lockfile lib/Cargo.toml:2"],
    );
    let renamed = LIB.replace(
        "rand = \"0.8\"",
        "dice = { package = \"rand\", version = \"0.8\" }",
    );
    check(
        &[
            ("Cargo.lock", RUST_LOCK),
            ("lib/Cargo.toml", &renamed),
            APP_FILE,
        ],
        &[],
    );
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    check(
        &[
            ("package-lock.json", lock),
            ("package.json", r#"{"dependencies":{"a":"1"}}"#),
        ],
        &[],
    );
    check(
        &[
            ("package-lock.json", lock),
            ("package.json", r#"{"dependencies":{"a":"1","b":"1"}}"#),
        ],
        &["outdated-lockfile package.json:1"],
    );
}

/// Without its `source` line, a package is no component. Cargo would fetch it all the same.
#[test]
fn a_locked_package_without_a_source_must_stand_in_the_tree() {
    let lock = "version = 4\n[[package]]\nname = \"rand\"\nversion = \"0.7.2\"\n";
    check(&[("Cargo.lock", lock)], &["missing-package Cargo.lock:3"]);
    let rand = "[package]\nname = \"rand\"\nversion = \"0.7.2\"\n";
    check(
        &[("Cargo.lock", lock), ("vendor/rand/Cargo.toml", rand)],
        &[],
    );
    let other = rand.replace("0.7.2", "0.7.3");
    check(
        &[("Cargo.lock", lock), ("vendor/rand/Cargo.toml", &other)],
        &["missing-package Cargo.lock:3"],
    );
    let npm = r#"{"lockfileVersion":3,"packages":{"":{},
        "node_modules/x":{"link":true,"resolved":"../x"},"../x":{"version":"1.0.0"}}}"#;
    check(
        &[("web/package-lock.json", npm)],
        &["missing-package web/package-lock.json:2"],
    );
    check(
        &[("web/package-lock.json", npm), ("x/package.json", "{}")],
        &[],
    );
    check(
        &[("package-lock.json", npm), ("x/package.json", "{}")],
        &["missing-package package-lock.json:2"],
    );
    let old = r#"{"lockfileVersion":1,"dependencies":{"x":{"version":"file:x"}}}"#;
    check(
        &[("package-lock.json", old)],
        &["missing-package package-lock.json:1"],
    );
    check(&[("package-lock.json", old), ("x/package.json", "{}")], &[]);
}

/// Cargo and `npm install` choose anew what a lockfile lacks.
#[test]
fn a_lockfile_must_lock_what_its_packages_ask_for() {
    let cut = RUST_LOCK
        .split("[[package]]\nname = \"rand\"")
        .next()
        .unwrap();
    let members = [("lib/Cargo.toml", LIB), APP_FILE];
    check(
        &[("Cargo.lock", cut), members[0], members[1]],
        &[
            "incomplete-lockfile Cargo.lock:4",
            "incomplete-lockfile Cargo.lock:9",
        ],
    );
    let npm = |table| {
        format!(
            r#"{{"lockfileVersion":3,"packages":{{"":{{}},"node_modules/a":{{"version":"1.0.0","{table}":{{"b":"1"}}}}}}}}"#
        )
    };
    check(
        &[("package-lock.json", &npm("dependencies"))],
        &["incomplete-lockfile package-lock.json:1"],
    );
    check(&[("package-lock.json", &npm("optionalDependencies"))], &[]);
    check(&[("package-lock.json", &npm("peerDependencies"))], &[]);
    let old = |entry| {
        format!(r#"{{"lockfileVersion":1,"dependencies":{{"a":{{"version":"1.0.0",{entry}}}}}}}"#)
    };
    let nested = r#""requires":{"b":"1"},"dependencies":{"b":{"version":"1.0.0"}}"#;
    check(&[("package-lock.json", &old(nested))], &[]);
    check(&[("package-lock.json", &old(r#""requires":true"#))], &[]);
    for entry in [
        r#""requires":{"b":"1"}"#,
        r#""optional":true,"requires":{"b":"1"}"#,
    ] {
        check(
            &[("package-lock.json", &old(entry))],
            &["incomplete-lockfile package-lock.json:1"],
        );
    }
    for entry in [r#""requires":["b"]"#, r#""requires":"b""#] {
        check(
            &[("package-lock.json", &old(entry))],
            &["unreadable-lockfile package-lock.json:1"],
        );
    }
}

#[test]
fn the_case_of_a_file_name_does_not_matter() {
    check(
        &[("Requirements.TXT", "a")],
        &["unlocked-manifest Requirements.TXT:1"],
    );
    check(
        &[("Package.json", r#"{"dependencies":{"a":"1"}}"#)],
        &["unlocked-manifest Package.json:1"],
    );
    check(
        &[("COMPOSER.lock", "")],
        &["unsupported-lockfile COMPOSER.lock:1"],
    );
}

#[test]
fn packages_from_elsewhere_are_gaps_and_no_components() {
    let git = "version = 4\n[[package]]\nname = \"g\"\nversion = \"1.0.0\"\n\
               source = \"git+https://user:pass@code.example/g#0123\"\n\
               [[package]]\nname = \"p\"\nversion = \"1.0.0\"\nsource = \"sparse+https://registry.example/\"\n";
    check(
        &[("Cargo.lock", git)],
        &["foreign-source Cargo.lock:3", "foreign-source Cargo.lock:7"],
    );
    let inspection = inspect(&[("Cargo.lock", git)]);
    assert_eq!(inspection.components, []);
    assert!(
        !format!("{inspection:?}").contains("pass@"),
        "{inspection:?}"
    );
    let npm = r#"{"lockfileVersion":3,"packages":{"":{},
        "node_modules/g":{"version":"1.0.0","resolved":"git+ssh://git@code.example/g.git#0123"},
        "node_modules/f":{"version":"1.0.0","resolved":"file:f.tgz"},
        "node_modules/u":{"resolved":"https://registry.example/u.tgz"}}}"#;
    check(
        &[("package-lock.json", npm)],
        &[
            "foreign-source package-lock.json:2",
            "foreign-source package-lock.json:3",
            "unversioned-entry package-lock.json:4",
        ],
    );
    check(
        &[(
            "requirements.txt",
            "a @ git+https://code.example/a.git\n\n--pre -e git+https://code.example/b#egg=b\n",
        )],
        &[
            "foreign-source requirements.txt:1",
            "foreign-source requirements.txt:3",
        ],
    );
}

#[test]
fn broken_files_are_gaps_that_name_the_line() {
    check(
        &[("Cargo.lock", "version = 4\n[[package]]\nname = \n")],
        &["unreadable-lockfile Cargo.lock:3"],
    );
    check(
        &[("Cargo.lock", "version = 5\n")],
        &["unsupported-lockfile Cargo.lock:1"],
    );
    check(
        &[("Cargo.lock", "[[package]]\nname = \"a\"\n")],
        &["unreadable-lockfile Cargo.lock:1"],
    );
    check(
        &[("package-lock.json", "{\n  \"packages\": {,}\n}")],
        &["unreadable-lockfile package-lock.json:2"],
    );
    check(
        &[("package-lock.json", "")],
        &["unreadable-lockfile package-lock.json:1"],
    );
    check(
        &[("package-lock.json", r#"{"lockfileVersion":2}"#)],
        &["unreadable-lockfile package-lock.json:1"],
    );
    check(
        &[("package-lock.json", r#"{"lockfileVersion":9}"#)],
        &["unsupported-lockfile package-lock.json:1"],
    );
    let one_bad = "{\"lockfileVersion\":3,\"packages\":{\n\"node_modules/a\":{\"version\":7},\n\"node_modules/b\":{\"version\":\"1.0.0\"}}}";
    check(
        &[("package-lock.json", one_bad)],
        &["unreadable-lockfile package-lock.json:2"],
    );
    assert_eq!(
        inspect(&[("package-lock.json", one_bad)]).components.len(),
        1
    );
    check(
        &[("requirements.txt", "--pre\nb=2\n--what\n")],
        &["unreadable-requirement requirements.txt:2"],
    );
    check(
        &[("package.json", "{")],
        &["unreadable-manifest package.json:1"],
    );
    check(
        &[("Cargo.toml", "[package\n")],
        &["unreadable-manifest Cargo.toml:1"],
    );
    check(
        &[("pyproject.toml", "x = \n")],
        &["unreadable-manifest pyproject.toml:1"],
    );
}

#[test]
fn a_lockfile_of_an_unread_format_is_never_a_clean_bill() {
    for name in [
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "pylock.toml",
        "go.mod",
        "composer.lock",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "packages.lock.json",
        "mix.lock",
        "pubspec.lock",
        "Package.resolved",
        "Podfile.lock",
        "conan.lock",
        "renv.lock",
        "deno.lock",
    ] {
        let path = format!("deep/down/{name}");
        check(
            &[(&path, "anything")],
            &[&format!("unsupported-lockfile {path}:1")],
        );
    }
    check(
        &[("go.mod", ""), ("go.sum", "")],
        &["unsupported-lockfile go.mod:1"],
    );
    check(&[("Gemfile", "")], &["unlocked-manifest Gemfile:1"]);
    check(
        &[("x/app.csproj", "")],
        &["unlocked-manifest x/app.csproj:1"],
    );
    assert!(claims(&TreePath::new("src/main.rs")).is_none());
    assert!(claims(&TreePath::new("notes/requirements.md")).is_none());
}

#[test]
fn hostile_files_end_in_a_gap() {
    let deep_toml = format!("x = {}", "[".repeat(200_000));
    check(
        &[("Cargo.lock", &deep_toml)],
        &["unreadable-lockfile Cargo.lock:1"],
    );
    let deep_json = format!("{{\"x\":{}", "[".repeat(1_000_000));
    check(
        &[("package-lock.json", &deep_json)],
        &["unreadable-lockfile package-lock.json:1"],
    );
    let levels = 5_000;
    let nested = format!(
        "{{\"lockfileVersion\":1,\"dependencies\":{}{{}}{}}}",
        "{\"a\":{\"version\":\"1.0.0\",\"dependencies\":".repeat(levels),
        "}}".repeat(levels)
    );
    check(
        &[("package-lock.json", &nested)],
        &["unsupported-lockfile package-lock.json:1"],
    );
    check(&[("requirements.txt", &"\\\n".repeat(300_000))], &[]);
    let huge = "#".repeat((64 << 20) + 1);
    check(
        &[("requirements.txt", &huge)],
        &["unsupported-lockfile requirements.txt:1"],
    );
}
