use std::collections::VecDeque;
use std::fmt;
use std::io::{PipeReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plimsoll_model::Subject;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::config::{check_duration, check_text};
use crate::launch::{Launch, environment};
use crate::stop::end;
use crate::{ConfigError, EnvironmentError, Target, Until, linux, milliseconds};

/// The command that must pass once a release is healthy. It runs on this machine, whatever the target.
#[derive(Clone, Debug)]
pub struct Smoke {
    command: String,
    within_ms: u64,
    environment: String,
    folder: PathBuf,
}

/// What the smoke command came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmokeReport {
    /// Whether it passed.
    pub outcome: SmokeOutcome,
    /// What it wrote to its standard output and error: the last 64 KiB. It is the command's own
    /// word and may hold anything.
    pub output: String,
    /// How many bytes before that are left out.
    pub omitted_bytes: u64,
    /// How long it took.
    pub elapsed_ms: u64,
}

/// Whether the smoke command passed. Only `Passed` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SmokeOutcome {
    /// It ended with exit code 0 in time, and what it tested still runs.
    Passed,
    /// It ended otherwise.
    Failed {
        /// Its exit code; `None` when a signal ended it.
        exit_code: Option<i32>,
    },
    /// It did not end in time and was killed.
    NotInTime,
    /// What it was to test does not run, or ended meanwhile.
    Exited,
}

impl Smoke {
    /// A command for `sh -c` with the time it may take. `environment` is the environment's name, and
    /// `folder` is where it runs (the source tree).
    pub fn new(
        command: &str,
        within_ms: u64,
        environment: &str,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        check_text("smoke", command)?;
        check_text("name", environment)?;
        check_duration("smoke.within_ms", within_ms, 1)?;
        Ok(Self {
            command: command.to_owned(),
            within_ms,
            environment: environment.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Runs the command against what runs.
    ///
    /// It gets `PLIMSOLL_ENVIRONMENT` (the environment's name) and the variables of the target, for a
    /// process its own ones, `PLIMSOLL_ARTIFACT` and `PLIMSOLL_URL`. Whatever it leaves running is
    /// ended.
    pub fn run(
        &self,
        target: &Target,
        subjects: &[Subject],
    ) -> Result<SmokeReport, EnvironmentError> {
        let started = Instant::now();
        let part = target.part(subjects)?;
        if !target.observe(Until::Now)?.runs(&part) {
            return Ok(SmokeReport {
                outcome: SmokeOutcome::Exited,
                output: String::new(),
                omitted_bytes: 0,
                elapsed_ms: 0,
            });
        }
        let (status, output) = self.run_command(target, subjects, started)?;
        let outcome = match status {
            None => SmokeOutcome::NotInTime,
            Some(status) if !status.success() => SmokeOutcome::Failed {
                exit_code: status.code(),
            },
            Some(_) if !target.observe(Until::Now)?.runs(&part) => SmokeOutcome::Exited,
            Some(_) => SmokeOutcome::Passed,
        };
        let (output, omitted_bytes) = output.finish();
        Ok(SmokeReport {
            outcome,
            output,
            omitted_bytes,
            elapsed_ms: milliseconds(started.elapsed()),
        })
    }

    /// Runs the command to its end, or to the end of its time: then there is no status.
    fn run_command(
        &self,
        target: &Target,
        subjects: &[Subject],
        started: Instant,
    ) -> Result<(Option<ExitStatus>, Output), EnvironmentError> {
        let marker = linux::random_id()?;
        let (child, output) = self.spawn(target, subjects, &marker)?;
        let until = started + Duration::from_millis(self.within_ms);
        let status = Running { child }.end(&marker, until)?;
        Ok((status, output))
    }

    fn spawn(
        &self,
        target: &Target,
        subjects: &[Subject],
        marker: &str,
    ) -> Result<(Child, Output), EnvironmentError> {
        let failed = |source| EnvironmentError::Smoke { source };
        let (reader, writer) = std::io::pipe().map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &self.command]);
        environment(
            &mut command,
            Launch {
                run: &[],
                variables: &target.variables(subjects)?,
                marker,
                folder: &self.folder,
            },
        );
        command
            .env("PLIMSOLL_ENVIRONMENT", &self.environment)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer);
        Ok((command.spawn().map_err(failed)?, Output::collect(reader)))
    }
}

