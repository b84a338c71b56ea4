use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use plimsoll_model::{Digest, RuleDoc, TreePath};
use plimsoll_source::File;

use crate::RulesError;
use crate::allowlist::Allowlist;
use crate::builtin;
use crate::extract;
use crate::facts::Facts;
use crate::gitleaks::{self, RuleSet};
use crate::paths::PathPatterns;
use crate::rule::Rule;

/// The kinds of credential to look for. Expressions are compiled when they are first needed.
#[derive(Debug)]
pub struct Rules {
    pub(crate) all: Vec<Rule>,
    pub(crate) allowlists: Vec<Allowlist>,
    pub(crate) paths: PathPatterns,
    /// All keywords of all rules, without regard to ASCII case.
    pub(crate) keywords: AhoCorasick,
    /// For each keyword the rules that it wakes.
    pub(crate) woken: Vec<Vec<usize>>,
    sha256: Digest,
}

/// The rules of Plimsoll itself.
static BUILTIN: LazyLock<Rules> = LazyLock::new(|| {
    let texts: Vec<&[u8]> = builtin::FILES
        .iter()
        .map(|(_, text)| text.as_bytes())
        .collect();
    Rules::new(builtin::load(), &texts).expect("the embedded rules are tested")
});

/// The documentation of the rules of Plimsoll itself.
pub(crate) fn builtin_docs() -> &'static [RuleDoc] {
    static DOCS: LazyLock<Vec<RuleDoc>> = LazyLock::new(|| BUILTIN.docs());
    &DOCS
}

impl Rules {
    /// The rules of Plimsoll itself.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Rules from a file in the gitleaks dialect (TOML, as of gitleaks 8.30); `origin` is the file's
    /// name for messages. `extend.useDefault` adds to the rules of Plimsoll itself.
    ///
    /// Unknown keys, keys of the extended dialect, `required` rules and `extend` by path or URL are
    /// errors: a file is taken whole or not at all.
    pub fn from_gitleaks(text: &str, origin: &str) -> Result<Self, RulesError> {
        let mut texts = vec![text.as_bytes()];
        let set = gitleaks::load(text, origin, || {
            texts.extend(builtin::FILES.iter().map(|(_, text)| text.as_bytes()));
            builtin::load()
        })?;
        Self::new(set, &texts).ok_or_else(|| RulesError::TooLarge {
            origin: origin.to_owned(),
        })
    }

    /// The digest of everything that the rules are made of, so that facts are cached by it.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// Whether the rules say anything about the file at `path`.
    pub fn claims(&self, path: &TreePath) -> bool {
        let matches = self.paths.matches(path);
        !self
            .allowlists
            .iter()
            .any(|list| list.allows_path(&matches))
    }

    /// The credentials in one file. Positions and masks speak about its text as it is given; of a file
    /// that is none, the rules that judge the path alone speak.
    pub fn extract(&self, file: &File<'_>) -> Facts {
        match file.as_text() {
            Some(text) => extract::extract(self, &text),
            None => extract::extract_path(self, &file.address.path),
        }
    }

    /// The documentation of all rules, in their order.
    pub fn docs(&self) -> Vec<RuleDoc> {
        self.all.iter().map(Rule::doc).collect()
    }

    /// How large one compiled expression may grow: all of them share what there is, so that no file of
    /// rules takes all memory.
    pub(crate) fn regex_bytes_max(&self) -> usize {
        (ALL_REGEXES_BYTES / self.all.len().max(1)).min(ONE_REGEX_BYTES)
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.all.iter().find(|rule| rule.id == id)
    }

    fn new(set: RuleSet, texts: &[&[u8]]) -> Option<Self> {
        let all: Vec<Rule> = set.rules.into_iter().filter(|rule| !rule.skip).collect();
        let mut words: Vec<&String> = all.iter().flat_map(|rule| &rule.keywords).collect();
        words.sort_unstable();
        words.dedup();
        let wakes = |word: &String| -> Vec<usize> {
            (0..all.len())
                .filter(|index| all[*index].keywords.contains(word))
                .collect()
        };
        let woken = words.iter().map(|word| wakes(word)).collect();
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(words)
            .ok()?;
        let mut parts = vec![VERSION];
        parts.extend(texts);
        let paths = PathPatterns::new(&set.paths)?;
        Some(Self {
            allowlists: set.allowlists,
            paths,
            keywords,
            woken,
            sha256: Digest::of_parts(&parts),
            all,
        })
    }
}

const ONE_REGEX_BYTES: usize = 64 << 20;
const ALL_REGEXES_BYTES: usize = 1 << 30;

/// Changes whenever the same rules would give other facts.
const VERSION: &[u8] = b"plimsoll-secrets-v1";
