//! The source lines that a finding shows, masked, and the fingerprint that rests on them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll_model::{
    Excerpt, ExcerptLine, Finding, Inspection, LineIndex, Location, Masks, Position, Span, TreePath,
};
use plimsoll_secrets::Rules;
use plimsoll_source::{Content, Text, Tree};

use crate::inspect::{MAX_FILE_BYTES, masks};

/// At most so many lines of one finding are shown.
const MAX_LINES: u32 = 6;
/// A longer line is cut around the marked part, in bytes.
const MAX_LINE_BYTES: usize = 240;

/// Adds excerpt and fingerprint to every finding, by reading the files with findings once more. What
/// is masked is judged anew on the text that is shown: the file may have changed since.
pub(crate) fn add(tree: &dyn Tree, rules: &Rules, inspection: &mut Inspection) {
    let mut by_path: BTreeMap<TreePath, Vec<usize>> = BTreeMap::new();
    inspection.sort();
    for (at, finding) in inspection.findings.iter().enumerate() {
        if let Some(location) = finding.locations.first() {
            by_path.entry(location.path.clone()).or_default().push(at);
        }
    }
    let texts = Mutex::new(BTreeMap::new());
    tree.walk(MAX_FILE_BYTES, &|path| by_path.contains_key(path), &|path, content| {
        if let Content::Bytes(bytes) = content
            && let Text::Text(text) = Text::decode(bytes)
        {
            texts.lock().expect("no thread panics while it holds the lock").insert(path, text);
        }
    });
    let texts = texts.into_inner().expect("no thread panics while it holds the lock");
    for (path, findings) in &by_path {
        let Some(text) = texts.get(path) else { continue };
        let (lines, masks) = (LineIndex::new(text), masks(rules, path, text));
        for at in findings {
            show(&mut inspection.findings[*at], &lines, text, &masks);
        }
    }
    identify(&mut inspection.findings);
}

fn show(finding: &mut Finding, lines: &LineIndex<'_>, text: &str, masks: &Masks) {
    let Some(location) = finding.locations.first() else { return };
    let last = location.end.line.max(location.start.line);
    let shown = (location.start.line..=last).take(MAX_LINES as usize);
    let lines: Vec<_> = shown.filter_map(|number| line(lines, text, masks, location, number)).collect();
    if !lines.is_empty() {
        finding.excerpt = Some(Excerpt { lines });
    }
}

fn line(
    lines: &LineIndex<'_>,
    text: &str,
    masks: &Masks,
    location: &Location,
    number: u32,
) -> Option<ExcerptLine> {
    let span = lines.line_span(number)?;
    let from = if number == location.start.line { offset(text, span, location.start) } else { span.start };
    let to = if number == location.end.line { offset(text, span, location.end) } else { span.end };
    let (from, to) = if from >= to { (span.start, span.end) } else { (from, to) };
    let (text, mark) = masks.show(text, span, Span::new(from, to));
    Some(cut(ExcerptLine { number, text, marked: Some((mark.start, mark.end)) }))
}

/// The byte offset of a position in its line.
fn offset(text: &str, line: Span, position: Position) -> usize {
    let column = position.column.saturating_sub(1) as usize;
    text[line.start..line.end].char_indices().nth(column).map_or(line.end, |(at, _)| line.start + at)
}

/// Cuts a line of a minified file down to the part around the mark.
fn cut(line: ExcerptLine) -> ExcerptLine {
    if line.text.len() <= MAX_LINE_BYTES {
        return line;
    }
    let (start, end) = line.marked.unwrap_or((0, 0));
    let floor = |mut at: usize| {
        while !line.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = floor(start.saturating_sub(MAX_LINE_BYTES / 4));
    let to = floor((from + MAX_LINE_BYTES).min(line.text.len()));
    let (before, after) = (if from > 0 { "…" } else { "" }, if to < line.text.len() { "…" } else { "" });
    let moved = |at: usize| at.clamp(from, to) - from + before.len();
    let marked = Some((moved(start), moved(end)));
    ExcerptLine { number: line.number, text: format!("{before}{}{after}", &line.text[from..to]), marked }
}

/// Sets the fingerprints; findings that are equal but for their line are told apart by an ordinal.
fn identify(findings: &mut [Finding]) {
    let mut seen: BTreeMap<(String, Option<TreePath>, String), u32> = BTreeMap::new();
    for finding in findings {
        let masked = finding.excerpt.as_ref().map_or_else(
            || finding.message.clone(),
            |excerpt| excerpt.lines.first().map_or_else(String::new, |line| line.text.clone()),
        );
        let path = finding.locations.first().map(|location| location.path.clone());
        let ordinal = seen.entry((finding.rule.to_string(), path, masked.clone())).or_insert(0);
        finding.identify(&masked, *ordinal);
        *ordinal += 1;
    }
}
