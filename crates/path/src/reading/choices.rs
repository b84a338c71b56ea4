//! What is chosen in a run, as variables of the diagram: the event, inputs, facts, failures.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::diagram::{Diagram, Guard, Variable};
use crate::expression::Expression;
use crate::workflow::{Input, InputKind, Job, Workflow};
use crate::{CommandRef, Run, Value};

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Event,
    Input {
        event: String,
        name: String,
    },
    Fact(String),
    /// What a `continue-on-error` comes to, by its text: apart from a fact of the same text.
    Tolerates(String),
    Fails(CommandRef),
    /// The step during which a job is cancelled.
    Cancelled(String),
    /// Whether the run is cancelled before a job begins.
    RunCancelled(String),
}

/// A variable and its values; the first is the plain one.
pub(crate) struct Choice {
    pub(crate) key: Key,
    pub(crate) variable: Variable,
    pub(crate) values: Vec<Value>,
}

// A changed input is less than a fact that has to be so, and that is less than a failure.
const INPUT_COST: u64 = 10;
const FACT_COST: u64 = 30;
const FAILURE_COST: u64 = 100;
const CANCELLED_COST: u64 = 150;
const RUN_CANCELLED_COST: u64 = 200;

/// Parts of paths whose values belong to one job.
const OF_A_JOB: [&str; 6] = ["steps", "env", "matrix", "job", "runner", "strategy"];

#[derive(Default)]
pub(crate) struct Choices {
    list: Vec<Choice>,
    by_key: HashMap<Key, usize>,
    domains: Domains,
}

/// The literals that each path is compared with in the file, and the paths that are used bare.
#[derive(Default)]
struct Domains {
    literals: BTreeMap<String, Vec<Value>>,
    bare: BTreeSet<String>,
}

impl Choices {
    pub(crate) fn new(workflow: &Workflow, diagram: &mut Diagram) -> Self {
        let mut choices = Self {
            domains: Domains::of(workflow),
            ..Self::default()
        };
        let mut events = workflow.events.clone();
        events.sort_by_key(|event| event_cost(event));
        let least = events.first().map_or(0, |event| event_cost(event));
        let costs = events
            .iter()
            .map(|event| event_cost(event) - least)
            .collect();
        choices.add(
            diagram,
            Key::Event,
            events.into_iter().map(Value::Text).collect(),
            costs,
        );
        for input in &workflow.inputs {
            let values = choices.input_values(input);
            let key = Key::Input {
                event: input.event.clone(),
                name: input.name.to_lowercase(),
            };
            choices.add_plain_first(diagram, key, values, INPUT_COST);
        }
        choices
    }

    pub(crate) fn of(&self, variable: Variable) -> Option<&Choice> {
        self.list.iter().find(|choice| choice.variable == variable)
    }

    /// The cases of a variable that is already there.
    pub(crate) fn cases(&self, diagram: &mut Diagram, key: &Key) -> Option<Vec<(Value, Guard)>> {
        let choice = &self.list[*self.by_key.get(key)?];
        let cases = choice.values.iter().enumerate();
        Some(
            cases
                .map(|(at, value)| (value.clone(), diagram.is(choice.variable, at)))
                .collect(),
        )
    }

    /// The cases of a path that the file cannot tell, at a moment of its own where `moment` is not empty.
    pub(crate) fn fact(
        &mut self,
        diagram: &mut Diagram,
        path: &str,
        moment: &str,
    ) -> Vec<(Value, Guard)> {
        let key = Key::Fact(format!("{path}{moment}"));
        if !self.by_key.contains_key(&key) {
            let literals = self.domains.literals.get(path).cloned().unwrap_or_default();
            let mut values = vec![other(&literals, None)];
            values.extend(literals);
            if self.domains.bare.contains(path) {
                push_new(&mut values, Value::Text(String::new()));
            }
            self.add_plain_first(diagram, key.clone(), values, FACT_COST);
        }
        self.cases(diagram, &key)
            .expect("the choice was just added")
    }

