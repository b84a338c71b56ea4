//! What is read from lockfiles and requirements, beside what the package managers themselves read.
//! A tool that this machine lacks is skipped by name.

#![expect(
    clippy::unwrap_used,
    reason = "a failing helper fails its test; a skipped test says so"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plimsoll_model::{Address, Component, Location, Masks, TreePath};
use plimsoll_packages::{Facts, claims, conclude};
use plimsoll_source::File;
use serde_json::Value;

fn facts(path: &str, text: &str) -> Facts {
    let path = TreePath::new(path);
    claims(&path).expect("a known format").extract(&File::text(
        &Address::new(path.clone()),
        text,
        &Masks::default(),
    ))
}

fn version(component: &Component) -> &str {
    component.version.as_ref().unwrap().as_str()
}

fn place(component: &Component) -> &Location {
    component.places[0].file().unwrap()
}

/// `name@version` of each component.
fn packages(facts: &Facts) -> BTreeSet<String> {
    facts
        .components
        .iter()
        .map(|component| format!("{}@{}", component.name, version(component)))
        .collect()
}

/// `purl -> purl` for each edge.
fn edges(facts: &Facts) -> BTreeSet<(String, String)> {
    let mut edges = BTreeSet::new();
    for component in &facts.components {
        let from = component.purl.as_ref().unwrap().to_string();
        edges.extend(
            component
                .dependencies
                .iter()
                .map(|to| (from.clone(), to.to_string())),
        );
    }
    edges
}

fn run(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("SKIPPED: {command:?} because it cannot be started: {error}\n"),
            )
            .unwrap();
            None
        }
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn cargo_sees_the_same_packages_and_edges_in_this_workspace() {
    let arguments = [
        "metadata",
        "--locked",
        "--offline",
        "--all-features",
        "--format-version",
        "1",
    ];
    let Some(output) = run(Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(workspace()))
    else {
        return;
    };
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("SKIPPED: the comparison with cargo metadata because it failed: {why}\n"),
        )
        .unwrap();
        return;
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let public = |id: &Value| {
        let id = id
            .as_str()?
            .strip_prefix("registry+https://github.com/rust-lang/crates.io-index#")?;
        Some(format!("pkg:cargo/{}", id.replace('+', "%2B")))
    };
    let mut expected = (BTreeSet::new(), BTreeSet::new());
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let Some(from) = public(&node["id"]) else {
            continue;
        };
        let needed = node["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(public);
        expected.1.extend(needed.map(|to| (from.clone(), to)));
        expected.0.insert(from);
    }
    let text = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let facts = facts("Cargo.lock", &text);
    let purls: BTreeSet<String> = facts
        .components
        .iter()
        .map(|component| component.purl.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(purls, expected.0);
    assert_eq!(edges(&facts), expected.1);
    assert!(
        facts
            .components
            .iter()
            .all(|component| component.checksums.len() == 1)
    );
    for component in &facts.components {
        let line = usize::try_from(place(component).start.line).unwrap();
        let expected = format!("name = \"{}\"", component.name);
        assert_eq!(text.lines().nth(line - 1), Some(expected.as_str()));
    }
}

#[test]
fn the_manifests_of_this_workspace_are_locked() {
    let mut paths = ["Cargo.toml", "Cargo.lock", "xtask/Cargo.toml"]
        .map(str::to_owned)
        .to_vec();
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap() {
        paths.push(format!(
            "crates/{}/Cargo.toml",
            entry.unwrap().file_name().to_string_lossy()
        ));
    }
    let read = |path: &String| {
        let text = std::fs::read_to_string(workspace().join(path)).ok()?;
        Some((TreePath::new(path), facts(path, &text)))
    };
    assert_eq!(conclude(&paths.iter().filter_map(read).collect()).gaps, []);
}

