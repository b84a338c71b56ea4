//! Every link from a Markdown file to a file of the tree leads somewhere.
//!
//! Links to other sites are not followed: that would need a network.

use super::{Files, Problem};

pub(super) fn check(files: &Files) -> Vec<Problem> {
    files
        .ending(".md")
        .flat_map(|(file, text)| broken(files, file, text))
        .collect()
}

fn broken(files: &Files, file: &str, text: &str) -> Vec<Problem> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut problems = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let leads =
                resolve(folder, target).is_some_and(|path| path.is_empty() || files.holds(&path));
            if !leads {
                let message = format!("the link to `{target}` leads nowhere");
                problems.push(Problem::new(file, Some(at + 1), message));
            }
        }
    }
    problems
}

/// The relative targets of `[text](target)` in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split([' ', '#']).next().unwrap_or(target))
        .filter(|target| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        })
}

/// The target as a path from the root; `None` when it leaves the tree.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use crate::tidy::Files;

    #[test]
    fn a_link_that_leads_nowhere_is_reported() {
        let text = "[a](b.md) [c](../crates/) [d](https://example.com) [e](#part) [f](b.md#part)\n\
                    ```\n[not](followed.md)\n```\n[gone](lost.md) [out](../../x)\n";
        let files = Files::written(&[("docs/a.md", text), ("docs/b.md", ""), ("crates/x.rs", "")]);
        let problems = super::check(&files);
        let messages: Vec<_> = problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "the link to `lost.md` leads nowhere",
                "the link to `../../x` leads nowhere"
            ]
        );
        assert!(problems.iter().all(|problem| problem.line == Some(5)));
    }
}
