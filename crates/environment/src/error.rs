use std::path::PathBuf;

use plimsoll_model::{Class, Digest, Fault, Subject};

use crate::target::short;

/// An operation on an environment that could not be done or could not be known to be done.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A file or folder of the state, or of the kernel's account of processes, failed.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The record of what was started cannot be understood, so what runs is unknown.
    #[error("the record {} of what was started is damaged, so what runs is not known", path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Bytes are not those that were asked for.
    #[error("{} is {actual}, not {expected}; it is not run", path.display())]
    WrongDigest {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: Digest,
        /// What it is.
        actual: Digest,
    },
    /// The artifact is no regular file.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The release does not hold what this kind of target runs.
    #[error(
        "{target} runs exactly one {wanted} of a release, and this one ships {}",
        describe(subjects)
    )]
    Subjects {
        /// The kind of target: `a process`.
        target: &'static str,
        /// What it runs one of: `file`.
        wanted: &'static str,
        /// All that the release ships.
        subjects: Vec<Subject>,
    },
    /// Somebody else answers where the process should.
    #[error("{address} is already taken by {by}")]
    AddressTaken {
        /// Where.
        address: String,
        /// Who, as far as can be seen.
        by: String,
    },
    /// The program could not be started.
    #[error("cannot start a process for {digest}")]
    Start {
        /// The artifact.
        digest: Digest,
        /// Why.
        source: std::io::Error,
    },
    /// The smoke command could not be started.
    #[error("cannot start the smoke command")]
    Smoke {
        /// Why.
        source: std::io::Error,
    },
    /// Processes do not end.
    #[error("processes {pids:?} do not end, though killed")]
    StillRunning {
        /// Their ids.
        pids: Vec<u32>,
    },
}

fn describe(subjects: &[Subject]) -> String {
    if subjects.is_empty() {
        "nothing".to_owned()
    } else {
        short(subjects)
    }
}

impl Fault for EnvironmentError {
    fn class(&self) -> Class {
        match self {
            Self::WrongDigest { .. } | Self::Subjects { .. } => Class::Denied,
            Self::NotAFile { .. } => Class::Configuration,
            Self::AddressTaken { .. } => Class::Busy,
            Self::File { .. }
            | Self::Record { .. }
            | Self::Start { .. }
            | Self::Smoke { .. }
            | Self::StillRunning { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Record { .. } => {
                "see with `ps` what runs, end it, and remove the record; then repeat the command"
            }
            Self::WrongDigest { .. } => "make a new release of the file that was checked",
            Self::NotAFile { .. } => "name the built artifact",
            Self::Subjects { .. } => {
                "make a release that ships one, or deploy this one to another kind of target"
            }
            Self::AddressTaken { .. } => "stop what listens there, or use another port",
            Self::StillRunning { .. } => {
                "`ps -o pid,stat,wchan` shows what they wait for; repeat the command once they ended"
            }
            Self::File { .. } | Self::Start { .. } | Self::Smoke { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl EnvironmentError {
    pub(crate) fn file(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
