//! Runs the commands that a user would type, with this very binary, and insists on their outcome.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::commands::open;
use crate::render::{BOLD, COMMAND, DIM};

/// Where and with what the commands run.
pub(super) struct Session {
    program: PathBuf,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Session {
    /// Commands run in `folder`.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        Ok(Self {
            program,
            folder: folder.to_owned(),
            variables: Vec::new(),
        })
    }

    /// Sets an environment variable for all later commands, and shows it.
    pub(super) fn export(&mut self, name: &'static str, value: String) -> anyhow::Result<()> {
        open::write(None, |out| {
            writeln!(out, "{COMMAND}$ export {name}={value}{COMMAND:#}")
        })?;
        self.variables.push((name, value));
        Ok(())
    }

    /// Runs `plimsoll` with these arguments and insists on its exit code.
    pub(super) fn plimsoll(&self, arguments: &str, expected: i32) -> anyhow::Result<()> {
        open::write(None, |out| {
            writeln!(out, "{COMMAND}$ plimsoll {arguments}{COMMAND:#}")
        })?;
        let found = self
            .command(&self.program, arguments)
            .status()
            .context("cannot run plimsoll")?
            .code();
        open::write(None, |out| {
            let code = found.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
            writeln!(out, "{DIM}# exit code {code}{DIM:#}\n")
        })?;
        if found != Some(expected) {
            bail!(
                "`plimsoll {arguments}` should end with exit code {expected}, and ended with {found:?}"
            );
        }
        Ok(())
    }

    /// Runs `plimsoll` without showing its command, and returns what it prints.
    pub(super) fn read(&self, arguments: &str) -> anyhow::Result<String> {
        let output = self
            .command(&self.program, arguments)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            bail!("`plimsoll {arguments}` ended with {}", output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs another program and insists on its success.
    pub(super) fn run(&self, program: &str, arguments: &str) -> anyhow::Result<()> {
        open::write(None, |out| {
            writeln!(out, "{COMMAND}$ {program} {arguments}{COMMAND:#}")
        })?;
        let status = self.command(Path::new(program), arguments).status();
        let status = status.with_context(|| format!("cannot run {program}"))?;
        if !status.success() {
            bail!("`{program} {arguments}` ended with {status}");
        }
        Ok(())
    }

    fn command(&self, program: &Path, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        for name in [
            "PLIMSOLL_KEY",
            "PLIMSOLL_DB",
            "PLIMSOLL_LOG_PASSWORD",
            "CARGO_BUILD_TARGET",
        ] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Opens a chapter of the demo.
pub(super) fn chapter(number: u8, title: &str) -> anyhow::Result<()> {
    open::write(None, |out| {
        writeln!(out, "\n{BOLD}── {number}. {title} ──{BOLD:#}")
    })?;
    Ok(())
}

/// Says something between two commands.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    open::write(None, |out| writeln!(out, "{DIM}# {text}{DIM:#}"))?;
    Ok(())
}
