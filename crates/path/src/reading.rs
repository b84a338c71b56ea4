//! What happens in every run of a pipeline, as conditions on runs: the symbolic half of its dialect's page.

use crate::choices::{Choices, Key};
use crate::diagram::{Diagram, Guard, Variable};
use crate::pipeline::{Pipeline, Tolerance, TriggerKind};
use crate::run::{CommandRef, Run};
use crate::shell::Command;
use crate::shell::perform::{Execution, Stage, perform};

mod cancellation;
mod condition;
mod ending;

/// A pipeline in all its runs.
pub(crate) struct Reading<'p> {
    pub(crate) pipeline: &'p Pipeline,
    pub(crate) diagram: Diagram,
    pub(crate) choices: Choices,
    /// By the place of the job in the pipeline.
    pub(crate) jobs: Vec<JobReading>,
}

/// A job in all runs.
#[derive(Default)]
pub(crate) struct JobReading {
    pub(crate) runs: Guard,
    pub(crate) failed: Guard,
    unstable: Guard,
    /// It is cancelled, so far.
    pub(crate) cancelled: Guard,
    /// The run was cancelled before it began.
    pub(crate) late: Guard,
    /// The runs in which a step has concluded as a failure so far, and as unstable.
    broken: Guard,
    shaken: Guard,
    pub(crate) steps: Vec<StepReading>,
}

/// A step in all runs.
pub(crate) struct StepReading {
    pub(crate) runs: Guard,
    /// Its job is cancelled while it runs; apart from `runs`.
    pub(crate) interrupted: Guard,
    /// Its outcome is a failure.
    pub(crate) failed: Guard,
    /// So is its conclusion, after its tolerance.
    pub(crate) concluded_failure: Guard,
    /// Its conclusion is unstable.
    unstable: Guard,
    /// Its commands in the order of execution; one may stand several times.
    pub(crate) executions: Vec<Execution>,
}

/// Where a condition stands: at a job, or at a step of it.
#[derive(Clone, Copy)]
struct Scope {
    job: usize,
    step: Option<usize>,
}

impl<'p> Reading<'p> {
    /// Reads a pipeline; ask [`Diagram::overflowed`] before believing it.
    pub(crate) fn new(pipeline: &'p Pipeline) -> Self {
        let mut reading = Self {
            pipeline,
            diagram: Diagram::new(),
            choices: Choices::default(),
            jobs: pipeline
                .jobs
                .iter()
                .map(|_| JobReading::default())
                .collect(),
        };
        if pipeline.too_complex {
            reading.diagram.give_up();
        }
        reading.add_what_starts();
        for job in &pipeline.order {
            reading.read_job(*job);
        }
        reading
    }

    fn add_what_starts(&mut self) {
        let pipeline = self.pipeline;
        let triggers = pipeline.triggers.iter();
        let named = triggers.map(|trigger| (trigger.name.clone(), distance(trigger.kind)));
        let named = named.collect();
        self.choices.add_triggers(&mut self.diagram, named);
        for input in &pipeline.inputs {
            let trigger = &pipeline.triggers[input.trigger].name;
            let values = input.values.clone();
            self.choices
                .add_input(&mut self.diagram, trigger, &input.name, values);
        }
    }

    fn read_job(&mut self, at: usize) {
        let pipeline = self.pipeline;
        let job = &pipeline.jobs[at];
        self.jobs[at].late = self.read_late(at);
        let scope = Scope {
            job: at,
            step: None,
        };
        let runs = self.meet(job.condition.begins, scope);
        self.jobs[at].runs = runs;
        for step in 0..job.steps.len() {
            self.read_step(at, step, runs);
        }
        let broken = self.jobs[at].broken;
        let (failed, unstable) = self.conclude(broken, job.tolerance.as_ref());
        let cancelled = self.read_cancelled(at);
        let shaken = self.diagram.or(self.jobs[at].shaken, unstable);
        let shaken = self.diagram.without(shaken, failed);
        self.jobs[at].cancelled = cancelled;
        self.jobs[at].failed = self.diagram.without(failed, cancelled);
        self.jobs[at].unstable = self.diagram.without(shaken, cancelled);
    }

