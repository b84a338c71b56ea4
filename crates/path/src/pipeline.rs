//! A release path in a form that no dialect owns: what starts it, jobs that wait for each other, their steps, and
//! conditions over what happened before.
//!
//! A dialect's reader brings its file into this form, and with it what its words mean. The form says only:
//! - A job or step **ends** in one of five ways ([`Outcome`]). What success, failure and the rest do to what comes
//!   behind is no rule of the form: it stands in each [`Condition`], written out by the reader, also where the file
//!   states none.
//! - A **condition** is met or not, by [`Term`]s over what started the run, inputs, facts, and how jobs and steps
//!   ended. What `==` means, or which functions there are, is worked out by the reader.
//! - A **fact** is what the file cannot tell, with the values that make a difference, the plain one first.
//! - A **tolerance** turns the failure of a step or job into another ending.

use std::collections::HashSet;

use plimsoll_model::{Gap, Location, TreePath};
use serde::{Deserialize, Serialize};

use crate::run::CommandRef;
use crate::shell::{Command, Script};
use crate::value::Value;

mod term;

pub(crate) use term::{Atom, Composer, Node, Term};

/// A release path as it is written, whatever its dialect.
///
/// It holds places instead of text, so that it can be kept when the file is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub(crate) path: TreePath,
    /// Where it is said what starts it.
    pub(crate) start: Location,
    /// What starts it, each once, in the order of the text.
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) facts: Vec<Fact>,
    /// What the conditions are made of, by [`Term`].
    pub(crate) nodes: Vec<Node>,
    /// More than may be proven about was left out of `nodes`.
    pub(crate) too_complex: bool,
    pub(crate) permissions: Permissions,
    /// How the dialect states the least that a job may do; `None` when jobs hold no token.
    pub(crate) least: Option<Least>,
    /// In the order of the text.
    pub(crate) jobs: Vec<Job>,
    /// The places of the jobs, each after those it needs.
    pub(crate) order: Vec<usize>,
    /// What the reader could not read.
    pub(crate) gaps: Vec<Gap>,
}

/// Something that starts a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) kind: TriggerKind,
}

/// Who or what starts a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TriggerKind {
    /// A change that entered the repository.
    Change,
    /// A person, who may choose inputs.
    Person,
    /// Another pipeline, which may choose inputs.
    Caller,
    /// A proposed change, a time, a release: anything else.
    Other,
}

/// What a person or another pipeline chooses when it starts a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
    /// The place of the trigger that brings it.
    pub(crate) trigger: usize,
    pub(crate) name: String,
    /// What makes a difference, the default first.
    pub(crate) values: Vec<Value>,
    pub(crate) location: Location,
}

/// Something that the file cannot tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fact {
    /// What it is called in a run; the same name is the same fact.
    pub(crate) name: String,
    /// What tells it from the same words at another place; empty when nothing does.
    pub(crate) moment: String,
    /// What people read where the name alone does not tell.
    pub(crate) label: Option<String>,
    /// What makes a difference, the plain one first.
    pub(crate) values: Vec<Value>,
    /// What changes it in the middle of a job.
    pub(crate) changed_by: Option<Store>,
}

/// A file of the runner by which a step changes facts for the steps behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Store {
    /// The variable that names the file; a script that names it may write there.
    pub(crate) file: String,
    /// What is changed, for people.
    pub(crate) of: String,
}

/// What the token of a job may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Permissions {
    /// Nothing is stated, so that a default from outside the file holds.
    Missing,
    /// Everything, by these words.
    Everything(Said),
    /// Each scope is stated.
    Stated,
}

/// How the least permissions are stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Least {
    /// The key that is missing where nothing is stated.
    pub(crate) key: String,
    /// What to write.
    pub(crate) fix: String,
}

/// Steps that run in order on one machine: a job, or a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) location: Location,
    /// The places of the jobs that it waits for.
    pub(crate) needs: Vec<usize>,
    pub(crate) condition: Condition,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) environment: Option<String>,
    pub(crate) permissions: Permissions,
    /// Where it says that bash runs a file before each script: `BASH_ENV`.
    pub(crate) startup: Option<Location>,
    pub(crate) steps: Vec<Step>,
}

/// A script, or a tool that the dialect runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) location: Location,
    pub(crate) condition: Condition,
    pub(crate) tolerance: Option<Tolerance>,
    /// A tool that it runs in the place of a script; its one command stands in `script`.
    pub(crate) tool: Option<Tool>,
    /// The directory in which its script begins, from the root of the tree.
    pub(crate) directory: Option<String>,
    /// It runs, or may run, in an interpreter that is not read.
    pub(crate) foreign: bool,
    pub(crate) script: Script,
}

/// A packaged tool: an action, a plugin's step, a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tool {
    /// It only fetches what others would work with.
    pub(crate) prepares: bool,
    /// It hands findings to where a merge can still be stopped.
    pub(crate) uploads_findings: bool,
}

