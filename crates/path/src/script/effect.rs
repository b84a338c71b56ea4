//! What single commands do to the shell they run in, by their name.

use plimsoll_syntax::shell::{Command, Redirection, Word};

use super::{Effect, ExitStatus};

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
    let Some(name) = first.literal.as_deref() else { return Effect::MayFail };
    let argument = command.words.get(1);
    match name {
        "echo" | "printf" | "true" | ":" | "cd" | "mkdir" | "export" => Effect::Succeeds,
        "false" => Effect::Fails,
        "set" => options(&command.words[1..]),
        "exit" => Effect::Exit(status(argument)),
        "return" => Effect::Return(status(argument)),
        "break" | "continue" => Effect::Break,
        "source" | "." => called(argument.and_then(|word| word.literal.as_deref()), false, true),
        "bash" | "sh" | "dash" | "zsh" => interpreted(&command.words[1..]),
        _ if is_script(name) => called(Some(name), false, false),
        _ => Effect::Named(name.to_owned()),
    }
}

/// Whether the command only shows text to people: no file, no pipe of the runner's own is written.
pub(super) fn prints(command: &Command) -> bool {
    let name = command.words.first().and_then(|word| word.literal.as_deref());
    let to_file = command.redirections.iter().any(|redirection| match redirection {
        Redirection::File { operator, target } => {
            let stream = target.as_ref().and_then(|word| word.literal.as_deref());
            operator.contains('>')
                && !matches!(stream, Some("1" | "2" | "/dev/stdout" | "/dev/stderr" | "/dev/null"))
        }
        Redirection::Here(_) | Redirection::HereString(_) => false,
    });
    matches!(name, Some("echo" | "printf" | "true" | ":" | "sleep"))
        && !to_file
        && command.substitutions.is_empty()
}

fn is_script(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "sh" || extension == "bash")
}

fn called(path: Option<&str>, errexit: bool, sourced: bool) -> Effect {
    match path {
        Some(path) if is_script(path) => Effect::Script { path: path.to_owned(), errexit, sourced },
        Some(_) | None => Effect::MayFail,
    }
}

/// `bash -e x.sh`: the script is the first word that is no option.
fn interpreted(arguments: &[Word]) -> Effect {
    let mut errexit = false;
    for word in arguments {
        match word.literal.as_deref() {
            Some(option) if option.starts_with("--") => {}
            Some(option) if option.starts_with('-') && !option.contains(['c', 'o', 's']) => {
                errexit |= option.contains('e');
            }
            path => return called(path, errexit, false),
        }
    }
    Effect::MayFail
}

fn status(argument: Option<&Word>) -> ExitStatus {
    let Some(word) = argument else { return ExitStatus::Last };
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
        let Some(option) = word else { continue };
        let on = match option.chars().next() {
            Some('-') => true,
            Some('+') => false,
            _ => continue,
        };
        if option.contains('e') {
            errexit = Some(on);
        }
        if option.contains('o') {
            match words.next().flatten() {
                Some("pipefail") => pipefail = Some(on),
                Some("errexit") => errexit = Some(on),
                Some(_) | None => {}
            }
        }
    }
    Effect::Set { errexit, pipefail }
}
