//! Workflows from a seed: the shapes that real ones have, and the traps that real ones fall into.

use super::dice::Dice;
use super::expression::Expression;
use super::run::Choices;
use super::script::{self, Commands};
use super::workflow::{Body, Gate, Input, InputKind, Job, Lenient, Role, Step, Unknown, Workflow};

/// No workflow has more runs than this.
const MAX_RUNS: usize = 1 << 14;
const EVENTS: [&str; 4] = ["push", "pull_request", "schedule", "release"];
const SHELLS: [&str; 8] = [
    "bash",
    "bash",
    "bash",
    "sh",
    "bash {0}",
    "bash -x {0}",
    "bash -e {0}",
    "bash --noprofile --norc -eo pipefail {0}",
];

/// The workflow of a seed.
pub(crate) fn workflow(seed: u64) -> Workflow {
    let mut dice = Dice::new(seed);
    loop {
        let workflow = Generator::new(&mut dice).generate();
        if is_sound(&workflow) && Choices::of(&workflow).count(&workflow) <= MAX_RUNS {
            return workflow;
        }
    }
}

/// Not every `sh` knows `pipefail`, so that a script which sets it there means nothing in particular.
fn is_sound(workflow: &Workflow) -> bool {
    let script = |body: &Body| match body {
        Body::Uses(_) => String::new(),
        Body::Run(script) => workflow.script_text(script),
    };
    workflow.jobs.iter().enumerate().all(|(number, job)| {
        let mut steps = job.steps.iter().enumerate();
        steps.all(|(step, it)| {
            workflow.shell(number, step) != Some("sh") || !script(&it.body).contains("pipefail")
        })
    })
}

/// A workflow that is being made.
pub(crate) struct Generator<'dice> {
    pub(crate) dice: &'dice mut Dice,
    /// How likely each oddity is, in percent.
    wildness: usize,
    gates: Vec<Gate>,
    /// Conditions that were used before, so that two places depend on the same thing.
    pub(crate) pool: Vec<Expression>,
    commands: Commands,
    pub(crate) out: Workflow,
}

impl<'dice> Generator<'dice> {
    fn new(dice: &'dice mut Dice) -> Self {
        let wildness = dice.pick(&[3, 12, 30]);
        let mut gates: Vec<_> = Gate::ALL.into_iter().filter(|_| dice.chance(50)).collect();
        if gates.is_empty() {
            gates.push(Gate::Test);
        }
        let out = Workflow {
            events: Vec::new(),
            inputs: Vec::new(),
            shell: None,
            jobs: Vec::new(),
            written: Vec::new(),
            facts: Vec::new(),
            unknowns: Vec::new(),
            commands: Vec::new(),
        };
        Self {
            dice,
            wildness,
            gates,
            pool: Vec::new(),
            commands: Commands::default(),
            out,
        }
    }

    fn generate(mut self) -> Workflow {
        self.events();
        self.out.shell = self
            .dice
            .chance(self.wildness / 2)
            .then(|| self.dice.pick(&SHELLS));
        let jobs = 1 + self.dice.below(5);
        for number in 0..jobs {
            let job = self.job(number, number + 1 == jobs);
            self.out.jobs.push(job);
            let place = self.dice.below(number + 1);
            self.out.written.insert(place, number);
        }
        self.out.commands = self.commands.into_table();
        self.out
    }

    fn events(&mut self) {
        self.out.events = EVENTS
            .into_iter()
            .filter(|_| self.dice.chance(30))
            .collect();
        if self.out.events.is_empty() || self.dice.chance(70) {
            self.out.events.push("workflow_dispatch");
            for _ in 0..self.dice.below(3) {
                let (kind, defaults): (_, &[&'static str]) = self.dice.pick(&[
                    (InputKind::Boolean, &["false", "true"] as &[&str]),
                    (InputKind::Boolean, &["false"]),
                    (InputKind::Choice, &["staging"]),
                    (InputKind::Text, &["'yes'"]),
                    (InputKind::Number, &["2"]),
                    (InputKind::Untyped, &["'true'"]),
                ]);
                let default = self.dice.chance(60).then(|| self.dice.pick(defaults));
                self.out.inputs.push(Input { kind, default });
            }
        }
        let place = self.dice.below(self.out.events.len());
        self.out.events.swap(0, place);
    }

