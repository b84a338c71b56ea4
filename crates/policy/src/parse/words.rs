//! Words that a policy may not hold, and the ones that were meant.

use plimsoll_model::Inspector;

/// Inspectors and targets that other builds may have; naming one that this build lacks must not be
/// mistaken for a spelling error, and must never be ignored.
const ABSENT: [&str; 8] = [
    "code",
    "config",
    "licenses",
    "images",
    "image",
    "probe",
    "kubernetes",
    "compose",
];

/// A key at the top of the file, by which its list of keys is known.
const TOP_KEY: &str = "gate";

/// Two words that are less alike than this are not each other's misspelling.
const LIKENESS: f64 = 0.75;

/// What to do about an error of the parser; `tables` are the inspectors' own, which it does not know.
pub(super) fn hint(message: &str, tables: &[&str]) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((unknown, known)) if message.contains("unknown") => {
            let mut known = known.to_vec();
            if known.contains(&TOP_KEY) {
                known.extend(tables);
            }
            instead(unknown, &known)
        }
        Some((unknown, _)) if ABSENT.contains(unknown) => absent(unknown),
        _ => {
            "see the configuration section of the documentation for the form of this key".to_owned()
        }
    }
}

/// What to write instead of a word that nobody knows.
pub(super) fn instead(unknown: &str, known: &[&str]) -> String {
    if ABSENT.contains(&unknown) {
        return absent(unknown);
    }
    match nearest(unknown, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the words known here are {}", known.join(", ")),
    }
}

fn absent(word: &str) -> String {
    format!("this build has no `{word}`; remove the word or use a build that has it")
}

/// The word that is most like the unknown one, where one is like it at all.
fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(unknown, known), known))
        .filter(|(likeness, _)| *likeness > LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The gate keys of the inspectors.
pub(super) fn gate_keys(inspectors: &[&'static Inspector]) -> Vec<&'static str> {
    inspectors.iter().map(|row| row.gate_key).collect()
}
