//! Puts the scripts of the tree in the place of the commands that call them.

use std::collections::BTreeMap;

use plimsoll_model::Location;

use super::directory::below_root;
use super::{Effect, Enters, Flow, Options, Runner, Script};

/// The scripts of the tree by their path.
pub(crate) type Scripts<'a> = BTreeMap<&'a str, &'a Script>;

/// How deep scripts may call each other, and how many commands one step may come to.
const MAX_DEPTH: usize = 8;
const MAX_COMMANDS: usize = 2_000;

/// A call of a script that is not there, or cannot be followed.
pub(crate) struct Unresolved {
    pub(crate) location: Location,
    /// As the caller writes it.
    pub(crate) path: String,
}

/// Inlines every script that is called and is there, from a directory below the root of the tree; gives the calls of
/// those that are not.
pub(crate) fn link(
    script: &mut Script,
    directory: &str,
    scripts: &Scripts,
    runners: &[&Runner],
) -> Vec<Unresolved> {
    let mut linker = Linker {
        scripts,
        runners,
        directory: join("", directory, runners),
        unresolved: Vec::new(),
    };
    linker.list(script, None, 0);
    linker.unresolved
}

struct Linker<'a> {
    scripts: &'a Scripts<'a>,
    runners: &'a [&'a Runner],
    /// Where the shell is, from the root of the tree; `None` when the text does not tell.
    directory: Option<String>,
    unresolved: Vec<Unresolved>,
}

impl<'a> Linker<'a> {
    /// Links the flow of a script, or a part of it.
    fn list(&mut self, script: &mut Script, part: Option<Vec<Flow>>, depth: usize) -> Vec<Flow> {
        let whole = part.is_none();
        let flows = part.unwrap_or_else(|| std::mem::take(&mut script.flow));
        let linked: Vec<Flow> = flows
            .into_iter()
            .map(|flow| self.statement(flow, script, depth))
            .collect();
        if whole {
            script.flow = linked;
            return Vec::new();
        }
        linked
    }

