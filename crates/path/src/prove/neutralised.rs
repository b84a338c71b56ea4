//! Gates whose failure stops nothing.

use super::Proofs;
use crate::pipeline::{Job, Step, Tolerance};
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
        } else if always_tolerates(step.tolerance.as_ref()) && !is_asked(job, gate.step) {
            Some(Why::StepContinues)
        } else if always_tolerates(job.tolerance.as_ref()) {
            Some(Why::JobContinues)
        } else if self.is_swallowed(gate, step) {
            Some(Why::Shell)
        } else if command.reports_only {
            Some(Why::ReportsOnly)
        } else {
            None
        }
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

fn always_tolerates(tolerance: Option<&Tolerance>) -> bool {
    tolerance.is_some_and(|tolerance| tolerance.fact.is_none())
}

/// Whether a step of the job asks how this one ended.
fn is_asked(job: &Job, step: usize) -> bool {
    let mut conditions = job.steps.iter().map(|step| &step.condition);
    conditions.any(|condition| condition.asks_steps.contains(&step))
}
