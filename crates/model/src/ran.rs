use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, TreePath};

/// That an inspector ran: by which rules, over what, how much, and on what its conclusion rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ran {
    /// The inspector's id.
    pub inspector: String,
    /// The semantics of its rules at that time.
    pub semantics: u32,
    /// How much it looked at.
    pub seen: Seen,
    /// Of which part of the subject that is.
    pub scope: Extent,
    /// What it concluded from besides.
    pub inputs: Vec<Input>,
    /// Whose work it was, where another program than this one looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
}

/// How much an inspector looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// What is counted, as a plural: `files`, `requests`.
    pub unit: String,
    /// How many it was given.
    pub taken: u64,
    /// How many of them held something that its rules judge.
    pub judged: u64,
}

/// A program, by its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, as it writes it.
    pub version: String,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// The part of a subject that something is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Extent {
    /// All of it.
    Root,
    /// These folders and what is in them.
    Folders(Vec<TreePath>),
}

/// What was gathered before a conclusion and is part of what it rests on: a database, a tool, the
/// findings of a base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Its name, for people: `advisories for npm`.
    pub name: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// The moment up to which it knows, where it ages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl Ran {
    /// How much an inspector looked at, in words; `None` for one that did not run.
    pub fn describe(ran: Option<&Self>) -> String {
        ran.map_or_else(|| "did not run".to_owned(), |ran| ran.seen.to_string())
    }
}

impl Seen {
    /// Files, of which none was taken yet.
    pub fn files() -> Self {
        Self {
            unit: "files".to_owned(),
            taken: 0,
            judged: 0,
        }
    }

    /// Whether there was nothing for its rules to judge: that nothing was found then proves nothing.
    pub fn is_nothing(&self) -> bool {
        self.judged == 0
    }
}

/// What was judged, of how many where that is less than all.
impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            unit,
            taken,
            judged,
        } = self;
        let one = unit.strip_suffix('s').unwrap_or(unit);
        let unit = if *taken == 1 { one } else { unit };
        match (taken, judged) {
            (0, _) => f.write_str("nothing to look at"),
            (taken, 0) => write!(f, "nothing to look at in {taken} {unit}"),
            (taken, judged) if judged < taken => write!(f, "{judged} of {taken} {unit}"),
            (_, judged) => write!(f, "{judged} {unit}"),
        }
    }
}

impl Extent {
    /// Whether what is about this part is about all of `wanted`.
    pub fn covers(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Root, _) => true,
            (Self::Folders(_), Self::Root) => false,
            (Self::Folders(own), Self::Folders(wanted)) => wanted.iter().all(|folder| {
                own.iter()
                    .any(|own| is_within(folder.as_str(), own.as_str()))
            }),
        }
    }
}

impl std::fmt::Display for Extent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => f.write_str("everything"),
            Self::Folders(folders) => {
                let names: Vec<&str> = folders.iter().map(TreePath::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{Extent, Seen};
    use crate::TreePath;

    #[test]
    fn nothing_to_look_at_is_told_from_what_was_looked_at() {
        let told = |taken, judged| {
            let seen = Seen {
                taken,
                judged,
                ..Seen::files()
            };
            assert_eq!(seen.is_nothing(), judged == 0);
            seen.to_string()
        };
        assert_eq!(told(0, 0), "nothing to look at");
        assert_eq!(told(1, 0), "nothing to look at in 1 file");
        assert_eq!(told(1, 1), "1 file");
        assert_eq!(told(200, 3), "3 of 200 files");
    }

    #[test]
    fn a_part_never_covers_more_than_itself() {
        let folders = |names: &[&str]| {
            Extent::Folders(names.iter().map(|name| TreePath::new(*name)).collect())
        };
        let cases = [
            (Extent::Root, Extent::Root, true),
            (Extent::Root, folders(&["a"]), true),
            (folders(&["a"]), Extent::Root, false),
            (folders(&[]), Extent::Root, false),
            (folders(&["a", "b"]), folders(&["b/c", "a"]), true),
            (folders(&["a"]), folders(&["ab"]), false),
            (folders(&["a/b"]), folders(&["a"]), false),
        ];
        for (own, wanted, expected) in cases {
            assert_eq!(own.covers(&wanted), expected, "{own} {wanted}");
        }
    }
}
