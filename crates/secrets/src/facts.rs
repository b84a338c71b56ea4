use plimsoll_model::{Location, Masks, Position, Severity, Span, TreePath};
use serde::{Deserialize, Serialize};

/// What one file holds of credentials. Says where, never what; does not name the file, whose path is the
/// caller's matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The credentials, in order of their places.
    pub hits: Vec<Hit>,
    /// What was not looked at.
    pub unchecked: Vec<Unchecked>,
    /// Whether it is a text that the rules searched.
    pub searched: bool,
    masked: Vec<Span>,
}

/// One credential at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The part of the rule's public id after `secret/`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The bytes of the secret in the file's text; empty where the path alone is the finding.
    pub span: Span,
    /// Its first character.
    pub start: Position,
    /// One past its last character.
    pub end: Position,
    /// What a person may see of it.
    pub masked: String,
}

/// A part that no rule or not every rule has judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unchecked {
    /// The file holds more credentials than are reported; nothing after this place was judged.
    Rest(Position),
    /// The rule's expression is larger than the matcher may grow.
    Rule(String),
}

impl Facts {
    /// What a search of a text found, or what its path says.
    pub(crate) fn new(hits: Vec<Hit>, unchecked: Vec<Unchecked>, masked: Vec<Span>) -> Self {
        Self {
            hits,
            unchecked,
            searched: false,
            masked: Masks::new(masked).spans().to_vec(),
        }
    }

    /// The same facts, of a text that was searched.
    pub(crate) fn of_a_search(self) -> Self {
        Self {
            searched: true,
            ..self
        }
    }

    /// The bytes that nobody else may see: every secret, also one that is reported under another
    /// rule's name, and everything that was not judged.
    pub fn masks(&self) -> Masks {
        Masks::new(self.masked.clone())
    }
}

impl Hit {
    /// Where it is, in the file at `path`.
    pub fn location(&self, path: &TreePath) -> Location {
        Location {
            start: self.start,
            end: self.end,
            ..Location::file(path.clone())
        }
    }
}
