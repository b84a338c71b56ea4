//! Exit codes. clap's own 2 and Rust's own 1 are mapped, because here they are verdicts, and so is the
//! 101 of a panic.

use std::process::ExitCode;

use plimsoll_model::{Class, Outcome, Told};

use crate::render;

/// How a command that ran to its end ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// It decided.
    Decided(Outcome),
    /// A deployment failed and was rolled back.
    RolledBack,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Decided(outcome) => Self::from(outcome.exit_code()),
            Exit::RolledBack => Self::from(75),
        }
    }
}

/// Shows clap's message: help and version are no error, everything else is a wrong command line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.print().is_err() {
        return code(Class::Internal);
    }
    if error.use_stderr() {
        code(Class::Usage)
    } else {
        ExitCode::SUCCESS
    }
}

/// Shows a failure. Whatever its class, it is never mistaken for "allowed".
pub(crate) fn failed(failure: &Told) -> ExitCode {
    render::failure(failure);
    code(failure.class)
}

fn code(class: Class) -> ExitCode {
    ExitCode::from(class.exit_code())
}