    /// Where a chain of `&&` has entered a directory, the next statement may be there or not.
    fn statement(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Flow {
        if !matches!(flow, Flow::And(..)) {
            return self.flow(flow, script, depth);
        }
        self.perhaps(|this| this.flow(flow, script, depth))
    }

    /// What may or may not be done leaves the directory unknown when it changes it.
    fn perhaps<T>(&mut self, part: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.directory.clone();
        let done = part(self);
        if self.directory != before {
            self.directory = None;
        }
        done
    }

    /// What is done in a shell of its own leaves the directory as it was.
    fn apart<T>(&mut self, part: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.directory.clone();
        let done = part(self);
        self.directory = before;
        done
    }

    /// Parts of which not each is done, each from the same directory.
    fn either<T>(&mut self, parts: Vec<T>, each: impl Fn(&mut Self, T) -> T) -> Vec<T> {
        let before = self.directory.clone();
        let mut after = before.clone();
        let done = parts
            .into_iter()
            .map(|part| {
                self.directory.clone_from(&before);
                let done = each(self, part);
                if self.directory != before {
                    after = None;
                }
                done
            })
            .collect();
        self.directory = after;
        done
    }

    /// What is done several times, or at another time, begins nowhere that is known when it moves.
    fn again<T>(&mut self, moves: bool, part: impl FnOnce(&mut Self) -> T) -> T {
        if moves {
            self.directory = None;
        }
        self.perhaps(part)
    }

    fn or(&mut self, a: Flow, b: Flow, script: &mut Script, depth: usize) -> Flow {
        let before = self.directory.clone();
        let is_command = matches!(a, Flow::Command { .. });
        let a = self.boxed(a, script, depth);
        let entered = std::mem::replace(&mut self.directory, before.clone());
        if entered != before && !is_command {
            self.directory = None;
        }
        let leaves = matches!(b, Flow::Command { command, .. }
            if matches!(script.commands[command].effect, Effect::Exit(_) | Effect::Return(_)));
        let b = self.boxed(b, script, depth);
        self.directory = if leaves || self.directory == entered {
            entered
        } else {
            None
        };
        Flow::Or(a, b)
    }

    fn boxed(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Box<Flow> {
        Box::new(self.flow(flow, script, depth))
    }

    fn flow(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Flow {
        let part = |this: &mut Self, flows: Vec<Flow>, script: &mut Script| {
            this.list(script, Some(flows), depth)
        };
        let moves = |flows: &[Flow], script: &Script| {
            flows
                .iter()
                .flat_map(Flow::commands)
                .any(|command| script.commands[command].enters.is_some())
        };
        match flow {
            Flow::Command {
                command,
                substitutions,
            } => {
                let substitutions = substitutions.into_iter();
                let substitutions = substitutions
                    .map(|inner| self.apart(|this| part(this, inner, script)))
                    .collect();
                self.command(command, substitutions, script, depth)
            }
            Flow::Called {
                command,
                body,
                options,
                sourced: true,
            } => Flow::Called {
                command,
                body: part(self, body, script),
                options,
                sourced: true,
            },
            Flow::Called {
                command,
                body,
                options,
                sourced: false,
            } => {
                let body = self.apart(|this| part(this, body, script));
                Flow::Called {
                    command,
                    body,
                    options,
                    sourced: false,
                }
            }
            Flow::Background(inner) => {
                Flow::Background(self.apart(|this| this.boxed(*inner, script, depth)))
            }
            Flow::Pipeline(stages) => {
                let stages = stages.into_iter();
                Flow::Pipeline(
                    stages
                        .map(|stage| self.apart(|this| this.flow(stage, script, depth)))
                        .collect(),
                )
            }
            Flow::And(a, b) => {
                let a = self.boxed(*a, script, depth);
                Flow::And(a, self.boxed(*b, script, depth))
            }
            Flow::Or(a, b) => self.or(*a, *b, script, depth),
            Flow::Not(inner) => Flow::Not(self.boxed(*inner, script, depth)),
            Flow::Group(inner) => Flow::Group(part(self, inner, script)),
            Flow::Subshell(inner) => Flow::Subshell(self.apart(|this| part(this, inner, script))),
            Flow::If {
                branches,
                otherwise,
            } => self.branches(branches, otherwise, script, depth),
            Flow::While {
                until,
                condition,
                body,
            } => {
                let moves = moves(&condition, script) || moves(&body, script);
                self.again(moves, |this| {
                    let condition = part(this, condition, script);
                    Flow::While {
                        until,
                        condition,
                        body: part(this, body, script),
                    }
                })
            }
            Flow::For { certain, body, at } => {
                let body = self.again(moves(&body, script), |this| part(this, body, script));
                Flow::For { certain, body, at }
            }
            Flow::Case { arms, at } => {
                let script = std::cell::RefCell::new(script);
                let each = |this: &mut Self, (all, body)| {
                    (all, part(this, body, &mut script.borrow_mut()))
                };
                Flow::Case {
                    arms: self.either(arms, each),
                    at,
                }
            }
            Flow::Function { name, body } => {
                let wanders = script
                    .commands
                    .iter()
                    .any(|command| command.enters.is_some());
                let body = self.again(wanders, |this| this.boxed(*body, script, depth));
                Flow::Function { name, body }
            }
        }
    }

    /// Each condition is asked where the ones before it left off; what follows may be at the end of any.
    fn branches(
        &mut self,
        branches: Vec<(Vec<Flow>, Vec<Flow>)>,
        otherwise: Vec<Flow>,
        script: &mut Script,
        depth: usize,
    ) -> Flow {
        let all = branches
            .into_iter()
            .chain([(Vec::new(), otherwise)])
            .collect();
        let script = std::cell::RefCell::new(script);
        let mut all = self.either(all, |this, (condition, body)| {
            let script = &mut script.borrow_mut();
            let condition = this.list(script, Some(condition), depth);
            (condition, this.list(script, Some(body), depth))
        });
        let (_, otherwise) = all.pop().expect("each part that goes in comes out");
        Flow::If {
            branches: all,
            otherwise,
        }
    }

    fn command(
        &mut self,
        command: usize,
        substitutions: Vec<Vec<Flow>>,
        script: &mut Script,
        depth: usize,
    ) -> Flow {
        let Effect::Script {
            path,
            errexit,
            sourced,
        } = script.commands[command].effect.clone()
        else {
            self.enter(script.commands[command].enters.as_ref());
            return Flow::Command {
                command,
                substitutions,
            };
        };
        let found = self.find_script(&path);
        let fits = depth < MAX_DEPTH
            && found
                .is_some_and(|found| script.commands.len() + found.commands.len() <= MAX_COMMANDS);
        let Some(found) = found.filter(|_| fits) else {
            self.unresolved.push(Unresolved {
                location: script.commands[command].location.clone(),
                path,
            });
            return Flow::Command {
                command,
                substitutions,
            };
        };
        let first = script.commands.len();
        script.commands.extend(found.commands.iter().cloned());
        script.unread.extend(found.unread.iter().cloned());
        script.add_stores(&found.stores);
        script.startup = script.startup.take().or_else(|| found.startup.clone());
        let body: Vec<Flow> = found.flow.iter().map(|flow| moved(flow, first)).collect();
        let options = Options {
            errexit: errexit || found.options.errexit,
            ..found.options
        };
        let body = if sourced {
            self.list(script, Some(body), depth + 1)
        } else {
            self.apart(|this| this.list(script, Some(body), depth + 1))
        };
        Flow::Called {
            command,
            body,
            options,
            sourced,
        }
    }

    /// The script of a path as it is written, where the shell is.
    fn find_script(&self, path: &str) -> Option<&'a Script> {
        let found = match below_root(path, self.runners) {
            Some(below) => join("", below, self.runners),
            None => join(self.directory.as_deref()?, path, self.runners),
        };
        self.scripts.get(found?.as_str()).copied()
    }

    fn enter(&mut self, entered: Option<&Enters>) {
        let Some(entered) = entered else { return };
        self.directory = match (entered, self.directory.as_deref()) {
            (Enters::Root, _) => Some(String::new()),
            (Enters::Below(path), Some(directory)) => join(directory, path, self.runners),
            (Enters::Below(_), None) | (Enters::Unknown, _) => None,
        };
    }
}

/// The path below the root of the tree; `None` when it leaves the tree or is not stated.
fn join(directory: &str, path: &str, runners: &[&Runner]) -> Option<String> {
    let path = below_root(path, runners).unwrap_or(path);
    if path.starts_with('/') || path.contains('$') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The same flow over commands that stand further on.
fn moved(flow: &Flow, by: usize) -> Flow {
    let list = |flows: &[Flow]| -> Vec<Flow> { flows.iter().map(|flow| moved(flow, by)).collect() };
    let boxed = |flow: &Flow| Box::new(moved(flow, by));
    match flow {
        Flow::Command {
            command,
            substitutions,
        } => Flow::Command {
            command: command + by,
            substitutions: substitutions.iter().map(|inner| list(inner)).collect(),
        },
        Flow::Called {
            command,
            body,
            options,
            sourced,
        } => Flow::Called {
            command: command + by,
            body: list(body),
            options: *options,
            sourced: *sourced,
        },
        Flow::Background(inner) => Flow::Background(boxed(inner)),
        Flow::Pipeline(stages) => Flow::Pipeline(list(stages)),
        Flow::And(a, b) => Flow::And(boxed(a), boxed(b)),
        Flow::Or(a, b) => Flow::Or(boxed(a), boxed(b)),
        Flow::Not(inner) => Flow::Not(boxed(inner)),
        Flow::Group(inner) => Flow::Group(list(inner)),
        Flow::Subshell(inner) => Flow::Subshell(list(inner)),
        Flow::If {
            branches,
            otherwise,
        } => Flow::If {
            branches: branches
                .iter()
                .map(|(condition, body)| (list(condition), list(body)))
                .collect(),
            otherwise: list(otherwise),
        },
        Flow::While {
            until,
            condition,
            body,
        } => Flow::While {
            until: *until,
            condition: list(condition),
            body: list(body),
        },
        Flow::For { certain, body, at } => Flow::For {
            certain: *certain,
            body: list(body),
            at: at.clone(),
        },
        Flow::Case { arms, at } => Flow::Case {
            arms: arms.iter().map(|(all, body)| (*all, list(body))).collect(),
            at: at.clone(),
        },
        Flow::Function { name, body } => Flow::Function {
            name: name.clone(),
            body: boxed(body),
        },
    }
}
