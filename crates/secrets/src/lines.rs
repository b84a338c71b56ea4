//! Lines and columns in linear time, also where one line is the whole file.

use plimsoll_model::{Position, Span};

use crate::allowlist::Allowlist;

/// The positions of offsets, which may come in any order, in one pass over the text. They count as
/// `model::LineIndex` does.
pub(crate) fn positions(text: &str, offsets: &[usize]) -> Vec<Position> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_unstable_by_key(|index| offsets[*index]);
    let start = Position { line: 1, column: 1 };
    let mut positions = vec![start; offsets.len()];
    let (mut at, mut position) = (0, start);
    for index in order {
        let offset = text.floor_char_boundary(offsets[index]);
        for character in text[at..offset].chars() {
            if character == '\n' {
                position = Position {
                    line: position.line.saturating_add(1),
                    column: 1,
                };
            } else {
                position.column = position.column.saturating_add(1);
            }
        }
        at = offset;
        positions[index] = position;
    }
    positions
}

/// What the expressions of allowlists said about the line that was last asked about, so that a long
/// line with many matches is searched once for each allowlist.
#[derive(Default)]
pub(crate) struct LineVerdicts<'a> {
    line: Option<Span>,
    said: Vec<(&'a Allowlist, bool)>,
}

impl<'a> LineVerdicts<'a> {
    /// Whether an expression of `list` matches the lines of `matched`.
    pub(crate) fn verdict(&mut self, text: &[u8], matched: Span, list: &'a Allowlist) -> bool {
        let line = self.around(text, matched);
        if let Some((_, said)) = self
            .said
            .iter()
            .find(|(other, _)| std::ptr::eq(*other, list))
        {
            return *said;
        }
        let says = list.regexes_match(&text[line.start..line.end]);
        self.said.push((list, says));
        says
    }

    fn around(&mut self, text: &[u8], matched: Span) -> Span {
        if let Some(line) = self.line
            && line.start <= matched.start
            && matched.end <= line.end
            && !text[matched.start..matched.end].contains(&b'\n')
        {
            return line;
        }
        let start = text[..matched.start]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = text[matched.end..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(text.len(), |at| matched.end + at);
        self.said.clear();
        *self.line.insert(Span::new(start, end))
    }
}
