//! The README stays short and shows exactly two commands: the demo and the tests.

use super::{Files, Problem};

const README: &str = "README.md";
const MOST_WORDS: usize = 499;
const COMMANDS: [&str; 2] = ["cargo run --release -- demo", "cargo test --workspace"];

pub(super) fn check(files: &Files) -> Vec<Problem> {
    let Some(text) = files.text(README) else {
        return vec![Problem::new(README, None, "there is no README")];
    };
    let mut problems = Vec::new();
    let words = text.split_whitespace().count();
    if words > MOST_WORDS {
        problems.push(Problem::new(
            README,
            None,
            format!("{words} words; at most {MOST_WORDS}"),
        ));
    }
    let commands = fenced_commands(text);
    if commands != COMMANDS {
        let message = format!("the fenced commands are {commands:?}; they must be {COMMANDS:?}");
        problems.push(Problem::new(README, None, message));
    }
    problems
}

/// The lines inside fences that are marked as shell; a fence marked `text` holds a picture.
fn fenced_commands(text: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut fence: Option<bool> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), fence) {
            (Some(info), None) => fence = Some(info.trim() != "text"),
            (Some(_), Some(_)) => fence = None,
            (None, Some(true)) if !line.trim().is_empty() => commands.push(line.trim()),
            (None, _) => {}
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use crate::tidy::Files;

    fn problems(text: &str) -> usize {
        super::check(&Files::written(&[("README.md", text)])).len()
    }

    #[test]
    fn a_long_readme_or_a_third_command_is_reported() {
        let good = "# X\n```sh\ncargo run --release -- demo\n```\n```text\na → b\n```\n```sh\ncargo test --workspace\n```\n";
        assert_eq!(problems(good), 0);
        assert_eq!(problems(&format!("{good}{}", "word ".repeat(500))), 1);
        assert_eq!(problems(&format!("{good}```\nmake\n```\n")), 1);
        assert_eq!(problems("# X\n```sh\ncargo test --workspace\n```\n"), 1);
        assert_eq!(super::check(&Files::written(&[("a.md", "")])).len(), 1);
    }
}
