//! Conditions as trees: how they are written and what they are worth, by `docs/github-actions.md`, "Expressions".

use std::fmt;

/// A literal, and also what an input or a fact may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(i32),
    Text(String),
}

impl Literal {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Number(number) => Value::Number(f64::from(*number)),
            Self::Text(text) => Value::Text(text),
        }
    }

    /// The number, or else the text, that equals the literal; not every text equals a number.
    pub(crate) fn as_input(&self, is_number: bool) -> Option<Self> {
        let number = match self {
            Self::Null => Some(0),
            Self::Bool(bool) => Some(i32::from(*bool)),
            Self::Number(number) => Some(*number),
            Self::Text(text) if text.is_empty() => Some(0),
            Self::Text(text) => text.parse().ok(),
        };
        match self {
            _ if is_number => number.map(Self::Number),
            Self::Null => Some(Self::Text(String::new())),
            Self::Bool(_) | Self::Number(_) => number.map(|number| Self::Text(number.to_string())),
            Self::Text(text) => Some(Self::Text(text.clone())),
        }
    }

    /// The literal as `github.event.inputs` has it.
    pub(crate) fn as_text(&self) -> Self {
        match self {
            Self::Null => Self::Text(String::new()),
            Self::Bool(bool) => Self::Text(bool.to_string()),
            Self::Number(number) => Self::Text(number.to_string()),
            Self::Text(text) => Self::Text(text.clone()),
        }
    }
}

/// What an expression is worth in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'run> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'run str),
}

