use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::Location;
use serde::{Deserialize, Serialize};

use crate::case::is_too_long;
use crate::inspect::startup;
use crate::reading::Reading;
use crate::script::Effect;
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
    /// The jobs that are cancelled, by their id, with the place of the step that runs then; one that
    /// does not begin in a run that is cancelled ends as cancelled instead of skipped.
    pub cancelled: BTreeMap<String, usize>,
    /// The ids of the jobs before which the run is cancelled.
    pub cancelled_before: Vec<String>,
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

/// Nothing is proven about the workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// Its runs are too many to be proven about within bounds.
    #[error("the workflow has more conditions and commands than can be proven about")]
    TooComplex,
    /// A script of it is no shell that can be read.
    #[error("the script at {0} cannot be read")]
    Unread(Location),
}

/// Proves, for each deployment command and each kind of gate that the workflow has, whether the
/// gate holds, by the reading of `docs/github-actions.md`.
///
/// # Errors
/// When a bound was met or a script cannot be read; nothing may be taken for proven then.
pub fn prove(workflow: &Workflow) -> Result<Vec<Proof>, ProveError> {
    if let Some(location) = workflow.jobs.iter().find_map(startup) {
        return Err(ProveError::Unread(location.clone()));
    }
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    for step in steps {
        let foreign = step.foreign_shell.as_ref().map(|_| &step.location);
        if let Some(location) = step
            .script
            .unread
            .first()
            .or(foreign)
            .or(step.operator.as_ref())
        {
            return Err(ProveError::Unread(location.clone()));
        }
    }
    let mut reading = Reading::new(workflow);
    if reading.diagram.overflowed() || is_too_long(workflow) {
        return Err(ProveError::TooComplex);
    }
    let gates = gates(workflow);
    let mut proofs = Vec::new();
    for deployment in deployments(workflow) {
        for gate in &gates {
            let ungated = reading.ungated(&deployment, &|command| command.can(*gate));
            let counterexample = reading.cheapest(ungated).map(|chosen| reading.run(&chosen));
            let holds = counterexample.is_none();
            proofs.push(Proof {
                deployment: deployment.clone(),
                gate: *gate,
                holds,
                counterexample,
            });
        }
    }
    if reading.diagram.overflowed() {
        Err(ProveError::TooComplex)
    } else {
        Ok(proofs)
    }
}

/// The kinds of gate that the workflow has.
pub(crate) fn gates(workflow: &Workflow) -> Vec<Capability> {
    let present = |gate: &Capability| {
        workflow
            .commands()
            .any(|(_, _, _, command)| command.can(*gate))
    };
    Capability::ALL
        .into_iter()
        .filter(|gate| gate.is_gate())
        .filter(present)
        .collect()
}

/// The commands that deploy. In a job with an `environment:` that has none the last command that
/// does more than print stands for the deployment.
pub(crate) fn deployments(workflow: &Workflow) -> Vec<CommandRef> {
    let mut found = Vec::new();
    for job in &workflow.jobs {
        let commands = || workflow.commands().filter(|(name, ..)| name.job == job.id);
        let deploys: Vec<CommandRef> = commands()
            .filter(|(_, _, _, command)| command.can(Capability::Deploy))
            .map(|(name, ..)| name)
            .collect();
        if deploys.is_empty() && job.environment.is_some() {
            let works = |command: &crate::script::Command| {
                !command.prints
                    && command.effect != Effect::Succeeds
                    && command.capabilities.is_empty()
            };
            found.extend(
                commands()
                    .filter(|(_, _, _, command)| works(command))
                    .map(|(name, ..)| name)
                    .last(),
            );
        }
        found.extend(deploys);
    }
    found
}

#[cfg(test)]
mod tests;
