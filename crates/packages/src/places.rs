use plimsoll_model::{Location, Position, Span, TreePath};

/// Turns byte offsets into lines and columns for a reader that goes through its text once.
///
/// A lockfile can be one line of many megabytes with an entry every few bytes; counting columns from
/// the beginning of the line each time would take hours. This counts on from the last place.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    path: &'a TreePath,
    text: &'a str,
    offset: usize,
    position: Position,
}

const START: Position = Position { line: 1, column: 1 };

impl<'a> Places<'a> {
    pub(crate) fn new(path: &'a TreePath, text: &'a str) -> Self {
        Self {
            path,
            text,
            offset: 0,
            position: START,
        }
    }

    /// The location of a span; quick as long as spans come in the order of the text.
    pub(crate) fn location(&mut self, span: Span) -> Location {
        let start = self.position(span.start);
        Location {
            start,
            end: self.position(span.end),
            ..Location::file(self.path.clone())
        }
    }

    fn position(&mut self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        if offset < self.offset {
            (self.offset, self.position) = (0, START);
        }
        for character in self.text[self.offset..offset].chars() {
            if character == '\n' {
                self.position = Position {
                    line: self.position.line.saturating_add(1),
                    column: 1,
                };
            } else {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        self.offset = offset;
        self.position
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{LineIndex, Span, TreePath};

    use super::Places;

    #[test]
    fn places_are_those_of_the_line_index_in_any_order() {
        let path = TreePath::new("a");
        let text = "aé\nx\r\n\nöö z";
        let (index, mut places) = (LineIndex::new(text), Places::new(&path, text));
        for start in (0..=text.len()).chain((0..=text.len()).rev()) {
            let span = Span::new(start, start + 2);
            assert_eq!(
                places.location(span),
                index.location(&path, span),
                "{start}"
            );
        }
    }
}
