use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Capability, Value, Workflow};

/// One command of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandRef {
    /// The job's id.
    pub job: String,
    /// The step's place in the job, from 0.
    pub step: usize,
    /// The command's place among the simple commands of the step's script in the order of the text,
    /// from 0 (`docs/github-actions.md`, "Steps"); the one command of a `uses:` step is 0.
    pub command: usize,
}

impl fmt::Display for CommandRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.job, self.step, self.command)
    }
}

/// One run of a workflow: everything that is chosen; the rest follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The key of `on:` that started it.
    pub event: String,
    /// The inputs by name, for `workflow_dispatch` and `workflow_call`; each that is declared has a value.
    pub inputs: BTreeMap<String, Value>,
    /// What the file cannot tell: a context path in lower case, or the text of an unknown
    /// expression; with `job:` before it when it is a fact of one job.
    pub facts: BTreeMap<String, Value>,
    /// The commands that fail if they are executed.
    pub failures: Vec<CommandRef>,
}

/// Whether a gate holds for a deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The command that deploys.
    pub deployment: CommandRef,
    /// The kind of check.
    pub gate: Capability,
    /// Whether the gate passed before the deployment in every run in which it is executed.
    pub holds: bool,
    /// A run that shows that it does not, with the fewest deviations.
    pub counterexample: Option<Run>,
}

/// The workflow's runs are too many to be proven about within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the workflow has more conditions and commands than can be proven about")]
pub struct TooComplex;

/// Proves, for each deployment command and each kind of gate that the workflow has, whether the
/// gate holds, by the reading of `docs/github-actions.md`.
///
/// # Errors
/// [`TooComplex`] when a bound was met; nothing may be taken for proven then.
pub fn prove(workflow: &Workflow) -> Result<Vec<Proof>, TooComplex> {
    crate::prove_stub(workflow)
}
