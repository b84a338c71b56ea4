//! The command line of the product, as this bench types it: the one place to change with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::cargo;

/// The release binary.
pub(super) struct Product {
    binary: PathBuf,
}

/// The exit codes that are verdicts: allowed, denied, unknown.
pub(super) const VERDICTS: &[i32] = &[0, 1, 2];

impl Product {
    /// Builds it with cargo, optimised.
    pub(super) fn build(root: &Path) -> Result<Self> {
        let arguments = ["build", "--release", "--quiet", "--package", "plimsoll-cli"];
        let status = cargo::command(root)
            .args(arguments)
            .status()
            .context("cannot start `cargo build`")?;
        if !status.success() {
            bail!("`cargo build --release --package plimsoll-cli` failed");
        }
        let name = format!("plimsoll{}", std::env::consts::EXE_SUFFIX);
        Ok(Self {
            binary: target_folder(root)?.join("release").join(name),
        })
    }

    /// `plimsoll --version`.
    pub(super) fn version(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--version");
        command
    }

    /// `plimsoll check TREE`, with the facts of files kept below `cache`.
    pub(super) fn check(
        &self,
        tree: &Path,
        policy: &Path,
        databases: &Path,
        cache: &Path,
    ) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("check")
            .arg(tree)
            .args(["--format", "json"])
            .arg("--policy")
            .arg(policy);
        command
            .arg("--db")
            .arg(databases)
            .env("XDG_CACHE_HOME", cache);
        command
    }

    /// `plimsoll db import FOLDER --into DATABASES`, for one ecosystem.
    pub(super) fn import(&self, folder: &Path, ecosystem: &str, databases: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["db", "import"])
            .arg(folder)
            .args(["--ecosystem", ecosystem])
            .arg("--into")
            .arg(databases);
        command
    }
}

/// A policy that judges nothing but secrets, by one rule file.
pub(super) fn secrets_policy(rules: &Path) -> String {
    format!(
        "[gate]\nsecrets = \"any\"\ndependencies = \"off\"\npath = \"off\"\n\n[secrets]\nrules = {:?}\n",
        rules.display().to_string()
    )
}

/// A policy that judges nothing but dependencies.
pub(super) const DEPENDENCIES_POLICY: &str =
    "[gate]\nsecrets = \"off\"\ndependencies = \"high\"\npath = \"off\"\n";

/// How many findings a report in JSON holds.
pub(super) fn findings(report: &[u8]) -> Result<usize> {
    #[derive(Deserialize)]
    struct Report {
        findings: Vec<serde::de::IgnoredAny>,
    }
    let report: Report =
        serde_json::from_slice(report).context("cannot read the report of `plimsoll check`")?;
    Ok(report.findings.len())
}

/// Where cargo builds.
pub(super) fn target_folder(root: &Path) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let metadata: Metadata = cargo::metadata(root)?;
    Ok(metadata.target_directory)
}
