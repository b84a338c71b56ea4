//! Shell scripts. There is one way through: [`Script::read`] makes commands and their flow of a text, [`link`] puts
//! the scripts of the tree in the place of the commands that call them, and [`perform`] says in which runs each
//! command is executed and the whole fails. What a runner sets for scripts is the dialect's data ([`Runner`]).
//!
//! [`link`]: link::link
//! [`perform`]: perform::perform

use plimsoll_model::{Location, Span};
use plimsoll_syntax::shell::{self, Kind, Statement};
use serde::{Deserialize, Serialize};

use crate::Capability;
use crate::recognise;

mod directory;
mod effect;
mod flow;
mod hidden;
mod invocation;
pub(crate) mod link;
mod nested;
pub(crate) mod perform;
mod text;

pub(crate) use directory::Enters;
pub(crate) use flow::Flow;
use hidden::Later;
pub(crate) use text::{Place, STARTUP, label};

/// Commands of one script; each is looked up in the text of its file.
const MAX_COMMANDS: usize = 2_000;

/// How deep a shell may be given text that gives text to a shell.
const MAX_NESTING: usize = 4;

/// What the runner of a dialect sets for the scripts that it runs.
#[derive(Debug)]
pub(crate) struct Runner {
    /// Ways to write the root of the tree.
    pub(crate) roots: &'static [&'static str],
    /// Variables that name files by which a step changes what is known to the steps behind it.
    pub(crate) stores: &'static [&'static str],
}

/// A script, or the one command of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// Its commands in the order of the text.
    pub(crate) commands: Vec<Command>,
    /// How they hang together.
    pub(crate) flow: Vec<Flow>,
    /// What could not be read of it.
    pub(crate) unread: Vec<Location>,
    /// Commands that run what it does not state.
    pub(crate) hidden: Vec<Location>,
    /// Where it names a file that bash runs before each script: `BASH_ENV`.
    pub(crate) startup: Option<Location>,
    /// The variables of runners it names by whose files it may change what the steps behind it know.
    pub(crate) stores: Vec<String>,
    /// What the shell does at its start.
    pub(crate) options: Options,
}

/// The shell options that decide what a failure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    /// `-e`: a failing command ends the script.
    pub(crate) errexit: bool,
    /// A pipeline fails when any of its commands does.
    pub(crate) pipefail: bool,
    /// bash, which drops `-e` inside `$(…)`; a POSIX shell keeps it.
    pub(crate) bash: bool,
}

/// One simple command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Command {
    /// Its beginning, for people.
    pub(crate) label: String,
    pub(crate) location: Location,
    pub(crate) effect: Effect,
    pub(crate) capabilities: Vec<Capability>,
    /// A flag makes it report success whatever it finds.
    pub(crate) exits_zero: bool,
    /// It does so because nothing told it otherwise; the proofs take it for a command that can fail.
    pub(crate) reports_only: bool,
    /// The image it is about.
    pub(crate) image: Option<String>,
    /// It shows something to people and does no more.
    pub(crate) prints: bool,
    /// What it makes the shell's directory.
    pub(crate) enters: Option<Enters>,
    /// The program's name, which a function of the script may have as well.
    pub(crate) program: Option<String>,
}

impl Command {
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Whether it checks, deploys or calls a script of the tree.
    fn acts(&self) -> bool {
        !self.capabilities.is_empty() || matches!(self.effect, Effect::Script { .. })
    }

    /// Whether it takes the shell's place, so that nothing of the script is run after it.
    pub(crate) fn replaces(&self) -> bool {
        self.program.as_deref() == Some("exec")
    }
}

/// What a command does to the shell it runs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Effect {
    /// It does not fail.
    Succeeds,
    /// It fails in some runs.
    MayFail,
    /// It fails in all runs.
    Fails,
    /// `set`: what changes.
    Set {
        errexit: Option<bool>,
        pipefail: Option<bool>,
    },
    /// `exit` ends the script.
    Exit(ExitStatus),
    /// `return` ends a function.
    Return(ExitStatus),
    /// `break` or `continue` ends a loop's body.
    Break,
    /// `trap`: what becomes of a failure that ends the script.
    Trap(Trap),
    /// An assignment has the status of its last substitution.
    Substituted,
    /// Another script in the tree; in the same shell when it is sourced.
    Script {
        path: String,
        /// What the shell is called with that runs it; without one its own first line counts.
        options: Option<Options>,
        sourced: bool,
    },
    /// A function of the script, or any command when there is none of that name.
    Named(String),
}

