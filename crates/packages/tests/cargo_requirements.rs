//! Whether a lockfile meets its manifests, as Cargo itself judges with `--locked`. The packages are
//! made here and taken from a folder, so no registry is asked.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_model::{Address, Masks, TreePath};
use plimsoll_packages::{claims, conclude};
use plimsoll_source::File;

const FILES: [&str; 6] = [
    "Cargo.lock",
    "Cargo.toml",
    "lib/Cargo.toml",
    "out/Cargo.toml",
    "out/in/Cargo.toml",
    "stub/Cargo.toml",
];

const ROOT: &str = r#"[package]
name = "app"
version = "0.1.0"
[workspace]
members = ["lib"]
exclude = ["out", "stub"]
[workspace.package]
version = "0.3.0"
[workspace.dependencies]
dice = { package = "rand", version = "0.8.4" }
out = { path = "out", version = "0.2" }
[dependencies]
out.workspace = true
rand = "=0.8.5"
"#;
const LIB: &str = r#"[package]
name = "lib"
version.workspace = true
[dependencies]
dice.workspace = true
serde = { version = "1", optional = true }
[target.'cfg(windows)'.dev-dependencies]
old = { package = "rand", version = "0.7" }
"#;
const OUT: &str = r#"[package]
name = "out"
version = "0.2.1"
[dependencies]
in = { path = "in" }
rand = { version = "0.7", optional = true }
[build-dependencies]
rand = "0.8"
[dev-dependencies]
nowhere = "9"
"#;
/// A package of the tree that nothing asks for, named like one that is fetched.
const STUB: &str = "[package]\nname = \"rand\"\nversion = \"0.8.5\"\n";
const IN: &str = "[package]\nname = \"in\"\n";

const SOURCE: &str =
    "version = \"0.8.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
/// Each is a file, what is replaced in it, and by what.
const EDITS: [(&str, &str, &str); 28] = [
    ("Cargo.lock", SOURCE, "version = \"0.8.5\"\n"),
    ("Cargo.toml", "=0.8.5", "0.8"),
    ("Cargo.toml", "=0.8.5", "^0.8.2, <0.8.6"),
    ("Cargo.toml", "=0.8.5", "0.8.*"),
    ("Cargo.toml", "=0.8.5", "*"),
    ("Cargo.toml", "=0.8.5", " 0.8 "),
    ("Cargo.toml", "=0.8.5", "0.8.5+build"),
    ("Cargo.toml", "=0.8.5", "=0.7.2"),
    ("Cargo.toml", "=0.8.5", "0.8.6"),
    ("Cargo.toml", "=0.8.5", ">0.8.5"),
    ("Cargo.toml", "=0.8.5", "newest"),
    ("Cargo.toml", "=0.8.5", ""),
    ("Cargo.toml", "0.8.4", "0.8.6"),
    ("Cargo.toml", "0.8.4", "0.8.3"),
    ("Cargo.toml", "0.8.4", "0.6"),
    ("Cargo.toml", "dice =", "dices ="),
    ("Cargo.toml", "version = \"0.2\"", "version = \"0.1\""),
    ("Cargo.toml", "0.3.0", "0.3.1"),
    (
        "Cargo.toml",
        "[dependencies]\nout",
        "[dependencies]\nserde = { version = \"1\", optional = true }\nout",
    ),
    (
        "lib/Cargo.toml",
        "dice.workspace = true",
        "dice = { workspace = true, optional = true }",
    ),
    ("lib/Cargo.toml", "\"1\"", "\"2\""),
    ("lib/Cargo.toml", "\"0.7\"", "\"0.6\""),
    ("lib/Cargo.toml", "\"0.7\"", "\">=0.7.1\""),
    ("out/Cargo.toml", "\"0.7\"", "\"0.6\""),
    ("out/Cargo.toml", "\"0.8\"", "\"0.7\""),
    ("out/Cargo.toml", "nowhere", "anywhere"),
    ("out/Cargo.toml", "0.2.1", "0.2.2"),
    (
        "out/in/Cargo.toml",
        "\"in\"\n",
        "\"in\"\nversion = \"0.0.1\"\n",
    ),
];

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn lay_out(folder: &Path) {
    let source =
        "[source.crates-io]\nreplace-with = \"folder\"\n[source.folder]\ndirectory = \"vendor\"\n";
    write(&folder.join(".cargo/config.toml"), source);
    for (name, version) in [
        ("rand", "0.7.2"),
        ("rand", "0.8.5"),
        ("rand", "0.8.6"),
        ("serde", "1.0.0"),
    ] {
        let package = folder.join(format!("vendor/{name}-{version}"));
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n");
        write(&package.join("Cargo.toml"), &manifest);
        write(&package.join("src/lib.rs"), "");
        let checksum = format!("{{\"files\":{{}},\"package\":\"{}\"}}", "0".repeat(64));
        write(&package.join(".cargo-checksum.json"), &checksum);
    }
    for (file, text) in FILES.iter().skip(1).zip([ROOT, LIB, OUT, IN, STUB]) {
        write(&folder.join(file), text);
        write(&folder.join(file).with_file_name("src/lib.rs"), "");
    }
}

