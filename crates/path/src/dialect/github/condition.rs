//! From `if` and `continue-on-error` to conditions of the pipeline: what expressions come to, and what success,
//! failure and cancellation mean to what is behind (`docs/github-actions.md`, "Expressions", "Jobs", "Steps").

use std::collections::HashMap;

use super::STORE;
use super::domain::{Domains, mentions, name_fact};
use super::expression::{Expression, Status};
use super::input::{Declared, InputKind};
use super::written::{Asked, Lenient, Words, Written};
use crate::Value;
use crate::pipeline::{
    Atom, Composer, Condition, Fact, Job, Node, Outcome, StepPlace, Store, Term, Tolerance,
    Trigger, TriggerKind,
};

/// What all expressions of a workflow came to.
pub(super) struct Lowered {
    pub(super) facts: Vec<Fact>,
    pub(super) nodes: Vec<Node>,
    pub(super) too_complex: bool,
}

/// Writes the conditions of jobs and steps out.
pub(super) fn lower(
    written: &[Written],
    triggers: &[Trigger],
    inputs: &[Declared],
    domains: &Domains,
    jobs: &mut [Job],
) -> Lowered {
    let needs = jobs.iter().map(|job| job.needs.clone()).collect();
    let mut lowering = Lowering {
        written,
        needs,
        triggers,
        inputs,
        domains,
        terms: Composer::new(),
        facts: Vec::new(),
        by_name: HashMap::new(),
    };
    for (at, (words, job)) in written.iter().zip(jobs).enumerate() {
        let scope = Scope {
            job: at,
            step: None,
        };
        (job.condition, job.tolerance) = lowering.lower(&words.words, scope);
        for (number, (words, step)) in words.steps.iter().zip(&mut job.steps).enumerate() {
            let scope = Scope {
                job: at,
                step: Some(number),
            };
            (step.condition, step.tolerance) = lowering.lower(&words.words, scope);
        }
    }
    let (nodes, too_complex) = lowering.terms.finish();
    Lowered {
        facts: lowering.facts,
        nodes,
        too_complex,
    }
}

/// Where an expression stands: in a job's `if`, or in that of a step.
#[derive(Clone, Copy)]
struct Scope {
    job: usize,
    step: Option<usize>,
}

/// Values, each with its runs; every run has one.
type Cases = Vec<(Value, Term)>;

/// Values that one expression may take; past it the workflow is too complex.
const MAX_CASES: usize = 512;

struct Lowering<'w> {
    written: &'w [Written],
    /// The places of the jobs that each job needs.
    needs: Vec<Vec<usize>>,
    triggers: &'w [Trigger],
    inputs: &'w [Declared],
    domains: &'w Domains,
    terms: Composer,
    facts: Vec<Fact>,
    /// The places of the facts by name, moment and label.
    by_name: HashMap<(String, String, Option<String>), usize>,
}

