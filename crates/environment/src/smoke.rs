use std::collections::VecDeque;
use std::io::{PipeReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};

use crate::health::milliseconds;
use crate::launch::{Launch, environment};
use crate::stop::end;
use crate::{EnvironmentError, Process, SmokeTest, artifact, linux};

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
    /// What it tested ended meanwhile.
    Exited,
}

impl Process {
    /// Runs the smoke command against the running artifact; `None` when none is configured.
    ///
    /// It runs as `sh -c` in the source folder, with the variables of the process and
    /// `PLIMSOLL_ARTIFACT` (the installed file), `PLIMSOLL_ENVIRONMENT` (the environment's name) and
    /// `PLIMSOLL_URL` (`http://127.0.0.1:8080`, without a path). Whatever it leaves running is ended.
    pub fn smoke(&self, digest: &Digest) -> Result<Option<SmokeReport>, EnvironmentError> {
        let Some(test) = &self.config.smoke else {
            return Ok(None);
        };
        if !self.runs(digest)? {
            return Err(EnvironmentError::NotRunning { digest: *digest });
        }
        let marker = linux::random_id()?;
        let started = Instant::now();
        let (mut child, output) = self.spawn_smoke(digest, test, &marker)?;
        let until = started + Duration::from_millis(test.within_ms);
        let main = linux::live(child.id())?.map(|live| live.identity);
        let ended = wait(&mut child, until);
        end(main, &marker, Duration::ZERO)?;
        child
            .wait()
            .map_err(EnvironmentError::file("wait for", "the smoke command"))?;
        let status = ended.map_err(EnvironmentError::file("wait for", "the smoke command"))?;
        let (output, omitted_bytes) = output.finish();
        let outcome = match status {
            None => SmokeOutcome::NotInTime,
            Some(status) if !status.success() => SmokeOutcome::Failed {
                exit_code: status.code(),
            },
            Some(_) if !self.runs(digest)? => SmokeOutcome::Exited,
            Some(_) => SmokeOutcome::Passed,
        };
        Ok(Some(SmokeReport {
            outcome,
            output,
            omitted_bytes,
            elapsed_ms: milliseconds(started.elapsed()),
        }))
    }

    fn runs(&self, digest: &Digest) -> Result<bool, EnvironmentError> {
        Ok(self
            .running()?
            .is_some_and(|running| running.main_lives && running.digest == *digest))
    }

    fn spawn_smoke(
        &self,
        digest: &Digest,
        test: &SmokeTest,
        marker: &str,
    ) -> Result<(Child, Output), EnvironmentError> {
        let installed = artifact::path(&self.state, digest);
        let installed = installed
            .canonicalize()
            .map_err(EnvironmentError::file("find", &installed))?;
        let failed = |source| EnvironmentError::Start {
            digest: *digest,
            source,
        };
        let (reader, writer) = std::io::pipe().map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &test.command]);
        let variables = &self.config.variables;
        environment(
            &mut command,
            Launch {
                run: &[],
                variables,
                marker,
                folder: &self.folder,
            },
        );
        command
            .env("PLIMSOLL_ARTIFACT", installed)
            .env("PLIMSOLL_ENVIRONMENT", &self.environment)
            .env("PLIMSOLL_URL", self.endpoint.url())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer);
        Ok((command.spawn().map_err(failed)?, Output::collect(reader)))
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
