//! GitHub Actions: workflows, read as `docs/github-actions.md` says.

use super::Dialect;
use crate::shell::Runner;

mod actions;
mod condition;
mod domain;
mod expansion;
mod expression;
mod input;
mod interpreter;
mod loose;
mod read;
mod step;
mod written;

/// The row of GitHub Actions.
pub(super) static DIALECT: Dialect = Dialect {
    id: "github-actions",
    globs: &[".github/workflows/*.yml", ".github/workflows/*.yaml"],
    page: "github-actions.md",
    noun: "workflow",
    refuses: "GitHub",
    runner: Runner {
        roots: &[
            "$GITHUB_WORKSPACE",
            "${GITHUB_WORKSPACE}",
            "${{ github.workspace }}",
        ],
        stores: &[STORE],
    },
    read: read::read_workflow,
};

/// The variable that names the file by which a step changes `env`. Outputs, which a step writes to `GITHUB_OUTPUT`, are
/// facts of that step and change nothing for another.
const STORE: &str = "GITHUB_ENV";