    fn job(&mut self, number: usize, last: bool) -> Job {
        let mut needs: Vec<_> = (0..number).filter(|_| self.dice.chance(45)).collect();
        if needs.is_empty() && number > 0 && self.dice.chance(90) {
            needs.push(self.dice.below(number));
        }
        let condition = self.condition(number, &needs, None, 15 + 2 * self.wildness);
        let lenient = self.lenient(number);
        let shell = self
            .dice
            .chance(self.wildness / 2)
            .then(|| self.dice.pick(&SHELLS));
        let count = 1 + self.dice.below(3);
        let mut steps: Vec<Step> = Vec::new();
        for step in 0..count {
            let made = self.step(number, &needs, &steps, last && step + 1 == count);
            steps.push(made);
        }
        let busy = self.dice.chance(15);
        Job {
            needs,
            condition,
            lenient,
            shell,
            busy,
            steps,
        }
    }

    fn step(&mut self, job: usize, needs: &[usize], before: &[Step], last: bool) -> Step {
        let mut condition = self.condition(job, needs, Some(before.len()), 5 + self.wildness);
        let forgiven = before.iter().rposition(|step| step.lenient != Lenient::No);
        if let Some(step) = forgiven.filter(|_| self.dice.chance(50)) {
            condition = Some(self.asks_for(step));
        }
        let lenient = self.lenient(job);
        let commands = self.wanted(last);
        if commands.is_empty() && self.dice.chance(30) {
            let action = self.commands.add("actions/checkout@v4", Role::Other);
            return Step {
                condition,
                lenient,
                shell: None,
                body: Body::Uses(action),
            };
        }
        let script = script::generate(self.dice, self.wildness, &commands, &mut self.commands);
        let shell = self
            .dice
            .chance(self.wildness)
            .then(|| self.dice.pick(&SHELLS));
        Step {
            condition,
            lenient,
            shell,
            body: Body::Run(script),
        }
    }

    /// The commands of a step; the last step deploys.
    fn wanted(&mut self, last: bool) -> Vec<(&'static str, Role)> {
        let mut commands = Vec::new();
        if self.dice.chance(if last { 25 } else { 60 }) {
            let gate = self.dice.pick(&self.gates);
            commands.push((gate.command(), Role::Gate(gate)));
            let other = self.dice.pick(&self.gates);
            if other != gate && self.dice.chance(30) {
                commands.push((other.command(), Role::Gate(other)));
            }
        }
        if self.dice.chance(15) {
            commands.push(("make build", Role::Other));
        }
        if last || self.dice.chance(5) {
            commands.push(("kubectl apply -f k8s/", Role::Deploy));
            if self.dice.chance(8) {
                commands.rotate_right(1);
            }
        }
        commands
    }

    fn lenient(&mut self, job: usize) -> Lenient {
        if !self.dice.chance(self.wildness / 2) {
            return Lenient::No;
        }
        if self.dice.chance(60) {
            return Lenient::Yes;
        }
        let text = self.dice.pick(&[
            "matrix.experimental",
            "inputs.in0",
            "github.event_name == 'push'",
        ]);
        Lenient::Unknown(self.unknown(text, job))
    }

    /// The place of an unknown among the workflow's.
    pub(crate) fn unknown(&mut self, text: &str, job: usize) -> usize {
        let job = text.contains("matrix.").then_some(job);
        let unknown = Unknown {
            text: text.to_owned(),
            job,
        };
        let known = self.out.unknowns.iter().position(|known| *known == unknown);
        known.unwrap_or_else(|| {
            self.out.unknowns.push(unknown);
            self.out.unknowns.len() - 1
        })
    }
}
