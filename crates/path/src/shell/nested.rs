//! Shell text that a command gives to a shell: `bash -c '…'`, `eval '…'`, `bash <<EOF`.

use plimsoll_syntax::shell::{Command, Redirection, Word};

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
    match name.rsplit('/').next()? {
        "eval" => {
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
        shell @ ("bash" | "sh" | "dash") => {
            let options = options(arguments, shell == "bash");
            let is_option =
                |word: &&Word| word.written.starts_with('-') && !word.written.starts_with("--");
            let mut flags = arguments.iter().take_while(is_option);
            let text = match flags.position(|word| word.written.contains('c')) {
                Some(at) => stated(arguments.get(at + 1)?)?,
                None => here(command, text)?,
            };
            Some(Nested {
                text,
                options,
                sourced: false,
            })
        }
        _ => None,
    }
}

fn options(arguments: &[Word], bash: bool) -> Options {
    let flag = |word: &Word| word.written.starts_with('-') && !word.written.starts_with("--");
    let errexit = arguments
        .iter()
        .take_while(|word| flag(word))
        .any(|word| word.written.contains('e'));
    let pipefail = arguments
        .iter()
        .any(|word| word.literal.as_deref() == Some("pipefail"));
    Options {
        errexit,
        pipefail,
        bash,
    }
}

/// The text of a word that is one quoted text or needs no expansion. Expansions within quotes stay as they are
/// written, so that a word of the inner text is as unknown as it is.
fn stated(word: &Word) -> Option<String> {
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