/// The oldest layouts of `Cargo.lock`, which today's Cargo no longer writes.
#[test]
fn the_first_version_of_cargo_lock_says_the_same() {
    let old = r#"[root]
name = "app"
version = "0.1.0"
dependencies = ["a 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)"]

[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["b 2.0.0 (registry+https://github.com/rust-lang/crates.io-index)"]

[[package]]
name = "b"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "b"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[metadata]
"checksum a 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)" = "AA000000000000000000000000000000000000000000000000000000000000ff"
"checksum b 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)" = "<none>"
"#;
    let facts = facts("Cargo.lock", old);
    assert_eq!(packages(&facts), set(&["a@1.0.0", "b@1.0.0", "b@2.0.0"]));
    assert_eq!(
        edges(&facts),
        BTreeSet::from([(
            "pkg:cargo/a@1.0.0".to_owned(),
            "pkg:cargo/b@2.0.0".to_owned()
        )])
    );
    let checksums: Vec<_> = facts
        .components
        .iter()
        .map(|component| component.checksums.first().map(ToString::to_string))
        .collect();
    let first = "sha256:aa000000000000000000000000000000000000000000000000000000000000ff";
    assert_eq!(checksums, [Some(first.to_owned()), None, None]);
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const SHOP: &str = r#"{"name":"shop","version":"1.0.0","workspaces":["packages/*"],
"dependencies":{"a":"^1.0.0","alias":"npm:real@^2.0.0","@s/c":"^1.0.0"},"devDependencies":{"d":"^1.0.0"}}"#;
const WORKSPACE: &str = r#"{"name":"w","version":"1.0.0","dependencies":{"a":"^2.0.0"}}"#;
const SHOP_LOCK: &str = r#"{
  "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": {"name":"shop","version":"1.0.0","workspaces":["packages/*"],
      "dependencies":{"a":"^1.0.0","alias":"npm:real@^2.0.0","@s/c":"^1.0.0"},"devDependencies":{"d":"^1.0.0"}},
    "node_modules/a": {"version":"1.0.5","resolved":"https://registry.example/a/-/a-1.0.5.tgz","dependencies":{"b":"^1.0.0"},
      "integrity":"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
    "node_modules/b": {"version":"1.1.0","resolved":"https://registry.example/b/-/b-1.1.0.tgz"},
    "node_modules/alias": {"name":"real","version":"2.0.1","resolved":"https://registry.example/real/-/real-2.0.1.tgz",
      "bundleDependencies":["e"],"dependencies":{"e":"1"}},
    "node_modules/alias/node_modules/e": {"version":"1.0.0","inBundle":true},
    "node_modules/@s/c": {"version":"1.0.0","resolved":"https://registry.example/@s/c/-/c-1.0.0.tgz","dependencies":{"b":"^2.0.0"}},
    "node_modules/@s/c/node_modules/b": {"version":"2.0.0","resolved":"https://registry.example/b/-/b-2.0.0.tgz"},
    "node_modules/d": {"version":"1.0.0","dev":true,"resolved":"https://registry.example/d/-/d-1.0.0.tgz"},
    "node_modules/w": {"resolved":"packages/w","link":true},
    "packages/w": {"version":"1.0.0","dependencies":{"a":"^2.0.0"}},
    "packages/w/node_modules/a": {"version":"2.0.0","resolved":"https://registry.example/a/-/a-2.0.0.tgz"}
  }
}"#;

/// npm itself turns the lockfile into each older version; what it lists of that must be what is read.
#[test]
fn npm_lists_the_same_packages_and_edges_in_every_lockfile_version() {
    for version in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("packages/w")).unwrap();
        std::fs::write(root.join("package.json"), SHOP).unwrap();
        std::fs::write(root.join("packages/w/package.json"), WORKSPACE).unwrap();
        std::fs::write(root.join("package-lock.json"), SHOP_LOCK).unwrap();
        let convert = format!("--lockfile-version={version}");
        let install = [
            "install",
            "--package-lock-only",
            "--offline",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ];
        let Some(output) = run(Command::new("npm")
            .args(install)
            .arg(&convert)
            .current_dir(root))
        else {
            return;
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let list = ["ls", "--all", "--json", "--package-lock-only", "--offline"];
        let output = run(Command::new("npm").args(list).current_dir(root)).unwrap();
        let mut expected = (BTreeSet::new(), BTreeSet::new());
        walk(
            &serde_json::from_slice(&output.stdout).unwrap(),
            None,
            &mut expected,
        );
        let text = std::fs::read_to_string(root.join("package-lock.json")).unwrap();
        assert!(
            text.contains(&format!("\"lockfileVersion\": {version}")),
            "npm wrote another version"
        );
        let facts = facts("package-lock.json", &text);
        assert_eq!(packages(&facts), expected.0, "version {version}");
        let edges: BTreeSet<_> = edges(&facts)
            .into_iter()
            .map(|(from, to)| (plain(&from), plain(&to)))
            .collect();
        assert_eq!(edges, expected.1, "version {version}");
        assert_eq!(facts.gaps, [], "version {version}");
        let tree = [
            ("package-lock.json", text.as_str()),
            ("package.json", SHOP),
            ("packages/w/package.json", WORKSPACE),
        ];
        let all = tree
            .iter()
            .map(|(path, text)| (TreePath::new(*path), self::facts(path, text)))
            .collect();
        assert_eq!(conclude(&all).gaps, [], "version {version}");
    }
}

