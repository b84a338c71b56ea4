//! The lines of a requirements file as pip reads them: continuations joined, comments cut off.

use plimsoll_model::Span;

/// What pip reads as one line.
#[derive(Debug)]
pub(crate) struct LogicalLine {
    pub(crate) text: String,
    /// The part of its first line that says something.
    pub(crate) span: Span,
}

/// Joins and cuts lines in pip's order: a backslash at the end continues a line, but a comment line
/// in between ends it.
pub(crate) fn logical_lines(text: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut open: Option<(String, Span)> = None;
    for whole in physical_lines(text) {
        let line = text[whole.start..whole.end].trim_start_matches('\u{feff}');
        let comment = line.trim_start().starts_with('#');
        let continued = line.strip_suffix('\\').filter(|_| !comment);
        let part = continued.unwrap_or(line);
        let (joined, span) = open
            .take()
            .unwrap_or_else(|| (String::new(), said(line, whole)));
        let joined = if comment {
            format!("{joined} {part}")
        } else {
            joined + part
        };
        if continued.is_some() {
            open = Some((joined, span));
        } else {
            lines.push(LogicalLine { text: joined, span });
        }
    }
    lines.extend(open.map(|(text, span)| LogicalLine { text, span }));
    for line in &mut lines {
        line.text = without_comment(&line.text).trim().to_owned();
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// The lines as Python's `str.splitlines` parts them. An editor shows several of them as one, so that
/// a package could hide behind a comment.
fn physical_lines(text: &str) -> Vec<Span> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, character) in text
        .char_indices()
        .filter(|(_, character)| ends_line(*character))
    {
        let is_second_half = character == '\n' && at == start && text[..at].ends_with('\r');
        if !is_second_half {
            lines.push(Span::new(start, at));
        }
        start = at + character.len_utf8();
    }
    lines.push(Span::new(start, text.len()));
    lines
}

fn ends_line(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn said(line: &str, whole: Span) -> Span {
    let body = without_comment(line)
        .trim_end()
        .trim_end_matches('\\')
        .trim_end();
    let start = whole.end - line.len() + (body.len() - body.trim_start().len());
    Span::new(start, start + body.trim_start().len())
}

/// A `#` begins a comment at the beginning of a line or after white space.
fn without_comment(line: &str) -> &str {
    let starts = line.match_indices('#').map(|(at, _)| at);
    let comment = starts.into_iter().find(|at| {
        line[..*at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    });
    comment.map_or(line, |at| &line[..at])
}
