//! Starting a process so that none is ever lost: it waits behind a gate until the record of it is on
//! disk.
//!
//! The gate is a shell that reads one word from a pipe before it becomes the program. If the caller is
//! killed before the record is written, the pipe closes and the gate ends; afterwards the record names
//! the process, whose id and start time stay the same when it becomes the program.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::linux::MARKER;

/// A process behind its gate. Dropped without [`Gated::open`], it ends without having become the
/// program.
#[derive(Debug)]
pub(crate) struct Gated {
    child: Child,
    gate: ChildStdin,
}

/// What to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) run: &'a [OsString],
    pub(crate) variables: &'a BTreeMap<OsString, OsString>,
    pub(crate) marker: &'a str,
    pub(crate) folder: &'a Path,
}

const GATE: &str = r#"read -r word && [ "$word" = start ] && exec "$@" </dev/null"#;
const INHERITED: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"];

impl Gated {
    /// Starts the gate in a process group of its own, with its output going to `log`.
    pub(crate) fn new(launch: Launch<'_>, log: File) -> std::io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GATE, "sh"]).args(launch.run);
        environment(&mut command, launch);
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut child = command.spawn()?;
        let gate = child.stdin.take().expect("the standard input is piped");
        Ok(Self { child, gate })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the process become the program. A thread waits for its end, so that it leaves no zombie
    /// as long as the caller lives; afterwards the system does that.
    pub(crate) fn open(self) -> std::io::Result<()> {
        let Self {
            mut child,
            mut gate,
        } = self;
        gate.write_all(b"start\n")?;
        drop(gate);
        std::thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(move || child.wait())?;
        Ok(())
    }
}

/// Gives a command its folder, group and variables. Nothing of the caller's environment is handed on
/// but a few names: it may hold signing passphrases.
pub(crate) fn environment(command: &mut Command, launch: Launch<'_>) {
    command
        .env_clear()
        .current_dir(launch.folder)
        .process_group(0);
    command.envs(
        INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    command.envs(launch.variables).env(MARKER, launch.marker);
}