type Listed = (BTreeSet<String>, BTreeSet<(String, String)>);

/// Collects what `npm ls` prints. `w` is the workspace, `alias` stands for the package `real`.
fn walk(node: &Value, from: Option<&str>, listed: &mut Listed) {
    for (key, child) in node["dependencies"].as_object().into_iter().flatten() {
        let version = child["version"]
            .as_str()
            .unwrap()
            .trim_start_matches("npm:real@");
        let package = format!("{}@{version}", if key == "alias" { "real" } else { key });
        if key == "w" {
            walk(child, None, listed);
            continue;
        }
        if let Some(from) = from {
            listed.1.insert((from.to_owned(), package.clone()));
        }
        walk(child, Some(&package), listed);
        listed.0.insert(package);
    }
}

fn plain(purl: &str) -> String {
    purl.trim_start_matches("pkg:npm/").replace("%40", "@")
}

#[test]
fn places_in_a_package_lock_are_those_of_the_entry() {
    let facts = facts("package-lock.json", SHOP_LOCK);
    let scoped = facts
        .components
        .iter()
        .find(|component| component.name == "@s/c")
        .unwrap();
    let line = SHOP_LOCK
        .lines()
        .nth(place(scoped).start.line as usize - 1)
        .unwrap();
    let marked =
        &line[place(scoped).start.column as usize - 1..place(scoped).end.column as usize - 1];
    assert_eq!(marked, "\"node_modules/@s/c\"");
    let checksum = facts
        .components
        .iter()
        .find(|component| version(component) == "1.0.5");
    // FIPS 180-4: the SHA-512 of the empty text is cf83e1357eefb8bd….
    assert!(
        checksum.unwrap().checksums[0]
            .to_string()
            .starts_with("sha512:cf83e1357eefb8bd")
    );
}

const REQUIREMENTS: &str = "\u{feff}# comment
Django == 4.2.1 ; python_version >= '3.8'   # why
zope.interface[test,docs]==5.0 \\
    --hash=sha256:aa000000000000000000000000000000000000000000000000000000000000ff \\
    --hash=sha256:bb000000000000000000000000000000000000000000000000000000000000ff
one_file==1.0 --hash=sha256:cc000000000000000000000000000000000000000000000000000000000000ff
flask>=2.0,\\
<3.0
  requests
a==1.*
b (==2.0)
c===3.0+local
d~=1.4.2
e!=1.0,==1.1
joined==\\
1.2.3
# a comment with a backslash \\
after==9
--pre
-i https://registry.example/simple
--extra-index-url=https://registry.example/extra
bad=1.0
# hidden\u{c}after-a-form-feed==1
# hidden\u{2028}after-a-line-separator==1
# hidden\rafter-a-return==1
# hidden\u{85}after-a-next-line==1
# hidden\u{1d}after-a-group-separator==1
returned==\\\r
1.0
";

/// Prints `name pin-or-star line` of each requirement that pip reads; `?` for one that it refuses.
const PIP: &str = r"
import sys
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.utils import canonicalize_name
for parsed in parse_requirements(sys.argv[1], PipSession()):
    try:
        requirement = Requirement(parsed.requirement)
    except InvalidRequirement:
        print('?')
        continue
    pins = [s.version for s in requirement.specifier if s.operator in ('==', '===') and not s.version.endswith('.*')]
    print(canonicalize_name(requirement.name), pins[0] if pins else '*')
";

#[test]
fn pip_reads_the_same_requirements() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), REQUIREMENTS).unwrap();
    let Some(output) = run(Command::new("python3").args(["-c", PIP]).arg(file.path())) else {
        return;
    };
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("SKIPPED: the comparison with pip because it cannot be asked: {why}\n"),
        )
        .unwrap();
        return;
    }
    let expected: BTreeSet<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let facts = facts("requirements.txt", REQUIREMENTS);
    let pins = facts.components.iter().map(Component::label);
    let stored = serde_json::to_value(&facts).unwrap();
    let open = stored["requirements"]["open"].as_array().unwrap();
    let open = open
        .iter()
        .map(|open| format!("{} *", open["name"].as_str().unwrap()));
    let refused = facts.gaps.iter().map(|_| "?".to_owned());
    assert_eq!(
        pins.chain(open).chain(refused).collect::<BTreeSet<_>>(),
        expected
    );
    let hashed: Vec<_> = facts
        .components
        .iter()
        .filter(|component| !component.checksums.is_empty())
        .collect();
    assert_eq!(hashed.len(), 1, "several hashes are several files");
    assert_eq!(hashed[0].name, "one-file");
    assert_eq!(place(hashed[0]).start.line, 6);
}
