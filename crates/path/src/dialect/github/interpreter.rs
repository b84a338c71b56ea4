//! The shell that a step's script runs in, by `shell:` and by what the job runs on.

use plimsoll_syntax::{Node, Value as Yaml};

use crate::shell::{Effect, Flow, Options, Script};

/// The shell of a Windows runner, where a step names none.
pub(super) const POWERSHELL: &str = "pwsh";

/// Whether a job runs on Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Windows {
    Never,
    /// In some legs of its matrix, or as an expression has it.
    Perhaps,
    Always,
}

/// What `runs-on` of a job says; an expression is looked up in the matrix and may else be anything.
pub(super) fn windows(job: &Node) -> Windows {
    let Some(runs_on) = job.get("runs-on") else {
        return Windows::Never;
    };
    let matrix = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"));
    let mut texts = Vec::new();
    scalars(runs_on, &mut texts);
    let is_expression = |text: &str| text.contains("${{");
    let names = |text: &str| text.to_lowercase().contains("windows");
    if texts.iter().any(|text| !is_expression(text) && names(text)) {
        return Windows::Always;
    }
    let may = |text: &String| {
        let inner = text
            .trim()
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"));
        match (inner.map(str::trim), matrix) {
            (Some(inner), Some(matrix)) if inner.starts_with("matrix.") && is_path(inner) => {
                let mut legs = Vec::new();
                scalars(matrix, &mut legs);
                legs.iter().any(|leg| is_expression(leg) || names(leg))
            }
            _ => is_expression(text),
        }
    };
    if texts.iter().any(may) {
        Windows::Perhaps
    } else {
        Windows::Never
    }
}

fn is_path(text: &str) -> bool {
    text.chars()
        .all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-'))
}

fn scalars(node: &Node, found: &mut Vec<String>) {
    found.extend(node.scalar());
    match &node.value {
        Yaml::Sequence(items) => items.iter().for_each(|item| scalars(item, found)),
        Yaml::Mapping(entries) => entries.iter().for_each(|(_, value)| scalars(value, found)),
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_) => {}
    }
}

/// Whether a script is one command of plain words, which PowerShell runs as bash does and whose
/// status is the step's in both.
pub(super) fn is_plain(script: &Script, text: &str) -> bool {
    let mut rest = String::new();
    for (number, part) in text.trim().split("${{").enumerate() {
        let outside = if number == 0 {
            Some(part)
        } else {
            part.split_once("}}").map(|(_, after)| after)
        };
        let Some(outside) = outside else { return false };
        rest.push_str(outside);
    }
    let word = |char: char| char.is_ascii_alphanumeric() || " _./=:+-".contains(char);
    rest.chars().all(word)
        && script.unread.is_empty()
        && script.hidden.is_empty()
        && matches!(script.flow.as_slice(), [Flow::Command { substitutions, .. }] if substitutions.is_empty())
        && matches!(script.commands.as_slice(), [command] if matches!(command.effect, Effect::MayFail | Effect::Named(_)))
}

/// The options of the shell that a step runs in; its name when it is no shell that is read.
pub(super) fn options(named: Option<&str>) -> Result<Options, String> {
    let options = |errexit, pipefail, bash| {
        Ok(Options {
            errexit,
            pipefail,
            bash,
        })
    };
    let Some(text) = named else {
        return options(true, false, true);
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (path, arguments) = words
        .split_first()
        .map_or(("", &[][..]), |(path, rest)| (*path, rest));
    let program = path
        .strip_prefix("/usr/bin/")
        .or_else(|| path.strip_prefix("/bin/"))
        .unwrap_or(path);
    match (program, arguments) {
        ("bash", []) => options(true, true, true),
        ("sh", []) => options(true, false, false),
        ("bash" | "sh" | "dash", _) => {
            let (errexit, pipefail) = stated_options(arguments).ok_or_else(|| text.to_owned())?;
            options(errexit, pipefail, program == "bash")
        }
        _ => Err(text.to_owned()),
    }
}

/// Whether the options of a shell that runs `{0}` set `-e` and `pipefail`; `None` when one may do anything else.
fn stated_options(arguments: &[&str]) -> Option<(bool, bool)> {
    let (mut errexit, mut pipefail) = (false, false);
    let (last, options) = arguments.split_last()?;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let letters = option.strip_prefix('-')?;
        if matches!(letters, "-noprofile" | "-norc" | "-login" | "-posix") {
            continue;
        }
        if !letters.chars().all(|letter| "ehiluvxEo".contains(letter)) {
            return None;
        }
        errexit |= letters.contains('e');
        if letters.contains('o') {
            match *options.next()? {
                "pipefail" => pipefail = true,
                "errexit" => errexit = true,
                "nounset" | "xtrace" | "errtrace" => {}
                _ => return None,
            }
        }
    }
    (*last == "{0}").then_some((errexit, pipefail))
}
