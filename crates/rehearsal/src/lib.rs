//! Text files whose first line is a word that the policy names. A rehearsal of what an inspector costs.

use std::borrow::Cow;

use plimsoll_model::{
    Class, Digest, Fault, Finding, GapDoc, GapKind, Input, Inspection, Inspector, Location,
    RuleDoc, RuleId, Severity, Threshold, TreePath,
};
use plimsoll_source::{Body, Claim, Conclusion, File, Inspect, Site, Trees};
use serde::{Deserialize, Serialize};

/// The inspector.
pub struct Rehearsal;

static INSPECTOR: Inspector = Inspector {
    id: "rehearsal",
    gate_key: "rehearsal",
    title: "words that nobody should commit",
    default_gate: Threshold::High,
    default_max_age_days: None,
    required_by_default: false,
    semantics: 1,
    accepts_from: 1,
    settings: Some("rehearsal"),
    rules: list_rules,
    family: None,
    gaps: &[&GAPS],
};

static GAPS: [&GapDoc; 1] = [&EMPTY_FILE];

static EMPTY_FILE: GapDoc = GapDoc {
    name: "empty-file",
    kind: GapKind::Unresolved,
    title: "a file that should hold a word is empty",
    why: "no word was compared",
    fix: "write the word, or delete the file",
};

static RULES: [RuleDoc; 1] = [RuleDoc {
    name: Cow::Borrowed("word"),
    severity: Severity::Low,
    title: Cow::Borrowed("a file begins with the word that the policy names"),
    why: Cow::Borrowed("the policy says so"),
    fix: Cow::Borrowed("delete the file"),
}];

fn list_rules() -> &'static [RuleDoc] {
    &RULES
}

/// `[rehearsal]` of a policy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    word: String,
}

/// The word is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no single word")]
pub struct WordError(String);

impl Fault for WordError {
    fn class(&self) -> Class {
        Class::Configuration
    }
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
pub struct Facts {
    first: String,
}

impl Inspect for Rehearsal {
    type Table = Table;
    type Settings = String;
    type Refusal = WordError;
    type Facts = Facts;
    type Inputs = Input;

    fn about(&self) -> &'static Inspector {
        &INSPECTOR
    }

    fn prepare(&self, table: Table, _: Option<u32>, _: &Site<'_>) -> Result<String, WordError> {
        match table.word.contains(char::is_whitespace) {
            true => Err(WordError(table.word)),
            false => Ok(table.word),
        }
    }

    fn claims(&self, path: &TreePath, _: &String) -> Option<Claim> {
        (path.file_name() == "WORD").then_some(Claim::Named { utf16: false })
    }

    fn extract(&self, file: &File<'_>, _: &String) -> Facts {
        let Body::Text { text, .. } = file.body else {
            return Facts {
                first: String::new(),
            };
        };
        Facts {
            first: text.lines().next().unwrap_or("").to_owned(),
        }
    }

    fn gather(&self, word: &String, site: &Site<'_>) -> Input {
        Input {
            name: "word".to_owned(),
            sha256: Digest::of(word.as_bytes()),
            as_of: Some(site.now),
        }
    }

    fn conclude(&self, facts: &Trees<Facts>, word: &String, input: Option<&Input>) -> Conclusion {
        let mut inspection = Inspection::default();
        for (path, facts) in facts.values().flatten() {
            let place = Location::file(path.clone());
            if facts.first.is_empty() {
                let message = format!("{path} is empty");
                let place = Some(place.into());
                let gap = EMPTY_FILE.gap(INSPECTOR.id, place, message, EMPTY_FILE.fix);
                inspection.gaps.push(gap);
            } else if facts.first == *word {
                let id = RuleId::new(INSPECTOR.id, "word");
                let message = format!("{path} begins with `{word}`");
                let finding = Finding::new(id, Severity::Low, message, place);
                inspection.findings.push(finding);
            }
        }
        Conclusion {
            inspection,
            inputs: input.cloned().into_iter().collect(),
        }
    }
}