impl Lowering<'_> {
    fn lower(&mut self, words: &Words, scope: Scope) -> (Condition, Option<Tolerance>) {
        let condition = self.lower_condition(words.condition.as_ref(), scope);
        (
            condition,
            self.lower_tolerance(words.tolerance.as_ref(), scope),
        )
    }

    /// An `if` without a status function means `success() && (…)`; no `if` means `success()`.
    fn lower_condition(&mut self, asked: Option<&Asked>, scope: Scope) -> Condition {
        let success = self.lower_status(Status::Success, scope);
        let Some(Asked { expression, said }) = asked else {
            return Condition {
                begins: success,
                ..Condition::default()
            };
        };
        let met = self.truthy(expression, scope);
        let asks_status = expression.has_status();
        let begins = if asks_status {
            met
        } else {
            self.terms.and(success, met)
        };
        Condition {
            begins,
            stated: Some(said.clone()),
            asks_status,
            asks_steps: self.find_asked_steps(expression, scope),
        }
    }

    fn lower_tolerance(&mut self, lenient: Option<&Lenient>, scope: Scope) -> Option<Tolerance> {
        let Lenient { said, text } = lenient?;
        let fact = text.as_ref().map(|text| {
            let name = name_fact(&self.written[scope.job].id, text);
            self.place_fact(Fact {
                label: Some(format!("{}: {name}", said.text)),
                name,
                moment: String::new(),
                values: vec![Value::Bool(false), Value::Bool(true)],
                changed_by: None,
            })
        });
        Some(Tolerance {
            said: said.clone(),
            fact,
            unstable: false,
        })
    }

    /// The steps of the job whose ending an expression names.
    fn find_asked_steps(&self, expression: &Expression, scope: Scope) -> Vec<StepPlace> {
        let mut asked = Vec::new();
        for (at, step) in self.written[scope.job].steps.iter().enumerate() {
            let id = step.id.as_ref();
            asked.extend(id.filter(|id| expression.asks_step(id)).map(|_| StepPlace {
                job: scope.job,
                step: at,
            }));
        }
        asked
    }

    /// What a status function says at the start of a job or step.
    fn lower_status(&mut self, status: Status, scope: Scope) -> Term {
        match (status, scope.step) {
            (Status::Always, _) => Term::ALWAYS,
            (Status::Cancelled, None) => self.terms.atom(Atom::RunCancelled),
            (Status::Cancelled, Some(_)) => {
                let run = self.terms.atom(Atom::RunCancelled);
                let job = self.terms.atom(Atom::Earlier(Outcome::Cancelled));
                self.terms.or(run, job)
            }
            (Status::Success, Some(_)) => {
                self.none_of(&[Outcome::Failure, Outcome::Cancelled].map(Atom::Earlier))
            }
            (Status::Success, None) => self.none_of(&[
                Atom::RunCancelled,
                Atom::Earlier(Outcome::Failure),
                Atom::Earlier(Outcome::Cancelled),
                Atom::Earlier(Outcome::Skipped),
            ]),
            (Status::Failure, Some(_)) => {
                let failed = self.terms.atom(Atom::Earlier(Outcome::Failure));
                let cancelled = self.terms.atom(Atom::Earlier(Outcome::Cancelled));
                self.terms.without(failed, cancelled)
            }
            (Status::Failure, None) => self.terms.atom(Atom::Earlier(Outcome::Failure)),
        }
    }

    fn none_of(&mut self, atoms: &[Atom]) -> Term {
        let atoms: Vec<Term> = atoms.iter().map(|atom| self.terms.atom(*atom)).collect();
        let any = self.terms.any(atoms);
        self.terms.not(any)
    }

    fn truthy(&mut self, expression: &Expression, scope: Scope) -> Term {
        let cases = self.cases(expression, scope);
        self.terms.any(
            cases
                .iter()
                .filter(|(value, _)| value.is_truthy())
                .map(|(_, runs)| *runs),
        )
    }

    fn cases(&mut self, expression: &Expression, scope: Scope) -> Cases {
        let cases = match expression {
            Expression::Literal(value) => vec![(value.clone(), Term::ALWAYS)],
            Expression::Path(parts) => self.path(parts, scope),
            Expression::Status(status) => {
                let guard = self.lower_status(*status, scope);
                self.truth(guard)
            }
            Expression::Not(inner) => {
                let inner = self.truthy(inner, scope);
                let guard = self.terms.not(inner);
                self.truth(guard)
            }
            Expression::And(a, b) => self.operand(a, b, true, scope),
            Expression::Or(a, b) => self.operand(a, b, false, scope),
            Expression::Equal {
                left,
                right,
                negated,
                text,
            } => {
                let guard = if self.can_tell(left, right, scope) {
                    self.equal(left, right, *negated, scope)
                } else {
                    self.unknown(text, scope)
                };
                self.truth(guard)
            }
            Expression::Unknown(text) => {
                let guard = self.unknown(text, scope);
                self.truth(guard)
            }
            Expression::Text(_) => self.truth(Term::ALWAYS),
        };
        if cases.len() > MAX_CASES {
            self.terms.give_up();
        }
        cases
    }

    fn truth(&mut self, guard: Term) -> Cases {
        vec![
            (Value::Bool(true), guard),
            (Value::Bool(false), self.terms.not(guard)),
        ]
    }

    /// `a && b` is `b` where `a` is truthy, `a || b` where it is not; else it is `a`.
    fn operand(&mut self, a: &Expression, b: &Expression, on_truthy: bool, scope: Scope) -> Cases {
        let (first, second) = (self.cases(a, scope), self.cases(b, scope));
        let goes_on = self.terms.any(
            first
                .iter()
                .filter(|(value, _)| value.is_truthy() == on_truthy)
                .map(|(_, runs)| *runs),
        );
        let mut cases: Cases = first
            .into_iter()
            .filter(|(value, _)| value.is_truthy() != on_truthy)
            .collect();
        for (value, guard) in second {
            let guard = self.terms.and(guard, goes_on);
            match cases.iter_mut().find(|(known, _)| *known == value) {
                Some((_, runs)) => *runs = self.terms.or(*runs, guard),
                None => cases.push((value, guard)),
            }
        }
        cases
    }

    fn equal(
        &mut self,
        left: &Expression,
        right: &Expression,
        negated: bool,
        scope: Scope,
    ) -> Term {
        let (left, right) = (self.cases(left, scope), self.cases(right, scope));
        let mut equal = Term::NEVER;
        for (a, in_a) in &left {
            for (_, in_b) in right.iter().filter(|(b, _)| a.equals(b)) {
                let both = self.terms.and(*in_a, *in_b);
                equal = self.terms.or(equal, both);
            }
        }
        if negated {
            self.terms.not(equal)
        } else {
            equal
        }
    }

    /// Whether the file says enough about both sides to compare them.
    fn can_tell(&self, left: &Expression, right: &Expression, scope: Scope) -> bool {
        let sides = [left.operands(), right.operands()].concat();
        if sides
            .iter()
            .any(|side| matches!(side, Expression::Unknown(_)))
        {
            return false;
        }
        let literal = |side: &Expression| matches!(side, Expression::Literal(_));
        literal(left) || literal(right) || !sides.iter().any(|side| self.is_open(side, scope))
    }

    /// Whether a path has values that stand for any other.
    fn is_open(&self, side: &Expression, scope: Scope) -> bool {
        let Expression::Path(parts) = side else {
            return false;
        };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["github", "event_name"] => self
                .triggers
                .iter()
                .any(|trigger| trigger.kind == TriggerKind::Caller),
            ["inputs", name] | ["github", "event", "inputs", name] => {
                let declared = self.inputs.iter().filter(|input| input.name == *name);
                declared
                    .into_iter()
                    .any(|input| matches!(input.kind, InputKind::Text | InputKind::Number))
            }
            ["needs", _, "result"] => false,
            ["steps", _, "outcome" | "conclusion"] => scope.step.is_none(),
            _ => true,
        }
    }

    /// The runs in which an unknown is true.
    fn unknown(&mut self, text: &str, scope: Scope) -> Term {
        let values = vec![Value::Bool(false), Value::Bool(true)];
        let fact = self.place_fact(self.describe_fact(text, values, scope));
        self.terms.atom(Atom::Fact { fact, value: 1 })
    }

    /// The cases of a path that the file cannot tell.
    fn fact(&mut self, path: &str, scope: Scope) -> Cases {
        let values = self
            .domains
            .values(&name_fact(&self.written[scope.job].id, path));
        let fact = self.place_fact(self.describe_fact(path, values, scope));
        let values = self.facts[fact].values.clone();
        let cases = values.into_iter().enumerate();
        cases
            .map(|(at, value)| (value, self.terms.atom(Atom::Fact { fact, value: at })))
            .collect()
    }

    fn place_fact(&mut self, fact: Fact) -> usize {
        let key = (fact.name.clone(), fact.moment.clone(), fact.label.clone());
        *self.by_name.entry(key).or_insert_with(|| {
            self.facts.push(fact);
            self.facts.len() - 1
        })
    }

    fn path(&mut self, parts: &[String], scope: Scope) -> Cases {
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["github", "event_name"] => self.event_name(scope),
            ["inputs", name] => {
                self.input(name, &[TriggerKind::Person, TriggerKind::Caller], false)
            }
            ["github", "event", "inputs", name] => self.input(name, &[TriggerKind::Person], true),
            ["needs", job, "result"] => self.result_of(job, scope),
            ["steps", id, "outputs", ..] if self.is_to_come(id, scope) => {
                vec![(Value::Null, Term::ALWAYS)]
            }
            ["steps", id, "outcome"] => self.step_result(id, false, scope),
            ["steps", id, "conclusion"] => self.step_result(id, true, scope),
            _ => self.fact(&parts.join("."), scope),
        }
    }

    /// Whether a step with this name stands here or later in the job.
    fn is_to_come(&self, id: &str, scope: Scope) -> bool {
        let steps = &self.written[scope.job].steps;
        scope.step.is_some_and(|at| {
            steps[at..]
                .iter()
                .any(|step| step.id.as_deref() == Some(id))
        })
    }

    /// A fact of these words. `env` changes behind a step that writes to the file of `GITHUB_ENV`, and a step has an
    /// outcome behind itself: what names a step before it is another fact.
    fn describe_fact(&self, text: &str, values: Vec<Value>, scope: Scope) -> Fact {
        let job = &self.written[scope.job];
        let lower = text.to_lowercase();
        let to_come = job.steps[scope.step.unwrap_or(job.steps.len())..]
            .iter()
            .filter_map(|step| step.id.as_ref())
            .filter(|id| mentions(&lower, &format!("steps.{id}")))
            .count();
        let moment = if to_come > 0 {
            format!(" before {to_come} of its steps")
        } else {
            String::new()
        };
        let store = mentions(&lower, "env").then(|| Store {
            file: STORE.to_owned(),
            of: "env".to_owned(),
        });
        Fact {
            name: name_fact(&job.id, text),
            moment,
            label: None,
            values,
            changed_by: store,
        }
    }

    fn event_name(&mut self, scope: Scope) -> Cases {
        let mut cases = Vec::new();
        for (at, trigger) in self.triggers.iter().enumerate() {
            let runs = self.terms.atom(Atom::Trigger(at));
            if trigger.kind != TriggerKind::Caller {
                cases.push((Value::Text(trigger.name.clone()), runs));
                continue;
            }
            // A called workflow sees the event of its caller.
            for (value, known) in self.fact("github.event_name", scope) {
                cases.push((value, self.terms.and(runs, known)));
            }
        }
        cases
    }

    /// The cases of an input: null in the runs of a trigger that does not bring it.
    fn input(&mut self, name: &str, kinds: &[TriggerKind], as_text: bool) -> Cases {
        let mut cases = Vec::new();
        let mut absent = Term::ALWAYS;
        for (at, input) in self.inputs.iter().enumerate() {
            let kind = self.triggers[input.trigger].kind;
            if input.name != name || !kinds.contains(&kind) {
                continue;
            }
            let runs = self.terms.atom(Atom::Trigger(input.trigger));
            absent = self.terms.without(absent, runs);
            for (place, value) in self.domains.input_values(input).into_iter().enumerate() {
                let atom = Atom::Input {
                    input: at,
                    value: place,
                };
                let chosen = self.terms.atom(atom);
                let value = if as_text {
                    Value::Text(value.as_text())
                } else {
                    value
                };
                cases.push((value, self.terms.and(chosen, runs)));
            }
        }
        cases.push((Value::Null, absent));
        cases
    }

    fn result_of(&mut self, name: &str, scope: Scope) -> Cases {
        let mut needs = self.needs[scope.job].iter().copied();
        let found = needs.find(|need| self.written[*need].id.to_lowercase() == name);
        let Some(job) = found else {
            return vec![(Value::Null, Term::ALWAYS)];
        };
        self.results(|ended| Atom::Job { job, ended })
    }

    fn step_result(&mut self, id: &str, tolerated: bool, scope: Scope) -> Cases {
        let mut steps = self.written[scope.job].steps.iter();
        let found = steps.position(|step| step.id.as_deref() == Some(id));
        let earlier = found.filter(|at| scope.step.is_some_and(|step| *at < step));
        let Some(step) = earlier else {
            return vec![(Value::Null, Term::ALWAYS)];
        };
        self.results(|ended| Atom::Step {
            job: scope.job,
            step,
            ended,
            tolerated,
        })
    }

    fn results(&mut self, atom: impl Fn(Outcome) -> Atom) -> Cases {
        let words = [
            ("success", Outcome::Success),
            ("failure", Outcome::Failure),
            ("cancelled", Outcome::Cancelled),
            ("skipped", Outcome::Skipped),
        ];
        words
            .into_iter()
            .map(|(word, ended)| (Value::Text(word.to_owned()), self.terms.atom(atom(ended))))
            .collect()
    }
}
