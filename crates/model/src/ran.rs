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
    /// How many files it looked at.
    pub seen_files: u64,
    /// Of which part of the subject they are.
    pub scope: Extent,
    /// What it concluded from besides the files.
    pub inputs: Vec<Input>,
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
    pub fn seen(ran: Option<&Self>) -> String {
        match ran.map(|ran| ran.seen_files) {
            None => "did not run".to_owned(),
            Some(0) => "nothing to look at".to_owned(),
            Some(1) => "1 file".to_owned(),
            Some(files) => format!("{files} files"),
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
    use super::Extent;
    use crate::TreePath;

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
