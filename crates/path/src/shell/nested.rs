//! Shell text that a command gives to a shell: `bash -c '…'`, `eval '…'`, `bash <<EOF`.

use plimsoll_syntax::shell::{Command, Redirection, Word};

use super::invocation::{Invocation, Runs, name_shell};
use super::{Options, effect};

/// The text, and how it is run.
pub(super) struct Nested {
    pub(super) text: String,
    pub(super) options: Options,
    /// In the same shell.
    pub(super) sourced: bool,
}

/// What a command of the script `text` gives to a shell; `None` when it gives none, or none that is stated.
pub(super) fn of(command: &Command, text: &str) -> Option<Nested> {
    let words = &command.words[effect::wrapped_by(&command.words)..];
    let (first, arguments) = words.split_first()?;
    let name = first.literal.as_deref()?;
    if name == "eval" {
        return evaluated(arguments);
    }
    // What else zsh makes of a text is not known.
    name_shell(name).filter(|shell| *shell != "zsh")?;
    let call = Invocation::read(words)?;
    let text = match call.runs {
        Runs::Text(word) => stated(word)?,
        Runs::Input => here(command, text)?,
        Runs::Script(_) | Runs::Nothing => return None,
    };
    Some(Nested {
        text,
        options: call.options,
        sourced: false,
    })
}

fn evaluated(arguments: &[Word]) -> Option<Nested> {
    let parts: Option<Vec<String>> = arguments.iter().map(stated).collect();
    let text = parts?.join(" ");
    let options = Options {
        errexit: false,
        pipefail: false,
        bash: true,
    };
    (!text.is_empty()).then_some(Nested {
        text,
        options,
        sourced: true,
    })
}

/// The text of a word that is one quoted text or needs no expansion. Expansions within quotes stay as they are
/// written, so that a word of the inner text is as unknown as it is.
pub(super) fn stated(word: &Word) -> Option<String> {
    if let Some(literal) = &word.literal {
        return Some(literal.clone());
    }
    let inside = word.written.strip_prefix('"')?.strip_suffix('"')?;
    if inside.starts_with('$') {
        return None;
    }
    Some(
        inside
            .replace("\\\"", "\"")
            .replace("\\$", "$")
            .replace("\\\\", "\\"),
    )
}

fn here(command: &Command, text: &str) -> Option<String> {
    command
        .redirections
        .iter()
        .find_map(|redirection| match redirection {
            Redirection::Here(span) => text.get(span.start..span.end).map(str::to_owned),
            Redirection::HereString(word) => stated(word),
            Redirection::File { .. } => None,
        })
}
