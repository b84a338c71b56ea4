//! Scripts over all runs at once: which commands are executed and whether the script fails, by the
//! rules of `set -e`, pipelines, lists and subshells (POSIX.1-2024, Shell Command Language §2.8).

use std::collections::HashMap;

use super::{Command, Effect, ExitStatus, Flow, Options, Script, Trap};
use crate::CommandRef;
use crate::choices::Choices;
use crate::diagram::{Diagram, Guard};

/// How many commands one step may execute, functions and scripts again for each call.
const MAX_EXECUTIONS: usize = 4_000;

mod function;

/// A shell at one moment, over all runs.
#[derive(Clone, Copy)]
struct Shell {
    /// The runs in which it goes on.
    alive: Guard,
    /// The runs in which the last status is a failure.
    failed: Guard,
    errexit: Guard,
    pipefail: Guard,
    /// The runs in which a handler turns a failure that ends the shell into a success.
    trapped: Guard,
    bash: bool,
}

impl Shell {
    fn new(alive: Guard, options: Options) -> Self {
        let guard = |on| if on { Guard::ALWAYS } else { Guard::NEVER };
        Self {
            alive,
            failed: Guard::NEVER,
            errexit: guard(options.errexit),
            pipefail: guard(options.pipefail),
            trapped: Guard::NEVER,
            bash: options.bash,
        }
    }
}

/// The functions by name, each with the runs in which it is the one that a call runs.
type Functions<'s> = HashMap<&'s str, Vec<(Guard, &'s Flow)>>;

/// Where a script is executed: the step that it is of, and the runs that there are.
pub(crate) struct Stage<'r> {
    pub(crate) diagram: &'r mut Diagram,
    pub(crate) choices: &'r mut Choices,
    pub(crate) job: &'r str,
    pub(crate) step: usize,
}

/// One execution of a command.
pub(crate) struct Execution {
    pub(crate) command: usize,
    pub(crate) executed: Guard,
    pub(crate) failed: Guard,
}

/// A script being executed.
struct Performance<'r, 's> {
    stage: Stage<'r>,
    script: &'s Script,
    executions: Vec<Execution>,
    functions: Functions<'s>,
    calls: usize,
    /// How often each command was executed so far.
    times: HashMap<usize, usize>,
    /// The runs that left the innermost loop, and the innermost function.
    broken: Guard,
    returned: Guard,
}

/// Executes a script in the runs `alive`: its commands in order, and the runs in which it fails.
pub(crate) fn perform(stage: Stage, script: &Script, alive: Guard) -> (Vec<Execution>, Guard) {
    let mut performance = Performance {
        stage,
        script,
        executions: Vec::new(),
        functions: HashMap::new(),
        calls: 0,
        times: HashMap::new(),
        broken: Guard::NEVER,
        returned: Guard::NEVER,
    };
    let mut shell = Shell::new(alive, script.options);
    performance.run_list(&script.flow, &mut shell, false);
    let diagram = performance.diagram();
    let failed = diagram.without(shell.failed, shell.trapped);
    let failed = diagram.and(alive, failed);
    (performance.executions, failed)
}

