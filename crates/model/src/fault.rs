use std::convert::Infallible;
use std::error::Error;
use std::io;

use serde::Serialize;

use crate::RuleIdError;

/// Whose matter an error is: what a caller answers with follows from it, an exit code or a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What was asked for is refused: evidence or a history that does not hold, a person who may not.
    Denied,
    /// Somebody else holds what the request needs, or was faster. The same request may succeed later.
    Busy,
    /// The request itself is not well formed.
    Usage,
    /// Something that the request names does not exist: a file, a revision, a ledger, a release, an
    /// environment.
    Absent,
    /// Something that the request names exists and cannot be used: a policy, a key, a password, a pin,
    /// a revision, a file.
    Configuration,
    /// Nobody's doing but ours or the machine's.
    Internal,
}

impl Class {
    /// The class of an error on a file that somebody named: it is theirs when it is absent, of the
    /// wrong kind or closed to us, else the machine's.
    pub fn of_named_file(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Absent,
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => Self::Configuration,
            _ => Self::Internal,
        }
    }

    /// The exit code of a command that ends with an error of this class. None of them means "allowed".
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Denied | Self::Busy => 1,
            Self::Usage => 64,
            Self::Absent | Self::Configuration => 65,
            Self::Internal => 70,
        }
    }
}

/// An error that says whose matter it is and what to do about it. Its message says what failed, and
/// on what; the hint is no part of it.
pub trait Fault: Error {
    /// Whose matter it is.
    fn class(&self) -> Class;

    /// What to do next, where that is known: one line.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl Fault for RuleIdError {
    fn class(&self) -> Class {
        Class::Usage
    }
}

impl Fault for Infallible {
    fn class(&self) -> Class {
        match *self {}
    }
}
