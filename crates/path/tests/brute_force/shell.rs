//! Scripts as trees: how they are written, and what runs and reaches the exit code when commands fail.

use std::fmt::Write as _;

/// A piece of a script. Numbers are places in the workflow's table of commands that may fail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shell {
    Run(usize),
    /// A command that never fails.
    Quiet(&'static str),
    /// `false`, which always fails.
    False,
    /// `set` with these options.
    Set(&'static str),
    Exit(u8),
    Pipe(usize, usize),
    Background(usize),
    /// `out=$(command)`, whose status is the command's.
    Capture(usize),
    /// A quiet command that takes the command's output: `echo "$(command)"`.
    Swallow(&'static str, usize),
    /// A loop over one word.
    For(Vec<Shell>),
    Not(Box<Shell>),
    And(Box<Shell>, Box<Shell>),
    Or(Box<Shell>, Box<Shell>),
    Group(Vec<Shell>),
    Subshell(Vec<Shell>),
    If {
        condition: Box<Shell>,
        then: Vec<Shell>,
        otherwise: Vec<Shell>,
    },
}

/// The options a script starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) errexit: bool,
    pub(crate) pipefail: bool,
}

/// What a script did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The commands it ran, in order.
    pub(crate) ran: Vec<usize>,
    pub(crate) succeeded: bool,
}

/// Runs a script with the given commands failing.
pub(crate) fn run(script: &[Shell], options: Options, fails: &dyn Fn(usize) -> bool) -> Outcome {
    let mut machine = Machine {
        options,
        fails,
        ran: Vec::new(),
        exited: None,
    };
    let status = machine.list(script, false);
    Outcome {
        succeeded: machine.exited.unwrap_or(status),
        ran: machine.ran,
    }
}

struct Machine<'run> {
    options: Options,
    fails: &'run dyn Fn(usize) -> bool,
    ran: Vec<usize>,
    exited: Option<bool>,
}

impl Machine<'_> {
    /// Runs pieces in order; `guarded` where a status is asked for and so stops nothing.
    fn list(&mut self, pieces: &[Shell], guarded: bool) -> bool {
        let mut status = true;
        for piece in pieces {
            status = self.piece(piece, guarded);
            if self.exited.is_some() {
                break;
            }
        }
        status
    }

    fn piece(&mut self, piece: &Shell, guarded: bool) -> bool {
        match piece {
            Shell::Run(command) | Shell::Capture(command) => {
                let status = self.command(*command);
                self.settle(status, guarded)
            }
            Shell::Quiet(_) => true,
            Shell::False => self.settle(false, guarded),
            Shell::Set(options) => {
                self.set(options);
                true
            }
            Shell::Exit(code) => {
                self.exited = Some(*code == 0);
                *code == 0
            }
            Shell::Pipe(left, right) => {
                let left = self.command(*left);
                let right = self.command(*right);
                self.settle(right && (left || !self.options.pipefail), guarded)
            }
            Shell::Background(command) | Shell::Swallow(_, command) => {
                self.command(*command);
                true
            }
            Shell::Not(inner) => !self.piece(inner, true),
            Shell::And(left, right) => {
                let status = self.piece(left, true);
                if status && self.exited.is_none() {
                    self.piece(right, guarded)
                } else {
                    status
                }
            }
            Shell::Or(left, right) => {
                let status = self.piece(left, true);
                if status || self.exited.is_some() {
                    status
                } else {
                    self.piece(right, guarded)
                }
            }
            Shell::Group(inner) | Shell::For(inner) => self.list(inner, guarded),
            Shell::Subshell(inner) => {
                let options = self.options;
                let status = self.list(inner, guarded);
                let status = self.exited.take().unwrap_or(status);
                self.options = options;
                self.settle(status, guarded)
            }
            Shell::If {
                condition,
                then,
                otherwise,
            } => {
                let status = self.piece(condition, true);
                match (self.exited, status) {
                    (Some(_), _) => status,
                    (None, true) => self.list(then, guarded),
                    (None, false) => self.list(otherwise, guarded),
                }
            }
        }
    }

    fn command(&mut self, command: usize) -> bool {
        self.ran.push(command);
        !(self.fails)(command)
    }

    fn settle(&mut self, status: bool, guarded: bool) -> bool {
        if !status && !guarded && self.options.errexit {
            self.exited = Some(false);
        }
        status
    }

    fn set(&mut self, options: &str) {
        match options {
            "-e" => self.options.errexit = true,
            "+e" => self.options.errexit = false,
            "-o pipefail" => self.options.pipefail = true,
            "+o pipefail" => self.options.pipefail = false,
            "-euo pipefail" => {
                self.options = Options {
                    errexit: true,
                    pipefail: true,
                }
            }
            other => unreachable!("the generator writes no `set {other}`"),
        }
    }
}

