//! Exit codes. clap's own 2 and Rust's own 1 and 101 are mapped, so that they never mean a verdict.

use std::process::ExitCode;

use plimsoll_engine::sign::{BundleError, VerifyError};
use plimsoll_engine::source::GitError;
use plimsoll_engine::{
    AttestError, DatabaseFolderError, LedgerError, PromoteError, ReleaseError, SecretRulesError,
    TrustedError,
};
use plimsoll_model::{Outcome, RuleIdError};

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
    if error.use_stderr() {
        ExitCode::from(64)
    } else {
        ExitCode::SUCCESS
    }
}

/// A command line names a rule that this build does not have.
#[derive(Debug)]
pub(crate) struct UnknownRule(pub(crate) String);

impl std::fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "this build has no rule `{}`\nhint: `plimsoll explain` lists all rules",
            self.0
        )
    }
}

impl std::error::Error for UnknownRule {}

/// Shows an error. One that stands for a denial (a policy that cannot be used, evidence or a history
/// that does not verify, an approval that cannot count) exits with 1, a command line that names what
/// is not there with 64, any other with 70: none is ever mistaken for "allowed".
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    render::error(error);
    let code = if error.chain().any(denies) {
        1
    } else if error.chain().any(names_nothing) {
        64
    } else {
        70
    };
    ExitCode::from(code)
}

fn names_nothing(error: &(dyn std::error::Error + 'static)) -> bool {
    let no_tree = |error: &GitError| {
        matches!(
            error,
            GitError::Dir(_)
                | GitError::NotARepository { .. }
                | GitError::Revision { .. }
                | GitError::Ambiguous { .. }
        )
    };
    error.downcast_ref().is_some_and(no_tree)
        || error.is::<RuleIdError>()
        || error.is::<UnknownRule>()
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
