//! Runs: every choice of event, inputs, facts, unknowns and failures, and what follows from one.

use std::collections::BTreeMap;

use super::expression::{Literal, Read, Scope, Status, Value};
use super::shell;
use super::workflow::{Body, Condition, Gate, Lenient, Role, Step, Workflow};

/// What a run may choose from. Index 0 of a domain is the value that differs least from a plain run.
pub(crate) struct Choices {
    pub(crate) inputs: Vec<Vec<Literal>>,
    /// The same inputs as `github.event.inputs` has them.
    pub(crate) input_texts: Vec<Vec<Literal>>,
    pub(crate) facts: Vec<Vec<Literal>>,
    /// The commands that stand in the workflow.
    pub(crate) commands: Vec<usize>,
}

impl Choices {
    pub(crate) fn of(workflow: &Workflow) -> Self {
        let input = |(number, input): (usize, &super::workflow::Input)| {
            let reads = |read: &Read| matches!(read, Read::Input(n) | Read::EventInput(n) if *n == number);
            workflow.domain(&reads, Some(input.kind))
        };
        let fact = |slot: usize| {
            let reads = |read: &Read| matches!(read, Read::Fact(s, _) if *s == slot);
            workflow.domain(&reads, None)
        };
        let inputs: Vec<Vec<Literal>> = workflow.inputs.iter().enumerate().map(input).collect();
        let texts = |domain: &Vec<Literal>| domain.iter().map(Literal::as_text).collect();
        Self {
            input_texts: inputs.iter().map(texts).collect(),
            inputs,
            facts: (0..workflow.facts.len()).map(fact).collect(),
            commands: workflow.places().into_keys().collect(),
        }
    }

    /// How many runs there are.
    pub(crate) fn count(&self, workflow: &Workflow) -> usize {
        let product = |domains: &[Vec<Literal>]| domains.iter().map(Vec::len).product::<usize>();
        let dispatches = usize::from(workflow.events.contains(&"workflow_dispatch"));
        let events = workflow.events.len() - dispatches + dispatches * product(&self.inputs);
        let switches = u32::try_from(workflow.unknowns.len() + self.commands.len()).expect("few switches");
        events.saturating_mul(product(&self.facts)).saturating_mul(2_usize.saturating_pow(switches))
    }
}

/// One run: an index into `Choices` for each thing that is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) event: usize,
    pub(crate) inputs: Vec<usize>,
    pub(crate) facts: Vec<usize>,
    pub(crate) unknowns: Vec<bool>,
    /// By the workflow's table of commands.
    pub(crate) failures: Vec<bool>,
}

impl Run {
    pub(crate) fn first(workflow: &Workflow) -> Self {
        Self {
            event: 0,
            inputs: vec![0; workflow.inputs.len()],
            facts: vec![0; workflow.facts.len()],
            unknowns: vec![false; workflow.unknowns.len()],
            failures: vec![false; workflow.commands.len()],
        }
    }

    /// Goes on to the next run; false after the last one.
    pub(crate) fn advance(&mut self, workflow: &Workflow, choices: &Choices) -> bool {
        for command in &choices.commands {
            if flip(&mut self.failures[*command]) {
                return true;
            }
        }
        if self.unknowns.iter_mut().any(flip) {
            return true;
        }
        let facts = self.facts.iter_mut().zip(&choices.facts);
        if facts.into_iter().any(|(digit, domain)| count_up(digit, domain.len())) {
            return true;
        }
        let dispatched = workflow.events[self.event] == "workflow_dispatch";
        let inputs = self.inputs.iter_mut().zip(&choices.inputs);
        if dispatched && inputs.into_iter().any(|(digit, domain)| count_up(digit, domain.len())) {
            return true;
        }
        count_up(&mut self.event, workflow.events.len())
    }
}

fn flip(digit: &mut bool) -> bool {
    *digit = !*digit;
    *digit
}