    /// The runs in which an unknown is true; `plainly` says what it is without a deviation.
    pub(crate) fn unknown(&mut self, diagram: &mut Diagram, text: &str, plainly: bool) -> Guard {
        let values = vec![Value::Bool(plainly), Value::Bool(!plainly)];
        self.either_way(diagram, Key::Fact(text.to_owned()), values, FACT_COST)
    }

    /// The runs in which a `continue-on-error` that is an expression is true.
    pub(crate) fn tolerates(&mut self, diagram: &mut Diagram, text: &str) -> Guard {
        let values = vec![Value::Bool(false), Value::Bool(true)];
        self.either_way(diagram, Key::Tolerates(text.to_owned()), values, FACT_COST)
    }

    /// The runs in which a command fails if it is executed.
    pub(crate) fn fails(&mut self, diagram: &mut Diagram, command: CommandRef) -> Guard {
        self.either_way(
            diagram,
            Key::Fails(command),
            vec![Value::Bool(false), Value::Bool(true)],
            FAILURE_COST,
        )
    }

    /// The step during which a job is cancelled, null for none; a check is told rather than another step.
    pub(crate) fn cancelled(
        &mut self,
        diagram: &mut Diagram,
        job: &str,
        steps: impl Iterator<Item = (Value, bool)>,
    ) -> Vec<(Value, Guard)> {
        let key = Key::Cancelled(job.to_owned());
        let (mut values, mut costs) = (vec![Value::Null], vec![0]);
        for (step, checks) in steps {
            values.push(step);
            costs.push(CANCELLED_COST + u64::from(!checks));
        }
        self.add(diagram, key.clone(), values, costs);
        self.cases(diagram, &key)
            .expect("the choice was just added")
    }

    /// The runs that are cancelled before a job begins.
    pub(crate) fn run_cancelled(&mut self, diagram: &mut Diagram, job: &str) -> Guard {
        let values = vec![Value::Bool(false), Value::Bool(true)];
        self.either_way(
            diagram,
            Key::RunCancelled(job.to_owned()),
            values,
            RUN_CANCELLED_COST,
        )
    }

    fn either_way(
        &mut self,
        diagram: &mut Diagram,
        key: Key,
        values: Vec<Value>,
        cost: u64,
    ) -> Guard {
        let at = match self.by_key.get(&key) {
            Some(at) => *at,
            None => self.add_plain_first(diagram, key, values, cost),
        };
        let choice = &self.list[at];
        let at = choice
            .values
            .iter()
            .position(|value| *value == Value::Bool(true));
        at.map_or(Guard::NEVER, |at| diagram.is(choice.variable, at))
    }

    fn add_plain_first(
        &mut self,
        diagram: &mut Diagram,
        key: Key,
        values: Vec<Value>,
        cost: u64,
    ) -> usize {
        let costs = (0..values.len())
            .map(|at| if at == 0 { 0 } else { cost })
            .collect();
        self.add(diagram, key, values, costs)
    }

    fn add(
        &mut self,
        diagram: &mut Diagram,
        key: Key,
        values: Vec<Value>,
        costs: Vec<u64>,
    ) -> usize {
        let variable = diagram.variable(costs);
        self.by_key.insert(key.clone(), self.list.len());
        self.list.push(Choice {
            key,
            variable,
            values,
        });
        self.list.len() - 1
    }

