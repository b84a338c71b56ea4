use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandRef {
    /// The job's id.
    pub job: String,
    /// The step's place in the job, from 0.
    pub step: usize,
    /// The command's place among the simple commands of the step's script in the order of the text,
    /// from 0; the one command of a step that runs a tool is 0.
    pub command: usize,
}

impl fmt::Display for CommandRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.job, self.step, self.command)
    }
}

/// One run of a pipeline: everything that is chosen; the rest follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The name of what started it.
    pub event: String,
    /// The inputs by name; each that what started it brings has a value.
    pub inputs: BTreeMap<String, Value>,
    /// What the file cannot tell: a context path in lower case, or the text of an unknown
    /// expression; with `job:` before it when it is a fact of one job.
    pub facts: BTreeMap<String, Value>,
    /// The commands that fail if they are executed.
    pub failures: Vec<CommandRef>,
    /// The jobs that are cancelled, by their id, with the place of the step that runs then; one that
    /// does not begin in a run that is cancelled ends as cancelled instead of skipped.
    pub cancelled: BTreeMap<String, usize>,
    /// The ids of the jobs before which the run is cancelled.
    pub cancelled_before: Vec<String>,
}
