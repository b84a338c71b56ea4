//! What makes a difference to inputs and facts: the literals that each is compared with in the file.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::Expression;
use super::input::{Declared, InputKind};
use super::written::Written;
use crate::Value;

/// Parts of paths whose values belong to one job.
const OF_A_JOB: [&str; 6] = ["steps", "env", "matrix", "job", "runner", "strategy"];

/// The literals that each path is compared with in the file, and the paths that are used bare.
#[derive(Default)]
pub(super) struct Domains {
    literals: BTreeMap<String, Vec<Value>>,
    bare: BTreeSet<String>,
}

impl Domains {
    /// What the conditions of each job and its steps compare.
    pub(super) fn of(jobs: &[Written]) -> Self {
        let mut domains = Self::default();
        for job in jobs {
            let steps = job.steps.iter().map(|step| &step.words);
            for words in std::iter::once(&job.words).chain(steps) {
                if let Some(asked) = &words.condition {
                    domains.note_bare(&job.id, &asked.expression);
                    domains.visit(&job.id, &asked.expression);
                }
            }
        }
        domains
    }

    /// What makes a difference to a path by its name, the plain value first.
    pub(super) fn values(&self, name: &str) -> Vec<Value> {
        let literals = self.literals.get(name).cloned().unwrap_or_default();
        let mut values = vec![other(&literals, None)];
        values.extend(literals);
        if self.bare.contains(name) {
            push_new(&mut values, Value::Text(String::new()));
        }
        values
    }

    /// What makes a difference to an input, its default first.
    pub(super) fn input_values(&self, input: &Declared) -> Vec<Value> {
        let name = format!("inputs.{}", input.name.to_lowercase());
        let literals = self.literals.get(&name).cloned().unwrap_or_default();
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
        if self.bare.contains(&name) {
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

    fn visit(&mut self, job: &str, expression: &Expression) {
        match expression {
            Expression::Literal(_)
            | Expression::Path(_)
            | Expression::Status(_)
            | Expression::Text(_)
            | Expression::Unknown(_) => {}
            Expression::Not(inner) => {
                self.note_bare(job, inner);
                self.visit(job, inner);
            }
            Expression::And(a, b) | Expression::Or(a, b) => {
                self.note_bare(job, a);
                self.note_bare(job, b);
                self.visit(job, a);
                self.visit(job, b);
            }
            Expression::Equal { left, right, .. } => {
                for (side, other) in [(left, right), (right, left)] {
                    if let Expression::Literal(value) = other.as_ref() {
                        self.note_compared(job, side, value);
                    }
                    self.visit(job, side);
                }
            }
        }
    }

    fn note_bare(&mut self, job: &str, expression: &Expression) {
        if let Expression::Path(parts) = expression {
            self.bare.insert(name_domain(job, parts));
        }
    }

    fn note_compared(&mut self, job: &str, side: &Expression, value: &Value) {
        match side {
            Expression::Path(parts) => push_new(
                self.literals.entry(name_domain(job, parts)).or_default(),
                value.clone(),
            ),
            Expression::And(a, b) | Expression::Or(a, b) => {
                self.note_compared(job, a, value);
                self.note_compared(job, b, value);
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

/// The name of a fact: its path or text, with its job where it is one of a job.
pub(super) fn name_fact(job: &str, text: &str) -> String {
    let lower = text.to_lowercase();
    let of_a_job = OF_A_JOB.iter().any(|root| mentions(&lower, root)) || names_all_needs(&lower);
    if of_a_job {
        format!("{job}:{text}")
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

/// Both ways to write an input are one.
fn name_domain(job: &str, parts: &[String]) -> String {
    match parts {
        [github, event, inputs, name]
            if github == "github" && event == "event" && inputs == "inputs" =>
        {
            format!("inputs.{name}")
        }
        _ => name_fact(job, &parts.join(".")),
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