    fn input_values(&self, input: &Input) -> Vec<Value> {
        let name = format!("inputs.{}", input.name.to_lowercase());
        let literals = self
            .domains
            .literals
            .get(&name)
            .cloned()
            .unwrap_or_default();
        let mut values: Vec<Value> = match &input.kind {
            InputKind::Boolean => vec![Value::Bool(false), Value::Bool(true)],
            InputKind::Choice(options) if !options.is_empty() => options
                .iter()
                .map(|option| Value::Text(option.clone()))
                .collect(),
            InputKind::Number => {
                let mut values = vec![other_number(&literals, input.default.as_ref())];
                for number in literals.iter().filter_map(Value::as_number) {
                    push_new(&mut values, Value::Number(number));
                }
                values
            }
            InputKind::Text | InputKind::Choice(_) => {
                let literals: Vec<Value> = literals
                    .iter()
                    .map(|value| Value::Text(value.equal_text()))
                    .collect();
                let mut values = vec![other(&literals, input.default.as_ref())];
                for literal in literals {
                    push_new(&mut values, literal);
                }
                values
            }
        };
        if self.domains.bare.contains(&name) {
            match input.kind {
                InputKind::Number => push_new(&mut values, Value::Number(0.0)),
                InputKind::Text => push_new(&mut values, Value::Text(String::new())),
                InputKind::Boolean | InputKind::Choice(_) => {}
            }
        }
        let default = input.default.clone().unwrap_or(match input.kind {
            InputKind::Boolean => Value::Bool(false),
            InputKind::Number => Value::Number(0.0),
            InputKind::Choice(_) | InputKind::Text => Value::Text(String::new()),
        });
        if let Some(at) = values.iter().position(|value| *value == default) {
            values.swap(0, at);
        }
        values
    }

    /// The run of a choice of values.
    pub(crate) fn run(&self, value_of: &dyn Fn(Variable) -> usize) -> Run {
        let value = |choice: &Choice| choice.values[value_of(choice.variable)].clone();
        let mut run = Run {
            event: String::new(),
            inputs: BTreeMap::new(),
            facts: BTreeMap::new(),
            failures: Vec::new(),
            cancelled: BTreeMap::new(),
            cancelled_before: Vec::new(),
        };
        for choice in &self.list {
            match (&choice.key, value(choice)) {
                (Key::Event, Value::Text(event)) => run.event = event,
                (Key::Input { event, name }, value) if *event == run.event => {
                    run.inputs.insert(name.clone(), value);
                }
                (Key::Fact(text) | Key::Tolerates(text), value) => {
                    run.facts.insert(text.clone(), value);
                }
                (Key::Fails(command), Value::Bool(true)) => run.failures.push(command.clone()),
                (Key::Cancelled(job), _) => {
                    let step = value_of(choice.variable).checked_sub(1);
                    run.cancelled.extend(step.map(|step| (job.clone(), step)));
                }
                (Key::RunCancelled(job), Value::Bool(true)) => {
                    run.cancelled_before.push(job.clone())
                }
                (Key::Event | Key::Input { .. } | Key::Fails(_) | Key::RunCancelled(_), _) => {}
            }
        }
        run.failures.sort();
        run
    }
}

/// The name of a fact: its path or text, with its job where it is one of a job.
pub(crate) fn fact_name(job: &Job, text: &str) -> String {
    let lower = text.to_lowercase();
    let of_a_job = OF_A_JOB.iter().any(|root| mentions(&lower, root)) || names_all_needs(&lower);
    if of_a_job {
        format!("{}:{text}", job.id)
    } else {
        text.to_owned()
    }
}

