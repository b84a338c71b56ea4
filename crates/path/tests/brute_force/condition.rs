//! Conditions: what people write most, and what they get wrong.

use super::expression::{Expression, Literal, Read, Status};
use super::generate::Generator;
use super::workflow::{Condition, Fact, Input, InputKind};

/// Where a condition stands.
struct At<'need> {
    job: usize,
    needs: &'need [usize],
    step: Option<usize>,
}

impl Generator<'_> {
    /// A condition in `percent` of all cases.
    pub(crate) fn condition(
        &mut self,
        job: usize,
        needs: &[usize],
        step: Option<usize>,
        percent: usize,
    ) -> Option<Condition> {
        if !self.dice.chance(percent) {
            return None;
        }
        let place = At { job, needs, step };
        let expression = if self.dice.chance(40) {
            self.idiom(&place)
        } else {
            self.expression(&place, 2)
        };
        Some(Condition {
            expression,
            wrapped: self.dice.chance(60),
        })
    }

    /// How a step that may fail has ended.
    pub(crate) fn asks_for(&mut self, step: usize) -> Condition {
        let read = if self.dice.chance(75) {
            Read::Outcome(step)
        } else {
            Read::Conclusion(step)
        };
        let words = [
            ("success", true),
            ("success", true),
            ("failure", false),
            ("skipped", false),
        ];
        let (word, equal) = self.dice.pick(&words);
        let read = Box::new(Expression::Read(read));
        let expression = Expression::Compare(read, equal, Literal::Text(word.to_owned()));
        Condition {
            expression,
            wrapped: self.dice.chance(60),
        }
    }

    /// What people write most.
    fn idiom(&mut self, at: &At) -> Expression {
        let status = |status| Expression::Status(status);
        let result = |job: usize, word: &str, equal| {
            Expression::Compare(
                Box::new(Expression::Read(Read::Result(job))),
                equal,
                Literal::Text(word.to_owned()),
            )
        };
        match self.dice.below(11) {
            0 => status(Status::Always),
            1 => Expression::Not(Box::new(status(Status::Failure))),
            2 => Expression::Not(Box::new(status(Status::Cancelled))),
            3 => status(Status::Failure),
            4 => Expression::Or(
                Box::new(status(Status::Success)),
                Box::new(status(Status::Failure)),
            ),
            8 if self.dice.chance(50) => status(Status::Cancelled),
            9 => {
                let not = |status| Box::new(Expression::Not(Box::new(Expression::Status(status))));
                Expression::And(not(Status::Failure), not(Status::Cancelled))
            }
            5 if self.dice.chance(40) => Expression::Around(self.dice.pick(&[
                "${{ github.actor }} == 'bot'",
                "${{ inputs.in0 }} != 'true'",
                "${{ always() }} && false",
            ])),
            _ if at.needs.is_empty() => self.atom(at),
            5..=7 => {
                let job = self.dice.pick(at.needs);
                let all = result(job, "success", true);
                Expression::And(Box::new(status(Status::Always)), Box::new(all))
            }
            _ => {
                let job = self.dice.pick(at.needs);
                let word = self.dice.pick(&["failure", "skipped", "cancelled"]);
                Expression::And(
                    Box::new(status(Status::Always)),
                    Box::new(result(job, word, false)),
                )
            }
        }
    }

    fn expression(&mut self, at: &At, depth: usize) -> Expression {
        match if depth == 0 { 0 } else { self.dice.below(10) } {
            4 => Expression::Not(Box::new(self.expression(at, depth - 1))),
            5 | 6 => {
                let left = self.expression(at, depth - 1);
                Expression::And(Box::new(left), Box::new(self.expression(at, depth - 1)))
            }
            7 => {
                let left = self.expression(at, depth - 1);
                Expression::Or(Box::new(left), Box::new(self.expression(at, depth - 1)))
            }
            8 => {
                let status = self.dice.pick(&[
                    Status::Always,
                    Status::Always,
                    Status::Success,
                    Status::Failure,
                ]);
                let right = self.expression(at, depth - 1);
                Expression::And(Box::new(Expression::Status(status)), Box::new(right))
            }
            _ => self.pooled_atom(at),
        }
    }

    fn pooled_atom(&mut self, at: &At) -> Expression {
        if !self.pool.is_empty() && self.dice.chance(55) {
            return self.dice.pick(&self.pool);
        }
        let atom = self.atom(at);
        if is_of_the_run(&atom) {
            self.pool.push(atom.clone());
        }
        atom
    }

    fn atom(&mut self, at: &At) -> Expression {
        match self.dice.below(12) {
            0..=3 if !self.out.inputs.is_empty() => self.input(),
            0 | 1 => self.compare(
                Read::EventName,
                &["push", "workflow_dispatch", "release", "PUSH"],
            ),
            2..=4 if !at.needs.is_empty() => self.result(at),
            7 | 8 if at.step.is_some() => self.step_read(),
            9 => self.unknown_atom(at),
            10 if self.dice.chance(30) => {
                let literals = [
                    Literal::Bool(true),
                    Literal::Bool(false),
                    Literal::Text("false".to_owned()),
                ];
                Expression::Literal(self.dice.pick(&literals))
            }
            11 => match self.dice.below(4) {
                0 | 1 => self.fallback(),
                2 => self.choice_of_two(at),
                _ => self.same(at),
            },
            _ => self.fact(at),
        }
    }

    /// A read compared with one of some texts.
    fn compare(&mut self, read: Read, texts: &[&str]) -> Expression {
        let text = self.dice.pick(texts);
        let equal = self.dice.chance(65);
        Expression::Compare(
            Box::new(Expression::Read(read)),
            equal,
            Literal::Text(text.to_owned()),
        )
    }

    fn input(&mut self) -> Expression {
        let number = self.dice.below(self.out.inputs.len());
        let read = if self.dice.chance(60) {
            Read::Input(number)
        } else {
            Read::EventInput(number)
        };
        let bare = Expression::Read(read.clone());
        if self.dice.chance(25) {
            return bare;
        }
        let texts: &[&str] = match self.out.inputs[number].kind {
            InputKind::Boolean => &["true", "false"],
            InputKind::Choice => &["production", "STAGING", "elsewhere"],
            InputKind::Text => &["yes", "no", ""],
            InputKind::Number => &["2", "3"],
            InputKind::Untyped => &["true", "TRUE"],
        };
        let typed = match self.out.inputs[number].kind {
            InputKind::Boolean | InputKind::Text | InputKind::Untyped => {
                Literal::Bool(self.dice.chance(70))
            }
            InputKind::Number => Literal::Number(2),
            InputKind::Choice => return self.compare(read, texts),
        };
        if self.dice.chance(40) {
            return Expression::Compare(Box::new(bare), self.dice.chance(65), typed);
        }
        self.compare(read, texts)
    }

    fn result(&mut self, at: &At) -> Expression {
        // Now and then a job that is no direct need, whose result reads as null.
        let job = if self.dice.chance(95) {
            self.dice.pick(at.needs)
        } else {
            self.dice.below(at.job)
        };
        self.compare(
            Read::Result(job),
            &["success", "success", "failure", "skipped", "cancelled"],
        )
    }

    fn step_read(&mut self) -> Expression {
        let step = self.dice.below(3);
        let read = if self.dice.chance(70) {
            Read::Outcome(step)
        } else {
            Read::Conclusion(step)
        };
        self.compare(read, &["success", "failure", "skipped", "cancelled"])
    }

    fn fact(&mut self, at: &At) -> Expression {
        let need = at.needs.first().copied().unwrap_or(0);
        let (path, texts): (String, &[&str]) = match self.dice.below(8) {
            0..=2 => (
                "github.ref".to_owned(),
                &["refs/heads/main", "refs/heads/main", "refs/tags/v1"],
            ),
            3 | 4 => ("vars.DEPLOY".to_owned(), &["true", "on", ""]),
            5 => (format!("needs.job{need}.outputs.ok"), &["true"]),
            6 if at.step.is_some() => ("steps.st0.outputs.ok".to_owned(), &["true", "yes"]),
            _ => ("github.actor".to_owned(), &["bot"]),
        };
        let path = if self.dice.chance(5) {
            path.to_uppercase()
        } else {
            path
        };
        let read = self.fact_read(path, at.job);
        match self.dice.below(20) {
            0..=3 => Expression::Read(read),
            4 => Expression::Compare(Box::new(Expression::Read(read)), true, Literal::Bool(true)),
            5 => Expression::Compare(Box::new(Expression::Read(read)), false, Literal::Number(1)),
            6 => Expression::Compare(Box::new(Expression::Read(read)), true, Literal::Null),
            _ => self.compare(read, texts),
        }
    }

    fn fact_read(&mut self, spelled: String, job: usize) -> Read {
        let path = spelled.to_lowercase();
        let fact = Fact {
            job: path.starts_with("steps.").then_some(job),
            path,
        };
        let known = self.out.facts.iter().position(|known| *known == fact);
        let slot = known.unwrap_or_else(|| {
            self.out.facts.push(fact);
            self.out.facts.len() - 1
        });
        Read::Fact(slot, spelled)
    }

    /// `(vars.X || 'staging') == 'production'`, and the like of an input.
    fn fallback(&mut self) -> Expression {
        let texts = self
            .out
            .inputs
            .iter()
            .position(|input| input.kind == InputKind::Text);
        let read = match texts {
            Some(input) if self.dice.chance(50) => Read::Input(input),
            _ => self.fact_read("vars.TARGET".to_owned(), 0),
        };
        let staging = Expression::Literal(Literal::Text("staging".to_owned()));
        let either = Expression::Or(Box::new(Expression::Read(read)), Box::new(staging));
        let target = self.dice.pick(&["production", "staging"]);
        Expression::Compare(
            Box::new(either),
            self.dice.chance(65),
            Literal::Text(target.to_owned()),
        )
    }

    /// `(a && 'x' || 'y') == 'x'`, which stands for `a`, and `!a == true`, which stands for its contrary.
    fn choice_of_two(&mut self, at: &At) -> Expression {
        let atom = Box::new(self.input_or_fact(at));
        let text = |text: &str| Literal::Text(text.to_owned());
        let literal = |word: &str| Box::new(Expression::Literal(text(word)));
        if self.dice.chance(40) {
            return Expression::Compare(Box::new(Expression::Not(atom)), true, Literal::Bool(true));
        }
        let either = Expression::Or(Box::new(Expression::And(atom, literal("x"))), literal("y"));
        Expression::Compare(Box::new(either), self.dice.chance(65), text("x"))
    }

    fn input_or_fact(&mut self, at: &At) -> Expression {
        if self.out.inputs.is_empty() {
            self.fact(at)
        } else {
            self.input()
        }
    }

    /// Two things that a run tells by itself.
    fn same(&mut self, at: &At) -> Expression {
        let mut reads = vec![Read::EventName];
        reads.extend(at.needs.iter().map(|job| Read::Result(*job)));
        if at.step.is_some() {
            reads.extend([Read::Outcome(0), Read::Outcome(1), Read::Conclusion(0)]);
        }
        let known = |input: &Input| matches!(input.kind, InputKind::Boolean | InputKind::Choice);
        for (number, _) in self
            .out
            .inputs
            .iter()
            .enumerate()
            .filter(|(_, input)| known(input))
        {
            reads.extend([Read::Input(number), Read::EventInput(number)]);
        }
        let left = self.dice.pick(&reads);
        Expression::Same(left, self.dice.chance(65), self.dice.pick(&reads))
    }

    fn unknown_atom(&mut self, at: &At) -> Expression {
        let text = self.dice.pick(&[
            "contains(github.event.head_commit.message, '[skip ci]')",
            "startsWith(github.ref, 'refs/tags/')",
            "vars.LEFT == vars.RIGHT",
            "format('{0}', vars.X) == 'on'",
            "contains(matrix.os, 'a')",
        ]);
        Expression::Unknown(self.unknown(text, at.job), text.to_owned())
    }
}

/// Whether the expression means the same in every job and step.
fn is_of_the_run(expression: &Expression) -> bool {
    match expression {
        Expression::Around(_)
        | Expression::Same(..)
        | Expression::Read(Read::Result(_) | Read::Outcome(_) | Read::Conclusion(_)) => false,
        Expression::Read(Read::Fact(_, spelled)) => {
            let spelled = spelled.to_lowercase();
            !spelled.starts_with("steps.") && !spelled.starts_with("needs.")
        }
        Expression::Read(Read::EventName | Read::Input(_) | Read::EventInput(_))
        | Expression::Literal(_)
        | Expression::Status(_) => true,
        Expression::Unknown(_, text) => !text.contains("matrix."),
        Expression::Not(inner) | Expression::Compare(inner, ..) => is_of_the_run(inner),
        Expression::And(left, right) | Expression::Or(left, right) => {
            is_of_the_run(left) && is_of_the_run(right)
        }
    }
}