/// What a handler makes of a failure that ends the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trap {
    /// It passes it on.
    Off,
    /// It may end the script with success.
    Swallows,
    /// What this function does.
    Calls(String),
}

/// With which status something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExitStatus {
    /// That of the last command.
    Last,
    Zero,
    NonZero,
    /// Either, for all that the text says.
    Unknown,
}

impl Script {
    /// Reads a script; what is no shell is noted in `unread`.
    pub(crate) fn read(text: &str, options: Options, place: &Place) -> Self {
        let text = text::without_last_continuation(text);
        let mut reader = Reader {
            text,
            place,
            commands: Vec::new(),
            unread: Vec::new(),
            later: Later::default(),
            depth: 0,
        };
        match shell::parse(text) {
            Ok(script) => {
                let flow = reader.read_all(&script.statements);
                let mut unread: Vec<_> = script
                    .unread
                    .iter()
                    .map(|span| place.location(*span))
                    .collect();
                unread.append(&mut reader.unread);
                let hidden = reader.later.find_hidden(&reader.commands);
                let startup = text::startup(text, place);
                Self {
                    commands: reader.commands,
                    flow,
                    unread,
                    hidden,
                    startup,
                    stores: text::stores(text, place.runners),
                    options,
                }
            }
            Err(error) => {
                let unread = vec![place.location(Span::new(error.offset, error.offset))];
                Self {
                    unread,
                    stores: text::all_stores(place.runners),
                    ..Self::opaque(place.location(Span::new(0, text.len())), options, text)
                }
            }
        }
    }

    /// A script of which nothing is known but that it runs and may fail.
    pub(crate) fn opaque(location: Location, options: Options, text: &str) -> Self {
        Self::of(
            Command {
                label: label(text),
                location,
                effect: Effect::MayFail,
                capabilities: Vec::new(),
                exits_zero: false,
                reports_only: false,
                image: None,
                prints: false,
                enters: None,
                program: None,
            },
            options,
        )
    }

    /// Adds what another script that runs in its place may change.
    fn add_stores(&mut self, stores: &[String]) {
        for store in stores {
            if !self.stores.contains(store) {
                self.stores.push(store.clone());
            }
        }
    }

    /// Adds what is not known of a script that this one calls, and what that may change for others.
    pub(crate) fn add_notes(&mut self, called: &Self) {
        self.unread.extend(called.unread.iter().cloned());
        self.hidden.extend(called.hidden.iter().cloned());
        self.add_stores(&called.stores);
        self.startup = self.startup.take().or_else(|| called.startup.clone());
    }

