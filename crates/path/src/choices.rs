//! What is chosen in a run, as variables of the diagram: the trigger, inputs, facts, failures, cancellations.

use std::collections::{BTreeMap, HashMap};

use crate::diagram::{Diagram, Guard, Variable};
use crate::run::{CommandRef, Run};
use crate::value::Value;

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Trigger,
    Input {
        trigger: String,
        name: String,
    },
    /// Something that the file cannot tell, by its name and by what people read instead.
    Fact {
        name: String,
        label: Option<String>,
    },
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

/// All variables, in the order in which they were first asked for.
#[derive(Default)]
pub(crate) struct Choices {
    list: Vec<Choice>,
    by_key: HashMap<Key, usize>,
}

impl Choices {
    /// Adds what starts a run, by name and by how far it is from a plain run.
    pub(crate) fn add_triggers(&mut self, diagram: &mut Diagram, mut triggers: Vec<(String, u64)>) {
        triggers.sort_by_key(|(_, cost)| *cost);
        let least = triggers.first().map_or(0, |(_, cost)| *cost);
        let costs = triggers.iter().map(|(_, cost)| cost - least).collect();
        let names = triggers.into_iter().map(|(name, _)| Value::Text(name));
        self.add(diagram, Key::Trigger, names.collect(), costs);
    }

    /// Adds an input, its default first.
    pub(crate) fn add_input(
        &mut self,
        diagram: &mut Diagram,
        trigger: &str,
        name: &str,
        values: Vec<Value>,
    ) {
        let key = Key::Input {
            trigger: trigger.to_owned(),
            name: name.to_owned(),
        };
        self.add_plain_first(diagram, key, values, INPUT_COST);
    }

    pub(crate) fn of(&self, variable: Variable) -> Option<&Choice> {
        self.list.iter().find(|choice| choice.variable == variable)
    }

    /// The runs in which a variable that is already there has a value.
    pub(crate) fn is(&self, diagram: &mut Diagram, key: &Key, value: &Value) -> Guard {
        let choice = self.by_key.get(key).map(|at| &self.list[*at]);
        let at = choice.and_then(|choice| choice.values.iter().position(|each| each == value));
        match (choice, at) {
            (Some(choice), Some(at)) => diagram.is(choice.variable, at),
            (_, None) | (None, _) => Guard::NEVER,
        }
    }

    /// The runs in which a variable that is already there has the value at a place.
    pub(crate) fn is_at(&self, diagram: &mut Diagram, key: &Key, place: usize) -> Guard {
        match self.by_key.get(key).map(|at| &self.list[*at]) {
            Some(choice) if place < choice.values.len() => diagram.is(choice.variable, place),
            Some(_) | None => Guard::NEVER,
        }
    }

    /// The runs in which a fact has the value at a place; what is asked for first says which values there are.
    pub(crate) fn fact(
        &mut self,
        diagram: &mut Diagram,
        key: &Key,
        values: &[Value],
        place: usize,
    ) -> Guard {
        if !self.by_key.contains_key(key) {
            self.add_plain_first(diagram, key.clone(), values.to_vec(), FACT_COST);
        }
        match values.get(place) {
            Some(value) => self.is(diagram, key, value),
            None => Guard::NEVER,
        }
    }

    /// The runs in which an unknown is true; `plainly` says what it is without a deviation.
    pub(crate) fn unknown(&mut self, diagram: &mut Diagram, name: &str, plainly: bool) -> Guard {
        let key = Key::Fact {
            name: name.to_owned(),
            label: None,
        };
        let values = [Value::Bool(plainly), Value::Bool(!plainly)];
        self.fact(diagram, &key, &values, usize::from(!plainly))
    }

    /// The runs in which a command fails if it is executed.
    pub(crate) fn fails(&mut self, diagram: &mut Diagram, command: CommandRef) -> Guard {
        self.either_way(diagram, &Key::Fails(command), FAILURE_COST)
    }

