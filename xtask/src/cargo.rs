//! The Cargo that runs the chores, run by them in turn.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

/// A command that runs Cargo in a folder.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}

/// What `cargo metadata` says of the workspace at `root`, without its foreign crates and without a
/// network.
pub(crate) fn metadata<T: DeserializeOwned>(root: &Path) -> Result<T> {
    let output = command(root)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .context("cannot start `cargo metadata`")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).context("cannot read what `cargo metadata` printed")
}
