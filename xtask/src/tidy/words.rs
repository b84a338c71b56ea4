//! Words that no file of the tree may hold: hosts of package registries, a developer's folders,
//! switched-off lints, promises of later work.
//!
//! The words are put together with `concat!`, so that this file does not hold them.

use std::path::Path;

use super::{Files, Problem};

struct Word {
    text: &'static str,
    only_in_rust: bool,
    instead: &'static str,
}

const REGISTRY: &str = "name no registry's host; use registry.example";
const FOLDER: &str = "name no folder of one machine; say it from the workspace root";

const WORDS: &[Word] = &[
    anywhere(concat!("registry.npm", "js.org"), REGISTRY),
    anywhere(concat!("registry.yarn", "pkg.com"), REGISTRY),
    anywhere(concat!("files.python", "hosted.org"), REGISTRY),
    anywhere(concat!("//pypi", ".org"), REGISTRY),
    anywhere(concat!("index.crates", ".io"), REGISTRY),
    anywhere(concat!("static.crates", ".io"), REGISTRY),
    anywhere(concat!("proxy.go", "lang.org"), REGISTRY),
    anywhere(concat!("repo1.ma", "ven.org"), REGISTRY),
    anywhere(concat!("repo.ma", "ven.apache"), REGISTRY),
    anywhere(concat!("deb.deb", "ian.org"), REGISTRY),
    anywhere(concat!("/wo", "rk/"), FOLDER),
    anywhere(concat!("/ro", "ot/"), FOLDER),
    anywhere(concat!("/ho", "me/"), FOLDER),
    anywhere(concat!("/tmp/bash", "_jobs"), FOLDER),
    in_rust(
        concat!("#[al", "low("),
        "write #[expect(lint, reason = \"…\")]",
    ),
    in_rust(
        concat!("#![al", "low("),
        "write #![expect(lint, reason = \"…\")]",
    ),
    in_rust(concat!("to", "do!("), "finish it or leave it out"),
];

const fn anywhere(text: &'static str, instead: &'static str) -> Word {
    Word {
        text,
        only_in_rust: false,
        instead,
    }
}

const fn in_rust(text: &'static str, instead: &'static str) -> Word {
    Word {
        text,
        only_in_rust: true,
        instead,
    }
}

pub(super) fn check(files: &Files) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in files.all() {
        let is_rust = Path::new(file).extension().is_some_and(|end| end == "rs");
        for word in WORDS.iter().filter(|word| is_rust || !word.only_in_rust) {
            problems.extend(occurrences(text, word.text).map(|line| {
                Problem::new(
                    file,
                    Some(line),
                    format!("holds `{}`: {}", word.text, word.instead),
                )
            }));
        }
    }
    problems
}

/// The lines that hold the word; a folder counts only where a path begins.
fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word)
        .filter(move |(at, _)| {
            !word.starts_with('/') || word.starts_with("//") || begins_a_path(&text[..*at])
        })
        .map(|(at, _)| text[..at].matches('\n').count() + 1)
}

fn begins_a_path(before: &str) -> bool {
    let inside = |last: char| last.is_alphanumeric() || "._-~}>*/".contains(last);
    !before.chars().next_back().is_some_and(inside)
}

#[cfg(test)]
mod tests {
    use super::{WORDS, check};
    use crate::tidy::Files;

    #[test]
    fn every_word_is_found_where_it_may_not_be() {
        for word in WORDS {
            let text = format!("first line\nuse \"{}\" here\n", word.text);
            let problems = check(&Files::written(&[("crates/a/src/a.rs", &text)]));
            assert_eq!(problems.len(), 1, "{}: {problems:?}", word.text);
            assert_eq!(problems[0].line, Some(2), "{}", word.text);
        }
    }

    #[test]
    fn paths_inside_other_paths_and_words_of_prose_pass() {
        let work = concat!("/wo", "rk/");
        let silenced = concat!("#[al", "low(");
        let files = Files::written(&[
            (
                "a.rs",
                format!("\"examples{work}x\" and \"~{work}x\"").as_str(),
            ),
            ("a.md", format!("Never write `{silenced}x)]`.").as_str()),
        ]);
        assert_eq!(check(&files), []);
    }
}
