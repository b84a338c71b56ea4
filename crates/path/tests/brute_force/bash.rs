//! The real shell, as the judge of `shell.rs`: stubs that log their name and fail on demand.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::shell::{self, Options};
use super::workflow::{Body, Workflow};

const STUBS: [&str; 7] = [
    "cargo", "gitleaks", "trivy", "kubectl", "make", "tee", "mkdir",
];
const STUB: &str = r#"#!/bin/sh
name=${0##*/}
echo "$name" >> "$STUB_LOG"
case " $STUB_FAILING " in *" $name "*) exit 1 ;; esac
"#;

/// A script, the program that a workflow would run it with, and the commands in it.
pub(crate) struct Case<'workflow> {
    workflow: &'workflow Workflow,
    script: &'workflow [shell::Shell],
    options: Options,
    program: &'static str,
    commands: Vec<usize>,
}

impl<'workflow> Case<'workflow> {
    /// The scripts of a workflow that have a command which may fail.
    pub(crate) fn all(workflow: &'workflow Workflow) -> Vec<Self> {
        let mut cases = Vec::new();
        for (job, it) in workflow.jobs.iter().enumerate() {
            for (step, it) in it.steps.iter().enumerate() {
                let Body::Run(script) = &it.body else {
                    continue;
                };
                let mut commands = Vec::new();
                for piece in script {
                    piece.commands(&mut |command| commands.extend(command));
                }
                let program = if workflow.shell(job, step) == Some("sh") {
                    "/bin/sh"
                } else {
                    "/bin/bash"
                };
                let options = workflow.options(job, step);
                let case = Self {
                    workflow,
                    script,
                    options,
                    program,
                    commands,
                };
                if case.is_telling() {
                    cases.push(case);
                }
            }
        }
        cases
    }

    /// Whether the stubs' names tell its commands apart.
    fn is_telling(&self) -> bool {
        let names: BTreeSet<_> = self
            .commands
            .iter()
            .map(|command| self.name(*command))
            .collect();
        !names.is_empty() && names.len() == self.commands.len()
    }

    /// What makes two cases the same.
    pub(crate) fn key(&self) -> String {
        format!(
            "{} {:?}\n{}",
            self.program,
            self.options,
            self.workflow.script_text(self.script)
        )
    }

    /// Runs the script with each choice of failing commands; returns how many runs there were.
    pub(crate) fn check(&self, folder: &Path) -> io::Result<usize> {
        let runs = 1 << self.commands.len();
        for choice in 0..runs {
            let chosen = self
                .commands
                .iter()
                .enumerate()
                .filter(|(bit, _)| choice >> bit & 1 == 1);
            let failing: Vec<_> = chosen.map(|(_, command)| *command).collect();
            let ours = shell::run(self.script, self.options, &|command| {
                failing.contains(&command)
            });
            let mut ran: Vec<_> = ours.ran.iter().map(|command| self.name(*command)).collect();
            let (mut real, succeeded) = self.really_run(folder, &failing, ran.len())?;
            // A command in the background or in a pipe may log before or after its neighbour.
            ran.sort_unstable();
            real.sort_unstable();
            assert_eq!(
                (ran, ours.succeeded),
                (real.iter().map(String::as_str).collect(), succeeded),
                "failing: {failing:?}\n{}",
                self.key()
            );
        }
        Ok(runs)
    }

    fn name(&self, command: usize) -> &'static str {
        let text = self.workflow.commands[command].text;
        text.split(' ')
            .find(|word| !word.contains('='))
            .expect("a command has a name")
    }

    /// Gives a command in the background time to log what `expected` counts.
    fn really_run(
        &self,
        folder: &Path,
        failing: &[usize],
        expected: usize,
    ) -> io::Result<(Vec<String>, bool)> {
        let (file, log) = (folder.join("script"), folder.join("log"));
        let script = self.workflow.script_text(self.script);
        fs::write(&file, &script)?;
        fs::write(&log, "")?;
        let mut command = Command::new(self.program);
        if self.options.errexit {
            command.arg("-e");
        }
        if self.options.pipefail {
            command.args(["-o", "pipefail"]);
        }
        let failing: Vec<_> = failing.iter().map(|command| self.name(*command)).collect();
        command
            .arg(&file)
            .current_dir(folder)
            .env_clear()
            .env("PATH", folder.join("bin"));
        command
            .env("STUB_LOG", &log)
            .env("STUB_FAILING", failing.join(" "));
        let status = command.output()?.status;
        let logged = || -> io::Result<Vec<String>> {
            let log = fs::read_to_string(&log)?;
            Ok(log
                .lines()
                .filter(|name| *name != "mkdir")
                .map(str::to_owned)
                .collect())
        };
        for _ in 0..200 {
            if !script.contains(" &\n") || logged()?.len() >= expected {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok((logged()?, status.success()))
    }
}

/// Fills the folder with stubs.
pub(crate) fn install_stubs(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("bin"))?;
    for name in STUBS {
        let path = folder.join("bin").join(name);
        fs::write(&path, STUB)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