impl<'s> Performance<'_, 's> {
    fn diagram(&mut self) -> &mut Diagram {
        self.stage.diagram
    }

    fn run_list(&mut self, flows: &'s [Flow], shell: &mut Shell, ignored: bool) {
        for flow in flows {
            self.run_flow(flow, shell, ignored);
        }
    }

    /// Executes one statement; `ignored` where a failure does not end the shell (conditions, the
    /// left side of a list, behind `!`).
    fn run_flow(&mut self, flow: &'s Flow, shell: &mut Shell, ignored: bool) {
        match flow {
            Flow::Command {
                command,
                substitutions,
            } => self.run_command(*command, substitutions, shell, ignored),
            Flow::Called {
                command,
                body,
                options,
                sourced,
            } => {
                self.run_script(*command, body, *options, *sourced, shell, ignored);
            }
            Flow::Background(inner) => {
                self.apart(shell, |this, apart| this.run_flow(inner, apart, false));
                self.end(Guard::NEVER, shell, true);
            }
            Flow::Pipeline(stages) => self.run_pipeline(stages, shell, ignored),
            Flow::And(a, b) => self.run_both(a, b, false, shell, ignored),
            Flow::Or(a, b) => self.run_both(a, b, true, shell, ignored),
            Flow::Not(inner) => {
                self.run_flow(inner, shell, true);
                let turned = self.diagram().not(shell.failed);
                self.end(turned, shell, true);
            }
            Flow::Group(inner) => self.run_list(inner, shell, ignored),
            Flow::Subshell(inner) => {
                let failed = self.apart(shell, |this, apart| this.run_list(inner, apart, ignored));
                self.end(failed, shell, ignored);
            }
            Flow::If {
                branches,
                otherwise,
            } => self.run_branches(branches, otherwise, shell, ignored),
            Flow::While {
                until,
                condition,
                body,
            } => {
                self.run_list(condition, shell, true);
                let met = if *until {
                    shell.failed
                } else {
                    self.diagram().not(shell.failed)
                };
                let enters = self.diagram().and(shell.alive, met);
                self.run_body(body, enters, shell, ignored);
            }
            Flow::For { certain, body, at } => {
                let runs = if *certain {
                    Guard::ALWAYS
                } else {
                    self.ask_unknown(&format!("loop at {at} runs"), true)
                };
                let enters = self.diagram().and(shell.alive, runs);
                self.run_body(body, enters, shell, ignored);
            }
            Flow::Case { arms, at } => self.run_arms(arms, &at.to_string(), shell, ignored),
            Flow::Function { name, body } => {
                self.define(name, body, shell.alive);
                self.end(Guard::NEVER, shell, true);
            }
        }
    }

    /// `a && b`, or `a || b`, which goes on when `a` has failed.
    fn run_both(
        &mut self,
        a: &'s Flow,
        b: &'s Flow,
        when_failed: bool,
        shell: &mut Shell,
        ignored: bool,
    ) {
        self.run_flow(a, shell, true);
        let failed = shell.failed;
        let goes_on = if when_failed {
            self.diagram().and(shell.alive, failed)
        } else {
            self.diagram().without(shell.alive, failed)
        };
        self.within(goes_on, shell, |this, shell| {
            this.run_flow(b, shell, ignored)
        });
    }

    /// Does something in a shell of its own, and gives the runs in which that fails.
    fn apart(&mut self, shell: &Shell, does: impl FnOnce(&mut Self, &mut Shell)) -> Guard {
        let functions = self.functions.clone();
        let mut apart = Shell {
            trapped: Guard::NEVER,
            ..*shell
        };
        does(self, &mut apart);
        self.functions = functions;
        self.diagram().without(apart.failed, apart.trapped)
    }

    /// Does something in some of the runs in which the shell is alive; the others pass by.
    fn within(&mut self, runs: Guard, shell: &mut Shell, does: impl FnOnce(&mut Self, &mut Shell)) {
        let before = shell.alive;
        shell.alive = runs;
        does(self, shell);
        let passed = self.diagram().without(before, runs);
        shell.alive = self.diagram().or(shell.alive, passed);
    }

    /// Sets the status; a failure that is not ignored ends a shell with `-e`.
    fn end(&mut self, fails: Guard, shell: &mut Shell, ignored: bool) {
        shell.failed = self.diagram().either(shell.alive, fails, shell.failed);
        if !ignored {
            let dies = self.diagram().and(shell.errexit, fails);
            shell.alive = self.diagram().without(shell.alive, dies);
        }
    }

    fn ask_unknown(&mut self, text: &str, plainly: bool) -> Guard {
        self.stage
            .choices
            .unknown(self.stage.diagram, text, plainly)
    }

    /// The runs in which a command fails; each time that a function or a script is run again it may end
    /// otherwise.
    fn ask_failure(&mut self, command: usize) -> Guard {
        let times = self.times.get(&command).copied().unwrap_or_default();
        let name = CommandRef {
            job: self.stage.job.to_owned(),
            step: self.stage.step,
            command,
        };
        if times == 0 {
            return self.stage.choices.fails(self.stage.diagram, name);
        }
        let label = &self.script.commands[command].label;
        let text = format!("{label} ({name}) fails when it runs again, {times}");
        self.ask_unknown(&text, false)
    }

    fn record(&mut self, command: usize, alive: Guard, fails: Guard) {
        *self.times.entry(command).or_default() += 1;
        if self.executions.len() >= MAX_EXECUTIONS {
            self.diagram().give_up();
            return;
        }
        let failed = self.diagram().and(alive, fails);
        self.executions.push(Execution {
            command,
            executed: alive,
            failed,
        });
    }

    fn run_command(
        &mut self,
        at: usize,
        substitutions: &'s [Vec<Flow>],
        shell: &mut Shell,
        ignored: bool,
    ) {
        let mut substituted = Guard::NEVER;
        for inner in substitutions {
            let errexit = if shell.bash {
                Guard::NEVER
            } else {
                shell.errexit
            };
            let within = Shell {
                errexit,
                failed: Guard::NEVER,
                ..*shell
            };
            substituted = self.apart(&within, |this, apart| this.run_list(inner, apart, ignored));
        }
        let calls = self.call_functions(at, shell, ignored);
        shell.alive = calls.own;
        if !calls.own.is_never() || calls.done.is_never() {
            self.run_alone(at, substituted, shell, ignored);
        }
        shell.alive = self.diagram().or(calls.done, shell.alive);
    }

    /// A command that is no function.
    fn run_alone(&mut self, at: usize, substituted: Guard, shell: &mut Shell, ignored: bool) {
        let script: &'s Script = self.script;
        let command = &script.commands[at];
        match &command.effect {
            Effect::Succeeds => {
                self.record(at, shell.alive, Guard::NEVER);
                self.end(Guard::NEVER, shell, ignored);
            }
            Effect::Fails => self.run_simply(at, command, Guard::ALWAYS, shell, ignored),
            Effect::Substituted => {
                self.record(at, shell.alive, Guard::NEVER);
                self.end(substituted, shell, ignored);
            }
            Effect::MayFail | Effect::Script { .. } | Effect::Named(_) => {
                let fails = self.ask_failure(at);
                self.run_simply(at, command, fails, shell, ignored);
            }
            Effect::Trap(trap) => {
                self.record(at, shell.alive, Guard::NEVER);
                let swallows = match trap {
                    Trap::Off => false,
                    Trap::Swallows => true,
                    Trap::Calls(name) => self.exits_zero(name),
                };
                shell.trapped = self.change_option(Some(swallows), shell.trapped, shell.alive);
                self.end(Guard::NEVER, shell, ignored);
            }
            Effect::Set { errexit, pipefail } => {
                self.record(at, shell.alive, Guard::NEVER);
                shell.errexit = self.change_option(*errexit, shell.errexit, shell.alive);
                shell.pipefail = self.change_option(*pipefail, shell.pipefail, shell.alive);
                self.end(Guard::NEVER, shell, ignored);
            }
            Effect::Exit(status) => {
                self.leave(at, *status, shell);
                shell.alive = Guard::NEVER;
            }
            Effect::Return(status) => {
                self.leave(at, *status, shell);
                self.returned = self.stage.diagram.or(self.returned, shell.alive);
                shell.alive = Guard::NEVER;
            }
            Effect::Break => {
                self.record(at, shell.alive, Guard::NEVER);
                self.end(Guard::NEVER, shell, true);
                self.broken = self.stage.diagram.or(self.broken, shell.alive);
                shell.alive = Guard::NEVER;
            }
        }
        if command.replaces() {
            shell.alive = Guard::NEVER;
        }
    }

    fn run_simply(
        &mut self,
        at: usize,
        command: &Command,
        fails: Guard,
        shell: &mut Shell,
        ignored: bool,
    ) {
        self.record(at, shell.alive, fails);
        self.end(
            if command.exits_zero {
                Guard::NEVER
            } else {
                fails
            },
            shell,
            ignored,
        );
    }

    fn change_option(&mut self, change: Option<bool>, now: Guard, alive: Guard) -> Guard {
        match change {
            Some(true) => self.diagram().or(now, alive),
            Some(false) => self.diagram().without(now, alive),
            None => now,
        }
    }

    fn leave(&mut self, at: usize, status: ExitStatus, shell: &mut Shell) {
        self.record(at, shell.alive, Guard::NEVER);
        let fails = match status {
            ExitStatus::Last => shell.failed,
            ExitStatus::Zero => Guard::NEVER,
            ExitStatus::NonZero => Guard::ALWAYS,
            ExitStatus::Unknown => self.ask_failure(at),
        };
        self.end(fails, shell, true);
    }

    fn run_script(
        &mut self,
        at: usize,
        body: &'s [Flow],
        options: Options,
        sourced: bool,
        shell: &mut Shell,
        ignored: bool,
    ) {
        if sourced {
            self.record(at, shell.alive, Guard::NEVER);
            self.run_list(body, shell, ignored);
            return;
        }
        let functions = std::mem::take(&mut self.functions);
        let mut apart = Shell::new(shell.alive, options);
        self.run_list(body, &mut apart, false);
        self.functions = functions;
        let failed = self.diagram().without(apart.failed, apart.trapped);
        self.record(at, shell.alive, failed);
        self.end(failed, shell, ignored);
    }

    fn run_pipeline(&mut self, stages: &'s [Flow], shell: &mut Shell, ignored: bool) {
        let (mut any, mut last) = (Guard::NEVER, Guard::NEVER);
        for stage in stages {
            last = self.apart(shell, |this, apart| this.run_flow(stage, apart, ignored));
            any = self.diagram().or(any, last);
        }
        let fails = self.diagram().either(shell.pipefail, any, last);
        self.end(fails, shell, ignored);
    }

    fn run_branches(
        &mut self,
        branches: &'s [(Vec<Flow>, Vec<Flow>)],
        otherwise: &'s [Flow],
        shell: &mut Shell,
        ignored: bool,
    ) {
        let Some(((condition, body), rest)) = branches.split_first() else {
            // Without a branch that is taken the whole has succeeded.
            self.end(Guard::NEVER, shell, true);
            self.run_list(otherwise, shell, ignored);
            return;
        };
        self.run_list(condition, shell, true);
        let taken = self.diagram().without(shell.alive, shell.failed);
        let left = self.diagram().and(shell.alive, shell.failed);
        shell.alive = taken;
        self.run_list(body, shell, ignored);
        let done = shell.alive;
        shell.alive = left;
        self.run_branches(rest, otherwise, shell, ignored);
        shell.alive = self.diagram().or(shell.alive, done);
    }

    /// A loop's body, once; a loop that is not entered has succeeded.
    fn run_body(&mut self, body: &'s [Flow], enters: Guard, shell: &mut Shell, ignored: bool) {
        self.end(Guard::NEVER, shell, true);
        let outer = std::mem::replace(&mut self.broken, Guard::NEVER);
        self.within(enters, shell, |this, shell| {
            this.run_list(body, shell, ignored)
        });
        let broken = std::mem::replace(&mut self.broken, outer);
        shell.alive = self.diagram().or(shell.alive, broken);
    }

    fn run_arms(
        &mut self,
        arms: &'s [(bool, Vec<Flow>)],
        at: &str,
        shell: &mut Shell,
        ignored: bool,
    ) {
        self.end(Guard::NEVER, shell, true);
        let mut left = shell.alive;
        let mut done = Guard::NEVER;
        for (number, (all, body)) in arms.iter().enumerate() {
            let fits = if *all {
                Guard::ALWAYS
            } else {
                self.ask_unknown(&format!("case at {at} takes arm {number}"), false)
            };
            shell.alive = self.diagram().and(left, fits);
            left = self.diagram().without(left, fits);
            self.run_list(body, shell, ignored);
            done = self.diagram().or(done, shell.alive);
        }
        shell.alive = self.diagram().or(left, done);
    }
}
