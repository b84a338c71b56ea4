//! A tree of text that looks like people's code, made from a seed: the same bytes on every machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::random::Random;

/// What was written.
#[derive(Debug, PartialEq)]
pub(super) struct Corpus {
    pub(super) bytes: u64,
    pub(super) files: usize,
    /// Credentials that were planted: made up here, valid nowhere.
    pub(super) planted: usize,
}

const SEED: u64 = 20_261_122;
const FILES_PER_FOLDER: usize = 50;
/// About one credential in as many files, as in an untidy repository.
const FILES_PER_CREDENTIAL: usize = 40;

const NOUNS: &[&str] = &[
    "order", "record", "basket", "invoice", "customer", "shelf", "label", "artist", "track",
    "stock", "price", "token", "password", "secret", "api_key", "session", "address", "payment",
    "refund", "shipment", "catalog",
];
/// What stands before a digest: a name like `token` there would be a finding a line.
const GOODS: &[&str] = &[
    "order", "record", "basket", "shelf", "label", "artist", "track", "stock",
];
const VERBS: &[&str] = &[
    "load", "store", "count", "merge", "find", "remove", "render", "parse", "check", "send",
];
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEXADECIMAL: &[u8] = b"0123456789abcdef";

/// A kind of file: how its name ends and how it writes one line.
type Dialect = (
    &'static str,
    fn(&mut Random, &mut String) -> std::fmt::Result,
);

const DIALECTS: &[Dialect] = &[
    ("rs", rust),
    ("py", python),
    ("js", javascript),
    ("yaml", yaml),
    ("json", json),
    ("md", prose),
    ("lock", lock),
];

/// Writes about this many millions of bytes below a folder.
pub(super) fn write(folder: &Path, megabytes: usize) -> Result<Corpus> {
    let mut random = Random::new(SEED);
    let mut corpus = Corpus {
        bytes: 0,
        files: 0,
        planted: 0,
    };
    let wanted = megabytes as u64 * 1_000_000;
    while corpus.bytes < wanted {
        let (end, line) = DIALECTS[random.below(DIALECTS.len())];
        let mut text = body(&mut random, line)?;
        if corpus.files.is_multiple_of(FILES_PER_CREDENTIAL) {
            writeln!(text, "token = \"ghp_{}\"", random.text(ALPHANUMERIC, 36))?;
            corpus.planted += 1;
        }
        let inner = folder.join(format!("part-{:03}", corpus.files / FILES_PER_FOLDER));
        fs::create_dir_all(&inner).with_context(|| format!("cannot make {}", inner.display()))?;
        let file = inner.join(format!("{}_{}.{end}", random.pick(VERBS), corpus.files));
        fs::write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
        corpus.bytes += text.len() as u64;
        corpus.files += 1;
    }
    Ok(corpus)
}

/// Between one line and some two thousand: most files are short, a few are long.
fn body(
    random: &mut Random,
    line: fn(&mut Random, &mut String) -> std::fmt::Result,
) -> Result<String> {
    let most = [60, 200, 600, 2_000][random.below(4)];
    let mut text = String::new();
    for _ in 0..=random.below(most) {
        line(random, &mut text)?;
    }
    Ok(text)
}

fn rust(random: &mut Random, out: &mut String) -> std::fmt::Result {
    let (noun, verb, number) = (random.pick(NOUNS), random.pick(VERBS), random.below(900));
    match random.below(3) {
        0 => writeln!(
            out,
            "    let {noun} = self.{verb}_{noun}(&{}, {number})?;",
            random.pick(NOUNS)
        ),
        1 => writeln!(
            out,
            "pub fn {verb}_{noun}(count: usize) -> Result<Vec<{noun}::Row>, Error> {{"
        ),
        _ => writeln!(
            out,
            "    /// {verb}s the {noun} of a {} that has at least {number} rows.",
            random.pick(NOUNS)
        ),
    }
}

fn python(random: &mut Random, out: &mut String) -> std::fmt::Result {
    let (noun, verb) = (random.pick(NOUNS), random.pick(VERBS));
    match random.below(3) {
        0 => writeln!(out, "    {noun} = os.environ[\"{}\"]", noun.to_uppercase()),
        1 => writeln!(
            out,
            "def {verb}_{noun}({}, limit={}):",
            random.pick(NOUNS),
            random.below(99)
        ),
        _ => writeln!(
            out,
            "    return {{\"{noun}\": {verb}({}), \"total\": {}}}",
            random.pick(NOUNS),
            random.below(9_999)
        ),
    }
}

fn javascript(random: &mut Random, out: &mut String) -> std::fmt::Result {
    let (noun, verb) = (random.pick(NOUNS), random.pick(VERBS));
    match random.below(3) {
        0 => writeln!(
            out,
            "const {noun} = await {verb}(request.body.{}, {{ retries: {} }});",
            random.pick(NOUNS),
            random.below(9)
        ),
        1 => {
            writeln!(
                out,
                "  expect({verb}({noun})).toEqual({{ id: \"{}\" }});",
                random.text(HEXADECIMAL, 8)
            )
        }
        _ => writeln!(out, "import {{ {verb} }} from \"./{noun}/{verb}.js\";"),
    }
}

fn yaml(random: &mut Random, out: &mut String) -> std::fmt::Result {
    let (noun, verb, goods) = (random.pick(NOUNS), random.pick(VERBS), random.pick(GOODS));
    match random.below(2) {
        0 => writeln!(
            out,
            "  {noun}: ${{{}_{}}}",
            verb.to_uppercase(),
            noun.to_uppercase()
        ),
        _ => writeln!(
            out,
            "  - {{ name: {verb}-{goods}, image: \"registry.example/{goods}@sha256:{}\" }}",
            random.text(HEXADECIMAL, 64)
        ),
    }
}

fn json(random: &mut Random, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "  {{ \"{}\": \"{} {}\", \"id\": {} }},",
        random.pick(NOUNS),
        random.pick(VERBS),
        random.pick(NOUNS),
        random.below(99_999)
    )
}

fn prose(random: &mut Random, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "To {} the {} you need a {}, and `{}` tells how many there are.",
        random.pick(VERBS),
        random.pick(NOUNS),
        random.pick(NOUNS),
        random.pick(VERBS)
    )
}

fn lock(random: &mut Random, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "{}-{} {}.{}.0 sha256:{}",
        random.pick(GOODS),
        random.pick(GOODS),
        random.below(9),
        random.below(40),
        random.text(HEXADECIMAL, 64)
    )
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn the_same_bytes_come_out_every_time() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let corpus = write(one.path(), 2).unwrap();
        assert_eq!(corpus, write(two.path(), 2).unwrap());
        assert!(
            corpus.bytes >= 2_000_000 && corpus.planted > 0,
            "{corpus:?}"
        );
        let read = |folder: &std::path::Path| {
            let first = std::fs::read_dir(folder.join("part-000"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .min()
                .unwrap();
            std::fs::read_to_string(first).unwrap()
        };
        assert_eq!(read(one.path()), read(two.path()));
    }
}