impl fmt::Display for SmokeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            SmokeOutcome::Passed => f.write_str("passed"),
            SmokeOutcome::Failed {
                exit_code: Some(code),
            } => write!(f, "ended with exit code {code}"),
            SmokeOutcome::Failed { exit_code: None } => f.write_str("was ended by a signal"),
            SmokeOutcome::NotInTime => f.write_str("did not end in time"),
            SmokeOutcome::Exited => f.write_str("what it tests does not run any more,"),
        }?;
        write!(f, " after {} ms", self.elapsed_ms)
    }
}

/// A command that was started. However it goes out of sight, it does not go on.
struct Running {
    child: Child,
}

impl Running {
    /// Waits for the end of the command or of its time, and ends whatever is left of it.
    fn end(mut self, marker: &str, until: Instant) -> Result<Option<ExitStatus>, EnvironmentError> {
        let failed = EnvironmentError::file("wait for", "the smoke command");
        let main = linux::live(self.child.id())?.map(|live| live.identity);
        let ended = wait(&mut self.child, until);
        end(main, marker, Duration::ZERO)?;
        self.child.wait().and(ended).map_err(failed)
    }
}

impl Drop for Running {
    /// After an orderly end this finds nothing. Where the kernel's account of processes could not be
    /// read, the child is still known by its handle, and so is its group until the child is reaped.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let group = Pid::from_child(&self.child);
            drop(kill_process_group(group, Signal::KILL).map_err(std::io::Error::from));
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

const POLL: Duration = Duration::from_millis(10);
const KEPT_BYTES: usize = 64 << 10;
const FINISH_WITHIN: Duration = Duration::from_secs(1);

fn wait(child: &mut Child, until: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= until => return Ok(None),
            None => std::thread::sleep(POLL),
        }
    }
}

/// The last bytes of what comes out of a pipe, collected by a thread so that the writer never blocks.
#[derive(Debug)]
struct Output {
    kept: Arc<Mutex<(VecDeque<u8>, u64)>>,
    collector: JoinHandle<()>,
}

impl Output {
    fn collect(mut pipe: PipeReader) -> Self {
        let kept = Arc::new(Mutex::new((VecDeque::new(), 0)));
        let shared = Arc::clone(&kept);
        let collector = std::thread::spawn(move || {
            let mut buffer = vec![0; 8 << 10];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                kept.0.extend(&buffer[..length]);
                let surplus = kept.0.len().saturating_sub(KEPT_BYTES);
                kept.0.drain(..surplus);
                kept.1 += surplus as u64;
            }
        });
        Self { kept, collector }
    }

    /// What was written. A process that escaped with the pipe in its hands is not waited for.
    fn finish(self) -> (String, u64) {
        let until = Instant::now() + FINISH_WITHIN;
        while !self.collector.is_finished() && Instant::now() < until {
            std::thread::sleep(POLL);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let omitted = kept.1;
        (
            String::from_utf8_lossy(kept.0.make_contiguous()).into_owned(),
            omitted,
        )
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::Running;
    use crate::launch::{Launch, environment};
    use crate::linux;

    #[test]
    fn a_command_that_is_given_up_does_not_go_on() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 611 & echo $!; sleep 612"]);
        let launch = Launch {
            run: &[],
            variables: &[].into(),
            marker: "given-up",
            folder: ".".as_ref(),
        };
        environment(&mut command, launch);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut first).unwrap();
        let (main, behind) = (child.id(), first.trim().parse().unwrap());
        drop(Running { child });
        assert!(linux::live(main).unwrap().is_none());
        for _ in 0..500 {
            if linux::live(behind).unwrap().is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("process {behind} goes on");
    }
}
