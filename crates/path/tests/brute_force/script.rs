//! Scripts around commands: plain, or such that a failure does not reach the step.

use std::collections::VecDeque;

use super::dice::Dice;
use super::shell::Shell;
use super::workflow::{Command, Gate, Role};

/// The table of commands that may fail.
#[derive(Default)]
pub(crate) struct Commands(Vec<Command>);

impl Commands {
    pub(crate) fn add(&mut self, text: &'static str, role: Role) -> usize {
        self.0.push(Command { text, role });
        self.0.len() - 1
    }

    pub(crate) fn into_table(self) -> Vec<Command> {
        self.0
    }
}

const QUIET: [&str; 6] = [
    "echo start",
    "true",
    ":",
    "mkdir -p out",
    "export CI=1",
    "image=shop",
];

/// A command as people write it: with a setting before it, options and redirections after it.
fn dressed(dice: &mut Dice, role: Role, text: &'static str) -> &'static str {
    let Role::Gate(gate) = role else { return text };
    let dresses = match gate {
        Gate::Test => [
            "cargo test --locked",
            "CI=1 cargo test",
            "cargo test > out.txt 2>&1",
        ],
        Gate::SecretScan => [
            "gitleaks dir . --verbose",
            "CI=1 gitleaks dir .",
            "gitleaks dir . > out.txt 2>&1",
        ],
        Gate::ImageScan => [
            "trivy image x --quiet",
            "CI=1 trivy image x",
            "trivy image x > out.txt 2>&1",
        ],
    };
    if dice.chance(25) {
        dice.pick(&dresses)
    } else {
        text
    }
}

/// A script that has these commands in this order.
pub(crate) fn generate(
    dice: &mut Dice,
    wildness: usize,
    wanted: &[(&'static str, Role)],
    commands: &mut Commands,
) -> Vec<Shell> {
    let mut script = Vec::new();
    if wanted.is_empty() || dice.chance(wildness) {
        script.push(Shell::Quiet(dice.pick(&QUIET)));
    }
    if dice.chance(wildness / 2) {
        script.push(Shell::Set(dice.pick(&[
            "+e",
            "+e",
            "-e",
            "-euo pipefail",
            "-o pipefail",
            "+o pipefail",
        ])));
    }
    if wanted.len() > 1 && dice.chance(wildness) || dice.chance(wildness / 2) {
        let mut leaves: VecDeque<_> = wanted
            .iter()
            .map(|(text, role)| commands.add(text, *role))
            .collect();
        while script.is_empty() || !leaves.is_empty() {
            script.push(tangle(dice, &mut leaves, 3));
        }
        return script;
    }
    let mut rest = wanted;
    while let [(text, role), after @ ..] = rest {
        rest = after;
        let text = dressed(dice, *role, text);
        let command = commands.add(text, *role);
        if !dice.chance(wildness * 2) {
            script.push(Shell::Run(command));
            continue;
        }
        let next = after
            .first()
            .filter(|_| dice.chance(50))
            .map(|(text, role)| {
                rest = &after[1..];
                commands.add(text, *role)
            });
        match next {
            Some(next) => joined(dice, command, next, &mut script),
            None => wrapped(dice, command, commands, &mut script),
        }
    }
    if dice.chance(wildness / 3) {
        script.push(Shell::Quiet("echo done"));
    }
    if dice.chance(wildness / 4) {
        script.push(Shell::Exit(0));
    }
    script
}

/// Any nesting there is; takes its commands from the front of `leaves`.
fn tangle(dice: &mut Dice, leaves: &mut VecDeque<usize>, depth: usize) -> Shell {
    match if depth == 0 { 0 } else { dice.below(12) } {
        1 | 2 => {
            let left = Box::new(tangle(dice, leaves, depth - 1));
            Shell::And(left, Box::new(braced(tangle(dice, leaves, depth - 1))))
        }
        3 | 4 => {
            let left = Box::new(tangle(dice, leaves, depth - 1));
            Shell::Or(left, Box::new(braced(tangle(dice, leaves, depth - 1))))
        }
        5 => Shell::Not(Box::new(braced(tangle(dice, leaves, depth - 1)))),
        6 => Shell::Group(tangles(dice, leaves, depth - 1)),
        7 => Shell::Subshell(tangles(dice, leaves, depth - 1)),
        8 => Shell::For(tangles(dice, leaves, depth - 1)),
        9 => Shell::If {
            condition: Box::new(tangle(dice, leaves, depth - 1)),
            then: tangles(dice, leaves, depth - 1),
            otherwise: if dice.chance(50) {
                tangles(dice, leaves, depth - 1)
            } else {
                Vec::new()
            },
        },
        _ => leaf(dice, leaves),
    }
}

fn leaf(dice: &mut Dice, leaves: &mut VecDeque<usize>) -> Shell {
    match dice.below(12) {
        0 => return Shell::False,
        1 => return Shell::Exit(dice.pick(&[0, 1])),
        2 => return Shell::Set(dice.pick(&["+e", "-e"])),
        _ => {}
    }
    match (leaves.pop_front(), dice.below(8)) {
        (None, _) => Shell::Quiet(dice.pick(&QUIET)),
        (Some(command), 0) => Shell::Capture(command),
        (Some(command), 1) => Shell::Swallow(dice.pick(&["echo ", "export OUT="]), command),
        (Some(command), _) => Shell::Run(command),
    }
}

fn tangles(dice: &mut Dice, leaves: &mut VecDeque<usize>, depth: usize) -> Vec<Shell> {
    (0..=dice.below(2))
        .map(|_| tangle(dice, leaves, depth))
        .collect()
}

/// In braces where the grammar would read it otherwise; of two `!` in a row `bash` makes none.
fn braced(piece: Shell) -> Shell {
    match piece {
        Shell::And(..) | Shell::Or(..) | Shell::Not(_) => Shell::Group(vec![piece]),
        _ => piece,
    }
}

/// Two commands that depend on each other.
fn joined(dice: &mut Dice, first: usize, second: usize, script: &mut Vec<Shell>) {
    let (a, b) = (Box::new(Shell::Run(first)), Box::new(Shell::Run(second)));
    let exit = || Box::new(Shell::Exit(1));
    match dice.below(11) {
        0..=2 => script.push(Shell::And(a, b)),
        3 => script.push(Shell::Or(a, b)),
        4 => script.push(Shell::If {
            condition: a,
            then: vec![*b],
            otherwise: Vec::new(),
        }),
        5 => script.push(Shell::If {
            condition: a,
            then: vec![Shell::Quiet("echo ok")],
            otherwise: vec![*b],
        }),
        6 => script.push(Shell::If {
            condition: Box::new(Shell::Not(a)),
            then: vec![*b],
            otherwise: Vec::new(),
        }),
        7 => script.extend([Shell::Or(a, exit()), *b]),
        8 => script.push(Shell::If {
            condition: Box::new(Shell::And(a, b)),
            then: vec![Shell::Quiet("echo ok")],
            otherwise: Vec::new(),
        }),
        9 => script.push(Shell::Subshell(vec![*a, *b])),
        _ => script.push(Shell::And(
            Box::new(Shell::And(a, b)),
            Box::new(Shell::Quiet("echo done")),
        )),
    }
}

/// One command in the company of quiet ones.
fn wrapped(dice: &mut Dice, command: usize, commands: &mut Commands, script: &mut Vec<Shell>) {
    let run = || Box::new(Shell::Run(command));
    let quiet = |text| Box::new(Shell::Quiet(text));
    let complain = || vec![Shell::Quiet("echo failed"), Shell::Exit(1)];
    match dice.below(23) {
        0..=2 => script.push(Shell::Or(run(), quiet("true"))),
        3 => script.push(Shell::Or(run(), quiet("echo failed"))),
        4 => script.push(Shell::Or(run(), Box::new(Shell::Exit(1)))),
        5 => script.push(Shell::Or(run(), Box::new(Shell::Group(complain())))),
        6 | 7 => script.push(Shell::Pipe(command, commands.add("tee log", Role::Other))),
        8 => script.extend([Shell::Set("+e"), *run()]),
        9 => script.extend([Shell::Set("+e"), *run(), Shell::Set("-e")]),
        10 => script.push(Shell::If {
            condition: run(),
            then: vec![Shell::Quiet("echo ok")],
            otherwise: Vec::new(),
        }),
        11 => script.push(Shell::If {
            condition: run(),
            then: vec![Shell::Quiet("echo ok")],
            otherwise: complain(),
        }),
        12 => script.push(Shell::If {
            condition: Box::new(Shell::Not(run())),
            then: complain(),
            otherwise: Vec::new(),
        }),
        13 => script.push(Shell::Not(run())),
        14 => script.push(Shell::Background(command)),
        15 => script.push(Shell::And(run(), quiet("echo ok"))),
        16 => script.push(Shell::And(quiet("echo start"), run())),
        17 => script.push(Shell::Or(run(), Box::new(Shell::False))),
        18 => script.push(Shell::Or(
            Box::new(Shell::And(run(), quiet("echo ok"))),
            quiet("echo failed"),
        )),
        19 => script.push(Shell::Or(run(), Box::new(Shell::Subshell(complain())))),
        20 => script.push(Shell::Subshell(vec![*run(), Shell::Exit(0)])),
        21 => script.push(Shell::Subshell(vec![
            Shell::Set("+e"),
            *run(),
            Shell::Quiet("echo done"),
        ])),
        _ => script.push(Shell::Group(vec![Shell::Quiet("echo start"), *run()])),
    }
}
