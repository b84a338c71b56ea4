//! Programs to measure against, where this machine has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow};

/// A program on the `PATH` or in the folder where `.ci/peers` installs.
pub(super) struct Peer {
    binary: PathBuf,
}

impl Peer {
    /// Looks for a program by its name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let mut folders: Vec<PathBuf> =
            std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
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

    /// Name and version, by the first words it prints that hold a digit.
    pub(super) fn label(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command().args(arguments).output()?;
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let version = said
            .split_whitespace()
            .find(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()));
        let name = self.binary.file_name().and_then(|name| name.to_str()).unwrap_or("peer");
        let version = version.ok_or_else(|| anyhow!("{name} does not say its version"))?;
        Ok(format!("{name} {version}"))
    }
}

fn installed() -> Option<PathBuf> {
    let peers = std::env::var_os("PLIMSOLL_PEERS").map(PathBuf::from);
    let cached = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/plimsoll/peers"));
    peers.or_else(cached).map(|folder| folder.join("bin"))
}
