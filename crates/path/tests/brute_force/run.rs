//! Runs: every choice of event, inputs, facts, unknowns and failures, and what follows from one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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
            let reads =
                |read: &Read| matches!(read, Read::Input(n) | Read::EventInput(n) if *n == number);
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

    /// How many runs there are in which nothing is cancelled.
    pub(crate) fn count(&self, workflow: &Workflow) -> usize {
        let product = |domains: &[Vec<Literal>]| domains.iter().map(Vec::len).product::<usize>();
        let dispatches = usize::from(workflow.events.contains(&"workflow_dispatch"));
        let events = workflow.events.len() - dispatches + dispatches * product(&self.inputs);
        let switches =
            u32::try_from(workflow.unknowns.len() + self.commands.len()).expect("few switches");
        events
            .saturating_mul(product(&self.facts))
            .saturating_mul(2_usize.saturating_pow(switches))
    }
}

/// Something that a run chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Choice {
    Event,
    Input(usize),
    Fact(usize),
    Unknown(usize),
    /// Whether a command of the workflow's table fails.
    Fails(usize),
    /// Whether the run is cancelled before a job begins.
    Late(usize),
    /// 0, or one more than the step during which a job is cancelled.
    Cancelled(usize),
}

/// One run: an index into `Choices` for each thing that is chosen, 0 for what is not told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) chosen: BTreeMap<Choice, usize>,
    /// What was asked for while it was played, in that order, with how many answers there are.
    asked: RefCell<Vec<(Choice, usize)>>,
    /// Commands that do not fail in any run that is looked at.
    silent: BTreeSet<usize>,
}

impl Run {
    fn choose(&self, choice: Choice, answers: usize) -> usize {
        if matches!(choice, Choice::Fails(command) if self.silent.contains(&command)) {
            return 0;
        }
        let mut asked = self.asked.borrow_mut();
        if asked.iter().all(|(known, _)| *known != choice) {
            asked.push((choice, answers));
        }
        self.chosen.get(&choice).copied().unwrap_or(0)
    }

    fn is(&self, choice: Choice) -> bool {
        self.choose(choice, 2) == 1
    }

    /// Goes on to the next run, which answers the last question otherwise that has another answer;
    /// false after the last one. What is not asked for changes nothing.
    fn advance(&mut self) -> bool {
        let mut asked = std::mem::take(&mut self.asked).into_inner();
        while let Some((choice, answers)) = asked.pop() {
            let next = self.chosen.remove(&choice).unwrap_or(0) + 1;
            if next < answers {
                self.chosen.insert(choice, next);
                return true;
            }
        }
        false
    }
}

/// What became of a job or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

impl Outcome {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
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
    let mut lates: Vec<bool> = Vec::new();
    let mut logs: Vec<Vec<usize>> = Vec::new();
    let mut deployments = Vec::new();
    for job in 0..workflow.jobs.len() {
        let ancestors = workflow.ancestors(job);
        let late = ancestors.iter().any(|job| lates[*job]) || run.is(Choice::Late(job));
        let (results_so_far, steps) = (&results[..], Vec::new());
        let mut state = JobState {
            workflow,
            choices,
            run,
            job,
            ancestors,
            results: results_so_far,
            late,
            cancelled: false,
            steps,
        };
        let mut log: Vec<usize> = Vec::new();
        let result = state.play(&mut log);
        for (position, command) in log.iter().enumerate() {
            if workflow.commands[*command].role == Role::Deploy {
                let before = state
                    .ancestors
                    .iter()
                    .flat_map(|job| &logs[*job])
                    .chain(&log[..position]);
                let passed = passed(workflow, run, &before.copied().collect::<Vec<_>>());
                deployments.push(Deployment {
                    command: *command,
                    passed,
                });
            }
        }
        results.push(result);
        lates.push(late);
        logs.push(log);
    }
    deployments
}

