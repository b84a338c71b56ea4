//! What a tree of manifests and lockfiles comes to: each kind of gap in a tree that must have it and
//! in one that must not.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::collections::BTreeMap;

use plimsoll_model::{Inspection, Masks, Span, TreePath};
use plimsoll_packages::{Facts, claims, conclude};
use plimsoll_source::File;

fn facts(path: &str, text: &str, masks: &Masks) -> Option<Facts> {
    let path = TreePath::new(path);
    let facts = claims(&path)?.extract(&File { path: &path, text, masks });
    let stored = serde_json::to_vec(&facts).unwrap();
    Some(serde_json::from_slice(&stored).unwrap())
}

fn inspect(files: &[(&str, &str)]) -> Inspection {
    let all: BTreeMap<TreePath, Facts> = files
        .iter()
        .filter_map(|(path, text)| Some((TreePath::new(*path), facts(path, text, &Masks::default())?)))
        .collect();
    conclude(&all)
}

/// The gaps as `id place`, in the order of their places.
fn gaps(files: &[(&str, &str)]) -> Vec<String> {
    let mut inspection = inspect(files);
    inspection.sort();
    let line = |gap: &plimsoll_model::Gap| {
        assert!(!gap.message.is_empty() && !gap.mend.is_empty(), "{gap:?}");
        let location = gap.location.as_ref().expect("every gap has a place");
        format!("{} {}:{}", gap.id.name(), location.path, location.start.line)
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
const APP: &str = "[package]\nname = \"app\"\n[dependencies]\nlib = { path = \"../lib\" }\nrand = \"0.8\"\n";
/// The other member, where it matters only that it is there.
const APP_FILE: (&str, &str) = ("app/Cargo.toml", "[package]\nname = \"app\"\n");
const LIB: &str = "[package]\nname = \"lib\"\n[dependencies]\nrand = \"0.8\"\n";

#[test]
fn a_rust_manifest_needs_a_lockfile_that_knows_it() {
    check(&[("Cargo.toml", LIB)], &["unlocked-manifest Cargo.toml:2"]);
    check(&[("Cargo.lock", RUST_LOCK), ("lib/Cargo.toml", LIB), APP_FILE], &[]);
    check(&[("Cargo.toml", "[package]\nname = \"lib\"\n")], &[]);
    // A lockfile above that does not list the package is another workspace's.
    let stranger = LIB.replace("\"lib\"", "\"stranger\"");
    let files = [("Cargo.lock", RUST_LOCK), ("x/Cargo.toml", &stranger), ("lib/Cargo.toml", LIB), APP_FILE];
    check(&files, &["unlocked-manifest x/Cargo.toml:2"]);
    // A lockfile below does not answer for what stands above it.
    check(&[("x/Cargo.lock", RUST_LOCK), ("Cargo.toml", LIB), APP_FILE], &["unlocked-manifest Cargo.toml:2"]);
}

#[test]
fn a_path_dependency_beside_the_package_is_locked_with_it() {
    check(&[("app/Cargo.lock", RUST_LOCK), ("app/Cargo.toml", APP), ("lib/Cargo.toml", LIB)], &[]);
    let app = APP.replace("../lib", "../other");
    check(
        &[("app/Cargo.lock", RUST_LOCK), ("app/Cargo.toml", &app), ("lib/Cargo.toml", LIB)],
        &["unlocked-manifest lib/Cargo.toml:2"],
    );
    // Folders that name each other end.
    let back = "[package]\nname = \"lib\"\n[dependencies]\napp = { path = \"../app\" }\n";
    let lock = RUST_LOCK.replace("dependencies = [\"rand\"]", "dependencies = [\"app\"]");
    check(&[("app/Cargo.lock", &lock), ("app/Cargo.toml", APP), ("lib/Cargo.toml", back)], &[]);
}

#[test]
fn a_lockfile_that_lags_behind_its_manifest_is_a_gap() {
    let more = format!("{LIB}serde = \"1\"\n");
    check(
        &[("Cargo.lock", RUST_LOCK), ("lib/Cargo.toml", &more), APP_FILE],
        &["outdated-lockfile lib/Cargo.toml:2"],
    );
    let renamed = LIB.replace("rand = \"0.8\"", "dice = { package = \"rand\", version = \"0.8\" }");
    check(&[("Cargo.lock", RUST_LOCK), ("lib/Cargo.toml", &renamed), APP_FILE], &[]);
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0"}}}"#;
    check(&[("package-lock.json", lock), ("package.json", r#"{"dependencies":{"a":"1"}}"#)], &[]);
    check(
        &[("package-lock.json", lock), ("package.json", r#"{"dependencies":{"a":"1","b":"1"}}"#)],
        &["outdated-lockfile package.json:1"],
    );
}

/// Without its `source` line, a package is no component. Cargo would fetch it all the same.
#[test]
fn a_locked_package_without_a_source_must_stand_in_the_tree() {
    let lock = "version = 4\n[[package]]\nname = \"rand\"\nversion = \"0.7.2\"\n";
    check(&[("Cargo.lock", lock)], &["missing-package Cargo.lock:3"]);
    check(&[("Cargo.lock", lock), ("vendor/rand/Cargo.toml", "[package]\nname = \"rand\"\n")], &[]);
    let npm = r#"{"lockfileVersion":3,"packages":{"":{},
        "node_modules/x":{"link":true,"resolved":"../x"},"../x":{"version":"1.0.0"}}}"#;
    check(&[("web/package-lock.json", npm)], &["missing-package web/package-lock.json:2"]);
    check(&[("web/package-lock.json", npm), ("x/package.json", "{}")], &[]);
    check(&[("package-lock.json", npm), ("x/package.json", "{}")], &["missing-package package-lock.json:2"]);
    let old = r#"{"lockfileVersion":1,"dependencies":{"x":{"version":"file:x"}}}"#;
    check(&[("package-lock.json", old)], &["missing-package package-lock.json:1"]);
    check(&[("package-lock.json", old), ("x/package.json", "{}")], &[]);
}

/// Cargo and `npm install` choose anew what a lockfile lacks.
#[test]
fn a_lockfile_must_lock_what_its_packages_ask_for() {
    let cut = RUST_LOCK.split("[[package]]\nname = \"rand\"").next().unwrap();
    let members = [("lib/Cargo.toml", LIB), APP_FILE];
    check(
        &[("Cargo.lock", cut), members[0], members[1]],
        &["incomplete-lockfile Cargo.lock:4", "incomplete-lockfile Cargo.lock:9"],
    );
    let npm = |table| {
        format!(
            r#"{{"lockfileVersion":3,"packages":{{"":{{}},"node_modules/a":{{"version":"1.0.0","{table}":{{"b":"1"}}}}}}}}"#
        )
    };
    check(&[("package-lock.json", &npm("dependencies"))], &["incomplete-lockfile package-lock.json:1"]);
    check(&[("package-lock.json", &npm("optionalDependencies"))], &[]);
    check(&[("package-lock.json", &npm("peerDependencies"))], &[]);
}

#[test]
fn a_node_lockfile_answers_for_what_it_locks_alone() {
    let manifest = ("package.json", r#"{"dependencies":{"a":"^1.0.0"}}"#);
    let lock = |root: &str, rest: &str| {
        format!(r#"{{"lockfileVersion":3,"packages":{{"":{{"dependencies":{root}}}{rest}}}}}"#)
    };
    let a = r#","node_modules/a":{"version":"1.0.0"}"#;
    check(&[("package-lock.json", &lock(r#"{"a":"^1.0.0"}"#, a)), manifest], &[]);
    for (root, rest) in [(r#"{"a":"^1.0.0"}"#, ""), (r#"{"a":"^0.9.0"}"#, a), ("{}", a)] {
        check(&[("package-lock.json", &lock(root, rest)), manifest], &["outdated-lockfile package.json:1"]);
    }
    let empty = r#"{"lockfileVersion":3,"packages":{}}"#;
    check(&[("package-lock.json", empty), manifest], &["unlocked-manifest package.json:1"]);
    // npm looks at the shrinkwrap alone.
    let whole = lock(r#"{"a":"^1.0.0"}"#, a);
    let files = [("package-lock.json", whole.as_str()), ("npm-shrinkwrap.json", &lock("{}", "")), manifest];
    check(&files, &["outdated-lockfile package.json:1"]);
    check(&[("npm-shrinkwrap.json", &whole), ("package-lock.json", &lock("{}", "")), manifest], &[]);
    let old = r#"{"lockfileVersion":1,"dependencies":{"@s/a":{"version":"1.0.0"}}}"#;
    check(&[("package-lock.json", old), ("package.json", r#"{"dependencies":{"@s/a":"npm:b@^1"}}"#)], &[]);
}

/// npm installs the peers of the root package since version 7.
#[test]
fn a_peer_is_asked_for_unless_it_is_optional() {
    let peer = r#"{"peerDependencies":{"a":"1"}}"#;
    check(&[("package.json", peer)], &["unlocked-manifest package.json:1"]);
    let optional = r#"{"peerDependencies":{"a":"1"},"peerDependenciesMeta":{"a":{"optional":true}}}"#;
    check(&[("package.json", optional)], &[]);
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"peerDependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","peer":true}}}"#;
    check(&[("package.json", peer), ("package-lock.json", lock)], &[]);
}

/// npm resolves the key as a path and installs what stands at the address.
#[test]
fn an_entry_cannot_stand_for_another_package() {
    for key in [
        "node_modules/x/../a",
        "node_modules//a",
        "node_modules/./a",
        "node_modules/x/a",
        "node_modules\\\\a",
        "node_modules/@s",
    ] {
        let lock = format!(r#"{{"lockfileVersion":3,"packages":{{"{key}":{{"version":"1.0.0"}}}}}}"#);
        check(&[("package-lock.json", &lock)], &["unreadable-lockfile package-lock.json:1"]);
        let old =
            format!(r#"{{"dependencies":{{"{}":{{"version":"1.0.0"}}}}}}"#, key.replace("node_modules/", ""));
        if !key.contains("node_modules/@") {
            check(&[("package-lock.json", &old)], &["unreadable-lockfile package-lock.json:1"]);
        }
    }
    let lock = r#"{"lockfileVersion":3,"packages":{"node_modules/a":
        {"version":"1.0.1","resolved":"https://registry.example/a/-/a-1.0.0.tgz"}}}"#;
    check(&[("package-lock.json", lock)], &["foreign-source package-lock.json:1"]);
    assert_eq!(inspect(&[("package-lock.json", lock)]).components, []);
}

#[test]
fn a_node_manifest_needs_a_lockfile_that_knows_its_folder() {
    let manifest = r#"{"devDependencies":{"a":"1"}}"#;
    let lock = r#"{"lockfileVersion":3,"packages":{"":{},"packages/x":{"devDependencies":{"a":"1"}},
        "node_modules/x":{"link":true,"resolved":"packages/x"},"node_modules/a":{"version":"1.0.0"}}}"#;
    check(&[("package.json", manifest)], &["unlocked-manifest package.json:1"]);
    check(&[("package.json", r#"{"type":"module"}"#)], &[]);
    let x = ("packages/x/package.json", manifest);
    check(&[("package-lock.json", lock), x], &[]);
    check(
        &[("package-lock.json", lock), ("packages/y/package.json", manifest), x],
        &["unlocked-manifest packages/y/package.json:1"],
    );
    check(&[("yarn.lock", ""), ("packages/y/package.json", manifest)], &["unsupported-lockfile yarn.lock:1"]);
    let old = r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0"}}}"#;
    check(&[("package-lock.json", old), ("package.json", manifest)], &[]);
    check(
        &[("package-lock.json", old), ("x/package.json", manifest)],
        &["unlocked-manifest x/package.json:1"],
    );
}

#[test]
fn installed_packages_without_a_lockfile_are_one_gap_a_folder() {
    let asks = r#"{"version":"1.0.0","dependencies":{"x":"1"}}"#;
    let files = [
        ("web/node_modules/a/package.json", asks),
        ("web/node_modules/a/node_modules/b/package.json", asks),
        ("web/node_modules/c/package.json", r#"{"version":"1.0.0"}"#),
        ("web/package.json", asks),
    ];
    check(
        &files,
        &[
            "unlocked-manifest web/node_modules/a/node_modules/b/package.json:1",
            "unlocked-manifest web/package.json:1",
        ],
    );
    assert!(
        inspect(&files).gaps.iter().any(|gap| gap.message.contains("web/node_modules holds 2 installed"))
    );
}

#[test]
fn a_python_project_is_locked_when_everything_it_asks_for_is_pinned() {
    let project = "[project]\nname = \"p\"\ndependencies = [\n  \"A_b>=1\",\n  \"c\",\n]\n";
    check(&[("pyproject.toml", project)], &["unlocked-manifest pyproject.toml:4"]);
    check(&[("pyproject.toml", project), ("requirements.txt", "a-b==1.0\nC==2\n--require-hashes\n")], &[]);
    check(
        &[("pyproject.toml", project), ("requirements.txt", "a-b==1.0\n--require-hashes\n")],
        &["unlocked-manifest pyproject.toml:4"],
    );
    check(&[("pyproject.toml", project), ("uv.lock", "")], &["unsupported-lockfile uv.lock:1"]);
    check(&[("pyproject.toml", "[tool.black]\nline-length = 100\n")], &[]);
    check(&[("setup.py", "setup(\n  install_requires=['a'],\n)")], &["unlocked-manifest setup.py:2"]);
    check(&[("setup.py", "setup(name='a')")], &[]);
}

#[test]
fn open_requirements_are_one_gap_a_file_unless_a_constraint_pins_them() {
    let open = "# web\nfastapi >= 0.110\nuvicorn\nrich==13.0.0\n";
    check(&[("requirements.txt", open)], &["unlocked-manifest requirements.txt:2"]);
    let inspection = inspect(&[("requirements.txt", open)]);
    assert_eq!(
        inspection.gaps[0].message,
        "2 of 3 requirements of requirements.txt name no exact version, so they were not checked: \
         fastapi>=0.110 (from 0.110 on), uvicorn"
    );
    assert_eq!(inspection.components.len(), 1);
    check(
        &[
            ("requirements.txt", "-c pip/constraints.txt\nfastapi>=0.110\n--require-hashes"),
            ("pip/constraints.txt", "fastapi==0.111.0\nstarlette>=0.37\n"),
        ],
        &[],
    );
    check(
        &[("requirements.txt", "fastapi>=0.110\n"), ("constraints.txt", "fastapi==0.111.0\n")],
        &["unlocked-manifest requirements.txt:1"],
    );
    check(&[("requirements.in", "a\n"), ("requirements.txt", "a==1 --hash=sha256:0\n")], &[]);
    check(&[("requirements.in", "a\n")], &["unlocked-manifest requirements.in:1"]);
}

#[test]
fn files_that_are_drawn_in_must_be_there() {
    let base = ("base-requirements.txt", "a==1 --hash=sha256:0\n");
    check(&[("requirements.txt", "-r base-requirements.txt\n"), base], &[]);
    check(&[("requirements.txt", "--pre -r base-requirements.txt\n"), base], &[]);
    check(
        &[("requirements.txt", "--require-hashes\n-r deps.txt\n")],
        &["missing-include requirements.txt:2"],
    );
    for hidden in
        ["-i https://registry.example -r deps.txt", "--pre --constraint deps.txt", "-f x -rdeps.txt"]
    {
        check(&[("requirements.txt", hidden)], &["missing-include requirements.txt:1"]);
    }
    check(&[("requirements.txt", "--requirement=../x.txt\n")], &["missing-include requirements.txt:1"]);
    let inspection = inspect(&[("requirements.txt", "-c https://user:pass@code.example/upper.txt\n")]);
    assert!(!format!("{inspection:?}").contains("pass@"), "{inspection:?}");
    assert_eq!(inspection.gaps.len(), 1);
}

#[test]
fn a_folder_that_is_installed_must_have_a_manifest_in_the_tree() {
    let project = ("tools/lib/pyproject.toml", "[project]\nname = \"lib\"\n");
    for place in ["./lib", "-e ./lib", "-e lib", "--pre --editable=lib[dev]", "-e tools/lib"] {
        check(&[("tools/requirements.txt", place), project], &[]);
        check(&[("tools/requirements.txt", place)], &["missing-include tools/requirements.txt:1"]);
    }
    // pip installs this archive, of a kind that nobody expects.
    check(&[("requirements.txt", "./wheels/a-1.0.tbz")], &["missing-include requirements.txt:1"]);
    check(&[("requirements.txt", "-e ../outside")], &["missing-include requirements.txt:1"]);
    check(&[("requirements.txt", "-e ${PLACE}/lib")], &["unreadable-requirement requirements.txt:1"]);
}

/// pip installs what the pins ask for as well, unless a hash makes it refuse what has none.
#[test]
fn pins_without_hashes_need_not_be_all() {
    let hashed = "a==1 --hash=sha256:00\n";
    check(&[("requirements.txt", "# one\na==1\n")], &["unsealed-requirements requirements.txt:2"]);
    check(&[("requirements.txt", hashed)], &[]);
    check(
        &[("requirements.txt", "--require-hashes\n-r b-requirements.txt"), ("b-requirements.txt", hashed)],
        &[],
    );
    check(&[("constraints.txt", "a==1\n")], &[]);
}

#[test]
fn a_file_that_is_drawn_in_as_requirements_is_no_constraints_file() {
    let open = ("my-constraints.txt", "a>=1\n");
    check(&[open], &[]);
    check(&[("requirements.txt", "-c my-constraints.txt"), open], &[]);
    check(
        &[("requirements.txt", "-r my-constraints.txt"), open],
        &["unlocked-manifest my-constraints.txt:1"],
    );
    check(&[("constraints-requirements.txt", "a>=1")], &["unlocked-manifest constraints-requirements.txt:1"]);
}

#[test]
fn a_declared_encoding_other_than_utf_8_is_a_gap() {
    for name in ["utf-7", "unicode_escape", "latin-1", "UTF_16"] {
        let text = format!("# -*- coding: {name} -*-\n# +AAo-a==1.0\n");
        check(&[("requirements.txt", &text)], &["unreadable-requirement requirements.txt:1"]);
    }
    check(&[("requirements.txt", "# coding=Utf_8\n")], &[]);
    check(&[("requirements.txt", "\n\n# coding: utf-7\n")], &[]);
}

#[test]
fn the_case_of_a_file_name_does_not_matter() {
    check(&[("Requirements.TXT", "a")], &["unlocked-manifest Requirements.TXT:1"]);
    check(&[("Package.json", r#"{"dependencies":{"a":"1"}}"#)], &["unlocked-manifest Package.json:1"]);
    check(&[("GEMFILE.lock", "")], &["unsupported-lockfile GEMFILE.lock:1"]);
}

#[test]
fn packages_from_elsewhere_are_gaps_and_no_components() {
    let git = "version = 4\n[[package]]\nname = \"g\"\nversion = \"1.0.0\"\n\
               source = \"git+https://user:pass@code.example/g#0123\"\n\
               [[package]]\nname = \"p\"\nversion = \"1.0.0\"\nsource = \"sparse+https://registry.example/\"\n";
    check(&[("Cargo.lock", git)], &["foreign-source Cargo.lock:3", "foreign-source Cargo.lock:7"]);
    let inspection = inspect(&[("Cargo.lock", git)]);
    assert_eq!(inspection.components, []);
    assert!(!format!("{inspection:?}").contains("pass@"), "{inspection:?}");
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
        &["foreign-source requirements.txt:1", "foreign-source requirements.txt:3"],
    );
}

#[test]
fn broken_files_are_gaps_that_name_the_line() {
    check(&[("Cargo.lock", "version = 4\n[[package]]\nname = \n")], &["unreadable-lockfile Cargo.lock:3"]);
    check(&[("Cargo.lock", "version = 5\n")], &["unsupported-lockfile Cargo.lock:1"]);
    check(&[("Cargo.lock", "[[package]]\nname = \"a\"\n")], &["unreadable-lockfile Cargo.lock:1"]);
    check(
        &[("package-lock.json", "{\n  \"packages\": {,}\n}")],
        &["unreadable-lockfile package-lock.json:2"],
    );
    check(&[("package-lock.json", "")], &["unreadable-lockfile package-lock.json:1"]);
    check(&[("package-lock.json", r#"{"lockfileVersion":2}"#)], &["unreadable-lockfile package-lock.json:1"]);
    check(
        &[("package-lock.json", r#"{"lockfileVersion":9}"#)],
        &["unsupported-lockfile package-lock.json:1"],
    );
    let one_bad = "{\"lockfileVersion\":3,\"packages\":{\n\"node_modules/a\":{\"version\":7},\n\"node_modules/b\":{\"version\":\"1.0.0\"}}}";
    check(&[("package-lock.json", one_bad)], &["unreadable-lockfile package-lock.json:2"]);
    assert_eq!(inspect(&[("package-lock.json", one_bad)]).components.len(), 1);
    check(&[("requirements.txt", "--pre\nb=2\n--what\n")], &["unreadable-requirement requirements.txt:2"]);
    check(&[("package.json", "{")], &["unreadable-manifest package.json:1"]);
    check(&[("Cargo.toml", "[package\n")], &["unreadable-manifest Cargo.toml:1"]);
    check(&[("pyproject.toml", "x = \n")], &["unreadable-manifest pyproject.toml:1"]);
}

#[test]
fn prose_with_the_name_of_a_requirements_file_is_one_gap() {
    let prose = "Constraints\n\nEach of them is checked\nby the database.\n".repeat(12);
    check(&[("docs/constraints.txt", &prose)], &["no-requirements docs/constraints.txt:3"]);
    let pinned = format!("{prose}a==1\n--require-hashes\n");
    check(&[("docs/constraints.txt", &pinned)], &["unreadable-requirement docs/constraints.txt:3"]);
    assert_eq!(inspect(&[("docs/constraints.txt", &pinned)]).components.len(), 1);
    let short = "not a requirement\n".repeat(9);
    check(&[("requirements.txt", &short)], &["unreadable-requirement requirements.txt:1"]);
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
        "Gemfile.lock",
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
        check(&[(&path, "anything")], &[&format!("unsupported-lockfile {path}:1")]);
    }
    check(&[("go.mod", ""), ("go.sum", "")], &["unsupported-lockfile go.mod:1"]);
    check(&[("Gemfile", "")], &["unlocked-manifest Gemfile:1"]);
    check(&[("x/app.csproj", "")], &["unlocked-manifest x/app.csproj:1"]);
    assert!(claims(&TreePath::new("src/main.rs")).is_none());
    assert!(claims(&TreePath::new("notes/requirements.md")).is_none());
}

#[test]
fn blanked_values_in_a_lockfile_are_a_gap() {
    let text = "--require-hashes\n--index-url https://user:xxxxxxxx@registry.example/simple\n";
    let at = text.find("xxxxxxxx").unwrap();
    let masked = facts("requirements.txt", text, &Masks::new(vec![Span::new(at, at + 8)])).unwrap();
    let names: Vec<_> = masked.gaps.iter().map(|gap| gap.id.to_string()).collect();
    assert_eq!(names, ["dependency/masked-lockfile"]);
    assert_eq!(masked.gaps[0].location.as_ref().unwrap().start.line, 2);
    assert_eq!(facts("requirements.txt", text, &Masks::default()).unwrap().gaps, []);
}

#[test]
fn hostile_files_end_in_a_gap() {
    let deep_toml = format!("x = {}", "[".repeat(200_000));
    check(&[("Cargo.lock", &deep_toml)], &["unreadable-lockfile Cargo.lock:1"]);
    let deep_json = format!("{{\"x\":{}", "[".repeat(1_000_000));
    check(&[("package-lock.json", &deep_json)], &["unreadable-lockfile package-lock.json:1"]);
    let levels = 5_000;
    let nested = format!(
        "{{\"lockfileVersion\":1,\"dependencies\":{}{{}}{}}}",
        "{\"a\":{\"version\":\"1.0.0\",\"dependencies\":".repeat(levels),
        "}}".repeat(levels)
    );
    check(&[("package-lock.json", &nested)], &["unsupported-lockfile package-lock.json:1"]);
    check(&[("requirements.txt", &"\\\n".repeat(300_000))], &[]);
    let huge = "#".repeat((64 << 20) + 1);
    check(&[("requirements.txt", &huge)], &["unsupported-lockfile requirements.txt:1"]);
}

/// Were a column counted from the beginning of its line each time, this would take minutes.
#[test]
fn a_lockfile_in_one_long_line_is_read_in_one_pass() {
    let entry = |number: u32| format!("\"node_modules/p{number}\":{{\"version\":\"1.0.0\"}}");
    let entries: Vec<String> = (0..100_000).map(entry).collect();
    let text = format!("{{\"lockfileVersion\":3,\"packages\":{{{}}}}}", entries.join(","));
    let inspection = inspect(&[("package-lock.json", &text)]);
    assert_eq!(inspection.components.len(), entries.len());
    let last = inspection.components.iter().find(|component| component.name == "p99999").unwrap();
    assert_eq!(last.location.start.column as usize, text.rfind("\"node_modules").unwrap() + 1);
}