    fn read_step(&mut self, job_at: usize, at: usize, job_runs: Guard) {
        let pipeline = self.pipeline;
        let job = &pipeline.jobs[job_at];
        let step = &job.steps[at];
        let scope = Scope {
            job: job_at,
            step: Some(at),
        };
        let met = self.meet(step.condition.begins, scope);
        let begins = self.diagram.and(job_runs, met);
        let interrupted = self.read_interrupted(job_at, at, begins);
        let runs = self.diagram.without(begins, interrupted);
        let stage = Stage {
            diagram: &mut self.diagram,
            choices: &mut self.choices,
            job: &job.id,
            step: at,
        };
        let (executions, failed) = perform(stage, &step.script, runs);
        let (concluded_failure, unstable) = self.conclude(failed, step.tolerance.as_ref());
        let read = &mut self.jobs[job_at];
        read.broken = self.diagram.or(read.broken, concluded_failure);
        read.shaken = self.diagram.or(read.shaken, unstable);
        read.cancelled = self.diagram.or(read.cancelled, interrupted);
        read.steps.push(StepReading {
            runs,
            interrupted,
            failed,
            concluded_failure,
            unstable,
            executions,
        });
    }

    /// The runs in which a failure stays one after its tolerance, and those in which it counts as unstable.
    fn conclude(&mut self, failed: Guard, tolerance: Option<&Tolerance>) -> (Guard, Guard) {
        let Some(tolerance) = tolerance else {
            return (failed, Guard::NEVER);
        };
        let tolerated = match tolerance.fact {
            None => Guard::ALWAYS,
            Some(fact) => self.fact(fact, 1, ""),
        };
        let unstable = if tolerance.unstable {
            self.diagram.and(failed, tolerated)
        } else {
            Guard::NEVER
        };
        (self.diagram.without(failed, tolerated), unstable)
    }

    /// The runs in which a fact has the value at a place; `later` tells it from the same fact before a change.
    fn fact(&mut self, fact: usize, place: usize, later: &str) -> Guard {
        let pipeline = self.pipeline;
        let fact = &pipeline.facts[fact];
        let key = Key::Fact {
            name: format!("{}{later}{}", fact.name, fact.moment),
            label: fact.label.clone(),
        };
        self.choices
            .fact(&mut self.diagram, &key, &fact.values, place)
    }

    /// The runs in which a command is executed although no `gate` passed before it: none was
    /// executed, or one failed.
    pub(crate) fn ungated(
        &mut self,
        target: &CommandRef,
        gate: &dyn Fn(&Command) -> bool,
    ) -> Guard {
        let pipeline = self.pipeline;
        let Some(job) = pipeline.find_job(&target.job) else {
            return Guard::NEVER;
        };
        let (mut some, mut none_failed) = (Guard::NEVER, Guard::ALWAYS);
        let mut ungated = Guard::NEVER;
        let places = pipeline
            .ancestors(job)
            .into_iter()
            .flat_map(|other| (0..pipeline.jobs[other].steps.len()).map(move |step| (other, step)));
        for (at, step) in places.chain((0..=target.step).map(|step| (job, step))) {
            let commands = &pipeline.jobs[at].steps[step].script.commands;
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
        self.choices.without_failures(&mut self.diagram, commands)
    }

    /// The runs of any of these conditions.
    pub(crate) fn any(&mut self, guards: impl Iterator<Item = Guard>) -> Guard {
        guards.fold(Guard::NEVER, |any, guard| self.diagram.or(any, guard))
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

/// How far what starts a run is from a plain one.
fn distance(kind: TriggerKind) -> u64 {
    match kind {
        TriggerKind::Change => 0,
        TriggerKind::Other => 1,
        TriggerKind::Person | TriggerKind::Caller => 2,
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
