//! What a word comes to when nothing needs to be expanded.

use plimsoll_model::Span;
use tree_sitter::Node;

/// Where `${{ … }}` stands in a script.
pub(super) fn expression_spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("${{").map(|found| at + found) {
        let Some(end) = text[start..].find("}}").map(|found| start + found + 2) else {
            break;
        };
        spans.push(Span::new(start, end));
        at = end;
    }
    spans
}

/// The value of a word without its quotes; `None` when it depends on anything but the script.
pub(super) fn literal(node: Node, text: &str, expressions: &[Span]) -> Option<String> {
    let span = Span::new(node.start_byte(), node.end_byte());
    if expressions
        .iter()
        .any(|expression| expression.overlaps(span))
    {
        return None;
    }
    let written = &text[span.start..span.end];
    match node.kind() {
        "word" | "number" | "variable_name" => bare(written),
        "raw_string" => Some(written.trim_matches('\'').to_owned()),
        "string" => quoted(node, written),
        "command_name" => literal(node.named_child(0)?, text, expressions),
        "concatenation" => {
            let mut cursor = node.walk();
            node.children(&mut cursor)
                .map(|part| literal(part, text, expressions))
                .collect()
        }
        "variable_assignment" => {
            let (name, value) = written.split_once('=')?;
            let value = match node.child_by_field_name("value") {
                Some(value) => literal(value, text, expressions)?,
                None => value.to_owned(),
            };
            Some(format!("{name}={value}"))
        }
        _ if !node.is_named() => Some(written.to_owned()),
        _ => None,
    }
}

fn bare(written: &str) -> Option<String> {
    let globs =
        written.contains(['*', '?', '~']) || (written.contains('[') && written.contains(']'));
    (!globs).then(|| unescape(written, |_| true))
}

fn quoted(node: Node, written: &str) -> Option<String> {
    let mut cursor = node.walk();
    let plain = node
        .named_children(&mut cursor)
        .all(|child| child.kind() == "string_content");
    let inside = written.strip_prefix('"')?.strip_suffix('"')?;
    plain.then(|| unescape(inside, |next| matches!(next, '"' | '\\' | '$' | '`' | '\n')))
}

/// Takes the backslash away before the characters that it protects; with a line break both go.
fn unescape(text: &str, protects: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some(next) if char == '\\' && protects(*next) => {
                if *next != '\n' {
                    out.push(*next);
                }
                chars.next();
            }
            _ => out.push(char),
        }
    }
    out
}
