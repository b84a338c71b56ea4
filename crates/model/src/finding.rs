use serde::{Deserialize, Serialize};

use crate::{Digest, Location, RuleId, Severity, TreePath};

/// One flaw at one place. The one type for all inspectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that was broken.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence for a person. Holds no secret value.
    pub message: String,
    /// Where; the first location is the one to show.
    pub locations: Vec<Location>,
    /// Its identity across runs; set by [`Finding::identify`] once the masked line is known.
    pub fingerprint: Option<Fingerprint>,
    /// Other names of the flaw: CVE, GHSA, CWE ids.
    pub references: Vec<Reference>,
    /// How to fix it, where that is known.
    pub fix: Option<Fix>,
    /// How it comes about, step by step: for the release path the counterexample.
    pub trace: Vec<TraceStep>,
    /// The source lines to show, already masked.
    pub excerpt: Option<Excerpt>,
}

impl Finding {
    /// A finding with neither references, fix nor trace yet.
    pub fn new(
        rule: RuleId,
        severity: Severity,
        message: impl Into<String>,
        location: Location,
    ) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            locations: vec![location],
            fingerprint: None,
            references: Vec::new(),
            fix: None,
            trace: Vec::new(),
            excerpt: None,
        }
    }

    /// Sets the fingerprint from the masked source line and the ordinal among findings that are
    /// otherwise equal.
    pub fn identify(&mut self, masked_line: &str, ordinal: u32) {
        let path = self.locations.first().map(|location| &location.path);
        self.fingerprint = Some(Fingerprint::of(&self.rule, path, masked_line, ordinal));
    }
}

/// A finding's identity: survives moved lines, holds no value.
///
/// Version 1 is the SHA-256 of rule id, path, the line with its secret masked and white space
/// folded, and the ordinal among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(Digest);

impl Fingerprint {
    fn of(rule: &RuleId, path: Option<&TreePath>, masked_line: &str, ordinal: u32) -> Self {
        let folded = masked_line.split_whitespace().collect::<Vec<_>>().join(" ");
        Self(Digest::of_parts(&[
            b"plimsoll-fingerprint-v1",
            rule.as_str().as_bytes(),
            path.map_or("", TreePath::as_str).as_bytes(),
            folded.as_bytes(),
            &ordinal.to_be_bytes(),
        ]))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Another name of the same flaw, and where to read about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// `CVE-2024-1234`, `GHSA-…`, `CWE-798`.
    pub id: String,
    /// A page about it.
    pub url: Option<String>,
}

/// How to fix a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What to do, in one sentence for a person.
    pub message: String,
    /// The version that fixes it, for a component.
    pub version: Option<String>,
}

/// One step of how a finding comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// What happens. Holds no secret value.
    pub message: String,
    /// Where, when it is a place in the tree.
    pub location: Option<Location>,
}

/// Source lines around a finding, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The lines in order.
    pub lines: Vec<ExcerptLine>,
}

/// One masked source line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptLine {
    /// The line's number, from 1.
    pub number: u32,
    /// Its text with every secret replaced by asterisks, without the line ending.
    pub text: String,
    /// The bytes of `text` to underline.
    pub marked: Option<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use crate::{Finding, Inspector, Location, RuleId, Severity, TreePath};

    fn fingerprint(line: u32, text: &str, ordinal: u32) -> String {
        let mut location = Location::file(TreePath::new("a/b.yml"));
        location.start.line = line;
        let rule = RuleId::new(Inspector::Secret, "github-pat");
        let mut finding = Finding::new(rule, Severity::High, "a token", location);
        finding.identify(text, ordinal);
        finding.fingerprint.unwrap().to_string()
    }

    #[test]
    fn fingerprint_survives_moved_lines_and_indentation() {
        assert_eq!(
            fingerprint(1, "  token: ********", 0),
            fingerprint(9, "token:  ********", 0)
        );
        assert_ne!(
            fingerprint(1, "token: ********", 0),
            fingerprint(1, "token: ********", 1)
        );
        assert_ne!(
            fingerprint(1, "token: ********", 0),
            fingerprint(1, "key: ********", 0)
        );
    }
}
