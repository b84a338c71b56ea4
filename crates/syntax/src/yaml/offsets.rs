//! Where the parser's places are in the bytes of the file.

use plimsoll_model::Span;
use saphyr_parser::{Marker, ScalarStyle};

/// Turns the parser's character indices into bytes of the file.
pub(super) struct Offsets<'a> {
    base: usize,
    starts: Option<Vec<usize>>,
    pub(super) text: &'a str,
}

impl<'a> Offsets<'a> {
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self { base, starts, text }
    }

    pub(super) fn byte(&self, marker: &Marker) -> usize {
        let byte = match &self.starts {
            Some(starts) => starts
                .get(marker.index())
                .copied()
                .unwrap_or(self.text.len()),
            None => marker.index().min(self.text.len()),
        };
        self.base + byte
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::new(self.byte(&span.start), self.byte(&span.end))
    }

    /// The parser ends a quoted scalar where the next token begins; this one ends with its quote.
    pub(super) fn trimmed(&self, span: Span, style: ScalarStyle) -> Span {
        let quote = match style {
            ScalarStyle::SingleQuoted => b'\'',
            ScalarStyle::DoubleQuoted => b'"',
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => return span,
        };
        let bytes = &self.text.as_bytes()[span.start - self.base..span.end - self.base];
        let mut at = 1;
        while at < bytes.len() {
            let doubled = quote == b'\'' && bytes.get(at..at + 2) == Some(b"\'\'");
            if doubled || (quote == b'"' && bytes[at] == b'\\') {
                at += 2;
            } else if bytes[at] == quote {
                return Span::new(span.start, span.start + at + 1);
            } else {
                at += 1;
            }
        }
        span
    }
}
