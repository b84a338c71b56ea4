use plimsoll_model::{Location, TreePath};
use plimsoll_source::TextFile;
use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::script::{Command, Script};
use crate::{CommandRef, Value};

mod expansion;
mod read;
mod shell;

/// A GitHub Actions workflow as it is written: events, inputs, jobs, steps and their commands.
///
/// It holds places instead of text, so that it can be kept when the file is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub(crate) path: TreePath,
    /// Where `on:` stands.
    pub(crate) on: Location,
    /// The keys of `on:` in order.
    pub(crate) events: Vec<String>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) permissions: Permissions,
    /// In the order of the text.
    pub(crate) jobs: Vec<Job>,
    /// The places of the jobs, each after those it needs.
    pub(crate) order: Vec<usize>,
}

/// An input of a workflow that people or other workflows start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
    /// `workflow_dispatch` or `workflow_call`.
    pub(crate) event: String,
    pub(crate) name: String,
    pub(crate) kind: InputKind,
    pub(crate) default: Option<Value>,
    pub(crate) location: Location,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum InputKind {
    Boolean,
    Choice(Vec<String>),
    Number,
    Text,
}

/// What `permissions:` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Permissions {
    /// Nothing is stated, so the repository's default holds.
    Missing,
    /// `write-all`.
    WriteAll(Location),
    /// Each scope is stated.
    Stated,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) location: Location,
    /// The places of the jobs it needs.
    pub(crate) needs: Vec<usize>,
    pub(crate) condition: Option<Condition>,
    pub(crate) tolerance: Tolerance,
    pub(crate) environment: Option<String>,
    pub(crate) permissions: Permissions,
    /// The reusable workflow it calls; such a job has one step that stands for it.
    pub(crate) calls: Option<String>,
    /// Where it says that bash runs a file before each script: `BASH_ENV`.
    pub(crate) startup: Option<Location>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) location: Location,
    pub(crate) condition: Option<Condition>,
    pub(crate) tolerance: Tolerance,
    /// The action it uses; its one command stands in `script`.
    pub(crate) uses: Option<String>,
    pub(crate) directory: Option<String>,
    /// The shell, when it is none that is read.
    pub(crate) foreign_shell: Option<String>,
    /// Where an expression may bring an operator into its script.
    pub(crate) operator: Option<Location>,
    pub(crate) script: Script,
}

/// An `if`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition {
    pub(crate) expression: Expression,
    /// Its text, for people.
    pub(crate) text: String,
    pub(crate) location: Location,
}

/// What `continue-on-error` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tolerance {
    No,
    Yes(Location),
    /// An expression, by its text.
    Unknown(String),
}

/// The file is no workflow that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WorkflowError {
    /// What is wrong.
    pub message: String,
    /// The byte where it shows.
    pub offset: usize,
}

impl Workflow {
    /// Reads a workflow file. Scripts that it calls are not looked up: such a command may fail and
    /// does nothing else.
    ///
    /// # Errors
    /// When it is no YAML, or lacks what every workflow has: events, jobs, needs that exist and
    /// make no circle.
    pub fn parse(file: &TextFile) -> Result<Self, WorkflowError> {
        read::workflow(file)
    }

    /// Every command with its name, jobs and steps in the order of the text.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (CommandRef, &Job, &Step, &Command)> {
        self.jobs.iter().flat_map(|job| {
            job.steps.iter().enumerate().flat_map(move |(at, step)| {
                step.script
                    .commands
                    .iter()
                    .enumerate()
                    .map(move |(command, found)| {
                        (
                            CommandRef {
                                job: job.id.clone(),
                                step: at,
                                command,
                            },
                            job,
                            step,
                            found,
                        )
                    })
            })
        })
    }

    /// The command of a name that [`Workflow::commands`] gave.
    pub(crate) fn command(&self, name: &CommandRef) -> Option<(&Job, &Step, &Command)> {
        let job = self.jobs.iter().find(|job| job.id == name.job)?;
        let step = job.steps.get(name.step)?;
        Some((job, step, step.script.commands.get(name.command)?))
    }

    /// The jobs that a job needs, directly or not, as places in `jobs`.
    pub(crate) fn ancestors(&self, job: usize) -> Vec<usize> {
        let mut found = vec![false; self.jobs.len()];
        let mut open = self.jobs[job].needs.clone();
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut found[next], true) {
                open.extend(&self.jobs[next].needs);
            }
        }
        (0..found.len()).filter(|each| found[*each]).collect()
    }
}

impl Step {
    /// What people call the step.
    pub(crate) fn title(&self) -> String {
        let first = || {
            self.script
                .commands
                .first()
                .map(|command| command.label.clone())
        };
        self.name
            .clone()
            .or_else(|| self.id.clone())
            .or_else(first)
            .unwrap_or_default()
    }
}
