//! Jobs that are cancelled, and runs: by a person, a time limit, or a `concurrency` group.

use super::Reading;
use super::choices::Key;
use crate::Value;
use crate::diagram::Guard;
use crate::workflow::{Condition, Job, Workflow};

impl Reading<'_> {
    /// The runs that are cancelled before a job begins, and so also before those that need it.
    pub(super) fn late(&mut self, at: usize) -> Guard {
        let workflow = self.workflow;
        let earlier: Vec<Guard> = workflow
            .ancestors(at)
            .into_iter()
            .map(|job| self.jobs[job].late)
            .collect();
        let earlier = self.any(earlier.into_iter());
        if !is_asked_by_a_job(workflow, at) {
            return earlier;
        }
        let own = self
            .choices
            .run_cancelled(&mut self.diagram, &workflow.jobs[at].id);
        self.diagram.or(own, earlier)
    }

    /// The runs in which a job is cancelled while a step runs that would begin in these.
    pub(super) fn interrupted(&mut self, at: usize, step: usize, begins: Guard) -> Guard {
        let chosen = self.cancelled_at(at);
        let here = chosen
            .into_iter()
            .find(|(value, _)| *value == step_number(step));
        here.map_or(Guard::NEVER, |(_, chosen)| self.diagram.and(begins, chosen))
    }

    /// The runs in which a job whose steps are read ends as cancelled. One that does not begin is
    /// cancelled or skipped when the run is.
    pub(super) fn cancelled(&mut self, at: usize) -> Guard {
        let (runs, late, interrupted) = (
            self.jobs[at].runs,
            self.jobs[at].late,
            self.jobs[at].cancelled,
        );
        let chosen = self.cancelled_at(at);
        let chosen = self.any(chosen.into_iter().skip(1).map(|(_, guard)| guard));
        let waits = self.diagram.without(late, runs);
        let waiting = self.diagram.and(waits, chosen);
        self.diagram.or(interrupted, waiting)
    }

    /// The step during which a job is cancelled, after the runs in which it is not.
    fn cancelled_at(&mut self, at: usize) -> Vec<(Value, Guard)> {
        let workflow = self.workflow;
        let job = &workflow.jobs[at];
        if !is_asked_by_a_job(workflow, at) && !is_asked_by_a_step(job) {
            return Vec::new();
        }
        let key = Key::Cancelled(job.id.clone());
        if let Some(cases) = self.choices.cases(&mut self.diagram, &key) {
            return cases;
        }
        let checks = |step: usize| {
            let commands = &job.steps[step].script.commands;
            commands
                .iter()
                .any(|command| command.capabilities.iter().any(|each| each.is_gate()))
        };
        self.choices.cancelled(
            &mut self.diagram,
            &job.id,
            (0..job.steps.len()).map(|step| (step_number(step), checks(step))),
        )
    }
}

/// A job of which nobody asks how it ended stops all that needs it when it is cancelled, so that
/// nothing comes of it.
fn is_asked_by_a_job(workflow: &Workflow, at: usize) -> bool {
    let asks = |job: usize| {
        workflow.jobs[job]
            .condition
            .as_ref()
            .is_some_and(names_status)
    };
    let mut all = 0..workflow.jobs.len();
    all.any(|job| asks(job) && (job == at || workflow.ancestors(job).contains(&at)))
}

fn is_asked_by_a_step(job: &Job) -> bool {
    job.steps
        .iter()
        .filter_map(|step| step.condition.as_ref())
        .any(names_status)
}

fn names_status(condition: &Condition) -> bool {
    condition.expression.has_status()
}

fn step_number(step: usize) -> Value {
    Value::Number(u32::try_from(step).map_or(f64::INFINITY, f64::from))
}