/// Whether a text in lower case reads something of a context, or of a part of one such as `steps.s`.
pub(super) fn mentions(lower: &str, root: &str) -> bool {
    lower.match_indices(root).any(|(at, _)| {
        let before = lower[..at].chars().next_back();
        let inside = before
            .is_some_and(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-'));
        !inside && lower[at + root.len()..].starts_with(['.', '['])
    })
}

/// `needs.*.result` and `toJSON(needs)` are about the needs of their job; `needs.a.outputs.b` is not.
fn names_all_needs(text: &str) -> bool {
    text.match_indices("needs").any(|(at, name)| {
        let rest = text[at + name.len()..].trim_start();
        let word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
        let inside = text[..at].chars().next_back().is_some_and(word);
        !inside && (rest.starts_with(['[', ')', ',']) || rest.starts_with(".*"))
    })
}

fn event_cost(event: &str) -> u64 {
    match event {
        "push" => 0,
        "workflow_dispatch" | "workflow_call" => 2,
        _ => 1,
    }
}

fn push_new(values: &mut Vec<Value>, value: Value) {
    if !values.iter().any(|known| same(known, &value)) {
        values.push(value);
    }
}

/// Whether two values cannot be told apart: texts that differ in case cannot.
fn same(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && a.equals(b)
}

/// A text that is none of the literals: the default where that serves.
fn other(literals: &[Value], default: Option<&Value>) -> Value {
    let fits =
        |value: &Value| value.is_truthy() && !literals.iter().any(|literal| literal.equals(value));
    if let Some(default @ Value::Text(_)) = default
        && fits(default)
    {
        return default.clone();
    }
    let candidates = (0..).map(|each| {
        Value::Text(if each == 0 {
            "other".to_owned()
        } else {
            format!("other-{each}")
        })
    });
    candidates
        .into_iter()
        .find(fits)
        .expect("literals are finite")
}

fn other_number(literals: &[Value], default: Option<&Value>) -> Value {
    let fits = |value: &Value| !literals.iter().any(|literal| literal.equals(value));
    if let Some(default @ Value::Number(_)) = default
        && fits(default)
    {
        return default.clone();
    }
    (1..u32::MAX)
        .map(|each| Value::Number(f64::from(each)))
        .find(fits)
        .expect("literals are finite")
}

impl Domains {
    fn of(workflow: &Workflow) -> Self {
        let mut domains = Self::default();
        for job in &workflow.jobs {
            let conditions = job
                .condition
                .iter()
                .chain(job.steps.iter().filter_map(|step| step.condition.as_ref()));
            for condition in conditions {
                domains.bare(job, &condition.expression);
                domains.visit(job, &condition.expression);
            }
        }
        domains
    }

    fn visit(&mut self, job: &Job, expression: &Expression) {
        match expression {
            Expression::Literal(_)
            | Expression::Path(_)
            | Expression::Status(_)
            | Expression::Text(_)
            | Expression::Unknown(_) => {}
            Expression::Not(inner) => {
                self.bare(job, inner);
                self.visit(job, inner);
            }
            Expression::And(a, b) | Expression::Or(a, b) => {
                self.bare(job, a);
                self.bare(job, b);
                self.visit(job, a);
                self.visit(job, b);
            }
            Expression::Equal { left, right, .. } => {
                for (side, other) in [(left, right), (right, left)] {
                    if let Expression::Literal(value) = other.as_ref() {
                        self.compared(job, side, value);
                    }
                    self.visit(job, side);
                }
            }
        }
    }

    fn bare(&mut self, job: &Job, expression: &Expression) {
        if let Expression::Path(parts) = expression {
            self.bare.insert(domain_name(job, parts));
        }
    }

    fn compared(&mut self, job: &Job, side: &Expression, value: &Value) {
        match side {
            Expression::Path(parts) => push_new(
                self.literals.entry(domain_name(job, parts)).or_default(),
                value.clone(),
            ),
            Expression::And(a, b) | Expression::Or(a, b) => {
                self.compared(job, a, value);
                self.compared(job, b, value);
            }
            Expression::Literal(_)
            | Expression::Status(_)
            | Expression::Not(_)
            | Expression::Equal { .. }
            | Expression::Text(_)
            | Expression::Unknown(_) => {}
        }
    }
}

/// Both ways to write an input are one.
fn domain_name(job: &Job, parts: &[String]) -> String {
    match parts {
        [github, event, inputs, name]
            if github == "github" && event == "event" && inputs == "inputs" =>
        {
            format!("inputs.{name}")
        }
        _ => fact_name(job, &parts.join(".")),
    }
}