impl Shell {
    /// The piece as a script writes it, on one line or, for `if` and groups, on several.
    pub(crate) fn text(&self, command: &dyn Fn(usize) -> String) -> String {
        let list = |pieces: &[Self], indent: &str| {
            pieces.iter().fold(String::new(), |mut out, piece| {
                for line in piece.text(command).lines() {
                    writeln!(out, "{indent}{line}").expect("a String takes everything");
                }
                out
            })
        };
        match self {
            Self::Run(place) => command(*place),
            Self::Quiet(text) => (*text).to_owned(),
            Self::False => "false".to_owned(),
            Self::Set(options) => format!("set {options}"),
            Self::Exit(code) => format!("exit {code}"),
            Self::Pipe(left, right) => format!("{} | {}", command(*left), command(*right)),
            Self::Background(place) => format!("{} &", command(*place)),
            Self::Capture(place) => format!("out=$({})", command(*place)),
            Self::Swallow(quiet, place) => format!("{quiet}\"$({})\"", command(*place)),
            Self::For(inner) => format!("for each in one; do\n{}done", list(inner, "  ")),
            Self::Not(inner) => format!("! {}", inner.text(command)),
            Self::And(left, right) => format!("{} && {}", left.text(command), right.text(command)),
            Self::Or(left, right) => format!("{} || {}", left.text(command), right.text(command)),
            Self::Group(inner) => {
                let text = list(inner, "");
                let compound = inner.iter().any(|piece| piece.text(command).contains('\n'));
                if compound {
                    format!("{{\n{text}}}")
                } else {
                    format!("{{ {}; }}", text.trim_end().replace('\n', "; "))
                }
            }
            Self::Subshell(inner) => format!("(\n{})", list(inner, "")),
            Self::If {
                condition,
                then,
                otherwise,
            } if otherwise.is_empty() => {
                format!(
                    "if {}; then\n{}fi",
                    condition.text(command),
                    list(then, "  ")
                )
            }
            Self::If {
                condition,
                then,
                otherwise,
            } => format!(
                "if {}; then\n{}else\n{}fi",
                condition.text(command),
                list(then, "  "),
                list(otherwise, "  ")
            ),
        }
    }

    /// Visits the simple commands in the order of the text; those that never fail as `None`.
    pub(crate) fn commands(&self, visit: &mut dyn FnMut(Option<usize>)) {
        match self {
            Self::Run(place) | Self::Background(place) => visit(Some(*place)),
            Self::Quiet(_) | Self::False | Self::Set(_) | Self::Exit(_) => visit(None),
            Self::Capture(place) | Self::Swallow(_, place) => {
                visit(None);
                visit(Some(*place));
            }
            Self::Pipe(left, right) => {
                visit(Some(*left));
                visit(Some(*right));
            }
            Self::Not(inner) => inner.commands(visit),
            Self::And(left, right) | Self::Or(left, right) => {
                left.commands(visit);
                right.commands(visit);
            }
            Self::Group(inner) | Self::Subshell(inner) | Self::For(inner) => {
                for piece in inner {
                    piece.commands(visit);
                }
            }
            Self::If {
                condition,
                then,
                otherwise,
            } => {
                condition.commands(visit);
                then.iter()
                    .chain(otherwise)
                    .for_each(|piece| piece.commands(visit));
            }
        }
    }
}