/// When a job or step begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Condition {
    /// Met in the runs in which it begins; of a step, among those in which its job does.
    pub(crate) begins: Term,
    /// The words of the file; `None` where the dialect's rule for none holds.
    pub(crate) stated: Option<Said>,
    /// It asks how something ended, so that it may be met although not all went well.
    pub(crate) asks_status: bool,
    /// The steps whose ending it names.
    pub(crate) asks_steps: Vec<StepPlace>,
}

/// Where a step stands: the places of its job and of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepPlace {
    pub(crate) job: usize,
    pub(crate) step: usize,
}

/// Words of the file and where they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) location: Location,
}

/// What makes another ending of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tolerance {
    pub(crate) said: Said,
    /// The place of the fact, true or false, on which it depends; `None` when it always holds.
    pub(crate) fact: Option<usize>,
    /// What failed ends as unstable then, else as a success.
    pub(crate) unstable: bool,
}

/// How a job or step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Success,
    /// It failed in part and that is said, but counts for no failure.
    Unstable,
    Failure,
    /// It was stopped from outside, or waited for something that was.
    Cancelled,
    Skipped,
}

impl Pipeline {
    /// Every command with its name, jobs and steps in the order of the text.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (CommandRef, &Job, &Step, &Command)> {
        self.jobs.iter().flat_map(Job::commands)
    }

    /// The command of a name that [`Pipeline::commands`] gave.
    pub(crate) fn command(&self, name: &CommandRef) -> Option<(&Job, &Step, &Command)> {
        let job = self.jobs.iter().find(|job| job.id == name.job)?;
        let step = job.steps.get(name.step)?;
        Some((job, step, step.script.commands.get(name.command)?))
    }

    /// Each condition with the place of its job and, of a step's, that of the step.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (usize, Option<usize>, &Condition)> {
        self.jobs.iter().enumerate().flat_map(|(at, job)| {
            let steps = job.steps.iter().enumerate();
            let steps = steps.map(move |(step, each)| (at, Some(step), &each.condition));
            std::iter::once((at, None, &job.condition)).chain(steps)
        })
    }

    /// What a condition asks of a run, in any of its parts.
    pub(crate) fn asked(&self, condition: &Condition) -> Vec<Atom> {
        let (mut open, mut seen, mut atoms) = (vec![condition.begins], HashSet::new(), Vec::new());
        while let Some(term) = open.pop() {
            if !seen.insert(term) {
                continue;
            }
            match self.nodes[term.0 as usize] {
                Node::Never | Node::Always => {}
                Node::Not(inner) => open.push(inner),
                Node::And(a, b) | Node::Or(a, b) => open.extend([a, b]),
                Node::Atom(atom) => atoms.push(atom),
            }
        }
        atoms
    }

    /// The place of a job by its id.
    pub(crate) fn find_job(&self, id: &str) -> Option<usize> {
        self.jobs.iter().position(|job| job.id == id)
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

    /// The first place of what is not known of it, so that nothing that holds is proven.
    pub(crate) fn unread(&self) -> Option<&Location> {
        let told = self
            .gaps
            .iter()
            .filter_map(|gap| gap.place.as_ref()?.file());
        let scripts = self
            .jobs
            .iter()
            .flat_map(|job| &job.steps)
            .flat_map(|step| step.script.unread.iter().chain(&step.script.hidden));
        let startups = self.jobs.iter().filter_map(Job::startup_file);
        told.chain(startups).chain(scripts).next()
    }
}

impl Job {
    /// Its commands, named as [`Pipeline::commands`] names them.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (CommandRef, &Self, &Step, &Command)> {
        self.steps.iter().enumerate().flat_map(move |(at, step)| {
            let commands = step.script.commands.iter().enumerate();
            commands.map(move |(command, found)| {
                let name = CommandRef {
                    job: self.id.clone(),
                    step: at,
                    command,
                };
                (name, self, step, found)
            })
        })
    }

    /// Where bash is made to run a file before the job's scripts.
    pub(crate) fn startup_file(&self) -> Option<&Location> {
        let mut scripts = self.steps.iter().map(|step| &step.script);
        let named = || scripts.find_map(|script| script.startup.as_ref());
        self.startup.as_ref().or_else(named)
    }
}

impl Step {
    /// What people call the step.
    pub(crate) fn title(&self) -> String {
        let first = self.script.commands.first();
        self.name
            .clone()
            .or_else(|| self.id.clone())
            .or_else(|| first.map(|command| command.label.clone()))
            .unwrap_or_default()
    }
}

/// Each job after those it needs; `None` when they need each other.
pub(crate) fn order(jobs: &[Job]) -> Option<Vec<usize>> {
    let mut order = Vec::with_capacity(jobs.len());
    let mut placed = vec![false; jobs.len()];
    while order.len() < jobs.len() {
        let next = (0..jobs.len())
            .find(|job| !placed[*job] && jobs[*job].needs.iter().all(|need| placed[*need]))?;
        placed[next] = true;
        order.push(next);
    }
    Some(order)
}
