use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;

use crate::config::{ARTIFACT, Endpoint};
use crate::launch::{Gated, Launch};
use crate::linux::{self, Identity};
use crate::listener::{Listeners, listeners};
use crate::record::{Phase, Record, create_folder};
use crate::{ConfigError, EnvironmentError, ProcessConfig, artifact, log};

/// A deploy target that is one process on this machine.
///
/// The caller holds the state folder's [`crate::Lease`] around every operation but
/// [`Process::running`].
#[derive(Clone, Debug)]
pub struct Process {
    pub(crate) environment: String,
    pub(crate) config: ProcessConfig,
    pub(crate) endpoint: Endpoint,
    pub(crate) folder: PathBuf,
    pub(crate) state: PathBuf,
}

/// What runs now, by the kernel's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The artifact it was started from.
    pub digest: Digest,
    /// The process that was started.
    pub pid: u32,
    /// Whether that process itself lives. If not, only descendants of it do; stop them.
    pub main_lives: bool,
    /// Whether its start was finished and its stop not begun. If not, whoever did that was killed
    /// meanwhile, and it may end by itself at any moment: start it again or stop it.
    pub settled: bool,
    /// Every process of this start that lives, the main one included.
    pub pids: Vec<u32>,
    /// Where it should answer.
    pub port: u16,
    /// The file with its standard output and error.
    pub log: PathBuf,
}

impl Process {
    /// The target of one environment. `folder` is where the smoke command runs (the source tree), and
    /// `state` is this environment's own folder, created when it is needed.
    pub fn new(
        environment: &str,
        config: ProcessConfig,
        folder: &Path,
        state: &Path,
    ) -> Result<Self, ConfigError> {
        let endpoint = config.check()?;
        if environment.contains('\0') {
            return Err(ConfigError::ZeroByte { key: "name" });
        }
        Ok(Self {
            environment: environment.to_owned(),
            config,
            endpoint,
            folder: folder.to_owned(),
            state: state.to_owned(),
        })
    }

    /// Copies a built file into place as `artifacts/<hex digest>` (mode 0555, on disk when this
    /// returns), if its bytes have the digest. Done again, it changes nothing.
    pub fn install(&self, digest: &Digest, source: &Path) -> Result<(), EnvironmentError> {
        artifact::install(&self.state, digest, source)
    }

    /// Starts an installed artifact, after hashing it again, detached from the caller's terminal and
    /// life. If the same already runs with the same settings, that is returned; what is not settled is
    /// ended first.
    pub fn start(&self, digest: &Digest) -> Result<Running, EnvironmentError> {
        if let Some((record, running)) = self.look()? {
            let same = record.digest == *digest && record.settings == self.settings(&record.marker);
            if running.settled && same && running.main_lives {
                return Ok(running);
            } else if running.settled {
                return Err(EnvironmentError::AlreadyRunning {
                    digest: record.digest,
                    pid: running.pid,
                });
            }
            self.stop()?;
        }
        let installed = artifact::verify(&self.state, digest)?;
        self.require_free_address()?;
        let marker = linux::random_id()?;
        let record = self.launch(digest, &installed, &marker)?;
        Ok(self.describe(&record, &[record.main]))
    }

    /// What runs of what was started last, or `None` when nothing of it does.
    ///
    /// A process counts by its id and start time, and its descendants by a mark in their environment:
    /// another process under a reused id never does.
    pub fn running(&self) -> Result<Option<Running>, EnvironmentError> {
        Ok(self.look()?.map(|(_, running)| running))
    }

    pub(crate) fn look(&self) -> Result<Option<(Record, Running)>, EnvironmentError> {
        let Some(record) = Record::read(&self.state)? else {
            return Ok(None);
        };
        if record.boot != linux::boot()? {
            return Ok(None);
        }
        let family = linux::family(Some(record.main), &record.marker)?;
        if family.is_empty() {
            return Ok(None);
        }
        let running = self.describe(&record, &family);
        Ok(Some((record, running)))
    }

    fn describe(&self, record: &Record, family: &[Identity]) -> Running {
        Running {
            digest: record.digest,
            pid: record.main.pid,
            main_lives: family.contains(&record.main),
            settled: record.phase == Phase::Started,
            pids: family.iter().map(|process| process.pid).collect(),
            port: self.endpoint.address.port(),
            log: log::path(&self.state, &record.marker),
        }
    }

    /// Starts the process behind its gate, records it, opens the gate, and records that.
    fn launch(
        &self,
        digest: &Digest,
        installed: &Path,
        marker: &str,
    ) -> Result<Record, EnvironmentError> {
        let failed = |source| EnvironmentError::Start {
            digest: *digest,
            source,
        };
        let work = self.state.join("work");
        create_folder(&work)?;
        let log = log::create(&self.state, marker)?;
        let run = self.command(installed)?;
        let variables = &self.config.variables;
        let gated = Gated::new(
            Launch {
                run: &run,
                variables,
                marker,
                folder: &work,
            },
            log,
        )
        .map_err(failed)?;
        let ended = || failed(std::io::Error::other("it ended at once"));
        let mut record = Record {
            digest: *digest,
            settings: self.settings(marker),
            marker: marker.to_owned(),
            boot: linux::boot()?,
            main: linux::live(gated.pid())?.ok_or_else(ended)?.identity,
            phase: Phase::Starting,
        };
        record.write(&self.state)?;
        gated.open().map_err(failed)?;
        record.phase = Phase::Started;
        record.write(&self.state)?;
        Ok(record)
    }

    /// The command with the installed file's absolute path in it.
    fn command(&self, installed: &Path) -> Result<Vec<OsString>, EnvironmentError> {
        let installed = installed
            .canonicalize()
            .map_err(EnvironmentError::file("find", installed))?;
        let path = installed.into_os_string();
        Ok(self
            .config
            .run
            .iter()
            .map(|part| replace(part, &path))
            .collect())
    }

    fn require_free_address(&self) -> Result<(), EnvironmentError> {
        match listeners(self.endpoint.address, &[])? {
            Listeners::Foreign(by) => Err(EnvironmentError::AddressTaken {
                address: self.endpoint.address.to_string(),
                by,
            }),
            Listeners::None | Listeners::Ours => Ok(()),
        }
    }

    fn settings(&self, marker: &str) -> Digest {
        let mut parts = vec![marker.as_bytes()];
        parts.extend(self.config.run.iter().map(String::as_bytes));
        parts.push(b"variables");
        parts.extend(pairs(&self.config.variables));
        Digest::of_parts(&parts)
    }
}

fn pairs(variables: &BTreeMap<String, String>) -> impl Iterator<Item = &[u8]> {
    variables
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])
}

fn replace(part: &str, path: &OsString) -> OsString {
    let mut pieces = part.split(ARTIFACT);
    let mut whole = OsString::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        whole.push(path);
        whole.push(piece);
    }
    whole
}
