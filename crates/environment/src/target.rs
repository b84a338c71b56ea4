use std::path::Path;

use plimsoll_model::Digest;

use crate::{EnvironmentError, HealthReport, Process, Running, SmokeReport, Stopped};

/// Where an environment's releases run. A further kind of target is a further variant.
#[derive(Clone, Debug)]
pub enum Target {
    /// A process on this machine.
    Process(Process),
}

impl Target {
    /// See [`Process::install`].
    pub fn install(&self, digest: &Digest, source: &Path) -> Result<(), EnvironmentError> {
        match self {
            Self::Process(process) => process.install(digest, source),
        }
    }

    /// See [`Process::start`].
    pub fn start(&self, digest: &Digest) -> Result<Running, EnvironmentError> {
        match self {
            Self::Process(process) => process.start(digest),
        }
    }

    /// See [`Process::running`].
    pub fn running(&self) -> Result<Option<Running>, EnvironmentError> {
        match self {
            Self::Process(process) => process.running(),
        }
    }

    /// See [`Process::stop`].
    pub fn stop(&self) -> Result<Option<Stopped>, EnvironmentError> {
        match self {
            Self::Process(process) => process.stop(),
        }
    }

    /// See [`Process::health`].
    pub fn health(
        &self,
        digest: &Digest,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<HealthReport, EnvironmentError> {
        match self {
            Self::Process(process) => process.health(digest, cancelled),
        }
    }

    /// See [`Process::smoke`].
    pub fn smoke(&self, digest: &Digest) -> Result<Option<SmokeReport>, EnvironmentError> {
        match self {
            Self::Process(process) => process.smoke(digest),
        }
    }
}
