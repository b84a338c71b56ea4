use std::borrow::Cow;

use plimsoll_model::{RuleDoc, Severity};

use crate::allowlist::Allowlist;
use crate::conclude::FIX;
use crate::paths::PathId;
use crate::pattern::Pattern;

/// One kind of credential and how it is recognised.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The part of its public id after `secret/`.
    pub(crate) id: String,
    /// What kind of credential it is, for a person.
    pub(crate) title: String,
    pub(crate) severity: Severity,
    /// Why it matters; empty for a foreign rule.
    pub(crate) why: String,
    /// How to fix a finding; empty for a foreign rule.
    pub(crate) fix: String,
    /// The expression; a rule without one judges the path alone.
    pub(crate) pattern: Option<Pattern>,
    /// The group that holds the secret; without one the first that is not empty.
    pub(crate) secret_group: Option<usize>,
    /// A secret must have more entropy than this, in bits for each byte.
    pub(crate) entropy: f64,
    /// In lower case; without any the expression runs over every file.
    pub(crate) keywords: Vec<String>,
    /// The rule speaks about files whose path matches this only.
    pub(crate) path: Option<PathId>,
    pub(crate) allowlists: Vec<Allowlist>,
    /// Whether it only guesses by the name beside a value; a rule that knows the shape goes first.
    pub(crate) generic: bool,
    /// Whether it only serves as a part of other rules.
    pub(crate) skip: bool,
}

impl Rule {
    /// How to fix a finding; a foreign rule does not say, so it is what holds for every credential.
    pub(crate) fn fix(&self) -> &str {
        if self.fix.is_empty() { FIX } else { &self.fix }
    }

    /// What people should know about it.
    pub(crate) fn doc(&self) -> RuleDoc {
        let why = if self.why.is_empty() { WHY } else { &self.why };
        RuleDoc {
            name: Cow::Owned(self.id.clone()),
            severity: self.severity,
            title: Cow::Owned(self.title.clone()),
            why: Cow::Owned(why.to_owned()),
            fix: Cow::Owned(self.fix().to_owned()),
        }
    }
}

const WHY: &str = "whoever can read the text can use the credential; the file of rules that this one comes from says no more about it";
