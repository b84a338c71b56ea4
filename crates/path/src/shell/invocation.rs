//! How a command calls a shell: `bash -eo pipefail x.sh`, `sh -c '…'`, `bash <<EOF`.

use plimsoll_syntax::shell::Word;

use super::Options;

/// What the words of a command that calls a shell come to.
pub(super) struct Invocation<'w> {
    pub(super) options: Options,
    pub(super) runs: Runs<'w>,
}

/// What a shell is called to run.
pub(super) enum Runs<'w> {
    /// The text behind `-c`.
    Text(&'w Word),
    /// A script by its path.
    Script(&'w Word),
    /// What it is given on its input.
    Input,
    /// Nothing: with `-n` it only reads.
    Nothing,
}

/// The shell that a program's name stands for. What the tree has under such a name is none.
pub(super) fn name_shell(program: &str) -> Option<&str> {
    let (folder, name) = program.rsplit_once('/').unwrap_or(("", program));
    let of_the_tree = !folder.is_empty() && !folder.starts_with('/');
    let known = matches!(name, "bash" | "sh" | "dash" | "zsh");
    (known && !of_the_tree).then_some(name)
}

impl<'w> Invocation<'w> {
    /// Reads the words of a command, its name first; `None` when that is no shell.
    pub(super) fn read(words: &'w [Word]) -> Option<Self> {
        let (first, arguments) = words.split_first()?;
        let shell = name_shell(first.literal.as_deref()?)?;
        let mut options = Options {
            errexit: false,
            pipefail: false,
            bash: !matches!(shell, "sh" | "dash"),
        };
        let mut letters = String::new();
        let mut rest = arguments.iter();
        let operand = loop {
            let Some(word) = rest.next() else { break None };
            let option = word.literal.as_deref().unwrap_or(&word.written);
            if option.starts_with("--") {
                continue;
            }
            if !option.starts_with(['-', '+']) {
                break Some(word);
            }
            let on = option.starts_with('-');
            if on {
                letters.push_str(option);
            }
            if option.contains('e') {
                options.errexit = on;
            }
            if option.contains(['o', 'O']) {
                match rest.next().and_then(|name| name.literal.as_deref()) {
                    Some("noexec") if on => letters.push('n'),
                    name => set_named(&mut options, name, on),
                }
            }
        };
        let runs = find_what_runs(&letters, operand);
        Some(Self { options, runs })
    }
}

/// Sets what `-o NAME` or `+o NAME` names, as far as it decides what a failure does.
fn set_named(options: &mut Options, name: Option<&str>, on: bool) {
    match name {
        Some("pipefail") => options.pipefail = on,
        Some("errexit") => options.errexit = on,
        Some(_) | None => {}
    }
}

/// What runs with these letters of options and the first word behind them.
fn find_what_runs<'w>(letters: &str, operand: Option<&'w Word>) -> Runs<'w> {
    match operand {
        _ if letters.contains('n') => Runs::Nothing,
        Some(word) if letters.contains('c') => Runs::Text(word),
        Some(word) if !letters.contains('s') => Runs::Script(word),
        Some(_) | None => Runs::Input,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::shell::{self, Kind};

    use super::{Invocation, Runs};

    /// What a call runs, with the options that it sets.
    fn shown(text: &str) -> String {
        let script = shell::parse(text).unwrap();
        let Kind::Command(command) = &script.statements[0].kind else {
            return "no command".to_owned();
        };
        let Some(call) = Invocation::read(&command.words) else {
            return "no shell".to_owned();
        };
        let runs = match call.runs {
            Runs::Text(word) => format!("text {}", word.written),
            Runs::Script(word) => format!("script {}", word.written),
            Runs::Input => "input".to_owned(),
            Runs::Nothing => "nothing".to_owned(),
        };
        let set = [
            (call.options.errexit, " errexit"),
            (call.options.pipefail, " pipefail"),
            (call.options.bash, " bash"),
        ];
        let set: String = set
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, it)| *it)
            .collect();
        runs + &set
    }

    #[test]
    fn options_stand_before_what_is_run() {
        for (text, expected) in [
            ("bash x.sh", "script x.sh bash"),
            ("bash x.sh -e -c y", "script x.sh bash"),
            ("sh -e x.sh", "script x.sh errexit"),
            (
                "bash -euo pipefail x.sh",
                "script x.sh errexit pipefail bash",
            ),
            (
                "bash -euo pipefail -c 'a'",
                "text 'a' errexit pipefail bash",
            ),
            ("bash --noprofile --norc -c 'a'", "text 'a' bash"),
            ("bash -o errexit +e -c 'a' pipefail", "text 'a' bash"),
            ("/bin/sh -c 'a'", "text 'a'"),
            ("bash -s x", "input bash"),
            ("bash --version", "input bash"),
            ("bash -n x.sh", "nothing bash"),
            ("bash -o noexec x.sh", "nothing bash"),
            ("./bash x.sh", "no shell"),
            ("python x.sh", "no shell"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
