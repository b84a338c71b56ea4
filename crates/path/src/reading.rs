//! What happens in every run of a workflow, as conditions on runs: the symbolic half of
//! `docs/github-actions.md`.

use crate::diagram::{Diagram, Guard, Variable};
use crate::script::Command;
use crate::workflow::{Job, Tolerance, Workflow};
use crate::{CommandRef, Run};

mod cancellation;
mod choices;
mod condition;
mod shell;

pub(crate) use choices::Key;
use choices::{Choices, fact_name};

/// A workflow in all its runs.
pub(crate) struct Reading<'w> {
    pub(crate) workflow: &'w Workflow,
    pub(crate) diagram: Diagram,
    pub(crate) choices: Choices,
    /// By the place of the job in the workflow.
    pub(crate) jobs: Vec<JobReading>,
}

/// A job in all runs.
pub(crate) struct JobReading {
    pub(crate) runs: Guard,
    pub(crate) failed: Guard,
    /// It is cancelled, so far.
    pub(crate) cancelled: Guard,
    /// The run was cancelled before it began.
    pub(crate) late: Guard,
    /// The runs in which a step has concluded as a failure so far.
    broken: Guard,
    pub(crate) steps: Vec<StepReading>,
}

/// A step in all runs.
pub(crate) struct StepReading {
    pub(crate) runs: Guard,
    /// Its job is cancelled while it runs; apart from `runs`.
    pub(crate) interrupted: Guard,
    /// Its outcome is a failure.
    pub(crate) failed: Guard,
    /// So is its conclusion, after `continue-on-error`.
    pub(crate) concluded_failure: Guard,
    /// Its commands in the order of execution; one may stand several times.
    pub(crate) executions: Vec<Execution>,
}

/// One execution of a command.
pub(crate) struct Execution {
    pub(crate) command: usize,
    pub(crate) executed: Guard,
    pub(crate) failed: Guard,
}

/// Where an expression stands: in a job's `if`, or in that of a step.
#[derive(Clone, Copy)]
struct Scope {
    job: usize,
    step: Option<usize>,
}

impl<'w> Reading<'w> {
    /// Reads a workflow; ask [`Diagram::overflowed`] before believing it.
    pub(crate) fn new(workflow: &'w Workflow) -> Self {
        let mut diagram = Diagram::new();
        let choices = Choices::new(workflow, &mut diagram);
        let empty = || JobReading {
            runs: Guard::NEVER,
            failed: Guard::NEVER,
            cancelled: Guard::NEVER,
            late: Guard::NEVER,
            broken: Guard::NEVER,
            steps: Vec::new(),
        };
        let jobs = workflow.jobs.iter().map(|_| empty()).collect();
        let mut reading = Self {
            workflow,
            diagram,
            choices,
            jobs,
        };
        for job in &workflow.order {
            reading.job(*job);
        }
        reading
    }

    fn job(&mut self, at: usize) {
        let workflow = self.workflow;
        let job = &workflow.jobs[at];
        self.jobs[at].late = self.late(at);
        let runs = self.met(
            job.condition.as_ref(),
            Scope {
                job: at,
                step: None,
            },
        );
        self.jobs[at].runs = runs;
        for step in 0..job.steps.len() {
            self.step(at, step, runs);
        }
        let tolerated = self.tolerated(job, &job.tolerance);
        let broken = self.jobs[at].broken;
        let failed = self.diagram.without(broken, tolerated);
        self.jobs[at].cancelled = self.cancelled(at);
        self.jobs[at].failed = self.diagram.without(failed, self.jobs[at].cancelled);
    }

    fn step(&mut self, job_at: usize, at: usize, job_runs: Guard) {
        let workflow = self.workflow;
        let job = &workflow.jobs[job_at];
        let step = &job.steps[at];
        let met = self.met(
            step.condition.as_ref(),
            Scope {
                job: job_at,
                step: Some(at),
            },
        );
        let begins = self.diagram.and(job_runs, met);
        let interrupted = self.interrupted(job_at, at, begins);
        let runs = self.diagram.without(begins, interrupted);
        let (executions, failed) = self.perform(&job.id, at, &step.script, runs);
        let tolerated = self.tolerated(job, &step.tolerance);
        let concluded_failure = self.diagram.without(failed, tolerated);
        let broken = self.jobs[job_at].broken;
        self.jobs[job_at].broken = self.diagram.or(broken, concluded_failure);
        let cancelled = self.jobs[job_at].cancelled;
        self.jobs[job_at].cancelled = self.diagram.or(cancelled, interrupted);
        let read = StepReading {
            runs,
            interrupted,
            failed,
            concluded_failure,
            executions,
        };
        self.jobs[job_at].steps.push(read);
    }

