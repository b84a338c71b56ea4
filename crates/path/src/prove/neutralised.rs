//! Gates whose failure stops nothing.

use super::Proofs;
use crate::pipeline::{Atom, Condition, Job, Outcome, Pipeline, Step, StepPlace, Tolerance};
use crate::run::CommandRef;
use crate::shell::{Command, Effect, ExitStatus};

/// A gate whose failure has no effect.
pub(crate) struct Neutralised {
    pub(crate) gate: CommandRef,
    pub(crate) why: Why,
}

/// What takes a gate's effect away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    ExitZero,
    StepContinues,
    JobContinues,
    Shell,
    ReportsOnly,
}

impl Proofs<'_> {
    pub(super) fn find_neutralised(&mut self) -> Vec<Neutralised> {
        let pipeline = self.pipeline;
        let mut found = Vec::new();
        for (gate, job, step, command) in pipeline.commands() {
            if !command.capabilities.iter().any(|each| each.is_gate()) {
                continue;
            }
            let why = self.find_why(&gate, job, step, command);
            found.extend(why.map(|why| Neutralised { gate, why }));
        }
        found
    }

    fn find_why(
        &mut self,
        gate: &CommandRef,
        job: &Job,
        step: &Step,
        command: &Command,
    ) -> Option<Why> {
        if command.exits_zero {
            Some(Why::ExitZero)
        } else if self.passes_over(step.tolerance.as_ref(), gate, Some(gate.step)) {
            Some(Why::StepContinues)
        } else if self.passes_over(job.tolerance.as_ref(), gate, None) {
            Some(Why::JobContinues)
        } else if self.is_swallowed(gate, step) {
            Some(Why::Shell)
        } else if command.reports_only {
            Some(Why::ReportsOnly)
        } else {
            None
        }
    }

    /// Whether a tolerance of the gate's step or, without one, of its job takes the effect of each failure away. Where a
    /// condition behind asks for what the tolerance leaves, the proofs decide what comes of it.
    fn passes_over(
        &self,
        tolerance: Option<&Tolerance>,
        gate: &CommandRef,
        step: Option<usize>,
    ) -> bool {
        let Some(tolerance) = tolerance.filter(|tolerance| tolerance.fact.is_none()) else {
            return false;
        };
        let Some(job) = self.pipeline.find_job(&gate.job) else {
            return true;
        };
        let asked = Asked {
            job,
            step: gate.step,
            of_job: step.is_none(),
            unstable: tolerance.unstable,
        };
        !self.pipeline.conditions().any(|(place, at, condition)| {
            let names =
                step.is_some_and(|step| condition.asks_steps.contains(&StepPlace { job, step }));
            names || asked.is_asked_by(self.pipeline, place, at, condition)
        })
    }

    /// Whether the shell passes the failure of a command on to nobody: not to the step, and to no
    /// other command of the script that does more than print.
    fn is_swallowed(&mut self, gate: &CommandRef, step: &Step) -> bool {
        // A status that is kept in a variable may be the gate's.
        let kept = |command: usize| {
            let effect = &step.script.commands[command].effect;
            matches!(
                effect,
                Effect::Exit(ExitStatus::Unknown) | Effect::Return(ExitStatus::Unknown)
            )
        };
        let others: Vec<CommandRef> = (0..step.script.commands.len())
            .filter(|command| *command != gate.command && !kept(*command))
            .map(|command| CommandRef {
                command,
                ..gate.clone()
            })
            .collect();
        let alone = self.reading.without_failures(&others);
        let Some(job) = self.pipeline.find_job(&gate.job) else {
            return false;
        };
        let read = &self.reading.jobs[job].steps[gate.step];
        let step_failed = read.failed;
        let executions: Vec<_> = read
            .executions
            .iter()
            .map(|each| (each.command, each.executed, each.failed))
            .collect();
        let own = || executions.iter().filter(|each| each.0 == gate.command);
        let executed = self.reading.any(own().map(|each| each.1));
        let failed = self.reading.any(own().map(|each| each.2));
        let diagram = &mut self.reading.diagram;
        // A gate that stands behind the failure of another command, as in an `else`, is judged whatever
        // the others do.
        let undisturbed = diagram.and(failed, alone);
        let among = if undisturbed.is_never() {
            executed
        } else {
            diagram.and(executed, alone)
        };
        let failing = diagram.and(failed, among);
        let passing = diagram.without(among, failed);
        let reached = diagram.and(failing, step_failed);
        if failing.is_never() || !reached.is_never() {
            return false;
        }
        !executions.iter().any(|(command, executed, _)| {
            let works = !step.script.commands[*command].prints && *command != gate.command;
            let when_failing = diagram.and(*executed, failing);
            let when_passing = diagram.and(*executed, passing);
            works && !executed.is_never() && (when_failing.is_never() != when_passing.is_never())
        })
    }
}

/// A gate's step whose failure is tolerated, by itself or as that of its job.
struct Asked {
    job: usize,
    step: usize,
    of_job: bool,
    unstable: bool,
}

impl Asked {
    /// Whether a condition of a job, or of a step of it, asks for an ending that the tolerance leaves apart from a
    /// success: that the step failed before it was tolerated, or that something is unstable.
    fn is_asked_by(
        &self,
        pipeline: &Pipeline,
        job: usize,
        step: Option<usize>,
        condition: &Condition,
    ) -> bool {
        let in_job = !self.of_job && job == self.job && step.is_some_and(|at| self.step < at);
        let behind = step.is_none() && pipeline.ancestors(job).contains(&self.job);
        pipeline
            .asked(condition)
            .into_iter()
            .any(|atom| match atom {
                Atom::Step {
                    job: of,
                    step,
                    ended,
                    tolerated,
                } => {
                    let is_told = if self.of_job {
                        job != self.job
                    } else {
                        !tolerated || self.unstable && tells_unstable(ended)
                    };
                    (of, step) == (self.job, self.step) && is_told
                }
                Atom::Job { job: of, ended } => {
                    self.unstable && of == self.job && tells_unstable(ended)
                }
                Atom::Earlier(ended) => {
                    self.unstable && ended == Outcome::Unstable && (in_job || behind)
                }
                Atom::Trigger(_) | Atom::Input { .. } | Atom::Fact { .. } | Atom::RunCancelled => {
                    false
                }
            })
    }
}

/// Whether what is unstable does not end so as what succeeded.
fn tells_unstable(ended: Outcome) -> bool {
    matches!(ended, Outcome::Unstable | Outcome::Success)
}
