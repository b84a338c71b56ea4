use serde::{Deserialize, Serialize};

use crate::text::text_newtype;
use crate::{Address, TreeAddress};

text_newtype! {
    /// A file's path inside its tree: relative, parts separated by `/`, never `..`.
    TreePath
}

impl TreePath {
    /// The last part.
    pub fn file_name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or(self.as_str())
    }

    /// The folder that holds the file; empty for the root of the tree.
    pub fn parent(&self) -> &str {
        self.as_str()
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent)
    }
}

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Whether the two ranges share a byte.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A place between two characters as people count: line and column from 1, columns in Unicode
/// scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in Unicode scalar values.
    pub column: u32,
}

/// Where something is: a range of one file of the inspected tree. `end` is one past the last
/// character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The tree that holds the file. Who reads one file does not know it and says the whole; it is set
    /// by [`crate::Inspection::locate_in`].
    #[serde(default, skip_serializing_if = "TreeAddress::is_whole")]
    pub tree: TreeAddress,
    /// The file, by its path in that tree.
    pub path: TreePath,
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

impl Location {
    /// The whole of a file, shown as its first line.
    pub fn file(path: TreePath) -> Self {
        let start = Position { line: 1, column: 1 };
        Self {
            tree: TreeAddress::default(),
            path,
            start,
            end: start,
        }
    }

    /// The whole of the file with this address, shown as its first line.
    pub fn at(address: &Address) -> Self {
        Self {
            tree: address.tree(),
            ..Self::file(address.path.clone())
        }
    }

    /// What names the file.
    pub fn address(&self) -> Address {
        self.tree.file(self.path.clone())
    }

    /// The path of the file in its layer or commit; of a file in an archive, that of the outermost one.
    pub fn outer_path(&self) -> &TreePath {
        self.tree.archives.first().unwrap_or(&self.path)
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, column) = (self.start.line, self.start.column);
        if self.tree.is_whole() {
            return write!(f, "{}:{line}:{column}", self.path);
        }
        write!(f, "{}:{line}:{column}", self.address())
    }
}

/// Where something is: in a file of the inspected tree, in an object of a cluster or cloud, or in what
/// a server answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A range of a file.
    File(Location),
    /// A field of an object.
    Object(ObjectPlace),
    /// A request to a server.
    Request(RequestPlace),
}

/// An object of a cluster or cloud, or one field of it. Neither its version nor the moment of its
/// making is part of where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectPlace {
    /// What it is: `apps/v1/Deployment`, `aws_s3_bucket`.
    pub kind: String,
    /// The namespace or account it belongs to, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The field inside it, as a path: `spec.template.spec.containers[0].image`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A request to a running server, without its secret values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPlace {
    /// The method: `GET`.
    pub method: String,
    /// The URL that was asked for, without credentials.
    pub url: String,
    /// The parameter, header or field that matters, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
}

impl Place {
    /// The range of a file, where it is one.
    pub fn file(&self) -> Option<&Location> {
        match self {
            Self::File(location) => Some(location),
            Self::Object(_) | Self::Request(_) => None,
        }
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self::File(location)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(location) => location.fmt(f),
            Self::Object(object) => object.fmt(f),
            Self::Request(request) => request.fmt(f),
        }
    }
}

/// `kind namespace/name field`, without what is absent.
impl std::fmt::Display for ObjectPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)?;
        if let Some(field) = &self.field {
            write!(f, " {field}")?;
        }
        Ok(())
    }
}

/// `METHOD url parameter`, without what is absent.
impl std::fmt::Display for RequestPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        if let Some(parameter) = &self.parameter {
            write!(f, " {parameter}")?;
        }
        Ok(())
    }
}

/// Turns byte offsets of one text into lines and columns.
#[derive(Clone, Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Indexes the lines of `text`; lines end with `\n`.
    pub fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The position of a byte offset; an offset past the end or inside a character is moved back to
    /// the nearest one that exists.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let column = self.text[self.starts[line]..offset].chars().count();
        Position {
            line: saturate(line + 1),
            column: saturate(column + 1),
        }
    }

    /// The location of a span in the file at `path`.
    pub fn location(&self, path: &TreePath, span: Span) -> Location {
        Location {
            tree: TreeAddress::default(),
            path: path.clone(),
            start: self.position(span.start),
            end: self.position(span.end),
        }
    }

    /// The byte range of a line (from 1) without its line ending; `None` past the last line.
    pub fn line_span(&self, line: u32) -> Option<Span> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self
            .starts
            .get(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') {
            end - 1
        } else {
            end
        };
        Some(Span::new(start, end))
    }
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{LineIndex, Position, Span};

    #[test]
    fn positions_count_characters() {
        let index = LineIndex::new("aé\nx\r\n");
        assert_eq!(index.position(0), Position { line: 1, column: 1 });
        assert_eq!(
            index.position(2),
            Position { line: 1, column: 2 },
            "inside é"
        );
        assert_eq!(index.position(3), Position { line: 1, column: 3 });
        assert_eq!(index.position(4), Position { line: 2, column: 1 });
        assert_eq!(index.position(99), Position { line: 3, column: 1 });
        assert_eq!(index.line_span(2), Some(Span::new(4, 5)));
        assert_eq!(index.line_span(4), None);
    }
}
