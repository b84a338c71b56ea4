//! A release of one file, run as one process on this machine.

mod artifact;
mod config;
mod health;
mod listener;
mod log;
mod record;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::{Digest, Subject};

use super::{Applied, Change, Instance, Observation, Until, Withdrawn};
use crate::launch::{Gated, Launch};
use crate::linux::{self, Identity};
use crate::stop::end;
use crate::{ConfigError, EnvironmentError, folder};
use config::{ARTIFACT, Endpoint};
pub use config::{HealthCheck, ProcessConfig};
use listener::{Listeners, listeners};
use record::{Phase, Record};

/// A deploy target that is one process on this machine.
#[derive(Clone, Debug)]
pub struct Process {
    config: ProcessConfig,
    endpoint: Endpoint,
    state: PathBuf,
}

impl Process {
    /// The target with this configuration. `state` is the environment's own folder, created when it is
    /// needed.
    pub fn new(config: ProcessConfig, state: &Path) -> Result<Self, ConfigError> {
        Ok(Self {
            endpoint: config.check()?,
            config,
            state: state.to_owned(),
        })
    }

    /// The one file of a release.
    pub(super) fn part(subjects: &[Subject]) -> Result<Vec<Subject>, EnvironmentError> {
        let sha256 = file_of(subjects)?;
        Ok(vec![Subject::Artifact { sha256 }])
    }

    /// Installs the file as `artifacts/<hex digest>` (mode 0555), ends what runs, and starts the file
    /// after hashing it again, detached from the caller's terminal and life. Files that neither the
    /// release nor the previous one needs are removed.
    pub(super) fn apply(&self, change: &Change<'_>) -> Result<Applied, EnvironmentError> {
        let digest = file_of(change.subjects)?;
        let mut kept = vec![digest];
        // What came before may have run on another kind of target; there is nothing to keep of that.
        kept.extend(file_of(change.previous).ok());
        artifact::keep_only(&self.state, &kept)?;
        artifact::install(&self.state, &digest, &change.artifacts.join(digest.hex()))?;
        let replaced = self.withdraw()?;
        let installed = artifact::verify(&self.state, &digest)?;
        self.require_free_address()?;
        let record = self.launch(&digest, &installed)?;
        Ok(Applied {
            replaced,
            observation: describe(&record, &[record.main]),
        })
    }

    /// What runs of what was started last.
    ///
    /// A process counts by its id and start time, and its descendants by a mark in their environment:
    /// another process under a reused id never does.
    pub(super) fn observe(&self, until: Until<'_>) -> Result<Observation, EnvironmentError> {
        let health = match until {
            Until::Now => None,
            Until::Healthy {
                subjects,
                cancelled,
            } => Some(self.wait_for_health(&file_of(subjects)?, cancelled)?),
        };
        let seen = self.look()?;
        let mut observation =
            seen.map_or_else(nothing, |(record, family)| describe(&record, &family));
        observation.health = health;
        Ok(observation)
    }

    /// Ends what was started last, with all its descendants: SIGTERM, the grace, SIGKILL. Nothing that
    /// was not started here is ever signalled.
    pub(super) fn withdraw(&self) -> Result<Withdrawn, EnvironmentError> {
        let Some((mut record, _)) = self.look()? else {
            Record::remove(&self.state)?;
            return Ok(Withdrawn {
                subjects: Vec::new(),
                killed: false,
            });
        };
        record.phase = Phase::Stopping;
        record.write(&self.state)?;
        let grace = Duration::from_millis(self.config.stop_grace_ms);
        let killed = end(Some(record.main), &record.marker, grace)?;
        Record::remove(&self.state)?;
        Ok(Withdrawn {
            subjects: vec![subject(&record)],
            killed,
        })
    }

    /// The variables of the process, `PLIMSOLL_ARTIFACT` (the installed file) and `PLIMSOLL_URL`
    /// (`http://127.0.0.1:8080`, without a path).
    pub(super) fn variables(
        &self,
        subjects: &[Subject],
    ) -> Result<BTreeMap<OsString, OsString>, EnvironmentError> {
        let installed = artifact::path(&self.state, &file_of(subjects)?);
        let installed = installed
            .canonicalize()
            .map_err(EnvironmentError::file("find", &installed))?;
        let mut variables = self.own_variables();
        variables.insert("PLIMSOLL_ARTIFACT".into(), installed.into());
        variables.insert("PLIMSOLL_URL".into(), self.endpoint.url().into());
        Ok(variables)
    }

    fn own_variables(&self) -> BTreeMap<OsString, OsString> {
        let own = self.config.variables.iter();
        own.map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    /// What was started last and which of its processes live, or `None` when none does.
    fn look(&self) -> Result<Option<(Record, Vec<Identity>)>, EnvironmentError> {
        let Some(record) = Record::read(&self.state)? else {
            return Ok(None);
        };
        if record.boot != linux::boot()? {
            return Ok(None);
        }
        let family = linux::family(Some(record.main), &record.marker)?;
        Ok((!family.is_empty()).then_some((record, family)))
    }

    /// Starts the process behind its gate, records it, opens the gate, and records that.
    fn launch(&self, digest: &Digest, installed: &Path) -> Result<Record, EnvironmentError> {
        let failed = |source| EnvironmentError::Start {
            digest: *digest,
            source,
        };
        let work = self.state.join("work");
        folder::create(&work)?;
        let marker = linux::random_id()?;
        let log = log::create(&self.state, &marker)?;
        let run = self.command(installed)?;
        let gated = Gated::new(
            Launch {
                run: &run,
                variables: &self.own_variables(),
                marker: &marker,
                folder: &work,
            },
            log,
        )
        .map_err(failed)?;
        let ended = || failed(std::io::Error::other("it ended at once"));
        let mut record = Record {
            digest: *digest,
            marker,
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
}

fn nothing() -> Observation {
    Observation {
        subjects: Vec::new(),
        settled: true,
        instances: Vec::new(),
        health: None,
    }
}

fn describe(record: &Record, family: &[Identity]) -> Observation {
    let main_lives = family.contains(&record.main);
    let descendants = family.iter().filter(|process| **process != record.main);
    let instances = main_lives
        .then_some(&record.main)
        .into_iter()
        .chain(descendants)
        .map(|process| Instance::Process { pid: process.pid });
    Observation {
        subjects: if main_lives {
            vec![subject(record)]
        } else {
            Vec::new()
        },
        settled: record.phase == Phase::Started,
        instances: instances.collect(),
        health: None,
    }
}

fn subject(record: &Record) -> Subject {
    Subject::Artifact {
        sha256: record.digest,
    }
}

/// The one file among these subjects.
fn file_of(subjects: &[Subject]) -> Result<Digest, EnvironmentError> {
    let mut files = subjects.iter().filter_map(|subject| match subject {
        Subject::Artifact { sha256 } => Some(*sha256),
        Subject::Image { .. }
        | Subject::Source { .. }
        | Subject::Manifests { .. }
        | Subject::Tool { .. } => None,
    });
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        (None, _) | (Some(_), Some(_)) => Err(EnvironmentError::Subjects {
            target: "a process",
            wanted: "file",
            subjects: subjects.to_vec(),
        }),
    }
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