fn count_up(digit: &mut usize, radix: usize) -> bool {
    *digit = (*digit + 1) % radix;
    *digit != 0
}

/// What became of a job or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
    Skipped,
}

impl Outcome {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// A deployment that was executed, and the gates that had passed before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) command: usize,
    pub(crate) passed: BTreeMap<Gate, bool>,
}

/// Plays a run and tells every deployment in it.
pub(crate) fn play(workflow: &Workflow, choices: &Choices, run: &Run) -> Vec<Deployment> {
    let mut results: Vec<Outcome> = Vec::new();
    let mut logs: Vec<Vec<usize>> = Vec::new();
    let mut deployments = Vec::new();
    for job in 0..workflow.jobs.len() {
        let ancestors = workflow.ancestors(job);
        let mut state =
            JobState { workflow, choices, run, job, ancestors, results: &results, steps: Vec::new() };
        let mut log: Vec<usize> = Vec::new();
        let result = state.play(&mut log);
        for (position, command) in log.iter().enumerate() {
            if workflow.commands[*command].role == Role::Deploy {
                let before = state.ancestors.iter().flat_map(|job| &logs[*job]).chain(&log[..position]);
                let passed = passed(workflow, run, &before.copied().collect::<Vec<_>>());
                deployments.push(Deployment { command: *command, passed });
            }
        }
        results.push(result);
        logs.push(log);
    }
    deployments
}

fn passed(workflow: &Workflow, run: &Run, before: &[usize]) -> BTreeMap<Gate, bool> {
    let of = |gate: Gate| {
        let mut executed =
            before.iter().filter(|command| workflow.commands[**command].role == Role::Gate(gate)).peekable();
        executed.peek().is_some() && executed.all(|command| !run.failures[*command])
    };
    Gate::ALL.into_iter().map(|gate| (gate, of(gate))).collect()
}

/// A job that is being played: its ancestors' results, and outcome and conclusion of its steps so far.
struct JobState<'run> {
    workflow: &'run Workflow,
    choices: &'run Choices,
    run: &'run Run,
    job: usize,
    ancestors: Vec<usize>,
    results: &'run [Outcome],
    steps: Vec<(Outcome, Outcome)>,
}

impl<'run> JobState<'run> {
    fn play(&mut self, log: &mut Vec<usize>) -> Outcome {
        let job = &self.workflow.jobs[self.job];
        if !holds(job.condition.as_ref(), &JobScope(self)) {
            return Outcome::Skipped;
        }
        for (number, step) in job.steps.iter().enumerate() {
            let ended = self.play_step(number, step, log);
            self.steps.push(ended);
        }
        let failed = self.steps.iter().any(|(_, conclusion)| *conclusion == Outcome::Failure);
        if failed && !self.is_lenient(&job.lenient) { Outcome::Failure } else { Outcome::Success }
    }

    fn play_step(&self, number: usize, step: &Step, log: &mut Vec<usize>) -> (Outcome, Outcome) {
        if !holds(step.condition.as_ref(), &StepScope(self)) {
            return (Outcome::Skipped, Outcome::Skipped);
        }
        let fails = |command: usize| self.run.failures[command];
        let succeeded = match &step.body {
            Body::Uses(command) => {
                log.push(*command);
                !fails(*command)
            }
            Body::Run(script) => {
                let done = shell::run(script, self.workflow.options(self.job, number), &fails);
                log.extend(done.ran);
                done.succeeded
            }
        };
        match (succeeded, self.is_lenient(&step.lenient)) {
            (true, _) => (Outcome::Success, Outcome::Success),
            (false, true) => (Outcome::Failure, Outcome::Success),
            (false, false) => (Outcome::Failure, Outcome::Failure),
        }
    }

    fn is_lenient(&self, lenient: &Lenient) -> bool {
        match lenient {
            Lenient::No => false,
            Lenient::Yes => true,
            Lenient::Unknown(slot) => self.run.unknowns[*slot],
        }
    }