impl Value<'_> {
    pub(crate) fn is_truthy(self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(bool) => bool,
            Self::Number(number) => number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    fn number(self) -> f64 {
        match self {
            Self::Bool(bool) => f64::from(u8::from(bool)),
            Self::Number(number) => number,
            Self::Null | Self::Text("") => 0.0,
            Self::Text(text) => text.parse::<i32>().map_or(f64::NAN, f64::from),
        }
    }

    #[expect(clippy::float_cmp, reason = "the language compares numbers exactly")]
    fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left.eq_ignore_ascii_case(right),
            (left, right) => left.number() == right.number(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Failure,
    Always,
    Cancelled,
}

/// Something that a condition reads. Numbers are places in the workflow's own tables.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    EventName,
    /// `inputs.x`, which keeps its type.
    Input(usize),
    /// `github.event.inputs.x`, which is text.
    EventInput(usize),
    /// `needs.j.result`.
    Result(usize),
    /// `steps.s.outcome` of a step of the same job.
    Outcome(usize),
    /// `steps.s.conclusion` of a step of the same job.
    Conclusion(usize),
    /// A fact, and how this place spells it.
    Fact(usize, String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Literal(Literal),
    Read(Read),
    Status(Status),
    /// Text beyond the grammar: true or false, nobody knows.
    Unknown(usize, String),
    /// A text around `${{ … }}`: it is not empty, and so true. It is a condition alone, never part of one.
    Around(&'static str),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    /// Equal to a literal, or not equal when the flag is false.
    Compare(Box<Expression>, bool, Literal),
    /// Two reads that the file tells, equal or not.
    Same(Read, bool, Read),
}

/// Where an expression's reads come from in a run.
pub(crate) trait Scope {
    fn read(&self, read: &Read) -> Value<'_>;
    fn unknown(&self, slot: usize) -> bool;
    fn status(&self, status: Status) -> bool;
}

impl Expression {
    pub(crate) fn value<'run>(&'run self, scope: &'run dyn Scope) -> Value<'run> {
        match self {
            Self::Literal(literal) => literal.value(),
            Self::Read(read) => scope.read(read),
            Self::Status(status) => Value::Bool(scope.status(*status)),
            Self::Unknown(slot, _) => Value::Bool(scope.unknown(*slot)),
            Self::Around(_) => Value::Bool(true),
            Self::Not(inner) => Value::Bool(!inner.value(scope).is_truthy()),
            Self::And(left, right) => match left.value(scope) {
                value if value.is_truthy() => right.value(scope),
                value => value,
            },
            Self::Or(left, right) => match left.value(scope) {
                value if value.is_truthy() => value,
                _ => right.value(scope),
            },
            Self::Compare(left, equal, right) => {
                Value::Bool(left.value(scope).equals(right.value()) == *equal)
            }
            Self::Same(left, equal, right) => {
                Value::Bool(scope.read(left).equals(scope.read(right)) == *equal)
            }
        }
    }

    /// Whether an `if` of this expression runs its job or step.
    pub(crate) fn holds(&self, scope: &dyn Scope) -> bool {
        (self.names_a_status() || scope.status(Status::Success)) && self.value(scope).is_truthy()
    }

    pub(crate) fn names_a_status(&self) -> bool {
        match self {
            Self::Status(_) => true,
            Self::Around(text) => text.contains("always()"),
            Self::Literal(_) | Self::Read(_) | Self::Unknown(..) | Self::Same(..) => false,
            Self::Not(inner) | Self::Compare(inner, ..) => inner.names_a_status(),
            Self::And(left, right) | Self::Or(left, right) => {
                left.names_a_status() || right.names_a_status()
            }
        }
    }

    /// Tells every read that is compared with a literal, and with `None` every one that is used bare.
    pub(crate) fn uses(&self, tell: &mut dyn FnMut(&Read, Option<&Literal>)) {
        self.uses_as(&[None], tell);
    }

    fn uses_as(&self, with: &[Option<&Literal>], tell: &mut dyn FnMut(&Read, Option<&Literal>)) {
        match self {
            Self::Literal(_)
            | Self::Status(_)
            | Self::Unknown(..)
            | Self::Around(_)
            | Self::Same(..) => {}
            Self::Read(read) => with.iter().for_each(|literal| tell(read, *literal)),
            Self::Not(inner) => inner.uses_as(&[None], tell),
            Self::And(left, right) | Self::Or(left, right) => {
                let with: Vec<_> = with.iter().copied().chain([None]).collect();
                left.uses_as(&with, tell);
                right.uses_as(&with, tell);
            }
            Self::Compare(left, _, right) => left.uses_as(&[Some(right)], tell),
        }
    }

    /// The expression as a workflow writes it. The names of inputs, jobs and steps follow their place.
    fn write(&self, f: &mut fmt::Formatter<'_>, binding: u8) -> fmt::Result {
        let own = match self {
            Self::Or(..) => 1,
            Self::And(..) => 2,
            Self::Compare(..) | Self::Same(..) => 3,
            Self::Unknown(_, text) if text.contains(" == ") => 3,
            Self::Not(_) => 4,
            Self::Literal(_)
            | Self::Read(_)
            | Self::Status(_)
            | Self::Unknown(..)
            | Self::Around(_) => 5,
        };
        if own < binding {
            f.write_str("(")?;
        }
        match self {
            Self::Literal(literal) => write!(f, "{literal}")?,
            Self::Read(read) => write!(f, "{read}")?,
            Self::Status(status) => write!(f, "{}()", format!("{status:?}").to_lowercase())?,
            Self::Unknown(_, text) => f.write_str(text)?,
            Self::Around(text) => f.write_str(text)?,
            Self::Same(left, equal, right) => write!(f, "{left} {} {right}", sign(*equal))?,
            Self::Not(inner) => {
                f.write_str("!")?;
                inner.write(f, 5)?;
            }
            Self::And(left, right) | Self::Or(left, right) => {
                left.write(f, own)?;
                f.write_str(if own == 1 { " || " } else { " && " })?;
                right.write(f, own + 1)?;
            }
            Self::Compare(left, equal, right) => {
                left.write(f, 4)?;
                write!(f, " {} {right}", sign(*equal))?;
            }
        }
        if own < binding {
            f.write_str(")")?;
        }
        Ok(())
    }
}

fn sign(equal: bool) -> &'static str {
    if equal { "==" } else { "!=" }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventName => f.write_str("github.event_name"),
            Self::Input(input) => write!(f, "inputs.in{input}"),
            Self::EventInput(input) => write!(f, "github.event.inputs.in{input}"),
            Self::Result(job) => write!(f, "needs.job{job}.result"),
            Self::Outcome(step) => write!(f, "steps.st{step}.outcome"),
            Self::Conclusion(step) => write!(f, "steps.st{step}.conclusion"),
            Self::Fact(_, spelled) => f.write_str(spelled),
        }
    }
}
