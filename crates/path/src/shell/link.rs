//! Puts the scripts of the tree in the place of the commands that call them.

use std::collections::BTreeMap;

use plimsoll_model::Location;

use super::directory::below_root;
use super::{Effect, Enters, Flow, Runner, Script};

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
    let flow = std::mem::take(&mut script.flow);
    script.flow = linker.link_list(flow, script, 0);
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
    /// Links statements of a script in their order.
    fn link_list(&mut self, flows: Vec<Flow>, script: &mut Script, depth: usize) -> Vec<Flow> {
        let flows = flows.into_iter();
        flows
            .map(|flow| self.link_statement(flow, script, depth))
            .collect()
    }

    /// Where a chain of `&&` has entered a directory, the next statement may be there or not.
    fn link_statement(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Flow {
        if !matches!(flow, Flow::And(..)) {
            return self.link_flow(flow, script, depth);
        }
        self.perhaps(|this| this.link_flow(flow, script, depth))
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
    fn either<T>(&mut self, parts: Vec<T>, mut each: impl FnMut(&mut Self, T) -> T) -> Vec<T> {
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

    fn link_or(&mut self, a: Flow, b: Flow, script: &mut Script, depth: usize) -> Flow {
        let before = self.directory.clone();
        let is_command = matches!(a, Flow::Command { .. });
        let a = self.link_boxed(a, script, depth);
        let entered = std::mem::replace(&mut self.directory, before.clone());
        if entered != before && !is_command {
            self.directory = None;
        }
        let leaves = matches!(b, Flow::Command { command, .. }
            if matches!(script.commands[command].effect, Effect::Exit(_) | Effect::Return(_)));
        let b = self.link_boxed(b, script, depth);
        self.directory = if leaves || self.directory == entered {
            entered
        } else {
            None
        };
        Flow::Or(a, b)
    }

    fn link_boxed(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Box<Flow> {
        Box::new(self.link_flow(flow, script, depth))
    }

    fn link_flow(&mut self, flow: Flow, script: &mut Script, depth: usize) -> Flow {
        match flow {
            Flow::Command {
                command,
                substitutions,
            } => {
                let substitutions = substitutions.into_iter();
                let substitutions = substitutions
                    .map(|inner| self.apart(|this| this.link_list(inner, script, depth)))
                    .collect();
                self.link_command(command, substitutions, script, depth)
            }
            Flow::Called {
                command,
                body,
                options,
                sourced: true,
            } => Flow::Called {
                command,
                body: self.link_list(body, script, depth),
                options,
                sourced: true,
            },
            Flow::Called {
                command,
                body,
                options,
                sourced: false,
            } => {
                let body = self.apart(|this| this.link_list(body, script, depth));
                Flow::Called {
                    command,
                    body,
                    options,
                    sourced: false,
                }
            }
            Flow::Background(inner) => {
                Flow::Background(self.apart(|this| this.link_boxed(*inner, script, depth)))
            }
            Flow::Pipeline(stages) => {
                let stages = stages.into_iter();
                Flow::Pipeline(
                    stages
                        .map(|stage| self.apart(|this| this.link_flow(stage, script, depth)))
                        .collect(),
                )
            }
            Flow::And(a, b) => {
                let a = self.link_boxed(*a, script, depth);
                Flow::And(a, self.link_boxed(*b, script, depth))
            }
            Flow::Or(a, b) => self.link_or(*a, *b, script, depth),
            Flow::Not(inner) => Flow::Not(self.link_boxed(*inner, script, depth)),
            Flow::Group(inner) => Flow::Group(self.link_list(inner, script, depth)),
            Flow::Subshell(inner) => {
                Flow::Subshell(self.apart(|this| this.link_list(inner, script, depth)))
            }
            Flow::If {
                branches,
                otherwise,
            } => self.link_branches(branches, otherwise, script, depth),
            Flow::While {
                until,
                condition,
                body,
            } => {
                let moves = moves(&condition, script) || moves(&body, script);
                self.again(moves, |this| {
                    let condition = this.link_list(condition, script, depth);
                    Flow::While {
                        until,
                        condition,
                        body: this.link_list(body, script, depth),
                    }
                })
            }
            Flow::For { certain, body, at } => {
                let body = self.again(moves(&body, script), |this| {
                    this.link_list(body, script, depth)
                });
                Flow::For { certain, body, at }
            }
            Flow::Case { arms, at } => {
                let each =
                    |this: &mut Self, (all, body)| (all, this.link_list(body, script, depth));
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
                let body = self.again(wanders, |this| this.link_boxed(*body, script, depth));
                Flow::Function { name, body }
            }
        }
    }

    /// Each condition is asked where the ones before it left off; what follows may be at the end of any.
    fn link_branches(
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
        let mut all = self.either(all, |this, (condition, body)| {
            let condition = this.link_list(condition, script, depth);
            (condition, this.link_list(body, script, depth))
        });
        let (_, otherwise) = all.pop().expect("each part that goes in comes out");
        Flow::If {
            branches: all,
            otherwise,
        }
    }

    fn link_command(
        &mut self,
        command: usize,
        substitutions: Vec<Vec<Flow>>,
        script: &mut Script,
        depth: usize,
    ) -> Flow {
        let Effect::Script {
            path,
            options,
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
        script.add_notes(found);
        let body = move_all(&found.flow, first);
        let options = options.unwrap_or(found.options);
        let body = if sourced {
            self.link_list(body, script, depth + 1)
        } else {
            self.apart(|this| this.link_list(body, script, depth + 1))
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

/// Whether one of the commands changes the directory.
fn moves(flows: &[Flow], script: &Script) -> bool {
    let mut commands = flows.iter().flat_map(Flow::commands);
    commands.any(|command| script.commands[command].enters.is_some())
}

/// The same flow over commands that stand further on.
fn move_flow(flow: &Flow, by: usize) -> Flow {
    match flow {
        Flow::Command {
            command,
            substitutions,
        } => Flow::Command {
            command: command + by,
            substitutions: substitutions
                .iter()
                .map(|inner| move_all(inner, by))
                .collect(),
        },
        Flow::Called {
            command,
            body,
            options,
            sourced,
        } => Flow::Called {
            command: command + by,
            body: move_all(body, by),
            options: *options,
            sourced: *sourced,
        },
        Flow::Background(inner) => Flow::Background(move_boxed(inner, by)),
        Flow::Pipeline(stages) => Flow::Pipeline(move_all(stages, by)),
        Flow::And(a, b) => Flow::And(move_boxed(a, by), move_boxed(b, by)),
        Flow::Or(a, b) => Flow::Or(move_boxed(a, by), move_boxed(b, by)),
        Flow::Not(inner) => Flow::Not(move_boxed(inner, by)),
        Flow::Group(inner) => Flow::Group(move_all(inner, by)),
        Flow::Subshell(inner) => Flow::Subshell(move_all(inner, by)),
        Flow::If {
            branches,
            otherwise,
        } => Flow::If {
            branches: branches
                .iter()
                .map(|(condition, body)| (move_all(condition, by), move_all(body, by)))
                .collect(),
            otherwise: move_all(otherwise, by),
        },
        Flow::While {
            until,
            condition,
            body,
        } => Flow::While {
            until: *until,
            condition: move_all(condition, by),
            body: move_all(body, by),
        },
        Flow::For { certain, body, at } => Flow::For {
            certain: *certain,
            body: move_all(body, by),
            at: at.clone(),
        },
        Flow::Case { arms, at } => Flow::Case {
            arms: arms
                .iter()
                .map(|(all, body)| (*all, move_all(body, by)))
                .collect(),
            at: at.clone(),
        },
        Flow::Function { name, body } => Flow::Function {
            name: name.clone(),
            body: move_boxed(body, by),
        },
    }
}

fn move_all(flows: &[Flow], by: usize) -> Vec<Flow> {
    flows.iter().map(|flow| move_flow(flow, by)).collect()
}

fn move_boxed(flow: &Flow, by: usize) -> Box<Flow> {
    Box::new(move_flow(flow, by))
}
