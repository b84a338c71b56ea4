use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CommitId, Digest, TreePath};

/// What names one file of what is inspected, and nothing else: where its tree was taken from, its
/// path there, and its path inside the archive at that path.
///
/// The text form is canonical: `path`, `layer:sha256:DIGITS:path` or `commit:ID:path`, followed by
/// `!/member` inside an archive. `%` and control characters are written `%XX`, and so is what would
/// read as one of the marks. Every address has one text, and every other text is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Address {
    /// The layer or commit; `None` where the inspected tree is a single one.
    pub origin: Option<Origin>,
    /// The path in the tree.
    pub path: TreePath,
    /// The path inside the archive that stands at `path`; `None` for the file itself.
    pub member: Option<TreePath>,
}

/// One of several trees that are inspected as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A layer of an image, by the digest of its uncompressed bytes (the `diff_id` of the OCI image
    /// specification).
    Layer(Digest),
    /// A commit of a history.
    Commit(CommitId),
}

/// The text is no address in its canonical form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is no address of a file; write PATH, layer:sha256:DIGITS:PATH or commit:ID:PATH, and !/MEMBER behind it for a file in an archive"
)]
pub struct AddressError(String);

impl Address {
    /// The file at a path of the one inspected tree.
    pub fn new(path: TreePath) -> Self {
        Self {
            origin: None,
            path,
            member: None,
        }
    }

    /// The file at a path of one layer.
    pub fn in_layer(layer: Digest, path: TreePath) -> Self {
        Self {
            origin: Some(Origin::Layer(layer)),
            ..Self::new(path)
        }
    }

    /// The file at a path of one commit.
    pub fn in_commit(commit: CommitId, path: TreePath) -> Self {
        Self {
            origin: Some(Origin::Commit(commit)),
            ..Self::new(path)
        }
    }

    /// A file inside the archive that this address names.
    #[must_use]
    pub fn with_member(self, member: TreePath) -> Self {
        Self {
            member: Some(member),
            ..self
        }
    }

    /// The path, where nothing else belongs to the address: of a file of the one inspected tree, in no
    /// archive.
    pub fn plain_path(&self) -> Option<&TreePath> {
        match self {
            Self {
                origin: None,
                path,
                member: None,
            } => Some(path),
            Self { .. } => None,
        }
    }

    /// The path in the tree that directly holds the file: in the archive, where it is in one.
    pub fn path_in_tree(&self) -> &TreePath {
        self.member.as_ref().unwrap_or(&self.path)
    }

    /// The tree that directly holds the file: files are told apart in it by
    /// [`Address::path_in_tree`], and what they say about each other by path holds inside it.
    pub fn tree(&self) -> TreeAddress {
        TreeAddress {
            origin: self.origin.clone(),
            archive: self.member.as_ref().map(|_| self.path.clone()),
        }
    }
}

/// What names one of the trees that are inspected: the whole of it, a layer, a commit, or an archive in
/// one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "TreeFields", into = "TreeFields")]
pub struct TreeAddress {
    /// The layer or commit; `None` where the inspected tree is a single one.
    pub origin: Option<Origin>,
    /// The path of the archive; `None` for what is in none.
    pub archive: Option<TreePath>,
}

impl TreeAddress {
    /// Whether it is the inspected tree itself.
    pub fn is_whole(&self) -> bool {
        self.origin.is_none() && self.archive.is_none()
    }

    /// The address of the file at a path of this tree.
    pub fn file(&self, path: TreePath) -> Address {
        let origin = self.origin.clone();
        match &self.archive {
            Some(archive) => Address {
                origin,
                path: archive.clone(),
                member: Some(path),
            },
            None => Address {
                origin,
                path,
                member: None,
            },
        }
    }
}

impl From<TreePath> for Address {
    fn from(path: TreePath) -> Self {
        Self::new(path)
    }
}

const LAYER: &str = "layer:";
const COMMIT: &str = "commit:";
const MEMBER: &str = "!/";

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(Origin::Layer(digest)) => write!(f, "{LAYER}{digest}:")?,
            Some(Origin::Commit(commit)) => write!(f, "{COMMIT}{commit}:")?,
            None => {}
        }
        f.write_str(&escape_path(&self.path, self.origin.is_none()))?;
        match &self.member {
            Some(member) => write!(f, "{MEMBER}{}", escape(member.as_str())),
            None => Ok(()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            // What reads as the same address in another spelling is refused.
            .filter(|address| address.to_string() == text)
            .ok_or_else(|| AddressError(text.chars().take(200).collect()))
    }
}

fn read(text: &str) -> Option<Address> {
    let (origin, rest) = if let Some(rest) = text.strip_prefix(LAYER) {
        let end = "sha256:".len() + 64;
        let (digest, rest) = rest.split_at_checked(end)?;
        (
            Some(Origin::Layer(digest.parse().ok()?)),
            rest.strip_prefix(':')?,
        )
    } else if let Some(rest) = text.strip_prefix(COMMIT) {
        let (id, rest) = rest.split_once(':')?;
        (Some(Origin::Commit(commit_id(id)?)), rest)
    } else {
        (None, text)
    };
    let (path, member) = match rest.split_once(MEMBER) {
        Some((path, member)) => (path, Some(tree_path(member)?)),
        None => (rest, None),
    };
    Some(Address {
        origin,
        path: tree_path(path)?,
        member,
    })
}