    /// A script of one command.
    pub(crate) fn of(command: Command, options: Options) -> Self {
        let flow = vec![Flow::Command {
            command: 0,
            substitutions: Vec::new(),
        }];
        Self {
            commands: vec![command],
            flow,
            unread: Vec::new(),
            hidden: Vec::new(),
            startup: None,
            stores: Vec::new(),
            options,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    place: &'a Place<'a>,
    commands: Vec<Command>,
    unread: Vec<Location>,
    later: Later,
    depth: usize,
}

impl Reader<'_> {
    fn read_all(&mut self, statements: &[Statement]) -> Vec<Flow> {
        statements
            .iter()
            .map(|statement| self.read_statement(statement))
            .collect()
    }

    fn read_pair(&mut self, a: &Statement, b: &Statement) -> (Box<Flow>, Box<Flow>) {
        (
            Box::new(self.read_statement(a)),
            Box::new(self.read_statement(b)),
        )
    }

    fn read_statement(&mut self, statement: &Statement) -> Flow {
        let at = || self.place.location(statement.span);
        let flow = match &statement.kind {
            Kind::Command(command) => self.read_command(command),
            Kind::Pipeline(stages) => Flow::Pipeline(self.read_all(stages)),
            Kind::And(a, b) => {
                let (a, b) = self.read_pair(a, b);
                Flow::And(a, b)
            }
            Kind::Or(a, b) => {
                let (a, b) = self.read_pair(a, b);
                Flow::Or(a, b)
            }
            Kind::Not(inner) => Flow::Not(Box::new(self.read_statement(inner))),
            Kind::Group(inner) => Flow::Group(self.read_all(inner)),
            Kind::Subshell(inner) => Flow::Subshell(self.read_all(inner)),
            Kind::If {
                branches,
                otherwise,
            } => {
                let branches = branches
                    .iter()
                    .map(|branch| {
                        (
                            self.read_all(&branch.condition),
                            self.read_all(&branch.body),
                        )
                    })
                    .collect();
                Flow::If {
                    branches,
                    otherwise: self.read_all(otherwise),
                }
            }
            Kind::While { until, branch } => {
                let condition = self.read_all(&branch.condition);
                Flow::While {
                    until: *until,
                    condition,
                    body: self.read_all(&branch.body),
                }
            }
            Kind::For { words, body } => {
                let certain = words.iter().any(|word| word.literal.is_some());
                Flow::For {
                    certain,
                    at: at(),
                    body: self.read_all(body),
                }
            }
            Kind::Case { arms } if arms.len() > MAX_COMMANDS => {
                self.unread.push(at());
                Flow::Group(Vec::new())
            }
            Kind::Case { arms } => {
                let at = at();
                let arms = arms
                    .iter()
                    .map(|arm| (takes_all(arm), self.read_all(&arm.body)))
                    .collect();
                Flow::Case { arms, at }
            }
            Kind::Function { name, body } => self.read_function(name, body),
        };
        if statement.background {
            Flow::Background(Box::new(flow))
        } else {
            flow
        }
    }

    fn read_function(&mut self, name: &str, body: &Statement) -> Flow {
        let body = self.read_statement(body);
        self.later.add_function(name, &body);
        Flow::Function {
            name: name.to_owned(),
            body: Box::new(body),
        }
    }

    fn read_command(&mut self, command: &shell::Command) -> Flow {
        let place = self.commands.len();
        if place == MAX_COMMANDS {
            if self.unread.is_empty() {
                self.unread.push(self.place.location(command.span));
            }
            return Flow::Group(Vec::new());
        }
        self.note_hidden(command);
        let words = effect::literals(&command.words);
        let recognised = recognise::command(&words);
        let effect = if recognised.capabilities.is_empty() {
            effect::of(command)
        } else {
            Effect::MayFail
        };
        self.commands.push(Command {
            label: label(&self.text[command.span.start..command.span.end]),
            location: self.place.location(command.span),
            effect,
            capabilities: recognised.capabilities,
            exits_zero: recognised.exits_zero,
            reports_only: recognised.reports_only,
            image: recognised.image,
            prints: effect::prints(command),
            enters: directory::entered(command, self.place.runners),
            program: name_program(words),
        });
        let substitutions = command
            .substitutions
            .iter()
            .map(|inner| self.read_all(inner))
            .collect();
        match nested::of(command, self.text) {
            Some(nested) => self.read_nested(place, command, &nested),
            None => Flow::Command {
                command: place,
                substitutions,
            },
        }
    }

    /// The text that a shell is given is read like a script that is called.
    fn read_nested(
        &mut self,
        place: usize,
        command: &shell::Command,
        nested: &nested::Nested,
    ) -> Flow {
        self.depth += 1;
        let body = match shell::parse(&nested.text) {
            Ok(script) if self.depth <= MAX_NESTING => {
                self.read_within(&script, &nested.text, command)
            }
            Ok(_) | Err(_) => {
                self.unread.push(self.place.location(command.span));
                Vec::new()
            }
        };
        self.depth -= 1;
        Flow::Called {
            command: place,
            body,
            options: nested.options,
            sourced: nested.sourced,
        }
    }

    /// The text of a command, whose place stands for all in it.
    fn read_within(
        &mut self,
        script: &shell::Script,
        text: &str,
        command: &shell::Command,
    ) -> Vec<Flow> {
        let at = (self.place.offset)(command.span.start);
        let within = Place {
            offset: &|_| at,
            ..*self.place
        };
        let mut inner = Reader {
            text,
            place: &within,
            commands: std::mem::take(&mut self.commands),
            unread: Vec::new(),
            later: std::mem::take(&mut self.later),
            depth: self.depth,
        };
        let body = inner.read_all(&script.statements);
        self.unread.append(&mut inner.unread);
        let unread = script.unread.iter();
        self.unread
            .extend(unread.map(|_| self.place.location(command.span)));
        self.commands = inner.commands;
        self.later = inner.later;
        body
    }
}

/// The program that a command runs, which is none for `exec` alone.
fn name_program(words: Vec<Option<String>>) -> Option<String> {
    let is_alone = words.len() == 1;
    let program = words.into_iter().next().flatten();
    program.filter(|name| name != "exec" || !is_alone)
}

/// Whether an arm of a `case` takes every word.
fn takes_all(arm: &shell::Arm) -> bool {
    arm.patterns.iter().any(|pattern| pattern.written == "*")
}
