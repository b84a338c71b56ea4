use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CommitId, Digest, TreePath};

/// What names one file of what is inspected, and nothing else: where its tree was taken from, the
/// archives that it is in, and its path in the innermost of them.
///
/// The text form is canonical: `path`, `layer:sha256:DIGITS:path` or `commit:ID:path`, where `!/` ends the
/// path of an archive and the path inside it follows: `app.ear!/web.war!/WEB-INF/web.xml`. `%` and control
/// characters are written `%XX`, and so is what would read as one of the marks. Every address has one
/// text, and every other text is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Address {
    /// The layer or commit; `None` where the inspected tree is a single one.
    pub origin: Option<Origin>,
    /// The archives that hold it, the outermost first, each by its path in the one before; empty for what
    /// is in none.
    pub archives: Vec<TreePath>,
    /// The path in the tree that directly holds the file: in the innermost archive, where it is in one.
    pub path: TreePath,
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
    "`{0}` is no address of a file; write PATH, layer:sha256:DIGITS:PATH or commit:ID:PATH, and !/PATH behind it for a file in an archive"
)]
pub struct AddressError(String);

impl Address {
    /// The file at a path of the one inspected tree.
    pub fn new(path: TreePath) -> Self {
        Self {
            origin: None,
            archives: Vec::new(),
            path,
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
    pub fn with_member(mut self, member: TreePath) -> Self {
        self.archives.push(self.path);
        Self {
            path: member,
            ..self
        }
    }

    /// The same file, whatever layer or commit holds it.
    #[must_use]
    pub fn without_origin(self) -> Self {
        Self {
            origin: None,
            ..self
        }
    }

    /// The path, where nothing else belongs to the address: of a file of the one inspected tree, in no
    /// archive.
    pub fn plain_path(&self) -> Option<&TreePath> {
        let is_plain = self.origin.is_none() && self.archives.is_empty();
        is_plain.then_some(&self.path)
    }

    /// The tree that directly holds the file: files are told apart in it by their paths, and what they say
    /// about each other by path holds inside it.
    pub fn tree(&self) -> TreeAddress {
        TreeAddress {
            origin: self.origin.clone(),
            archives: self.archives.clone(),
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
    /// The archives, the outermost first and the tree itself last; empty for what is none.
    pub archives: Vec<TreePath>,
}

impl TreeAddress {
    /// Whether it is the inspected tree itself.
    pub fn is_whole(&self) -> bool {
        self.origin.is_none() && self.archives.is_empty()
    }

    /// The address of the file at a path of this tree.
    pub fn file(&self, path: TreePath) -> Address {
        Address {
            origin: self.origin.clone(),
            archives: self.archives.clone(),
            path,
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
        let mut is_first = self.origin.is_none();
        for archive in &self.archives {
            write!(f, "{}{MEMBER}", escape_path(archive, is_first))?;
            is_first = false;
        }
        f.write_str(&escape_path(&self.path, is_first))
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
    let mut archives: Vec<TreePath> = rest.split(MEMBER).map(tree_path).collect::<Option<_>>()?;
    let path = archives.pop()?;
    Some(Address {
        origin,
        archives,
        path,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    archives: Vec<TreePath>,
    path: TreePath,
}

/// The address of a tree as fields of an object in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<CommitId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    archives: Vec<TreePath>,
}

impl From<Address> for Fields {
    fn from(address: Address) -> Self {
        let (layer, commit) = split_origin(address.origin);
        Self {
            layer,
            commit,
            archives: address.archives,
            path: address.path,
        }
    }
}

impl TryFrom<Fields> for Address {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        Ok(Self {
            origin: join_origin(fields.layer, fields.commit)?,
            archives: fields.archives,
            path: fields.path,
        })
    }
}

impl From<TreeAddress> for TreeFields {
    fn from(tree: TreeAddress) -> Self {
        let (layer, commit) = split_origin(tree.origin);
        Self {
            layer,
            commit,
            archives: tree.archives,
        }
    }
}

impl TryFrom<TreeFields> for TreeAddress {
    type Error = &'static str;

    fn try_from(fields: TreeFields) -> Result<Self, Self::Error> {
        Ok(Self {
            origin: join_origin(fields.layer, fields.commit)?,
            archives: fields.archives,
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
    use std::collections::BTreeSet;

    use super::{Address, Origin, TreeAddress};
    use crate::{CommitId, Digest, TreePath};

    const MARKS: [&str; 9] = ["a", "!", "/", "%", ":", "layer:", "commit:", "21", "\n"];

    /// Paths with everything that the text form uses as a mark: each mark, and each pair of them.
    fn paths() -> Vec<TreePath> {
        let pairs = MARKS.iter().flat_map(|first| {
            let pair = |second: &str| format!("{first}{second}");
            MARKS.map(pair)
        });
        let all = MARKS.map(str::to_owned).into_iter().chain(pairs);
        all.map(TreePath::new).collect()
    }

    /// Addresses of files in no archive, in one, and in two, with every path at each place.
    fn addresses(origin: Option<&Origin>) -> Vec<Address> {
        let mut all = Vec::new();
        let marks = || MARKS.map(TreePath::new);
        for path in paths() {
            let file = Address {
                origin: origin.cloned(),
                ..Address::new(path)
            };
            for member in paths() {
                let member = file.clone().with_member(member);
                all.extend(marks().map(|inner| member.clone().with_member(inner)));
                all.push(member);
            }
            all.push(file);
        }
        all
    }

    #[test]
    fn every_address_has_one_text_that_reads_back() {
        let layer = Origin::Layer(Digest::of(b"layer"));
        let commit = Origin::Commit(CommitId::new("0123456789abcdef0123456789abcdef01234567"));
        let mut texts = BTreeSet::new();
        for origin in [None, Some(&layer), Some(&commit)] {
            for address in addresses(origin) {
                let text = address.to_string();
                assert_eq!(text.parse().as_ref(), Ok(&address), "{text}");
                assert!(!text.contains('\n'));
                let json = serde_json::to_string(&address).unwrap();
                assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
                assert_eq!(address.tree().file(address.path.clone()), address);
                assert!(texts.insert(text), "{address} names two files");
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
            "a!/!/b",
            "!/a",
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
