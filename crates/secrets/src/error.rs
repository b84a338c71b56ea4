/// Why a file of rules was refused. A file is taken whole or not at all, so that no rule is
/// silently missing and none runs broader than it was written.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The text is not TOML.
    #[error("{origin}, line {line}: the secret rules are not TOML")]
    NotToml {
        /// The file as the user named it.
        origin: String,
        /// From 1.
        line: usize,
        /// What the parser says.
        source: Box<toml::de::Error>,
    },
    /// A key that the dialect does not have, or that this build refuses.
    #[error("{origin}, line {line}: {place} has the key `{key}`, which {reason}; hint: {mend}")]
    Key {
        /// The file as the user named it.
        origin: String,
        /// From 1.
        line: usize,
        /// The table that holds the key, for example ``rule `github-pat` ``.
        place: String,
        /// The key as it is written.
        key: String,
        /// Why it is refused.
        reason: String,
        /// What to do.
        mend: String,
    },
    /// A value of the wrong type or out of its range, or a table that lacks one.
    #[error("{origin}, line {line}: {place}: {problem}; hint: {mend}")]
    Value {
        /// The file as the user named it.
        origin: String,
        /// From 1.
        line: usize,
        /// The table that holds the value.
        place: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// A regular expression that cannot be read.
    #[error(
        "{origin}, line {line}: {place}: `{key}` holds a regular expression that cannot be read; hint: use the RE2 syntax, without look-around and back-references"
    )]
    Pattern {
        /// The file as the user named it.
        origin: String,
        /// From 1.
        line: usize,
        /// The table that holds the expression.
        place: String,
        /// The key that holds it.
        key: String,
        /// What the parser says.
        source: Box<regex_syntax::Error>,
    },
    /// The patterns over paths, or the keywords, are larger than the matcher may grow.
    #[error("{origin}: the patterns over paths grow too large; hint: bound their repetitions")]
    TooLarge {
        /// The file as the user named it.
        origin: String,
    },
}
