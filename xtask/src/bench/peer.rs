//! Programs to measure against, where this machine has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// A program on the `PATH` or in the folder where `.ci/peers` installs.
pub(super) struct Peer {
    binary: PathBuf,
}

impl Peer {
    /// Looks for a program by its name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            .collect();
        folders.extend(installed());
        folders
            .into_iter()
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
            .map(|binary| Self { binary })
    }

    /// A command that runs it.
    pub(super) fn command(&self) -> Command {
        Command::new(&self.binary)
    }

    /// Its name, and its version where it says one: the first word like `1.2` or `v1.2`.
    pub(super) fn label(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command()
            .args(arguments)
            .output()
            .context("cannot start a peer")?;
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let name = self
            .binary
            .file_name()
            .map_or_else(String::new, |name| name.display().to_string());
        let version = said.split_whitespace().find(|word| is_version(word));
        Ok(version.map_or_else(
            || format!("{name} of unsaid version"),
            |version| format!("{name} {version}"),
        ))
    }
}

fn is_version(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    number.split_once('.').is_some_and(|(major, rest)| {
        major.parse::<u32>().is_ok() && rest.starts_with(|first: char| first.is_ascii_digit())
    })
}

fn installed() -> Option<PathBuf> {
    let peers = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    let cached =
        || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/plimsoll/peers"));
    peers.or_else(cached).map(|folder| folder.join("bin"))
}
