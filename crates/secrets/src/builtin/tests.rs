//! Every rule of ours matches what its file says it matches, and nothing that it says it does not.
//!
//! Examples are written without credentials: `<alnum36>` stands for 36 letters and digits that look
//! random and are always the same, `<word>` for a password that is a plain word.

use plimsoll_model::{Address, Masks, TreePath};
use plimsoll_source::File;

use super::FILES;
use crate::{Facts, Rules};

fn extract(rules: &Rules, text: &str) -> Facts {
    rules.extract(&File::text(
        &Address::new(TreePath::new("a/settings")),
        text,
        &Masks::default(),
    ))
}

fn alphabet(kind: &str) -> &'static [u8] {
    match kind {
        "digit" => b"0123456789",
        "hex" => b"0123456789abcdef",
        "base32u" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "alnum" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "base64n" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "url64n" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
        other => panic!("`{other}` is no alphabet"),
    }
}

fn fill(example: &str) -> String {
    let blank = regex::Regex::new("<(digit|hex|base32u|alnum|base64n|url64n)([0-9]+)>").unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let replace = |found: &regex::Captures<'_>| -> String {
        let letters = alphabet(&found[1]);
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(letters[usize::try_from(state >> 33).unwrap() % letters.len()])
        };
        std::iter::repeat_with(next)
            .take(found[2].parse().unwrap())
            .collect()
    };
    blank
        .replace_all(example, replace)
        .replace("<word>", "password")
}

fn examples(text: &str, key: &str) -> Vec<String> {
    let file: toml::Table = text.parse().unwrap();
    file[key]
        .as_array()
        .unwrap()
        .iter()
        .map(|example| fill(example.as_str().unwrap()))
        .collect()
}

#[test]
fn every_rule_keeps_to_its_examples() {
    let rules = Rules::builtin();
    let mut wrong = Vec::new();
    for (name, text) in FILES {
        let found = |example: &str| -> Vec<String> {
            extract(rules, example)
                .hits
                .into_iter()
                .map(|hit| hit.rule)
                .collect()
        };
        let (matching, not_matching) = (examples(text, "match"), examples(text, "no_match"));
        assert!(
            !matching.is_empty() && !not_matching.is_empty(),
            "{name} needs examples of both kinds"
        );
        for example in matching {
            let found = found(&example);
            if found != [*name] {
                wrong.push(format!(
                    "{name} should alone be found in {example:?}, but: {found:?}"
                ));
            }
        }
        for example in not_matching {
            if found(&example).iter().any(|id| id == name) {
                wrong.push(format!("{name} should not be found in {example:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_expression_is_one() {
    let rules = Rules::builtin();
    for rule in &rules.all {
        assert!(
            rule.pattern
                .iter()
                .all(|pattern| pattern.regex(rules.regex_bytes_max()).is_some()),
            "{}",
            rule.id
        );
        assert!(
            rule.allowlists.iter().all(|list| list.compiled().is_some()),
            "{}",
            rule.id
        );
    }
}

#[test]
fn the_files_hold_no_credential_themselves() {
    let rules = Rules::builtin();
    for (name, text) in FILES {
        assert_eq!(extract(rules, text).hits, [], "{name}");
    }
}

#[test]
fn every_file_is_listed_and_holds_the_rule_of_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .replace(".toml", "")
        })
        .collect();
    files.sort();
    let listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    let ids: Vec<String> = Rules::builtin()
        .docs()
        .into_iter()
        .map(|rule| rule.name.into_owned())
        .collect();
    assert_eq!(files, listed);
    assert_eq!(ids, listed);
}
