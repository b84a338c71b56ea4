//! Jobs that are cancelled, and runs: by a person, a time limit, or a newer run.

use super::Reading;
use crate::diagram::Guard;
use crate::pipeline::{Job, Pipeline};

impl Reading<'_> {
    /// The runs that are cancelled before a job begins, and so also before those that need it.
    pub(super) fn read_late(&mut self, at: usize) -> Guard {
        let pipeline = self.pipeline;
        let ancestors = pipeline.ancestors(at);
        let earlier: Vec<Guard> = ancestors
            .into_iter()
            .map(|job| self.jobs[job].late)
            .collect();
        let earlier = self.any(earlier.into_iter());
        if !is_asked_by_a_job(pipeline, at) {
            return earlier;
        }
        let own = self
            .choices
            .run_cancelled(&mut self.diagram, &pipeline.jobs[at].id);
        self.diagram.or(own, earlier)
    }

    /// The runs in which a job is cancelled while a step runs that would begin in these.
    pub(super) fn read_interrupted(&mut self, at: usize, step: usize, begins: Guard) -> Guard {
        self.add_cancelled(at);
        let pipeline = self.pipeline;
        let job = &pipeline.jobs[at].id;
        let chosen = self.choices.cancelled_at(&mut self.diagram, job, step);
        self.diagram.and(begins, chosen)
    }

    /// The runs in which a job whose steps are read ends as cancelled. One that does not begin is
    /// cancelled or skipped when the run is.
    pub(super) fn read_cancelled(&mut self, at: usize) -> Guard {
        self.add_cancelled(at);
        let pipeline = self.pipeline;
        let job = &pipeline.jobs[at];
        let mut chosen = Guard::NEVER;
        for step in 0..job.steps.len() {
            let here = self.choices.cancelled_at(&mut self.diagram, &job.id, step);
            chosen = self.diagram.or(chosen, here);
        }
        let waits = self.diagram.without(self.jobs[at].late, self.jobs[at].runs);
        let waiting = self.diagram.and(waits, chosen);
        self.diagram.or(self.jobs[at].cancelled, waiting)
    }

    /// Lets a job be cancelled during a step, where anything comes of it.
    fn add_cancelled(&mut self, at: usize) {
        let pipeline = self.pipeline;
        let job = &pipeline.jobs[at];
        if !is_asked_by_a_job(pipeline, at) && !is_asked_by_a_step(job) {
            return;
        }
        let checks = job.steps.iter().map(|step| {
            let mut commands = step.script.commands.iter();
            commands.any(|command| command.capabilities.iter().any(|each| each.is_gate()))
        });
        self.choices
            .add_cancelled(&mut self.diagram, &job.id, checks);
    }
}

/// A job of which nobody asks how it ended stops all that needs it when it is cancelled, so that
/// nothing comes of it.
fn is_asked_by_a_job(pipeline: &Pipeline, at: usize) -> bool {
    (0..pipeline.jobs.len()).any(|job| {
        pipeline.jobs[job].condition.asks_status
            && (job == at || pipeline.ancestors(job).contains(&at))
    })
}

fn is_asked_by_a_step(job: &Job) -> bool {
    job.steps.iter().any(|step| step.condition.asks_status)
}
