//! Which crate may stand on which, compared with what `cargo metadata` says.
//!
//! Dependencies point down only. A new edge is a decision: it is added here, with its reason in the
//! commit message.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::Problem;
use crate::cargo;

/// What one crate of ours may use of the others.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    may_test_with: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room {
        name,
        may_use,
        may_test_with: &["trial"],
    }
}

const ROOMS: &[Room] = &[
    room("cli", &["durable", "engine", "model"]),
    room(
        "engine",
        &[
            "advisories",
            "durable",
            "environment",
            "model",
            "packages",
            "path",
            "policy",
            "secrets",
            "sign",
            "source",
            "store",
            "syntax",
            "wire",
        ],
    ),
    room("store", &["model"]),
    room("environment", &["durable", "model"]),
    room("wire", &["model"]),
    room("sign", &["model"]),
    Room {
        may_test_with: &["packages", "trial"],
        ..room("advisories", &["durable", "model"])
    },
    room("secrets", &["model", "source", "syntax"]),
    room("packages", &["model", "source", "syntax"]),
    room("path", &["model", "source", "syntax"]),
    room("policy", &["model", "syntax"]),
    room("source", &["model"]),
    room("syntax", &["model"]),
    room("model", &[]),
    room("durable", &[]),
    room("trial", &[]),
];

/// Foreign crates that only some rooms may use: what a room's border keeps out of the others. A room
/// that is named here and not written yet is decided already.
const CONFINED: &[(&str, &[&str])] = &[
    ("anyhow", &["cli"]),
    ("aws-lc-rs", &["sign"]),
    ("clap", &["cli"]),
    ("ignore", &["source"]),
    ("memmap2", &["advisories"]),
    ("packageurl", &["model"]),
    ("rusqlite", &["image", "store"]),
    ("rustix", &["environment", "source"]),
    (
        "tokio",
        &["environment", "image", "notify", "server", "store"],
    ),
    ("tree-sitter", &["syntax"]),
    ("ureq", &["advisories", "environment"]),
];

const OURS: &str = "plimsoll-";

/// The packages of the workspace, as `cargo metadata` prints them.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Workspace {
    /// Asks cargo about the workspace at `root`.
    pub(super) fn read(root: &Path) -> Result<Self> {
        cargo::metadata(root)
    }
}

pub(super) fn check(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        match package.name.strip_prefix(OURS) {
            Some(name) => problems.extend(judge_room(name, package)),
            None => problems.extend(judge_outsider(package)),
        }
    }
    let written = |room: &&Room| {
        workspace
            .packages
            .iter()
            .any(|package| package.name == format!("{OURS}{}", room.name))
    };
    let missing = ROOMS.iter().filter(|room| !written(room));
    problems.extend(missing.map(|room| {
        Problem::new(
            &manifest(room.name),
            None,
            "is in the table of edges but not in the workspace",
        )
    }));
    problems
}

fn judge_room(name: &str, package: &Package) -> Vec<Problem> {
    let at = manifest(name);
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![Problem::new(
            &at,
            None,
            "is not in the table of edges: decide what it may use",
        )];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| refusal(room, dependency))
        .map(|why| Problem::new(&at, None, why))
        .collect()
}

/// Why this room may not have this dependency, if it may not.
fn refusal(room: &Room, dependency: &Dependency) -> Option<String> {
    let is_test = dependency.kind.as_deref() == Some("dev");
    if let Some(target) = dependency.name.strip_prefix(OURS) {
        let allowed =
            room.may_use.contains(&target) || (is_test && room.may_test_with.contains(&target));
        let edge = if is_test { "test-only edge" } else { "edge" };
        return (!allowed).then(|| format!("the {edge} {} → {target} is not allowed", room.name));
    }
    let (_, rooms) = CONFINED
        .iter()
        .find(|(foreign, _)| *foreign == dependency.name)?;
    let allowed = is_test || rooms.contains(&room.name);
    (!allowed).then(|| {
        format!(
            "`{}` may be used only by {}",
            dependency.name,
            rooms.join(", ")
        )
    })
}

/// The chores stand beside the product: they run it and never link it.
fn judge_outsider(package: &Package) -> Vec<Problem> {
    let linked = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.name.starts_with(OURS));
    linked
        .map(|dependency| {
            let message = format!(
                "`{}` may not link {}: it runs the binary instead",
                package.name, dependency.name
            );
            Problem::new(&format!("{}/Cargo.toml", package.name), None, message)
        })
        .collect()
}

fn manifest(name: &str) -> String {
    format!("crates/{name}/Cargo.toml")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ROOMS, Workspace, check};

    /// A workspace in a temporary folder: every room of the table, with these manifests' tails.
    fn messages(tails: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut names: Vec<&str> = ROOMS.iter().map(|room| room.name).collect();
        names.extend(
            tails
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| !ROOMS.iter().any(|room| room.name == *name)),
        );
        fs::write(
            folder.path().join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
        )
        .unwrap();
        for name in names {
            let package = folder.path().join("crates").join(name);
            fs::create_dir_all(package.join("src")).unwrap();
            fs::write(package.join("src/lib.rs"), "").unwrap();
            let tail = tails
                .iter()
                .find(|(of, _)| *of == name)
                .map_or("", |(_, tail)| tail);
            let full = if name == "xtask" {
                name.to_owned()
            } else {
                format!("plimsoll-{name}")
            };
            fs::write(
                package.join("Cargo.toml"),
                format!("[package]\nname = \"{full}\"\nedition = \"2024\"\n{tail}"),
            )
            .unwrap();
        }
        check(&Workspace::read(folder.path()).unwrap())
            .into_iter()
            .map(|problem| problem.message)
            .collect()
    }

    #[test]
    fn an_edge_that_the_table_lacks_is_reported() {
        let path = |name: &str| format!("plimsoll-{name} = {{ path = \"../{name}\" }}\n");
        assert_eq!(
            messages(&[("cli", &format!("[dependencies]\n{}", path("engine")))]),
            Vec::<String>::new()
        );
        assert_eq!(
            messages(&[("model", &format!("[dependencies]\n{}", path("source")))]),
            ["the edge model → source is not allowed"]
        );
        assert_eq!(
            messages(&[("store", &format!("[dev-dependencies]\n{}", path("sign")))]),
            ["the test-only edge store → sign is not allowed"]
        );
        assert_eq!(
            messages(&[
                ("store", &format!("[dev-dependencies]\n{}", path("trial"))),
                ("sign", &format!("[dependencies]\n{}", path("trial")))
            ]),
            ["the edge sign → trial is not allowed"]
        );
        assert_eq!(
            messages(&[("xtask", &format!("[dependencies]\n{}", path("model")))]),
            ["`xtask` may not link plimsoll-model: it runs the binary instead"]
        );
    }

    #[test]
    fn a_room_that_the_table_lacks_is_reported() {
        assert_eq!(
            messages(&[("attic", "")]),
            ["is not in the table of edges: decide what it may use"]
        );
    }

    #[test]
    fn a_confined_crate_is_kept_in_its_room() {
        assert_eq!(
            messages(&[("secrets", "[dependencies]\nureq = \"3\"\n")]),
            ["`ureq` may be used only by advisories, environment"]
        );
        assert_eq!(
            messages(&[("advisories", "[dependencies]\nureq = \"3\"\n")]),
            Vec::<String>::new()
        );
        let tokio = "[dependencies]\ntokio = \"1\"\n";
        assert_eq!(
            messages(&[("environment", tokio), ("engine", tokio)]),
            ["`tokio` may be used only by environment, image, notify, server, store"]
        );
    }
}