    /// The runs that are cancelled before a job begins.
    pub(crate) fn run_cancelled(&mut self, diagram: &mut Diagram, job: &str) -> Guard {
        self.either_way(
            diagram,
            &Key::RunCancelled(job.to_owned()),
            RUN_CANCELLED_COST,
        )
    }

    /// Adds that a job may be cancelled during a step; a step that checks is told rather than another.
    pub(crate) fn add_cancelled(
        &mut self,
        diagram: &mut Diagram,
        job: &str,
        checks: impl Iterator<Item = bool>,
    ) {
        let key = Key::Cancelled(job.to_owned());
        if self.by_key.contains_key(&key) {
            return;
        }
        let (mut values, mut costs) = (vec![Value::Null], vec![0]);
        for (step, checks) in checks.enumerate() {
            values.push(Value::Number(
                u32::try_from(step).map_or(f64::INFINITY, f64::from),
            ));
            costs.push(CANCELLED_COST + u64::from(!checks));
        }
        self.add(diagram, key, values, costs);
    }

    /// The runs in which a job is cancelled during a step, where that may be.
    pub(crate) fn cancelled_at(&self, diagram: &mut Diagram, job: &str, step: usize) -> Guard {
        self.is_at(diagram, &Key::Cancelled(job.to_owned()), step + 1)
    }

    /// The runs in which none of these commands fails.
    pub(crate) fn without_failures(&self, diagram: &mut Diagram, commands: &[CommandRef]) -> Guard {
        let mut none = Guard::ALWAYS;
        for command in commands {
            let fails = self.is(diagram, &Key::Fails(command.clone()), &Value::Bool(true));
            none = diagram.without(none, fails);
        }
        none
    }

    fn either_way(&mut self, diagram: &mut Diagram, key: &Key, cost: u64) -> Guard {
        if !self.by_key.contains_key(key) {
            let values = vec![Value::Bool(false), Value::Bool(true)];
            self.add_plain_first(diagram, key.clone(), values, cost);
        }
        self.is(diagram, key, &Value::Bool(true))
    }

    fn add_plain_first(&mut self, diagram: &mut Diagram, key: Key, values: Vec<Value>, cost: u64) {
        let mut costs = vec![cost; values.len()];
        if let Some(first) = costs.first_mut() {
            *first = 0;
        }
        self.add(diagram, key, values, costs);
    }

    fn add(&mut self, diagram: &mut Diagram, key: Key, values: Vec<Value>, costs: Vec<u64>) {
        let variable = diagram.variable(costs);
        self.by_key.insert(key.clone(), self.list.len());
        self.list.push(Choice {
            key,
            variable,
            values,
        });
    }

    /// The run of a choice of values.
    pub(crate) fn run(&self, value_of: &dyn Fn(Variable) -> usize) -> Run {
        let mut run = Run {
            event: String::new(),
            inputs: BTreeMap::new(),
            facts: BTreeMap::new(),
            failures: Vec::new(),
            cancelled: BTreeMap::new(),
            cancelled_before: Vec::new(),
        };
        for choice in &self.list {
            let place = value_of(choice.variable);
            match (&choice.key, choice.values[place].clone()) {
                (Key::Trigger, Value::Text(event)) => run.event = event,
                (Key::Input { trigger, name }, value) if *trigger == run.event => {
                    run.inputs.insert(name.clone(), value);
                }
                (Key::Fact { name, .. }, value) => {
                    run.facts.insert(name.clone(), value);
                }
                (Key::Fails(command), Value::Bool(true)) => run.failures.push(command.clone()),
                (Key::Cancelled(job), _) => {
                    let step = place.checked_sub(1);
                    run.cancelled.extend(step.map(|step| (job.clone(), step)));
                }
                (Key::RunCancelled(job), Value::Bool(true)) => {
                    run.cancelled_before.push(job.clone());
                }
                (Key::Trigger | Key::Input { .. } | Key::Fails(_) | Key::RunCancelled(_), _) => {}
            }
        }
        run.failures.sort();
        run
    }
}