    fn tolerated(&mut self, job: &Job, tolerance: &Tolerance) -> Guard {
        match tolerance {
            Tolerance::No => Guard::NEVER,
            Tolerance::Yes(_) => Guard::ALWAYS,
            Tolerance::Unknown(text) => {
                let name = fact_name(job, text);
                self.choices.tolerates(&mut self.diagram, &name)
            }
        }
    }

    /// The runs in which a command is executed although no `gate` passed before it: none was
    /// executed, or one failed.
    pub(crate) fn ungated(
        &mut self,
        target: &CommandRef,
        gate: &dyn Fn(&Command) -> bool,
    ) -> Guard {
        let workflow = self.workflow;
        let Some(job) = workflow.jobs.iter().position(|job| job.id == target.job) else {
            return Guard::NEVER;
        };
        let (mut some, mut none_failed) = (Guard::NEVER, Guard::ALWAYS);
        let mut ungated = Guard::NEVER;
        let places = workflow
            .ancestors(job)
            .into_iter()
            .flat_map(|other| (0..workflow.jobs[other].steps.len()).map(move |step| (other, step)));
        for (at, step) in places.chain((0..=target.step).map(|step| (job, step))) {
            let commands = &workflow.jobs[at].steps[step].script.commands;
            for execution in &self.jobs[at].steps[step].executions {
                if (at, step) == (job, target.step) && execution.command == target.command {
                    let passed = self.diagram.and(some, none_failed);
                    let here = self.diagram.without(execution.executed, passed);
                    ungated = self.diagram.or(ungated, here);
                } else if gate(&commands[execution.command]) {
                    some = self.diagram.or(some, execution.executed);
                    none_failed = self.diagram.without(none_failed, execution.failed);
                }
            }
        }
        ungated
    }

    /// The runs in which a command is executed.
    pub(crate) fn executed(&mut self, target: &CommandRef) -> Guard {
        self.ungated(target, &|_| false)
    }

    /// The runs in which none of these commands fails.
    pub(crate) fn without_failures(&mut self, commands: &[CommandRef]) -> Guard {
        let mut none = Guard::ALWAYS;
        for command in commands {
            let key = Key::Fails(command.clone());
            let cases = self
                .choices
                .cases(&mut self.diagram, &key)
                .unwrap_or_default();
            let fails = self.any(
                cases
                    .iter()
                    .filter(|(value, _)| value.is_truthy())
                    .map(|(_, guard)| *guard),
            );
            none = self.diagram.without(none, fails);
        }
        none
    }

    /// The value of every variable in the cheapest run that meets a condition; `None` when no run
    /// does.
    pub(crate) fn cheapest(&self, guard: Guard) -> Option<Chosen> {
        self.diagram.cheapest(guard).map(Chosen)
    }

    /// The run of a choice, for people and other evaluators.
    pub(crate) fn run(&self, chosen: &Chosen) -> Run {
        self.choices.run(&|variable| chosen.value(variable))
    }

    /// Whether a chosen run meets a condition.
    pub(crate) fn meets(&self, guard: Guard, chosen: &Chosen) -> bool {
        self.diagram.meets(guard, |variable| chosen.value(variable))
    }
}

/// The variables that matter in a run, with their values; every other has its plain value.
#[derive(Clone, Debug)]
pub(crate) struct Chosen(pub(crate) Vec<(Variable, usize)>);

impl Chosen {
    pub(crate) fn value(&self, variable: Variable) -> usize {
        self.0
            .iter()
            .find(|(each, _)| *each == variable)
            .map_or(0, |(_, value)| *value)
    }

    /// The same run with one variable changed.
    pub(crate) fn with(&self, variable: Variable, value: usize) -> Self {
        let mut changed: Vec<_> = self
            .0
            .iter()
            .copied()
            .filter(|(each, _)| *each != variable)
            .collect();
        changed.push((variable, value));
        Self(changed)
    }
}
