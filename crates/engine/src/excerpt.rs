//! The source lines that a finding shows, masked, and the fingerprint that rests on them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll_model::{
    Address, Digest, Excerpt, ExcerptLine, Finding, Inspection, LineIndex, Location, Masks, Matter,
    Place, Position, RuleId, Span,
};
use plimsoll_source::{Text, Tree, in_parallel};

use crate::inspect::{MAX_FILE_BYTES, masks, unchanged};
use crate::register::Inspectors;

/// At most so many lines of one finding are shown.
const MAX_LINES: u32 = 6;
/// A longer line is cut around the marked part, in bytes.
const MAX_LINE_BYTES: usize = 240;

/// So many bytes on both sides of the marked part's beginning are looked at, so that a line of many
/// findings is not read anew for each.
const REACH_BYTES: usize = 4096;

/// Adds excerpt and fingerprint to every finding. The files with findings are opened once more, and
/// shown only where they still are what `digests` say was inspected.
pub(crate) fn add(
    tree: &dyn Tree,
    inspectors: &Inspectors,
    digests: &BTreeMap<Address, Digest>,
    inspection: &mut Inspection,
) {
    inspection.sort();
    let files = group_by_file(&inspection.findings);
    let excerpts = Mutex::new(Vec::new());
    in_parallel(
        &files,
        || (),
        |(), file| {
            let Some(inspected) = digests.get(&file.address) else {
                return;
            };
            let content = tree.open(&file.address, MAX_FILE_BYTES);
            let found = match unchanged(content, *inspected) {
                Some(bytes) => file.show(inspectors, bytes),
                None => file.say_changed(),
            };
            excerpts
                .lock()
                .expect("no thread panics while it holds the lock")
                .extend(found);
        },
    );
    for (at, excerpt) in excerpts
        .into_inner()
        .expect("no thread panics while it holds the lock")
    {
        inspection.findings[at].excerpt = excerpt;
    }
    identify(&mut inspection.findings);
}

/// A file of which places are shown.
struct Shared {
    address: Address,
    /// The findings by number, in the order of their places.
    places: Vec<(usize, Location)>,
}

fn group_by_file(findings: &[Finding]) -> Vec<Shared> {
    let mut files: BTreeMap<Address, Vec<(usize, Location)>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if let Some(location) = finding.places.first().and_then(Place::file) {
            let places = files.entry(location.address()).or_default();
            places.push((at, location.clone()));
        }
    }
    files
        .into_iter()
        .map(|(address, mut places)| {
            places.sort_by_key(|(_, location)| location.start);
            Shared { address, places }
        })
        .collect()
}

impl Shared {
    /// The excerpt of each finding; none from a file that is no text.
    fn show(&self, inspectors: &Inspectors, bytes: Vec<u8>) -> Vec<(usize, Option<Excerpt>)> {
        let Text::Text(text) = Text::decode(bytes) else {
            return Vec::new();
        };
        let masks = masks(inspectors, &self.address, &text);
        let mut shown = Shown::new(&text, &masks);
        let places = self.places.iter();
        places
            .map(|(at, location)| (*at, shown.excerpt(location)))
            .collect()
    }

    fn say_changed(&self) -> Vec<(usize, Option<Excerpt>)> {
        let places = self.places.iter();
        places
            .map(|(at, _)| (*at, Some(Excerpt::Changed)))
            .collect()
    }
}

/// A text of which places are shown, in the order of their beginnings.
struct Shown<'a> {
    text: &'a str,
    masks: &'a Masks,
    lines: LineIndex<'a>,
    /// A column whose offset is known: the line's start, the characters before it, its offset.
    known: (usize, usize, usize),
}

impl<'a> Shown<'a> {
    fn new(text: &'a str, masks: &'a Masks) -> Self {
        Self {
            text,
            masks,
            lines: LineIndex::new(text),
            known: (0, 0, 0),
        }
    }

    fn excerpt(&mut self, location: &Location) -> Option<Excerpt> {
        let last = location.end.line.max(location.start.line);
        let shown = (location.start.line..=last).take(MAX_LINES as usize);
        let lines: Vec<_> = shown
            .filter_map(|number| self.line(location, number))
            .collect();
        (!lines.is_empty()).then_some(Excerpt::Lines(lines))
    }

    fn line(&mut self, location: &Location, number: u32) -> Option<ExcerptLine> {
        let line = self.lines.line_span(number)?;
        let mut from = line.start;
        if number == location.start.line {
            let reached = self.reached(line, location.start);
            self.known = reached.unwrap_or(self.known);
            from = reached.map_or(line.end, |(.., offset)| offset);
        }
        let reached = if number == location.end.line {
            self.reached(line, location.end)
        } else {
            None
        };
        let to = reached.map_or(line.end, |(.., offset)| offset);
        let (from, to) = if from >= to {
            (line.start, line.end)
        } else {
            (from, to)
        };
        let start = self
            .text
            .floor_char_boundary(from.saturating_sub(REACH_BYTES))
            .max(line.start);
        let end = self
            .text
            .ceil_char_boundary(from + REACH_BYTES)
            .min(line.end);
        let (text, mark) = self.masks.show(
            self.text,
            Span::new(start, end),
            Span::new(from, to.min(end)),
        );
        let shown = ExcerptLine {
            number,
            text,
            marked: Some((mark.start, mark.end)),
        };
        Some(cut(shown, start > line.start, end < line.end))
    }

