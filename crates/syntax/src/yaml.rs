//! YAML 1.2 documents with spans, read by the core schema.
//!
//! Keys keep their spelling (`on` and `true` as keys are text), a key that stands twice is an error,
//! and merge keys (`<<`) are ordinary keys.

use std::collections::{BTreeMap, HashSet};

use plimsoll_model::Span;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

mod offsets;

use self::offsets::Offsets;
use crate::{MAX_DEPTH, Node, SyntaxError, Value};

/// Nodes that all documents of one file may come to, aliases expanded and anchored nodes kept twice.
const MAX_NODES: usize = 500_000;

/// Bytes that the texts of all documents of one file may come to in the same way, beyond the file's own.
const MAX_COPIED_BYTES: usize = 8 << 20;

/// Reads every document of a file; an empty file has none.
pub fn parse(text: &str) -> Result<Vec<Node>, SyntaxError> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offsets = Offsets::new(body, text.len() - body.len());
    let mut builder = Builder::new(offsets);
    for event in Parser::new_from_str(body) {
        let (event, span) = event.map_err(|error| {
            SyntaxError::new(
                builder.offsets.byte(error.marker()),
                error.info().to_owned(),
            )
        })?;
        let span = builder.offsets.span(span);
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// The byte of `text` where the character at byte `offset` of a string node's value is written;
/// where that cannot be told (folded blocks, escapes), the start of the node.
pub fn written_at(text: &str, node: &Node, offset: usize) -> usize {
    let (Some(value), Some(raw)) = (node.as_str(), text.get(node.span.start..node.span.end)) else {
        return node.span.start;
    };
    let quote = usize::from(raw.starts_with(['"', '\'']));
    if raw.get(quote..).is_some_and(|rest| rest.starts_with(value)) {
        return node.span.start + quote + offset.min(value.len());
    }
    in_block(raw, value, offset).map_or(node.span.start, |at| node.span.start + at)
}

/// In a literal block the value's lines are the block's lines without their indentation; the node
/// begins behind the first line's indentation.
fn in_block(raw: &str, value: &str, offset: usize) -> Option<usize> {
    let value_start = value.len() - value.trim_start_matches('\n').len();
    let value = &value[value_start..];
    let before = value.get(..offset.checked_sub(value_start)?)?;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let line = value.split('\n').nth(before.matches('\n').count())?;
    let mut start = 0;
    for _ in before.matches('\n') {
        start += raw.get(start..)?.find('\n')? + 1;
    }
    let written = raw.get(start..)?.split('\n').next()?.trim_end_matches('\r');
    let indentation = written
        .len()
        .checked_sub(line.len())
        .filter(|_| written.ends_with(line))?;
    Some(start + indentation + column)
}

/// What a node comes to, with everything in it.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text_bytes: usize,
}

impl Size {
    fn of(value: &Value) -> Self {
        let text_bytes = match value {
            Value::String(text) | Value::Number(text) => text.len(),
            Value::Null | Value::Bool(_) | Value::Sequence(_) | Value::Mapping(_) => 0,
        };
        Self {
            nodes: 1,
            text_bytes,
        }
    }

    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.text_bytes += other.text_bytes;
    }
}

/// A collection that is still open, with the anchor it will be known by.
struct Open {
    anchor: usize,
    start: usize,
    kind: Kind,
    size: Size,
}

enum Kind {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<(Node, Node)>,
        key: Option<Node>,
        names: HashSet<String>,
    },
}

struct Builder<'a> {
    offsets: Offsets<'a>,
    documents: Vec<Node>,
    open: Vec<Open>,
    /// Anchored nodes and what each comes to.
    anchors: BTreeMap<usize, (Node, Size)>,
    size: Size,
    max_text_bytes: usize,
}

impl<'a> Builder<'a> {
    fn new(offsets: Offsets<'a>) -> Self {
        let max_text_bytes = offsets.text.len() + MAX_COPIED_BYTES;
        Self {
            offsets,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            size: Size::default(),
            max_text_bytes,
        }
    }

