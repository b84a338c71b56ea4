//! The folder in which the demo works: a copy of the shop under Git, keys, and a policy outside it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use plimsoll_model::{Class, Digest, Told};

/// The ending of the good variant of a file.
const FIXED: &str = ".fixed";

/// The demo's folder. One that was not asked for is removed in the end.
pub(super) struct Scratch {
    pub(super) root: PathBuf,
    pub(super) shop: PathBuf,
    keep: bool,
}

impl Scratch {
    /// Makes the folder and copies the example shop into it.
    pub(super) fn new(into: Option<&Path>, example: &Path) -> anyhow::Result<Self> {
        if !example.join("Cargo.toml").is_file() {
            let absent = format!("there is no example shop in {}", example.display());
            bail!(Told::new(Class::Configuration, absent).with_hint(
                "run the demo in Plimsoll's repository, or name the folder with --example"
            ));
        }
        let temporary = std::env::temp_dir().join(format!("plimsoll-demo-{}", std::process::id()));
        let root = into.map_or(temporary, Path::to_owned);
        std::fs::create_dir(&root).with_context(|| format!("cannot make {}", root.display()))?;
        let root = root.canonicalize()?;
        let shop = root.join("shop");
        copy(example, &shop)?;
        Ok(Self {
            root,
            shop,
            keep: into.is_some(),
        })
    }

    /// Puts the good variant of every file in the bad one's place; returns their paths in the shop.
    pub(super) fn fix(&self) -> anyhow::Result<Vec<String>> {
        let mut fixed = Vec::new();
        fix(&self.shop, &self.shop, &mut fixed)?;
        ensure!(
            !fixed.is_empty(),
            "the example has no good variant of any file"
        );
        fixed.sort();
        Ok(fixed)
    }

    /// Writes the trusted policy beside the shop: the shop's own, with keys and free ports. Returns
    /// the digest to pin.
    pub(super) fn write_policy(&self, keys: &[(&str, String)]) -> anyhow::Result<Digest> {
        let own = std::fs::read_to_string(self.shop.join("plimsoll.toml"))?;
        let mut text = own;
        for port in ["18081", "18082"] {
            text = text.replace(port, &free_port()?.to_string());
        }
        for (id, key) in keys {
            let at = text
                .find(&format!("id = \"{id}\""))
                .with_context(|| format!("no `{id}` in the policy"))?;
            let keys = at
                + text[at..]
                    .find("keys = []")
                    .context("no place for a key in the policy")?;
            text.replace_range(
                keys..keys + "keys = []".len(),
                &format!("keys = [\"{key}\"]"),
            );
        }
        std::fs::write(self.root.join("policy.toml"), &text)?;
        Ok(Digest::of(text.as_bytes()))
    }

    /// Runs Git in the shop, as the author of the shop.
    pub(super) fn git(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let identity = [
            "-c",
            "user.name=author",
            "-c",
            "user.email=author@record-store.example",
            "-c",
            "commit.gpgsign=false",
        ];
        let output = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(&self.shop)
            .output()
            .map_err(|error| Told::about_file("cannot run git", &error).with_hint("install it"))?;
        if !output.status.success() {
            bail!(
                "git {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed from the temporary folder is left to the system.
            drop(std::fs::remove_dir_all(&self.root));
        }
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn fix(folder: &Path, root: &Path, fixed: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != ".git") {
                fix(&path, root, fixed)?;
            }
        } else if let Some(bad) = path.to_str().and_then(|text| text.strip_suffix(FIXED)) {
            std::fs::rename(&path, bad)?;
            fixed.push(Path::new(bad).strip_prefix(root)?.display().to_string());
        }
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