    fn read(&self, read: &Read) -> Value<'run> {
        let event = self.workflow.events[self.run.event];
        let dispatched = event == "workflow_dispatch";
        match read {
            Read::EventName => Value::Text(event),
            Read::Input(_) | Read::EventInput(_) if !dispatched => Value::Null,
            Read::Input(input) => self.choices.inputs[*input][self.run.inputs[*input]].value(),
            Read::EventInput(input) => self.choices.input_texts[*input][self.run.inputs[*input]].value(),
            Read::Result(job) if self.workflow.jobs[self.job].needs.contains(job) => {
                Value::Text(self.results[*job].text())
            }
            Read::Result(_) => Value::Null,
            Read::Outcome(step) => {
                self.steps.get(*step).map_or(Value::Null, |ended| Value::Text(ended.0.text()))
            }
            Read::Conclusion(step) => {
                self.steps.get(*step).map_or(Value::Null, |ended| Value::Text(ended.1.text()))
            }
            Read::Fact(slot, _) => self.choices.facts[*slot][self.run.facts[*slot]].value(),
        }
    }
}

fn holds(condition: Option<&Condition>, scope: &dyn Scope) -> bool {
    match condition {
        Some(condition) => condition.expression.holds(scope),
        None => scope.status(Status::Success),
    }
}

/// What the `if` of the job reads.
struct JobScope<'state>(&'state JobState<'state>);

impl Scope for JobScope<'_> {
    fn read(&self, read: &Read) -> Value<'_> {
        self.0.read(read)
    }

    fn unknown(&self, slot: usize) -> bool {
        self.0.run.unknowns[slot]
    }

    fn status(&self, status: Status) -> bool {
        let mut results = self.0.ancestors.iter().map(|job| self.0.results[*job]);
        match status {
            Status::Success => results.all(|result| result == Outcome::Success),
            Status::Failure => results.any(|result| result == Outcome::Failure),
            Status::Always => true,
            Status::Cancelled => false,
        }
    }
}

/// What the `if` of a step reads.
struct StepScope<'state>(&'state JobState<'state>);

impl Scope for StepScope<'_> {
    fn read(&self, read: &Read) -> Value<'_> {
        self.0.read(read)
    }

    fn unknown(&self, slot: usize) -> bool {
        self.0.run.unknowns[slot]
    }

    fn status(&self, status: Status) -> bool {
        let failed = self.0.steps.iter().any(|(_, conclusion)| *conclusion == Outcome::Failure);
        match status {
            Status::Success => !failed,
            Status::Failure => failed,
            Status::Always => true,
            Status::Cancelled => false,
        }
    }
}

/// What enumeration says of a deployment and a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Truth {
    /// The gate passed in every run in which the deployment was executed.
    pub(crate) holds: bool,
    /// Some run executes the deployment.
    pub(crate) reachable: bool,
}

/// Plays every run of a workflow.
pub(crate) fn enumerate(workflow: &Workflow) -> BTreeMap<(usize, Gate), Truth> {
    let choices = Choices::of(workflow);
    let deploys = choices.commands.iter().filter(|command| workflow.commands[**command].role == Role::Deploy);
    let pairs = deploys.flat_map(|deploy| Gate::ALL.map(|gate| (*deploy, gate)));
    let mut truths: BTreeMap<_, _> =
        pairs.map(|pair| (pair, Truth { holds: true, reachable: false })).collect();
    let mut run = Run::first(workflow);
    loop {
        for deployment in play(workflow, &choices, &run) {
            for (gate, passed) in deployment.passed {
                let truth = truths.get_mut(&(deployment.command, gate)).expect("every pair is listed");
                truth.reachable = true;
                truth.holds &= passed;
            }
        }
        let open = truths.values().any(|truth| truth.holds);
        if !open || !run.advance(workflow, &choices) {
            return truths;
        }
    }
}