    fn take(&mut self, event: Event, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {
                Ok(())
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.offsets.trimmed(span, style);
                let value = self.scalar(&text, style, tag.as_deref());
                let size = Size::of(&value);
                self.close(Node { span, value }, anchor, size)
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, span, Kind::Sequence(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(
                anchor,
                span,
                Kind::Mapping {
                    entries: Vec::new(),
                    key: None,
                    names: HashSet::new(),
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn begin(&mut self, anchor: usize, span: Span, kind: Kind) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError::new(
                span.start,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let size = Size {
            nodes: 1,
            text_bytes: 0,
        };
        self.grow(size, span.start)?;
        self.open.push(Open {
            anchor,
            start: span.start,
            kind,
            size,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), SyntaxError> {
        let open = self
            .open
            .pop()
            .expect("the parser closes only what it opened");
        let (value, last) = match open.kind {
            Kind::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (Value::Sequence(items), last)
            }
            Kind::Mapping { entries, .. } => {
                let last = entries.last().map(|(_, value)| value.span.end);
                (Value::Mapping(entries), last)
            }
        };
        // A block collection ends, for the parser, where the next token begins.
        let flow = span.end > span.start;
        let end = if flow {
            span.end
        } else {
            last.unwrap_or(span.end)
        };
        let node = Node {
            span: Span::new(open.start, end),
            value,
        };
        self.finish(node, open.anchor, open.size)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), SyntaxError> {
        let (node, size) = self
            .anchors
            .get(&anchor)
            .ok_or_else(|| SyntaxError::new(span.start, "an alias stands inside its own anchor"))?;
        let (deep, size) = (depth(node), *size);
        if self.open.len() + deep > MAX_DEPTH {
            return Err(SyntaxError::new(
                span.start,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        // What it stands for is counted before it is copied.
        self.grow(size, span.start)?;
        let (node, _) = &self.anchors[&anchor];
        let value = node.value.clone();
        self.place(Node { span, value }, size)
    }

    /// Counts a new node, and puts it where it belongs.
    fn close(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), SyntaxError> {
        self.grow(size, node.span.start)?;
        self.finish(node, anchor, size)
    }

    /// Keeps a node by its anchor, and puts it where it belongs. Its parts were counted as they came.
    fn finish(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), SyntaxError> {
        if anchor != 0 {
            self.grow(size, node.span.start)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.place(node, size)
    }

    fn grow(&mut self, size: Size, offset: usize) -> Result<(), SyntaxError> {
        self.size.add(size);
        if self.size.nodes > MAX_NODES {
            let message = format!("grows past {MAX_NODES} nodes");
            return Err(SyntaxError::new(offset, message));
        }
        if self.size.text_bytes > self.max_text_bytes {
            let message = format!("its aliases stand for more than {MAX_COPIED_BYTES} bytes");
            return Err(SyntaxError::new(offset, message));
        }
        Ok(())
    }

    /// Puts a finished node into the collection that is open, or among the documents.
    fn place(&mut self, node: Node, size: Size) -> Result<(), SyntaxError> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.size.add(size);
        match &mut open.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping {
                entries,
                key,
                names,
            } => match key.take() {
                None => *key = Some(unique(names, node)?),
                Some(name) => entries.push((name, node)),
            },
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
        let is_key = matches!(
            self.open.last(),
            Some(Open {
                kind: Kind::Mapping { key: None, .. },
                ..
            })
        );
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        if is_key || is_text || style != ScalarStyle::Plain {
            return Value::String(text.to_owned());
        }
        plain(text)
    }
}

/// Refuses a key that the mapping has already. Collections as keys are refused too: no format that
/// is read here has them.
fn unique(names: &mut HashSet<String>, key: Node) -> Result<Node, SyntaxError> {
    let Some(name) = key.as_str() else {
        return Err(SyntaxError::new(key.span.start, "a key is not a text"));
    };
    if !names.insert(name.to_owned()) {
        let shown: String = name.chars().take(60).collect();
        return Err(SyntaxError::new(
            key.span.start,
            format!("the key `{shown}` stands twice"),
        ));
    }
    Ok(key)
}

fn depth(node: &Node) -> usize {
    let deepest = node
        .items()
        .iter()
        .chain(node.entries().iter().map(|(_, value)| value))
        .map(depth)
        .max();
    deepest.map_or(0, |inner| inner + 1)
}

/// YAML 1.2.2 §10.3.2, the core schema's tag resolution.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::String(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| (b'0'..b'8').contains(&byte));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let begins = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    begins && unsigned != "." && unsigned.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{parse, written_at};
    use crate::{Node, Value};

    fn one(text: &str) -> Node {
        parse(text).unwrap().remove(0)
    }

    #[test]
    fn keys_keep_their_spelling_and_values_their_type() {
        let node = one("on: push\n1: 0x1f\nnull: ~\ntrue: yes\n'a': !!str 12\nb: 2024-01-01\n");
        let keys: Vec<_> = node
            .entries()
            .iter()
            .map(|(key, _)| key.as_str().unwrap())
            .collect();
        assert_eq!(keys, ["on", "1", "null", "true", "a", "b"]);
        let values: Vec<_> = node
            .entries()
            .iter()
            .map(|(_, value)| value.value.clone())
            .collect();
        let text = |text: &str| Value::String(text.to_owned());
        let number = Value::Number("0x1f".to_owned());
        assert_eq!(
            values,
            [
                text("push"),
                number,
                Value::Null,
                text("yes"),
                text("12"),
                text("2024-01-01")
            ]
        );
    }

    #[test]
    fn spans_are_bytes_of_the_file() {
        let text = "\u{feff}é: ü\nlist:\n  - 'ä b' # c\n  - {k: v}\nend: x\n";
        let node = one(text);
        let shown = |node: &Node| &text[node.span.start..node.span.end];
        assert_eq!(shown(node.get("é").unwrap()), "ü");
        let list = node.get("list").unwrap();
        assert_eq!(shown(&list.items()[0]), "'ä b'");
        assert_eq!(shown(&list.items()[1]), "{k: v}");
        assert_eq!(shown(&node.entry("end").unwrap().0), "end");
        assert_eq!(shown(list), "- 'ä b' # c\n  - {k: v}");
    }

    #[test]
    fn a_line_of_a_block_is_found_where_it_is_written() {
        let text = "a:\n  run: |\n    é one\n      two\n\n    three\n  b: \"x y\"\n  c: plain\n  f: >\n    x\n    y\n";
        let node = one(text);
        let a = node.get("a").unwrap();
        let find = |key: &str, word: &str| {
            let node = a.get(key).unwrap();
            let at = written_at(text, node, node.as_str().unwrap().find(word).unwrap());
            text[at..].starts_with(word)
        };
        for (key, word) in [
            ("run", "one"),
            ("run", "two"),
            ("run", "three"),
            ("b", "y"),
            ("c", "ain"),
        ] {
            assert!(find(key, word), "{word}");
        }
        let folded = a.get("f").unwrap();
        assert_eq!(written_at(text, folded, 2), folded.span.start);
    }

    #[test]
    fn growth_depth_and_doubles_are_refused() {
        let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let aliases = vec![format!("*a{before}"); 10].join(",");
            laughs = format!("{laughs}a{level}: &a{level} [{aliases}]\n");
        }
        let deep = format!("{}x{}", "[".repeat(4000), "]".repeat(4000));
        let long = "x".repeat(100_000);
        let echoes = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 100].join(","));
        let opened: Vec<String> = (0..120).map(|at| format!("&a{at} [")).collect();
        let anchored = format!("{}&b {long}{}", opened.concat(), "]".repeat(120));
        for (text, word) in [
            (laughs.as_str(), "grows past"),
            (deep.as_str(), "recursion limit"),
            (echoes.as_str(), "stand for more than"),
            (anchored.as_str(), "stand for more than"),
            ("a: 1\nb: 2\na: 3\n", "stands twice"),
            ("a: [1\nb: 2", ""),
            ("a: &x [*x]", "own anchor"),
            ("? [a]\n: b", "not a text"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains(word), "{error}");
        }
        assert_eq!(parse("a: 1\nb: 2\na: 3\n").unwrap_err().offset, 10);
    }

    #[test]
    fn files_hold_several_documents_or_none() {
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("# only words\n").unwrap(), []);
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap().len(), 2);
        assert_eq!(
            one("a: &x {k: v}\nb: *x\n")
                .get("b")
                .unwrap()
                .get("k")
                .unwrap()
                .as_str(),
            Some("v")
        );
    }
}