fn commit_id(digits: &str) -> Option<CommitId> {
    let is_id = matches!(digits.len(), 40 | 64)
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then(|| CommitId::new(digits))
}

fn tree_path(text: &str) -> Option<TreePath> {
    let path = unescape(text)?;
    (!path.is_empty()).then(|| TreePath::new(path))
}

/// The path as an address writes it: `is_first` when nothing stands before it.
fn escape_path(path: &TreePath, is_first: bool) -> String {
    let text = escape(path.as_str()).replace(MEMBER, "%21/");
    match [LAYER, COMMIT]
        .into_iter()
        .find(|mark| is_first && text.starts_with(mark))
    {
        Some(_) => text.replacen(':', "%3A", 1),
        None => text,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '%' || character.is_ascii_control() {
            write!(out, "%{:02X}", u32::from(character)).expect("a String takes every text");
        } else {
            out.push(character);
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let code = u8::from_str_radix(digits, 16).ok()?;
        out.push(code.is_ascii().then_some(char::from(code))?);
        out.push_str(rest);
    }
    Some(out)
}

/// An address as fields of an object in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<CommitId>,
    path: TreePath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<TreePath>,
}

/// The address of a tree as fields of an object in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<CommitId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archive: Option<TreePath>,
}

impl From<Address> for Fields {
    fn from(address: Address) -> Self {
        let (layer, commit) = split_origin(address.origin);
        Self {
            layer,
            commit,
            path: address.path,
            member: address.member,
        }
    }
}

impl TryFrom<Fields> for Address {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        Ok(Self {
            origin: join_origin(fields.layer, fields.commit)?,
            path: fields.path,
            member: fields.member,
        })
    }
}

impl From<TreeAddress> for TreeFields {
    fn from(tree: TreeAddress) -> Self {
        let (layer, commit) = split_origin(tree.origin);
        Self {
            layer,
            commit,
            archive: tree.archive,
        }
    }
}

impl TryFrom<TreeFields> for TreeAddress {
    type Error = &'static str;

    fn try_from(fields: TreeFields) -> Result<Self, Self::Error> {
        Ok(Self {
            origin: join_origin(fields.layer, fields.commit)?,
            archive: fields.archive,
        })
    }
}

fn split_origin(origin: Option<Origin>) -> (Option<Digest>, Option<CommitId>) {
    match origin {
        Some(Origin::Layer(digest)) => (Some(digest), None),
        Some(Origin::Commit(id)) => (None, Some(id)),
        None => (None, None),
    }
}

fn join_origin(
    layer: Option<Digest>,
    commit: Option<CommitId>,
) -> Result<Option<Origin>, &'static str> {
    match (layer, commit) {
        (Some(_), Some(_)) => Err("a file is in a layer or in a commit, not in both"),
        (Some(digest), None) => Ok(Some(Origin::Layer(digest))),
        (None, Some(id)) => Ok(Some(Origin::Commit(id))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Origin, TreeAddress};
    use crate::{CommitId, Digest, TreePath};

    /// Paths with everything that the text form uses as a mark.
    fn paths() -> Vec<TreePath> {
        let marks = [
            "a", "!", "/", "%", ":", "layer:", "commit:", "21", "\n", "é",
        ];
        let pairs = marks
            .iter()
            .flat_map(|first| marks.map(|second| format!("{first}{second}")));
        let triples = pairs.flat_map(|pair| marks.map(|last| format!("{pair}{last}")));
        triples.map(TreePath::new).collect()
    }

    #[test]
    fn every_address_has_one_text_that_reads_back() {
        let layer = Origin::Layer(Digest::of(b"layer"));
        let commit = Origin::Commit(CommitId::new("0123456789abcdef0123456789abcdef01234567"));
        for origin in [None, Some(layer), Some(commit)] {
            for path in paths() {
                let members = [None, Some(path.clone()), Some(TreePath::new("b!/c"))];
                for member in members {
                    let address = Address {
                        origin: origin.clone(),
                        path: path.clone(),
                        member,
                    };
                    let text = address.to_string();
                    assert_eq!(text.parse().as_ref(), Ok(&address), "{text}");
                    assert!(!text.contains('\n'));
                    let json = serde_json::to_string(&address).unwrap();
                    assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
                    let path = address.path_in_tree().clone();
                    assert_eq!(address.tree().file(path), address);
                }
            }
        }
    }

    #[test]
    fn a_plain_path_is_its_own_text_and_nothing_else_is_read() {
        let address = Address::new(TreePath::new("a/b!c:d.yml"));
        assert_eq!(address.to_string(), "a/b!c:d.yml");
        for refused in [
            "",
            "a!/",
            "a%",
            "a%2",
            "a%61",
            "a%0a",
            "a%é",
            "layer:a",
            "layer:sha256:00:a",
            "commit:main:a",
            "commit:0123456789abcdef0123456789abcdef01234567:",
        ] {
            assert!(refused.parse::<Address>().is_err(), "{refused}");
        }
        let both = r#"{"layer":"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","commit":"1"}"#;
        assert!(serde_json::from_str::<TreeAddress>(both).is_err());
    }
}
