//! Expressions over all runs at once: each value with the runs in which it is the result.

use super::choices::{Key, fact_name, mentions};
use super::{Reading, Scope};
use crate::Value;
use crate::diagram::Guard;
use crate::expression::{Expression, Status};
use crate::workflow::{Condition, InputKind};

/// Values, each with its runs; every run has one.
type Cases = Vec<(Value, Guard)>;

/// Values that one expression may take; past it the workflow is too complex.
const MAX_CASES: usize = 512;

impl Reading<'_> {
    /// The runs in which an `if` is met.
    pub(super) fn met(&mut self, condition: Option<&Condition>, scope: Scope) -> Guard {
        let success = self.status(Status::Success, scope);
        let Some(condition) = condition else {
            return success;
        };
        let met = self.truthy(&condition.expression, scope);
        if condition.expression.has_status() {
            met
        } else {
            self.diagram.and(success, met)
        }
    }

    fn truthy(&mut self, expression: &Expression, scope: Scope) -> Guard {
        let cases = self.cases(expression, scope);
        self.any(
            cases
                .iter()
                .filter(|(value, _)| value.is_truthy())
                .map(|(_, guard)| *guard),
        )
    }

    pub(crate) fn any(&mut self, guards: impl Iterator<Item = Guard>) -> Guard {
        guards.fold(Guard::NEVER, |any, guard| self.diagram.or(any, guard))
    }

    fn cases(&mut self, expression: &Expression, scope: Scope) -> Cases {
        let cases = match expression {
            Expression::Literal(value) => vec![(value.clone(), Guard::ALWAYS)],
            Expression::Path(parts) => self.path(parts, scope),
            Expression::Status(status) => {
                let guard = self.status(*status, scope);
                self.truth(guard)
            }
            Expression::Not(inner) => {
                let inner = self.truthy(inner, scope);
                let guard = self.diagram.not(inner);
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
            Expression::Text(_) => self.truth(Guard::ALWAYS),
        };
        if cases.len() > MAX_CASES {
            self.diagram.give_up();
        }
        cases
    }

    fn truth(&mut self, guard: Guard) -> Cases {
        vec![
            (Value::Bool(true), guard),
            (Value::Bool(false), self.diagram.not(guard)),
        ]
    }

    /// `a && b` is `b` where `a` is truthy, `a || b` where it is not; else it is `a`.
    fn operand(&mut self, a: &Expression, b: &Expression, on_truthy: bool, scope: Scope) -> Cases {
        let (first, second) = (self.cases(a, scope), self.cases(b, scope));
        let goes_on = self.any(
            first
                .iter()
                .filter(|(value, _)| value.is_truthy() == on_truthy)
                .map(|(_, guard)| *guard),
        );
        let mut cases: Cases = first
            .into_iter()
            .filter(|(value, _)| value.is_truthy() != on_truthy)
            .collect();
        for (value, guard) in second {
            let guard = self.diagram.and(guard, goes_on);
            match cases.iter_mut().find(|(known, _)| *known == value) {
                Some((_, runs)) => *runs = self.diagram.or(*runs, guard),
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
    ) -> Guard {
        let (left, right) = (self.cases(left, scope), self.cases(right, scope));
        let mut equal = Guard::NEVER;
        for (a, in_a) in &left {
            for (b, in_b) in right.iter().filter(|(b, _)| a.equals(b)) {
                let (both, _) = (self.diagram.and(*in_a, *in_b), b);
                equal = self.diagram.or(equal, both);
            }
        }
        if negated {
            self.diagram.not(equal)
        } else {
            equal
        }
    }

    /// Whether the file says enough about both sides to compare them.
    fn can_tell(&self, left: &Expression, right: &Expression, scope: Scope) -> bool {
        let sides = [operands(left), operands(right)].concat();
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
                .workflow
                .events
                .iter()
                .any(|event| event == "workflow_call"),
            ["inputs", name] | ["github", "event", "inputs", name] => {
                let declared = self
                    .workflow
                    .inputs
                    .iter()
                    .filter(|input| input.name.to_lowercase() == *name);
                declared
                    .into_iter()
                    .any(|input| matches!(input.kind, InputKind::Text | InputKind::Number))
            }
            ["needs", _, "result"] => false,
            ["steps", _, "outcome" | "conclusion"] => scope.step.is_none(),
            _ => true,
        }
    }

    fn unknown(&mut self, text: &str, scope: Scope) -> Guard {
        let name = fact_name(&self.workflow.jobs[scope.job], text) + &self.moment(text, scope);
        self.choices.unknown(&mut self.diagram, &name, false)
    }

    fn path(&mut self, parts: &[String], scope: Scope) -> Cases {
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["github", "event_name"] => self.event_name(),
            ["inputs", name] => self.input(name, &["workflow_dispatch", "workflow_call"], false),
            ["github", "event", "inputs", name] => self.input(name, &["workflow_dispatch"], true),
            ["needs", job, "result"] => self.result_of(job, scope),
            ["steps", id, "outputs", ..] if self.is_to_come(id, scope) => {
                vec![(Value::Null, Guard::ALWAYS)]
            }
            ["steps", id, "outcome"] => self.step_result(id, false, scope),
            ["steps", id, "conclusion"] => self.step_result(id, true, scope),
            _ => {
                let path = parts.join(".");
                let name = fact_name(&self.workflow.jobs[scope.job], &path);
                let moment = self.moment(&path, scope);
                self.choices.fact(&mut self.diagram, &name, &moment)
            }
        }
    }

    /// Whether a step with this name stands here or later in the job.
    fn is_to_come(&self, id: &str, scope: Scope) -> bool {
        let steps = &self.workflow.jobs[scope.job].steps;
        scope.step.is_some_and(|at| {
            steps[at..]
                .iter()
                .any(|step| step.id.as_deref() == Some(id))
        })
    }

    /// What tells a fact from the same words at another step: `env` changes behind a step that writes to
    /// the file of `GITHUB_ENV`, and a step behind which it is asked for has an outcome.
    fn moment(&self, text: &str, scope: Scope) -> String {
        let Some(at) = scope.step else {
            return String::new();
        };
        let steps = &self.workflow.jobs[scope.job].steps;
        let lower = text.to_lowercase();
        let writers = steps[..at]
            .iter()
            .filter(|step| step.script.exports)
            .count();
        let named = |step: &&crate::workflow::Step| {
            step.id
                .as_ref()
                .is_some_and(|id| mentions(&lower, &format!("steps.{id}")))
        };
        let to_come = steps[at..].iter().filter(named).count();
        let changed = writers > 0 && mentions(&lower, "env");
        let later = if changed {
            format!(" after {writers} changes of env")
        } else {
            String::new()
        };
        let before = if to_come > 0 {
            format!(" before {to_come} of its steps")
        } else {
            String::new()
        };
        later + &before
    }

    fn events(&mut self) -> Cases {
        self.choices
            .cases(&mut self.diagram, &Key::Event)
            .expect("the event is the first choice")
    }

    fn event_name(&mut self) -> Cases {
        let mut cases = Vec::new();
        for (event, guard) in self.events() {
            if event != Value::Text("workflow_call".to_owned()) {
                cases.push((event, guard));
                continue;
            }
            // A called workflow sees the event of its caller.
            for (value, runs) in self
                .choices
                .fact(&mut self.diagram, "github.event_name", "")
            {
                cases.push((value, self.diagram.and(guard, runs)));
            }
        }
        cases
    }

    fn input(&mut self, name: &str, events: &[&str], as_text: bool) -> Cases {
        let mut cases = Vec::new();
        let mut absent = Guard::ALWAYS;
        for event in events {
            let key = Key::Input {
                event: (*event).to_owned(),
                name: name.to_owned(),
            };
            let Some(values) = self.choices.cases(&mut self.diagram, &key) else {
                continue;
            };
            let runs = self.events();
            let runs = self.any(
                runs.iter()
                    .filter(|(value, _)| value.as_text() == *event)
                    .map(|(_, guard)| *guard),
            );
            absent = self.diagram.without(absent, runs);
            for (value, guard) in values {
                let value = if as_text {
                    Value::Text(value.as_text())
                } else {
                    value
                };
                cases.push((value, self.diagram.and(guard, runs)));
            }
        }
        cases.push((Value::Null, absent));
        cases
    }

    fn result_of(&mut self, name: &str, scope: Scope) -> Cases {
        let needs = &self.workflow.jobs[scope.job].needs;
        let found = needs
            .iter()
            .copied()
            .find(|need| self.workflow.jobs[*need].id.to_lowercase() == name);
        let Some(need) = found else {
            return vec![(Value::Null, Guard::ALWAYS)];
        };
        let job = &self.jobs[need];
        let (runs, failed, cancelled) = (job.runs, job.failed, job.cancelled);
        results(runs, failed, cancelled, &mut self.diagram)
    }

    fn step_result(&mut self, id: &str, conclusion: bool, scope: Scope) -> Cases {
        let steps = &self.workflow.jobs[scope.job].steps;
        let found = steps.iter().position(|step| step.id.as_deref() == Some(id));
        let earlier = found.filter(|at| scope.step.is_some_and(|step| *at < step));
        let Some(at) = earlier else {
            return vec![(Value::Null, Guard::ALWAYS)];
        };
        let step = &self.jobs[scope.job].steps[at];
        let failed = if conclusion {
            step.concluded_failure
        } else {
            step.failed
        };
        let (runs, interrupted) = (step.runs, step.interrupted);
        results(runs, failed, interrupted, &mut self.diagram)
    }

    /// What a status function says at the start of a job or step.
    fn status(&mut self, status: Status, scope: Scope) -> Guard {
        match (status, scope.step) {
            (Status::Always, _) => Guard::ALWAYS,
            (Status::Cancelled, None) => self.jobs[scope.job].late,
            (Status::Cancelled, Some(_)) => {
                let (late, cancelled) = (self.jobs[scope.job].late, self.jobs[scope.job].cancelled);
                self.diagram.or(late, cancelled)
            }
            (Status::Success, Some(_)) => {
                let (broken, cancelled) =
                    (self.jobs[scope.job].broken, self.jobs[scope.job].cancelled);
                let stopped = self.diagram.or(broken, cancelled);
                self.diagram.not(stopped)
            }
            (Status::Failure, Some(_)) => {
                let (broken, cancelled) =
                    (self.jobs[scope.job].broken, self.jobs[scope.job].cancelled);
                self.diagram.without(broken, cancelled)
            }
            (Status::Success, None) => {
                let mut all = self.diagram.not(self.jobs[scope.job].late);
                for job in self.workflow.ancestors(scope.job) {
                    let (runs, failed) = (self.jobs[job].runs, self.jobs[job].failed);
                    let succeeded = self.diagram.without(runs, failed);
                    let succeeded = self.diagram.without(succeeded, self.jobs[job].cancelled);
                    all = self.diagram.and(all, succeeded);
                }
                all
            }
            (Status::Failure, None) => {
                let ancestors = self.workflow.ancestors(scope.job);
                let failed: Vec<Guard> = ancestors
                    .into_iter()
                    .map(|job| self.jobs[job].failed)
                    .collect();
                self.any(failed.into_iter())
            }
        }
    }
}

fn results(
    runs: Guard,
    failed: Guard,
    cancelled: Guard,
    diagram: &mut crate::diagram::Diagram,
) -> Cases {
    let text = |text: &str| Value::Text(text.to_owned());
    let stopped = diagram.or(failed, cancelled);
    let known = diagram.or(runs, cancelled);
    vec![
        (text("success"), diagram.without(runs, stopped)),
        (text("failure"), failed),
        (text("cancelled"), cancelled),
        (text("skipped"), diagram.not(known)),
    ]
}

/// What an expression may come to: both operands of `&&` and `||`, else itself.
fn operands(expression: &Expression) -> Vec<&Expression> {
    match expression {
        Expression::And(a, b) | Expression::Or(a, b) => [operands(a), operands(b)].concat(),
        Expression::Literal(_)
        | Expression::Path(_)
        | Expression::Status(_)
        | Expression::Not(_)
        | Expression::Equal { .. }
        | Expression::Text(_)
        | Expression::Unknown(_) => vec![expression],
    }
}
