use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::dialect::Expression;
use crate::paths::{PathId, PathMatches};

/// Conditions under which a match is no finding. The same shape serves one rule or all of them.
#[derive(Debug)]
pub(crate) struct Allowlist {
    pub(crate) condition: Condition,
    pub(crate) target: Target,
    pub(crate) paths: Vec<PathId>,
    /// Expressions over the target.
    pub(crate) regexes: Vec<Expression>,
    /// Words in the secret, without regard to ASCII case.
    pub(crate) stopwords: Vec<String>,
    /// Whether commits are named. A tree has no commit, so this condition never holds here.
    pub(crate) commits: bool,
    pub(crate) compiled: OnceLock<Option<Compiled>>,
}

/// Whether one condition is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Any,
    All,
}

/// What the expressions look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Secret,
    Match,
    Line,
}

/// What is compiled when a match first needs it.
#[derive(Debug)]
pub(crate) struct Compiled {
    regexes: RegexSet,
    stopwords: AhoCorasick,
}

impl Allowlist {
    /// Whether it has no condition at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
            && self.regexes.is_empty()
            && self.stopwords.is_empty()
            && !self.commits
    }

    /// The same allowlist for another rule.
    pub(crate) fn twin(&self) -> Self {
        Self {
            paths: self.paths.clone(),
            regexes: self.regexes.clone(),
            stopwords: self.stopwords.clone(),
            compiled: OnceLock::new(),
            ..*self
        }
    }

    /// Whether the path alone decides that nothing in the file counts.
    pub(crate) fn allows_path(&self, path: &PathMatches) -> bool {
        match self.condition {
            Condition::Any => path.any(&self.paths),
            Condition::All => {
                let path_only =
                    self.regexes.is_empty() && self.stopwords.is_empty() && !self.commits;
                path_only && path.any(&self.paths)
            }
        }
    }

    /// Whether one of the expressions matches the target. Expressions that cannot be compiled match
    /// nothing, so they allow nothing.
    pub(crate) fn regexes_match(&self, target: &[u8]) -> bool {
        !self.regexes.is_empty()
            && self
                .compiled()
                .is_some_and(|compiled| compiled.regexes.is_match(target))
    }

    /// Whether a match with this secret does not count, given what the expressions say of it.
    pub(crate) fn allows(&self, path: &PathMatches, secret: &[u8], regexes_match: bool) -> bool {
        let stopword = || {
            !self.stopwords.is_empty()
                && self
                    .compiled()
                    .is_some_and(|compiled| compiled.stopwords.is_match(secret))
        };
        match self.condition {
            Condition::Any => regexes_match || stopword(),
            Condition::All => {
                !self.commits
                    && (self.paths.is_empty() || path.any(&self.paths))
                    && (self.regexes.is_empty() || regexes_match)
                    && (self.stopwords.is_empty() || stopword())
            }
        }
    }

    pub(crate) fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| self.compile()).as_ref()
    }

    fn compile(&self) -> Option<Compiled> {
        let regexes = RegexSetBuilder::new(self.regexes.iter().map(Expression::text));
        let regexes = { regexes }
            .unicode(false)
            .size_limit(SIZE_LIMIT_BYTES)
            .build();
        let stopwords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&self.stopwords);
        Some(Compiled {
            regexes: regexes.ok()?,
            stopwords: stopwords.ok()?,
        })
    }
}

const SIZE_LIMIT_BYTES: usize = 64 << 20;
