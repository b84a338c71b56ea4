//! A counterexample told step by step, as it is replayed under the chosen values.

use plimsoll_model::{Location, TraceStep};

use crate::choices::Key;
use crate::diagram::Guard;
use crate::dialect::Dialect;
use crate::pipeline::{Condition, Step};
use crate::reading::{Chosen, Reading, StepReading};
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
    teller.tell_beginning();
    let pipeline = reading.pipeline;
    let Some(last) = pipeline.find_job(&target.job) else {
        return teller.steps;
    };
    let ancestors = pipeline.ancestors(last);
    for job in pipeline.order.iter().copied().filter(|job| *job != last) {
        if ancestors.contains(&job) {
            teller.tell_job(job);
        } else if teller.has_gate(job) && !pipeline.ancestors(job).contains(&last) {
            let (id, other) = (&pipeline.jobs[job].id, &target.job);
            teller.tell(
                format!("job `{id}` runs beside `{other}`, which does not need it"),
                &pipeline.jobs[job].location,
            );
        }
    }
    teller.tell_job(last);
    teller.tell_ending();
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
        self.reading.pipeline.jobs[job]
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

    /// What the dialect calls such a file.
    fn noun(&self) -> &'static str {
        let dialect = Dialect::find(&self.reading.pipeline.path);
        dialect.map_or("pipeline", |dialect| dialect.noun)
    }

    fn tell_beginning(&mut self) {
        let run = self.reading.run(self.chosen);
        let (mut inputs, mut facts) = (Vec::new(), Vec::new());
        for (variable, value) in &self.chosen.0 {
            let Some(choice) = self.reading.choices.of(*variable) else {
                continue;
            };
            let value_text = &choice.values[*value];
            match &choice.key {
                Key::Input { trigger, name } if *trigger == run.event => {
                    inputs.push(format!("{name} = {value_text}"))
                }
                Key::Fact { name, label } if *value != 0 => facts.push(match label {
                    Some(label) => format!("`{label}` is {value_text}"),
                    None => fact(name, value_text),
                }),
                Key::Trigger
                | Key::Input { .. }
                | Key::Fact { .. }
                | Key::Fails(_)
                | Key::Cancelled(_)
                | Key::RunCancelled(_) => {}
            }
        }
        let with = join_inputs(&inputs);
        let begin = format!("`{}` starts the {}{with}", run.event, self.noun());
        self.tell(begin, &self.reading.pipeline.start);
        self.steps
            .extend(facts.into_iter().map(|message| TraceStep {
                message,
                place: None,
            }));
    }

    fn tell_job(&mut self, at: usize) {
        let (job, read) = (&self.reading.pipeline.jobs[at], &self.reading.jobs[at]);
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
            let what = format!("job `{}`", job.id);
            let otherwise = "a job that it needs did not succeed";
            self.tell_skipped(&what, &job.condition, &job.location, otherwise);
            return;
        }
        match &job.condition.stated {
            Some(said) => {
                self.tell(
                    format!("job `{}` runs: `{}` is met", job.id, said.text),
                    &said.location,
                );
            }
            None => self.tell(format!("job `{}` runs", job.id), &job.location),
        }
        for (number, step) in job.steps.iter().enumerate() {
            if job.id != self.target.job || number <= self.target.step {
                self.tell_step(at, number, step);
            }
        }
        if job.id != self.target.job && self.holds(read.failed) {
            self.tell(format!("job `{}` fails", job.id), &job.location);
        }
    }

    fn tell_step(&mut self, job: usize, number: usize, step: &Step) {
        let reading = self.reading;
        let read = &reading.jobs[job].steps[number];
        if self.holds(read.interrupted) {
            let (id, title) = (&self.reading.pipeline.jobs[job].id, step.title());
            self.tell(
                format!("job `{id}` is cancelled while its step `{title}` runs"),
                &step.location,
            );
            return;
        }
        if !self.holds(read.runs) {
            if self.is_gate(step) {
                let what = format!("step `{}`", step.title());
                let otherwise = "an earlier step failed";
                self.tell_skipped(&what, &step.condition, &step.location, otherwise);
            }
            return;
        }
        self.tell_commands(read, step);
    }

    fn tell_skipped(
        &mut self,
        what: &str,
        condition: &Condition,
        location: &Location,
        otherwise: &str,
    ) {
        match &condition.stated {
            Some(said) => self.tell(
                format!("{what} is skipped: `{}` is not met", said.text),
                &said.location,
            ),
            None => self.tell(format!("{what} is skipped: {otherwise}"), location),
        }
    }

    fn tell_commands(&mut self, read: &StepReading, step: &Step) {
        let words = step.tolerance.as_ref();
        let words = words.map_or("", |tolerance| &tolerance.said.text);
        let tolerated = format!(", and `{words}` passes over it");
        let fate = match (self.holds(read.failed), self.holds(read.concluded_failure)) {
            (false, _) => ", and its script goes on and succeeds",
            (true, false) => &tolerated,
            (true, true) => "",
        };
        for (at, command) in step.script.commands.iter().enumerate() {
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
                && !executions.iter().any(|each| self.holds(each.executed))
            {
                self.tell(
                    format!("`{}` is not reached", command.label),
                    &command.location,
                );
            }
        }
    }

    fn tell_ending(&mut self) {
        let Some((_, _, command)) = self.reading.pipeline.command(self.target) else {
            return;
        };
        let gate = self.gate;
        self.tell(
            format!("`{}` runs although no {gate} has passed", command.label),
            &command.location,
        );
    }
}

fn join_inputs(inputs: &[String]) -> String {
    if inputs.is_empty() {
        String::new()
    } else {
        format!(" with {}", inputs.join(", "))
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
