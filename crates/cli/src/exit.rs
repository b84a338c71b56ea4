//! Exit codes. clap's own 2 and Rust's own 1 and 101 are mapped, so that they never mean a verdict.

use std::process::ExitCode;

use plimsoll_engine::sign::{BundleError, VerifyError};
use plimsoll_engine::{
    AttestError, DatabaseFolderError, LedgerError, PromoteError, ReleaseError, SecretRulesError, TrustedError,
};
use plimsoll_model::Outcome;

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
        return ExitCode::from(70);
    }
    if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
}

/// Shows an error. One that stands for a denial (a policy that cannot be used, evidence or a history
/// that does not verify, an approval that cannot count) exits with 1, any other with 70: neither is
/// ever mistaken for "allowed".
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    render::error(error);
    ExitCode::from(if error.chain().any(denies) { 1 } else { 70 })
}

fn denies(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<TrustedError>()
        || error.is::<SecretRulesError>()
        || error.is::<DatabaseFolderError>()
        || error.is::<VerifyError>()
        || error.is::<BundleError>()
        || error.is::<AttestError>()
        || error.is::<ReleaseError>()
        || error.is::<PromoteError>()
        || error.is::<LedgerError>()
}
