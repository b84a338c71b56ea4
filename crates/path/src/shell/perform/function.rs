//! Functions of a script: which runs know which, and what a call does.

use super::{Performance, Shell};
use crate::diagram::Guard;
use crate::shell::{Effect, ExitStatus, Flow};

/// How deep functions may call each other; a deeper call is a command that may fail.
const MAX_CALLS: usize = 16;

impl<'s> Performance<'_, 's> {
    pub(super) fn define(&mut self, name: &'s str, body: &'s Flow, alive: Guard) {
        let mut known = self.functions.remove(name).unwrap_or_default();
        for (runs, _) in &mut known {
            *runs = self.diagram().without(*runs, alive);
        }
        known.retain(|(runs, _)| !runs.is_never());
        known.push((alive, body));
        self.functions.insert(name, known);
    }

    /// Executes a command as the functions that have its name, and gives the runs in which none has.
    pub(super) fn call_functions(&mut self, at: usize, shell: &mut Shell, ignored: bool) -> Calls {
        let name = self.script.commands[at].program.as_deref();
        let known = name
            .and_then(|name| self.functions.get(name))
            .filter(|_| self.calls < MAX_CALLS)
            .cloned();
        let (mut own, mut done) = (shell.alive, Guard::NEVER);
        for (runs, body) in known.into_iter().flatten() {
            let runs = self.diagram().and(own, runs);
            if runs.is_never() {
                continue;
            }
            own = self.diagram().without(own, runs);
            shell.alive = runs;
            self.run_function(at, body, shell, ignored);
            done = self.diagram().or(done, shell.alive);
        }
        Calls { own, done }
    }

    fn run_function(&mut self, at: usize, body: &'s Flow, shell: &mut Shell, ignored: bool) {
        let outer = std::mem::replace(&mut self.returned, Guard::NEVER);
        self.calls += 1;
        // A function that has the name of a check is none, so that the check did not pass.
        let is_gate = self.script.commands[at]
            .capabilities
            .iter()
            .any(|each| each.is_gate());
        self.record(
            at,
            shell.alive,
            if is_gate { Guard::ALWAYS } else { Guard::NEVER },
        );
        if self.diagram().overflowed() {
            return;
        }
        self.run_flow(body, shell, ignored);
        self.calls -= 1;
        let returned = std::mem::replace(&mut self.returned, outer);
        let alive = self.diagram().or(shell.alive, returned);
        // A function that returned a failure fails like a command.
        let dies = if ignored {
            Guard::NEVER
        } else {
            self.find_failing(returned, shell)
        };
        shell.alive = self.diagram().without(alive, dies);
    }

    fn find_failing(&mut self, runs: Guard, shell: &Shell) -> Guard {
        let failed = self.diagram().and(runs, shell.failed);
        self.diagram().and(failed, shell.errexit)
    }

    /// Whether a function may end the script with success.
    pub(super) fn exits_zero(&self, name: &str) -> bool {
        let bodies = self.functions.get(name).into_iter().flatten();
        let commands = bodies.flat_map(|(_, body)| body.commands());
        commands.into_iter().any(|command| {
            matches!(
                self.script.commands[command].effect,
                Effect::Exit(ExitStatus::Zero)
            )
        })
    }
}

/// How the call of a function went.
pub(super) struct Calls {
    /// The runs in which no function has the name.
    pub(super) own: Guard,
    /// The runs in which a function was executed and the shell goes on.
    pub(super) done: Guard,
}
