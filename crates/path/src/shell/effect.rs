//! What single commands do to the shell they run in, by their name.

use plimsoll_syntax::shell::{Command, Redirection, Word};

use crate::recognise;

use super::invocation::{Invocation, Runs, name_shell};
use super::{Effect, ExitStatus, Options, Trap, directory};

/// The effect of a command that the table of tools does not know.
pub(super) fn of(command: &Command) -> Effect {
    let Some(first) = command.words.first() else {
        return if command.assignments.is_empty() {
            Effect::MayFail
        } else if command.substitutions.is_empty() {
            Effect::Succeeds
        } else {
            Effect::Substituted
        };
    };
    // What is behind `sudo` or `timeout 60` counts; only `time` calls functions as well.
    let wrapped = wrapped_by(&command.words);
    let words = &command.words[wrapped..];
    let is_called = wrapped == 0 || first.literal.as_deref() == Some("time");
    let Some(program) = words.first() else {
        return Effect::MayFail;
    };
    let Some(name) = program.literal.as_deref() else {
        return called_as(program, None, false);
    };
    let argument = words.get(1);
    match name {
        "echo" | "printf" | "true" | ":" | "export" => Effect::Succeeds,
        "mkdir" if argument.is_some_and(|word| word.written == "-p") => Effect::Succeeds,
        "false" => Effect::Fails,
        "set" => options(&words[1..]),
        "trap" => trap(&words[1..]),
        "exit" => Effect::Exit(status(argument)),
        "return" => Effect::Return(status(argument)),
        "break" | "continue" => Effect::Break,
        "source" | "." => argument.map_or(Effect::MayFail, sourced),
        _ if is_shell(name) => interpreted(words),
        _ if is_script(name) || is_of_the_tree(name) => called(name, None, false),
        _ if is_called => Effect::Named(name.to_owned()),
        _ => Effect::MayFail,
    }
}

/// How many words stand before the command that a wrapper runs.
pub(super) fn wrapped_by(words: &[Word]) -> usize {
    words.len() - recognise::without_wrappers(&literals(words)).len()
}

/// What each word is without its quotes, `None` for one that depends on an expansion.
pub(super) fn literals(words: &[Word]) -> Vec<Option<String>> {
    words.iter().map(|word| word.literal.clone()).collect()
}

/// `trap ACTION SIGNAL…`: whether a failure that ends the script is turned into a success by it.
fn trap(words: &[Word]) -> Effect {
    let Some((action, signals)) = without_dashes(words).split_first() else {
        return Effect::Succeeds;
    };
    if !signals.iter().any(ends_script) {
        return Effect::Succeeds;
    }
    match action.literal.as_deref() {
        Some("-") => Effect::Trap(Trap::Off),
        Some(name) if !name.contains(char::is_whitespace) && name != "exit" => {
            Effect::Trap(Trap::Calls(name.to_owned()))
        }
        Some(_) | None if ends_otherwise(&action.written) => Effect::Trap(Trap::Swallows),
        Some(_) | None => Effect::Trap(Trap::Off),
    }
}

/// The words behind `--`, which ends the options.
pub(super) fn without_dashes(words: &[Word]) -> &[Word] {
    match words.split_first() {
        Some((first, rest)) if first.literal.as_deref() == Some("--") => rest,
        _ => words,
    }
}

/// Whether a signal may be that of a script's end; letter case does not matter.
fn ends_script(signal: &Word) -> bool {
    let name = signal.literal.as_ref().map(|name| name.to_uppercase());
    matches!(
        name.as_deref(),
        Some("EXIT" | "0" | "ERR" | "SIGEXIT") | None
    )
}

/// Whether a handler ends with a status of its own that may be 0; `exit` alone and `exit $?` pass the status on.
fn ends_otherwise(handler: &str) -> bool {
    let keeps = handler.contains("=$?");
    let words: Vec<&str> = handler
        .split([' ', '\t', '\n', ';', '&', '|', '(', ')', '{', '}', '\''])
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let status = words
            .get(at + 1)
            .map_or("", |status| status.trim_matches('"'));
        word.trim_matches('"') == "exit"
            && match status {
                "" | "$?" => false,
                _ if status.starts_with('$') => !keeps,
                _ => status.parse::<i64>().is_ok_and(|status| status % 256 == 0),
            }
    })
}