/// Runs Cargo in the folder; what it says when it refuses.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn gaps(folder: &Path) -> Vec<String> {
    let read = |name: &str| {
        let path = TreePath::new(name);
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let (address, masks) = (Address::new(path.clone()), Masks::default());
        let file = File::text(&address, &text, &masks);
        let facts = claims(&path).unwrap().extract(&file);
        (path, facts)
    };
    let facts: BTreeMap<_, _> = FILES.into_iter().map(read).collect();
    conclude(&facts)
        .gaps
        .into_iter()
        .map(|gap| gap.message)
        .collect()
}

/// What Cargo makes of a lockfile that its manifests have left behind.
#[derive(Debug)]
enum Verdict {
    Accepted,
    /// It takes another of the locked versions, or fewer: nothing that was not checked.
    Rearranged,
    /// It refuses, or takes what the lockfile does not name.
    Refused(String),
}

fn judge(folder: &Path) -> Verdict {
    let metadata = ["metadata", "--offline", "--format-version", "1"];
    if cargo(folder, &[&metadata[..], &["--locked"]].concat()).is_ok() {
        return Verdict::Accepted;
    }
    let lock = folder.join("Cargo.lock");
    let before = fs::read_to_string(&lock).unwrap();
    let outcome = cargo(folder, &metadata);
    let after = fs::read_to_string(&lock).unwrap();
    write(&lock, &before);
    let (before, after) = (entries(&before), entries(&after));
    match outcome {
        Err(why) => Verdict::Refused(why),
        Ok(()) if after.is_subset(&before) => Verdict::Rearranged,
        Ok(()) => Verdict::Refused(format!("{:?}", after.difference(&before))),
    }
}

/// The lines that name a package and its version.
fn entries(lock: &str) -> BTreeSet<String> {
    lock.split("[[package]]")
        .skip(1)
        .map(|entry| entry.lines().take(4).collect())
        .collect()
}

#[test]
fn cargo_accepts_the_same_requirements() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    lay_out(folder);
    cargo(folder, &["generate-lockfile", "--offline"]).unwrap();
    assert!(matches!(judge(folder), Verdict::Accepted));
    assert_eq!(gaps(folder), [""; 0]);
    let (mut accepted, mut refused) = (0, 0);
    for (file, from, to) in EDITS {
        let path = folder.join(file);
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{file} {from}");
        write(&path, &before.replacen(from, to, 1));
        let (verdict, gaps) = (judge(folder), gaps(folder));
        match verdict {
            Verdict::Accepted => {
                assert_eq!(gaps, [""; 0], "{file}: {from} -> {to}");
                accepted += 1;
            }
            Verdict::Rearranged => {}
            Verdict::Refused(why) => {
                assert!(!gaps.is_empty(), "{file}: {from} -> {to}: {why}");
                refused += 1;
            }
        }
        write(&path, &before);
    }
    assert!(
        accepted > 5 && refused > 5,
        "{accepted} accepted, {refused} refused"
    );
}
