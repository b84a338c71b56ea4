//! A counterexample told step by step, as it is replayed under the chosen values.

use plimsoll_model::{Location, TraceStep};

use crate::diagram::Guard;
use crate::reading::{Chosen, Key, Reading};
use crate::workflow::{Condition, Step};
use crate::{Capability, CommandRef, Value};

/// What happens in a run up to a command, as far as it concerns a gate.
pub(crate) fn story(
    reading: &Reading,
    chosen: &Chosen,
    target: &CommandRef,
    gate: Capability,
) -> Vec<TraceStep> {
    let mut teller = Teller {
        reading,
        chosen,
        target,
        gate,
        steps: Vec::new(),
        late: false,
    };
    teller.beginning();
    let workflow = reading.workflow;
    let Some(last) = workflow.jobs.iter().position(|job| job.id == target.job) else {
        return teller.steps;
    };
    let ancestors = workflow.ancestors(last);
    for job in workflow.order.iter().copied().filter(|job| *job != last) {
        if ancestors.contains(&job) {
            teller.job(job);
        } else if teller.has_gate(job) && !workflow.ancestors(job).contains(&last) {
            let (id, other) = (&workflow.jobs[job].id, &target.job);
            teller.tell(
                format!("job `{id}` runs beside `{other}`, which does not need it"),
                &workflow.jobs[job].location,
            );
        }
    }
    teller.job(last);
    teller.ending();
    teller.steps
}

struct Teller<'a> {
    reading: &'a Reading<'a>,
    chosen: &'a Chosen,
    target: &'a CommandRef,
    gate: Capability,
    steps: Vec<TraceStep>,
    /// Whether it is told that the run is cancelled.
    late: bool,
}

impl Teller<'_> {
    fn tell(&mut self, message: String, at: &Location) {
        self.steps.push(TraceStep {
            message,
            place: Some(at.clone().into()),
        });
    }

    fn holds(&self, guard: Guard) -> bool {
        self.reading.meets(guard, self.chosen)
    }

    fn has_gate(&self, job: usize) -> bool {
        self.reading.workflow.jobs[job]
            .steps
            .iter()
            .any(|step| self.is_gate(step))
    }

    fn is_gate(&self, step: &Step) -> bool {
        step.script
            .commands
            .iter()
            .any(|command| command.can(self.gate))
    }

    fn beginning(&mut self) {
        let run = self.reading.run(self.chosen);
        let (mut inputs, mut facts) = (Vec::new(), Vec::new());
        for (variable, value) in &self.chosen.0 {
            let Some(choice) = self.reading.choices.of(*variable) else {
                continue;
            };
            let value_text = &choice.values[*value];
            match &choice.key {
                Key::Input { event, name } if *event == run.event => {
                    inputs.push(format!("{name} = {value_text}"))
                }
                Key::Fact(text) if *value != 0 => facts.push(fact(text, value_text)),
                Key::Tolerates(text) if *value != 0 => {
                    facts.push(format!("`continue-on-error: {text}` is {value_text}"));
                }
                Key::Event
                | Key::Input { .. }
                | Key::Fact(_)
                | Key::Tolerates(_)
                | Key::Fails(_)
                | Key::Cancelled(_)
                | Key::RunCancelled(_) => {}
            }
        }
        let with = if inputs.is_empty() {
            String::new()
        } else {
            format!(" with {}", inputs.join(", "))
        };
        let begin = format!("`{}` starts the workflow{with}", run.event);
        self.tell(begin, &self.reading.workflow.on);
        self.steps
            .extend(facts.into_iter().map(|message| TraceStep {
                message,
                place: None,
            }));
    }

    fn job(&mut self, at: usize) {
        let (job, read) = (&self.reading.workflow.jobs[at], &self.reading.jobs[at]);
        if self.holds(read.late) && !self.late {
            self.late = true;
            self.tell(
                format!("the run is cancelled before job `{}` begins", job.id),
                &job.location,
            );
        }
        if !self.holds(read.runs) && self.holds(read.cancelled) {
            self.tell(
                format!("job `{}` does not begin and ends as cancelled", job.id),
                &job.location,
            );
            return;
        }
        if !self.holds(read.runs) {
            let because = reason(
                job.condition.as_ref(),
                "a job that it needs did not succeed",
            );
            let place = job
                .condition
                .as_ref()
                .map_or(&job.location, |condition| &condition.location);
            self.tell(format!("job `{}` is skipped: {because}", job.id), place);
            return;
        }
        match &job.condition {
            Some(condition) => {
                self.tell(
                    format!("job `{}` runs: `if: {}` is met", job.id, condition.text),
                    &condition.location,
                );
            }
            None => self.tell(format!("job `{}` runs", job.id), &job.location),
        }
        for (number, step) in job.steps.iter().enumerate() {
            if job.id != self.target.job || number <= self.target.step {
                self.step(at, number, step);
            }
        }
        if job.id != self.target.job && self.holds(read.failed) {
            self.tell(format!("job `{}` fails", job.id), &job.location);
        }
    }

    fn step(&mut self, job: usize, number: usize, step: &Step) {
        let read = &self.reading.jobs[job].steps[number];
        if self.holds(read.interrupted) {
            let (id, title) = (&self.reading.workflow.jobs[job].id, step.title());
            self.tell(
                format!("job `{id}` is cancelled while its step `{title}` runs"),
                &step.location,
            );
            return;
        }
        if !self.holds(read.runs) {
            if self.is_gate(step) {
                let because = reason(step.condition.as_ref(), "an earlier step failed");
                let place = step
                    .condition
                    .as_ref()
                    .map_or(&step.location, |condition| &condition.location);
                self.tell(
                    format!("step `{}` is skipped: {because}", step.title()),
                    place,
                );
            }
            return;
        }
        let fate = match (self.holds(read.failed), self.holds(read.concluded_failure)) {
            (false, _) => ", and its script goes on and succeeds",
            (true, false) => ", and `continue-on-error` passes over it",
            (true, true) => "",
        };
        for (at, command) in step.script.commands.iter().enumerate() {
            let target = self.target.step == number && self.target.command == at;
            let executions: Vec<_> = read
                .executions
                .iter()
                .filter(|each| each.command == at)
                .collect();
            if executions.iter().any(|each| self.holds(each.failed)) {
                self.tell(
                    format!("`{}` fails{fate}", command.label),
                    &command.location,
                );
            } else if command.can(self.gate)
                && !target
                && !executions.iter().any(|each| self.holds(each.executed))
            {
                self.tell(
                    format!("`{}` is not reached", command.label),
                    &command.location,
                );
            }
        }
    }

    fn ending(&mut self) {
        let Some((_, _, command)) = self.reading.workflow.command(self.target) else {
            return;
        };
        let gate = self.gate;
        self.tell(
            format!("`{}` runs although no {gate} has passed", command.label),
            &command.location,
        );
    }
}

fn fact(text: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) if !text.contains("loop at") => format!("`{text}` is true"),
        Value::Bool(false) if text.contains("loop at") => {
            "a loop has nothing to run for".to_owned()
        }
        _ => format!("`{text}` is {value}"),
    }
}

fn reason(condition: Option<&Condition>, otherwise: &str) -> String {
    match condition {
        Some(condition) => format!("`if: {}` is not met", condition.text),
        None => otherwise.to_owned(),
    }
}
