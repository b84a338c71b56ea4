use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use plimsoll_model::{Finding, Gap, Matter, Place, RuleId};
use serde::Deserialize;

use crate::TomlDate;

/// An exception to the gate for one rule or gap, explicit, owned and expiring.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule or gap it is about.
    pub id: RuleId,
    /// The files it is limited to; everywhere when absent.
    pub path: Option<Scope>,
    /// Why the finding may stand; accepted when absent.
    #[serde(default)]
    pub kind: WaiverKind,
    /// Why, in words.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts, in UTC.
    pub expires: TomlDate,
}

/// What a waiver says of the finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverKind {
    /// It is right, and the risk is taken.
    #[default]
    Accepted,
    /// It is wrong.
    FalsePositive,
}

impl WaiverKind {
    /// The word as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::FalsePositive => "false-positive",
        }
    }
}

impl Waiver {
    /// Whether it is about all of a finding, be it expired or not. A component is one finding wherever it
    /// is locked, so each of its places must be within the path; any other finding stands at its first
    /// place.
    pub(crate) fn is_about(&self, finding: &Finding) -> bool {
        let is_component = matches!(finding.matter, Some(Matter::Component { .. }));
        let is_within = match finding.places.as_slice() {
            [] => self.holds(None),
            places if is_component => places.iter().all(|place| self.holds(Some(place))),
            [first, ..] => self.holds(Some(first)),
        };
        self.id == finding.rule && is_within
    }

    /// Whether it is about a gap, be it expired or not.
    pub(crate) fn is_about_gap(&self, gap: &Gap) -> bool {
        self.id == gap.id && self.holds(gap.place.as_ref())
    }

    /// The place of a finding that its path leaves out, where it holds another place of the same finding.
    pub(crate) fn place_left_out<'a>(&self, finding: &'a Finding) -> Option<&'a Place> {
        let places = finding.places.iter();
        let (held, left_out): (Vec<&Place>, Vec<_>) =
            places.partition(|place| self.holds(Some(place)));
        let is_about_a_part = self.id == finding.rule && !held.is_empty();
        left_out.first().copied().filter(|_| is_about_a_part)
    }

    fn holds(&self, place: Option<&Place>) -> bool {
        match (&self.path, place.and_then(Place::file)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(scope), Some(location)) => scope.holds(location.outer_path().as_str()),
        }
    }

    /// Whether it no longer counts.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_over(now)
    }
}

/// A file, a folder with all that is in it, or a glob over files and folders: `*` within one part of a
/// path, `**` over parts, `{a,b}`, `[ab]`, `?`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope {
    text: String,
    glob: Option<GlobMatcher>,
}

impl Scope {
    fn holds(&self, path: &str) -> bool {
        let Some(glob) = &self.glob else {
            let folder = self.text.trim_end_matches('/');
            let rest = path.strip_prefix(folder);
            return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        };
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        std::iter::once(path)
            .chain(folders)
            .any(|path| glob.is_match(path))
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Scope {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let glob = if text.contains(['*', '?', '[', '{']) {
            let glob = GlobBuilder::new(text.trim_end_matches('/'))
                .literal_separator(true)
                .build()
                .map_err(|error| {
                    format!("`{text}` is neither a path nor a glob: {}", error.kind())
                })?;
            Some(glob.compile_matcher())
        } else {
            None
        };
        Ok(Self { text, glob })
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn a_path_is_a_file_a_folder_or_a_glob() {
        let cases = [
            ("a", "a", true),
            ("a", "a/b", true),
            ("a/", "a/b/c", true),
            ("a", "ab", false),
            ("a/b", "a", false),
            ("*/b", "a/b", true),
            ("*/b", "a/b/c", true),
            ("*/b", "a/x/b", false),
            ("**/b", "a/x/b/c", true),
            ("**/*.lock", "Cargo.lock", true),
            ("*.lock", "a/Cargo.lock", false),
            ("a/{b,c}/", "a/c/d", true),
        ];
        for (scope, path, expected) in cases {
            let scope = Scope::try_from(scope.to_owned()).unwrap();
            assert_eq!(scope.holds(path), expected, "{scope} {path}");
        }
        assert!(Scope::try_from("a/[b".to_owned()).is_err());
    }
}