fn passed(workflow: &Workflow, run: &Run, before: &[usize]) -> BTreeMap<Gate, bool> {
    let of = |gate: Gate| {
        let mut executed = before
            .iter()
            .filter(|command| workflow.commands[**command].role == Role::Gate(gate))
            .peekable();
        executed.peek().is_some() && executed.all(|command| !run.is(Choice::Fails(*command)))
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
    /// The run was cancelled before the job began.
    late: bool,
    /// The job was cancelled while one of its steps ran.
    cancelled: bool,
    steps: Vec<(Outcome, Outcome)>,
}

impl<'run> JobState<'run> {
    fn play(&mut self, log: &mut Vec<usize>) -> Outcome {
        let job = &self.workflow.jobs[self.job];
        if !holds(job.condition.as_ref(), &JobScope(self)) {
            let is_cancelled = self.late && self.run.choose(Choice::Cancelled(self.job), 2) > 0;
            return if is_cancelled {
                Outcome::Cancelled
            } else {
                Outcome::Skipped
            };
        }
        for (number, step) in job.steps.iter().enumerate() {
            let ended = self.play_step(number, step, log);
            self.cancelled |= ended.0 == Outcome::Cancelled;
            self.steps.push(ended);
        }
        if self.cancelled {
            return Outcome::Cancelled;
        }
        let failed = self
            .steps
            .iter()
            .any(|(_, conclusion)| *conclusion == Outcome::Failure);
        if failed && !self.is_lenient(&job.lenient) {
            Outcome::Failure
        } else {
            Outcome::Success
        }
    }

    fn play_step(&self, number: usize, step: &Step, log: &mut Vec<usize>) -> (Outcome, Outcome) {
        if !holds(step.condition.as_ref(), &StepScope(self)) {
            return (Outcome::Skipped, Outcome::Skipped);
        }
        let steps = self.workflow.jobs[self.job].steps.len();
        if self.run.choose(Choice::Cancelled(self.job), steps + 1) == number + 1 {
            return (Outcome::Cancelled, Outcome::Cancelled);
        }
        let fails = |command: usize| self.run.is(Choice::Fails(command));
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
            Lenient::Unknown(slot) => self.run.is(Choice::Unknown(*slot)),
        }
    }

    /// The fact is an output of this step or of a later one.
    fn is_to_come(&self, slot: usize) -> bool {
        let path = &self.workflow.facts[slot].path;
        let step = path
            .strip_prefix("steps.st")
            .and_then(|rest| rest.split('.').next());
        step.is_some_and(|step| {
            step.parse::<usize>().expect("steps are numbered") >= self.steps.len()
        })
    }

    fn read(&self, read: &Read) -> Value<'run> {
        let event =
            || self.workflow.events[self.run.choose(Choice::Event, self.workflow.events.len())];
        let of =
            |domain: &'run [Literal], choice| domain[self.run.choose(choice, domain.len())].value();
        match read {
            Read::EventName => Value::Text(event()),
            Read::Input(_) | Read::EventInput(_) if event() != "workflow_dispatch" => Value::Null,
            Read::Input(input) => of(&self.choices.inputs[*input], Choice::Input(*input)),
            Read::EventInput(input) => of(&self.choices.input_texts[*input], Choice::Input(*input)),
            Read::Result(job) if self.workflow.jobs[self.job].needs.contains(job) => {
                Value::Text(self.results[*job].text())
            }
            Read::Result(_) => Value::Null,
            Read::Outcome(step) => self
                .steps
                .get(*step)
                .map_or(Value::Null, |ended| Value::Text(ended.0.text())),
            Read::Conclusion(step) => self
                .steps
                .get(*step)
                .map_or(Value::Null, |ended| Value::Text(ended.1.text())),
            Read::Fact(slot, _) if self.is_to_come(*slot) => Value::Null,
            Read::Fact(slot, _) => of(&self.choices.facts[*slot], Choice::Fact(*slot)),
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
        self.0.run.is(Choice::Unknown(slot))
    }

    fn status(&self, status: Status) -> bool {
        let mut results = self.0.ancestors.iter().map(|job| self.0.results[*job]);
        match status {
            Status::Success => !self.0.late && results.all(|result| result == Outcome::Success),
            Status::Failure => results.any(|result| result == Outcome::Failure),
            Status::Always => true,
            Status::Cancelled => self.0.late,
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
        self.0.run.is(Choice::Unknown(slot))
    }

    fn status(&self, status: Status) -> bool {
        let failed = self
            .0
            .steps
            .iter()
            .any(|(_, conclusion)| *conclusion == Outcome::Failure);
        match status {
            Status::Success => !failed && !self.0.cancelled,
            Status::Failure => failed && !self.0.cancelled,
            Status::Always => true,
            Status::Cancelled => self.0.late || self.0.cancelled,
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

/// Plays every run of a workflow in which none of the `silent` commands fails.
pub(crate) fn enumerate(
    workflow: &Workflow,
    silent: &BTreeSet<usize>,
) -> BTreeMap<(usize, Gate), Truth> {
    let choices = Choices::of(workflow);
    let deploys = choices
        .commands
        .iter()
        .filter(|command| workflow.commands[**command].role == Role::Deploy);
    let pairs = deploys.flat_map(|deploy| Gate::ALL.map(|gate| (*deploy, gate)));
    let mut truths: BTreeMap<_, _> = pairs
        .map(|pair| {
            (
                pair,
                Truth {
                    holds: true,
                    reachable: false,
                },
            )
        })
        .collect();
    let mut run = Run {
        silent: silent.clone(),
        ..Run::default()
    };
    loop {
        for deployment in play(workflow, &choices, &run) {
            for (gate, passed) in deployment.passed {
                let truth = truths
                    .get_mut(&(deployment.command, gate))
                    .expect("every pair is listed");
                truth.reachable = true;
                truth.holds &= passed;
            }
        }
        let open = truths.values().any(|truth| truth.holds);
        if !open || !run.advance() {
            return truths;
        }
    }
}
