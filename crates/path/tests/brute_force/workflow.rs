//! A workflow as a structure, and its text.

use std::collections::BTreeMap;

use super::expression::{Expression, Literal, Read};
use super::shell::{Options, Shell};

#[derive(Clone, Debug)]
pub(crate) struct Workflow {
    pub(crate) events: Vec<&'static str>,
    pub(crate) inputs: Vec<Input>,
    /// The shell for steps that name none.
    pub(crate) shell: Option<&'static str>,
    /// Jobs need only jobs before them; `written` is the order in the text.
    pub(crate) jobs: Vec<Job>,
    pub(crate) written: Vec<usize>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) unknowns: Vec<Unknown>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) kind: InputKind,
    pub(crate) default: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputKind {
    Boolean,
    Choice,
    Text,
    Number,
    Untyped,
}

/// The options of every `choice` input.
pub(crate) const OPTIONS: [&str; 2] = ["staging", "production"];

/// Text beyond the grammar; text that names what differs from job to job belongs to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) text: String,
    pub(crate) job: Option<usize>,
}

/// A context path that the file cannot tell; those of steps belong to one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) path: String,
    pub(crate) job: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) needs: Vec<usize>,
    pub(crate) condition: Option<Condition>,
    pub(crate) lenient: Lenient,
    pub(crate) shell: Option<&'static str>,
    /// Written with keys that mean nothing here.
    pub(crate) busy: bool,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) condition: Option<Condition>,
    pub(crate) lenient: Lenient,
    pub(crate) shell: Option<&'static str>,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// An action: one command that may fail.
    Uses(usize),
    Run(Vec<Shell>),
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) expression: Expression,
    pub(crate) wrapped: bool,
}

/// `continue-on-error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lenient {
    No,
    Yes,
    /// An expression, which is an unknown of the workflow.
    Unknown(usize),
}

/// A command that may fail.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) text: &'static str,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Gate(Gate),
    Deploy,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gate {
    Test,
    SecretScan,
    ImageScan,
}

impl Gate {
    pub(crate) const ALL: [Self; 3] = [Self::Test, Self::SecretScan, Self::ImageScan];

    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Test => "cargo test",
            Self::SecretScan => "gitleaks dir .",
            Self::ImageScan => "trivy image x",
        }
    }
}

/// Where a command stands: job, step, and its number among the step's simple commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) job: usize,
    pub(crate) step: usize,
    pub(crate) number: usize,
}

impl Workflow {
    /// Where each command of the table stands; one that stands nowhere is absent.
    pub(crate) fn places(&self) -> BTreeMap<usize, Place> {
        let mut places = BTreeMap::new();
        for (job, step, body) in self.steps() {
            let mut number = 0;
            let mut visit = |command: Option<usize>| {
                if let Some(command) = command {
                    places.insert(command, Place { job, step, number });
                }
                number += 1;
            };
            match body {
                Body::Uses(command) => visit(Some(*command)),
                Body::Run(script) => script.iter().for_each(|piece| piece.commands(&mut visit)),
            }
        }
        places
    }

    fn steps(&self) -> impl Iterator<Item = (usize, usize, &Body)> {
        let of =
            |(job, steps): (usize, &'_ Job)| (0..steps.steps.len()).map(move |step| (job, step));
        let all: Vec<_> = self.jobs.iter().enumerate().flat_map(of).collect();
        all.into_iter()
            .map(|(job, step)| (job, step, &self.jobs[job].steps[step].body))
    }

    /// All jobs that a job waits for, however far away.
    pub(crate) fn ancestors(&self, job: usize) -> Vec<usize> {
        let mut found = self.jobs[job].needs.clone();
        let mut next = 0;
        while next < found.len() {
            for need in &self.jobs[found[next]].needs {
                if !found.contains(need) {
                    found.push(*need);
                }
            }
            next += 1;
        }
        found
    }

    /// The shell that a step names, or its job, or the workflow.
    pub(crate) fn shell(&self, job: usize, step: usize) -> Option<&'static str> {
        self.jobs[job].steps[step]
            .shell
            .or(self.jobs[job].shell)
            .or(self.shell)
    }

    /// The options that a step's shell starts with.
    pub(crate) fn options(&self, job: usize, step: usize) -> Options {
        let (errexit, pipefail) = match self.shell(job, step) {
            None | Some("sh" | "bash -e {0}") => (true, false),
            Some("bash" | "bash --noprofile --norc -eo pipefail {0}") => (true, true),
            Some("bash {0}" | "bash -x {0}") => (false, false),
            Some(other) => unreachable!("the generator writes no `shell: {other}`"),
        };
        Options { errexit, pipefail }
    }

    /// Every condition with the job it stands in.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (usize, &Expression)> {
        self.jobs.iter().enumerate().flat_map(|(number, job)| {
            let steps = job.steps.iter().filter_map(|step| step.condition.as_ref());
            job.condition
                .iter()
                .chain(steps)
                .map(move |condition| (number, &condition.expression))
        })
    }

    /// What an input of this kind may be, or without a kind a fact, by its uses.
    pub(crate) fn domain(
        &self,
        of: &dyn Fn(&Read) -> bool,
        kind: Option<InputKind>,
    ) -> Vec<Literal> {
        let text = |text: &str| Literal::Text(text.to_owned());
        let mut domain = match kind {
            Some(InputKind::Boolean) => return vec![Literal::Bool(false), Literal::Bool(true)],
            Some(InputKind::Choice) => return OPTIONS.map(text).to_vec(),
            Some(InputKind::Number) => vec![Literal::Number(7919)],
            Some(InputKind::Text | InputKind::Untyped) | None => vec![text("other")],
        };
        for (_, condition) in self.conditions() {
            condition.uses(&mut |read, literal| {
                if of(read) {
                    let used = literal.cloned().unwrap_or(text(""));
                    let used = if kind.is_some() {
                        used.as_input(kind == Some(InputKind::Number))
                    } else {
                        Some(used)
                    };
                    domain.extend(used);
                }
            });
        }
        let mut seen = Vec::new();
        domain.retain(|literal| {
            !seen.contains(literal) && {
                seen.push(literal.clone());
                true
            }
        });
        domain
    }
}
