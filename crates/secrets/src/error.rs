use std::fmt;

use plimsoll_model::{Class, Fault};

/// Why a file of rules was refused. A file is taken whole or not at all, so that no rule is
/// silently missing and none runs broader than it was written.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The text is not TOML.
    #[error("{place}: the secret rules are not TOML: {problem}")]
    NotToml {
        /// Where the parser stopped.
        place: Box<Place>,
        /// What the parser says.
        problem: String,
    },
    /// A key that the dialect does not have, or that this build refuses.
    #[error("{place} has the key `{key}`, which {reason}")]
    Key {
        /// Where the key stands.
        place: Box<Place>,
        /// The key as it is written.
        key: String,
        /// Why it is refused.
        reason: String,
        /// What to do.
        fix: String,
    },
    /// A value of the wrong type or out of its range, or a table that lacks one.
    #[error("{place}: {problem}")]
    Value {
        /// Where the value stands, or its table begins.
        place: Box<Place>,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        fix: String,
    },
    /// A regular expression that cannot be read.
    #[error("{place}: `{key}` holds a regular expression that cannot be read")]
    Pattern {
        /// Where the expression stands.
        place: Box<Place>,
        /// The key that holds it.
        key: String,
        /// What the parser says.
        source: Box<regex_syntax::Error>,
    },
    /// The patterns over paths, or the keywords, are larger than the matcher may grow.
    #[error("{origin}: the patterns over paths grow too large")]
    TooLarge {
        /// The file as the user named it.
        origin: String,
    },
}

impl Fault for RulesError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotToml { .. } => None,
            Self::Key { fix, .. } | Self::Value { fix, .. } => Some(fix.clone()),
            Self::Pattern { .. } => {
                Some("use the RE2 syntax, without look-around and back-references".to_owned())
            }
            Self::TooLarge { .. } => Some("bound their repetitions".to_owned()),
        }
    }
}

/// A place in a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub origin: String,
    /// From 1.
    pub line: usize,
    /// The table around it, for example ``rule `github-pat` ``; empty at the top level of a file
    /// that is not TOML.
    pub table: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.origin, self.line)?;
        if self.table.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.table)
        }
    }
}