    /// The place of a position in its line, counted on from the known one where it lies behind it;
    /// `None` past the line's last character.
    fn reached(&self, line: Span, position: Position) -> Option<(usize, usize, usize)> {
        let wanted = position.column.saturating_sub(1) as usize;
        let (start, column, at) = self.known;
        let (column, at) = if start == line.start && column <= wanted {
            (column, at)
        } else {
            (0, line.start)
        };
        let (more, _) = self.text[at..line.end]
            .char_indices()
            .nth(wanted - column)?;
        Some((line.start, wanted, at + more))
    }
}

/// Cuts a line of a minified file down to the part around the mark; some of it may stand `before` and
/// `after` already.
fn cut(line: ExcerptLine, before: bool, after: bool) -> ExcerptLine {
    if line.text.len() <= MAX_LINE_BYTES && !before && !after {
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
    let dots = |cut: bool| if cut { "…" } else { "" };
    let (before, after) = (
        dots(before || from > 0),
        dots(after || to < line.text.len()),
    );
    let moved = |at: usize| at.clamp(from, to) - from + before.len();
    let marked = Some((moved(start), moved(end)));
    ExcerptLine {
        number: line.number,
        text: format!("{before}{}{after}", &line.text[from..to]),
        marked,
    }
}

/// Sets the fingerprints; findings that are about the same are told apart by an ordinal.
fn identify(findings: &mut [Finding]) {
    let mut seen: BTreeMap<(RuleId, Option<Matter>), u32> = BTreeMap::new();
    for finding in findings {
        if finding.matter.is_none() {
            finding.matter = find_line(finding);
        }
        let key = (finding.rule.clone(), finding.matter.clone());
        let ordinal = seen.entry(key).or_insert(0);
        finding.identify(*ordinal);
        *ordinal += 1;
    }
}

/// The masked line of the first place of a finding that is about a line; where none can be shown, its
/// message stands for it.
fn find_line(finding: &Finding) -> Option<Matter> {
    let location = finding.places.first().and_then(Place::file)?;
    let line = finding
        .excerpt
        .as_ref()
        .and_then(|excerpt| excerpt.lines().first());
    let text = line.map_or(finding.message.as_str(), |line| line.text.as_str());
    Some(Matter::line(location.address(), text))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{LineIndex, Masks, Span, TreePath};

    use super::{MAX_LINE_BYTES, Shown};

    /// What is marked in the excerpt of each word, in a text where the secrets are masked.
    fn marked(text: &str, words: &[Span], secrets: &[Span]) -> Vec<(String, String)> {
        let masks = Masks::new(secrets.to_vec());
        let (lines, mut shown) = (LineIndex::new(text), Shown::new(text, &masks));
        let excerpt = |word: &Span| {
            let excerpt = shown
                .excerpt(&lines.location(&TreePath::new("a"), *word))
                .unwrap();
            let line = &excerpt.lines()[0];
            let (start, end) = line.marked.unwrap();
            (line.text.clone(), line.text[start..end].to_owned())
        };
        words.iter().map(excerpt).collect()
    }

    #[test]
    fn the_mark_is_on_the_words_that_were_found() {
        let text = format!(
            "é one\n{}two three{}four\r\nfive",
            "ü ".repeat(9000),
            " ß".repeat(9000)
        );
        let span = |word: &str| {
            Span::new(
                text.find(word).unwrap(),
                text.find(word).unwrap() + word.len(),
            )
        };
        let words = ["one", "two", "two three", "three", "four", "five"].map(span);
        let found = marked(&text, &words, &[span("three")]);
        let marks: Vec<&str> = found.iter().map(|(_, mark)| mark.as_str()).collect();
        assert_eq!(
            marks,
            ["one", "two", "two ********", "********", "four", "five"]
        );
        for (line, _) in &found {
            assert!(
                line.len() <= MAX_LINE_BYTES + 2 * "…".len() && !line.contains("three"),
                "{line}"
            );
        }
        assert!(
            found[1].0.starts_with('…') && found[1].0.ends_with('…'),
            "{}",
            found[1].0
        );
        assert!(
            found[4].0.starts_with('…') && !found[4].0.ends_with('…'),
            "{}",
            found[4].0
        );
    }

    #[test]
    fn a_line_of_many_findings_is_not_read_anew_for_each() {
        let text = format!("{} secret ", "a".repeat(8_000)).repeat(4_000);
        let spans: Vec<Span> = text
            .match_indices("secret")
            .map(|(at, word)| Span::new(at, at + word.len()))
            .collect();
        let locations: Vec<_> = {
            let column = |span: &Span| u32::try_from(span.start + 1).unwrap();
            let place = |column| plimsoll_model::Position { line: 1, column };
            let location = |span| (place(column(span)), place(column(span) + 6));
            spans.iter().map(location).collect()
        };
        let masks = Masks::new(spans.clone());
        // Reading all of the line for each of them takes minutes.
        let mut shown = Shown::new(&text, &masks);
        for (start, end) in locations {
            let location = plimsoll_model::Location {
                start,
                end,
                ..plimsoll_model::Location::file(TreePath::new("a"))
            };
            assert!(
                shown.excerpt(&location).unwrap().lines()[0]
                    .text
                    .contains("********")
            );
        }
    }
}