/// Whether the command only shows text to people: no file, no pipe of the runner's own is written.
pub(super) fn prints(command: &Command) -> bool {
    let name = command
        .words
        .first()
        .and_then(|word| word.literal.as_deref());
    let to_file = command
        .redirections
        .iter()
        .any(|redirection| match redirection {
            Redirection::File { operator, target } => {
                let stream = target.as_ref().and_then(|word| word.literal.as_deref());
                operator.contains('>')
                    && !matches!(
                        stream,
                        Some("1" | "2" | "/dev/stdout" | "/dev/stderr" | "/dev/null")
                    )
            }
            Redirection::Here(_) | Redirection::HereString(_) => false,
        });
    matches!(
        name,
        Some("echo" | "printf" | "true" | ":" | "sleep" | "cd" | "pushd" | "popd")
    ) && !to_file
        && command.substitutions.is_empty()
}

pub(super) fn is_script(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "sh" || extension == "bash")
}

/// A path into the tree to a file without a suffix, which may be a script; what a build tool brings or
/// makes is none.
fn is_of_the_tree(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let made = |part: &&str| {
        matches!(
            *part,
            "target" | "node_modules" | "venv" | ".venv" | "build" | "dist"
        )
    };
    !parts.is_empty()
        && !parts[0].is_empty()
        && !name.contains('.')
        && !matches!(name, "" | "gradlew" | "mvnw" | "configure" | "activate")
        && !parts.iter().any(made)
}

fn called(path: &str, options: Option<Options>, sourced: bool) -> Effect {
    Effect::Script {
        path: path.to_owned(),
        options,
        sourced,
    }
}

/// A script that is named by an expansion is known by its suffix alone.
fn called_as(word: &Word, options: Option<Options>, sourced: bool) -> Effect {
    let written = directory::unquoted(&word.written);
    if is_script(written) {
        called(written, options, sourced)
    } else {
        Effect::MayFail
    }
}

fn sourced(word: &Word) -> Effect {
    match word.literal.as_deref() {
        Some(path) if is_script(path) || is_of_the_tree(path) => called(path, None, true),
        // Without a `/` it is looked for here, too.
        Some(path) if !path.contains(['/', '.', '-']) => called(path, None, true),
        Some(_) => Effect::MayFail,
        None => called_as(word, None, true),
    }
}

fn is_shell(name: &str) -> bool {
    name_shell(name).is_some()
}

/// `bash -e x.sh`: what the shell is called with counts, for which the script's first line is a comment.
fn interpreted(words: &[Word]) -> Effect {
    let Some(call) = Invocation::read(words) else {
        return Effect::MayFail;
    };
    match call.runs {
        Runs::Script(word) => match word.literal.as_deref() {
            Some(path) => called(path, Some(call.options), false),
            None => called_as(word, Some(call.options), false),
        },
        Runs::Text(_) | Runs::Input | Runs::Nothing => Effect::MayFail,
    }
}

fn status(argument: Option<&Word>) -> ExitStatus {
    let Some(word) = argument else {
        return ExitStatus::Last;
    };
    match word.literal.as_deref().map(str::parse::<u8>) {
        Some(Ok(0)) => ExitStatus::Zero,
        Some(Ok(_)) => ExitStatus::NonZero,
        Some(Err(_)) | None => ExitStatus::Unknown,
    }
}

fn options(words: &[Word]) -> Effect {
    let (mut errexit, mut pipefail) = (None, None);
    let mut words = words.iter().map(|word| word.literal.as_deref());
    while let Some(word) = words.next() {
        let Some(option) = word else {
            // What an expansion stands for may turn off both.
            (errexit, pipefail) = (Some(false), Some(false));
            continue;
        };
        let on = match option.chars().next() {
            _ if option == "--" => break,
            Some('-') => true,
            Some('+') => false,
            _ => break,
        };
        if on && option.contains('n') {
            // From here on nothing is run.
            return Effect::Exit(ExitStatus::Zero);
        }
        if option.contains('e') {
            errexit = Some(on);
        }
        if option.contains('o') {
            match words.next().flatten() {
                Some("pipefail") => pipefail = Some(on),
                Some("errexit") => errexit = Some(on),
                Some("noexec") if on => return Effect::Exit(ExitStatus::Zero),
                Some(_) | None => {}
            }
        }
    }
    Effect::Set { errexit, pipefail }
}
