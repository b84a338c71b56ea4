//! What single commands do to the shell they run in, by their name.

use plimsoll_syntax::shell::{Command, Redirection, Word};

use crate::recognise;

use super::{Effect, ExitStatus, Trap, directory};

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
        return called_as(program, false, false);
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
        "bash" | "sh" | "dash" | "zsh" => interpreted(&words[1..]),
        _ if is_script(name) || is_of_the_tree(name) => called(name, false, false),
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
    let Some((action, signals)) = words.split_first() else {
        return Effect::Succeeds;
    };
    let ends = |word: &Word| {
        matches!(
            word.literal.as_deref(),
            Some("EXIT" | "0" | "ERR" | "SIGEXIT") | None
        )
    };
    if !signals.iter().any(ends) {
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
                _ => status.parse::<u8>().is_ok_and(|status| status == 0),
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

fn is_script(name: &str) -> bool {
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

fn called(path: &str, errexit: bool, sourced: bool) -> Effect {
    Effect::Script {
        path: path.to_owned(),
        errexit,
        sourced,
    }
}

/// A script that is named by an expansion is known by its suffix alone.
fn called_as(word: &Word, errexit: bool, sourced: bool) -> Effect {
    let written = directory::unquoted(&word.written);
    if is_script(written) {
        called(written, errexit, sourced)
    } else {
        Effect::MayFail
    }
}

fn sourced(word: &Word) -> Effect {
    match word.literal.as_deref() {
        Some(path) if is_script(path) || is_of_the_tree(path) => called(path, false, true),
        // Without a `/` it is looked for here, too.
        Some(path) if !path.contains(['/', '.', '-']) => called(path, false, true),
        Some(_) => Effect::MayFail,
        None => called_as(word, false, true),
    }
}

/// `bash -e x.sh`: the script is the first word that is no option.
fn interpreted(arguments: &[Word]) -> Effect {
    let mut errexit = false;
    for word in arguments {
        match word.literal.as_deref() {
            Some(option) if option.starts_with("--") => {}
            // With `-n` it is read and not run.
            Some(option) if option.starts_with('-') && option.contains('n') => {
                return Effect::MayFail;
            }
            Some(option) if option.starts_with('-') && !option.contains(['c', 'o', 's']) => {
                errexit |= option.contains('e');
            }
            Some(path) if !path.starts_with(['-', '+']) => return called(path, errexit, false),
            Some(_) => return Effect::MayFail,
            None => return called_as(word, errexit, false),
        }
    }
    Effect::MayFail
}

fn status(argument: Option<&Word>) -> ExitStatus {
    let Some(word) = argument else {
        return ExitStatus::Last;
    };
    match word.literal.as_deref() {
        Some("0") => ExitStatus::Zero,
        Some(text) if text.parse::<u8>().is_ok() => ExitStatus::NonZero,
        Some(_) | None => ExitStatus::Unknown,
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
