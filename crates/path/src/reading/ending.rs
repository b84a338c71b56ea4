//! How jobs and steps end, over all runs.

use super::{Reading, Scope};
use crate::diagram::Guard;
use crate::pipeline::Outcome;

impl Reading<'_> {
    /// The runs in which a job ends so.
    pub(super) fn job_ended(&mut self, job: usize, ended: Outcome) -> Guard {
        let job = &self.jobs[job];
        let (runs, failed, unstable, cancelled) =
            (job.runs, job.failed, job.unstable, job.cancelled);
        self.ended(ended, runs, failed, unstable, cancelled)
    }

    /// The runs in which a step ends so, before or after its tolerance.
    pub(super) fn step_ended(
        &mut self,
        job: usize,
        step: usize,
        ended: Outcome,
        tolerated: bool,
    ) -> Guard {
        let step = &self.jobs[job].steps[step];
        let (runs, interrupted) = (step.runs, step.interrupted);
        let (failed, unstable) = if tolerated {
            (step.concluded_failure, step.unstable)
        } else {
            (step.failed, Guard::NEVER)
        };
        self.ended(ended, runs, failed, unstable, interrupted)
    }

    fn ended(
        &mut self,
        ended: Outcome,
        runs: Guard,
        failed: Guard,
        unstable: Guard,
        cancelled: Guard,
    ) -> Guard {
        match ended {
            Outcome::Success => {
                let other = self.any([failed, unstable, cancelled].into_iter());
                self.diagram.without(runs, other)
            }
            Outcome::Unstable => unstable,
            Outcome::Failure => failed,
            Outcome::Cancelled => cancelled,
            Outcome::Skipped => {
                let known = self.diagram.or(runs, cancelled);
                self.diagram.not(known)
            }
        }
    }

    /// The runs in which something ended so before a job or step: a job that it waits for, a step of its own job.
    pub(super) fn earlier_ended(&mut self, scope: Scope, ended: Outcome) -> Guard {
        let Some(step) = scope.step else {
            let ancestors = self.pipeline.ancestors(scope.job);
            return ancestors.into_iter().fold(Guard::NEVER, |any, job| {
                let ended = self.job_ended(job, ended);
                self.diagram.or(any, ended)
            });
        };
        let job = &self.jobs[scope.job];
        match ended {
            Outcome::Failure => job.broken,
            Outcome::Unstable => job.shaken,
            Outcome::Cancelled => job.cancelled,
            Outcome::Success | Outcome::Skipped => (0..step).fold(Guard::NEVER, |any, step| {
                let ended = self.step_ended(scope.job, step, ended, true);
                self.diagram.or(any, ended)
            }),
        }
    }
}
