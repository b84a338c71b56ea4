use crate::Span;

/// The places of secret values in one file, in order and without overlap.
///
/// A secret's value never leaves memory: other inspectors see the text with every secret byte
/// replaced, people see eight asterisks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masks(Vec<Span>);

impl Masks {
    /// Joins spans that touch or overlap.
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match joined.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => joined.push(span),
            }
        }
        Self(joined)
    }

    /// Whether the file holds no secret.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The spans in order.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// The text with every secret byte but line breaks replaced by `x`: offsets stay as they are and
    /// quoted or plain values stay values, so that parsers read the same structure.
    pub fn blank(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for span in &self.0 {
            let (start, end) = widen(text, *span);
            for byte in &mut bytes[start..end] {
                if !matches!(*byte, b'\n' | b'\r') {
                    *byte = b'x';
                }
            }
        }
        String::from_utf8(bytes).expect("whole characters are replaced by ASCII")
    }

    /// The part `shown` of `text` for people: each secret becomes eight asterisks, whatever its
    /// length. With it come the byte offsets, in the result, of the ends of `marked`.
    pub fn show(&self, text: &str, shown: Span, marked: Span) -> (String, Span) {
        let mut out = String::new();
        let mut at = shown.start;
        let mut mark = Span::new(0, 0);
        let place = |offset: usize, out: &str, at: usize| {
            if offset >= at {
                Some(out.len() + (offset - at))
            } else {
                None
            }
        };
        let mut starts = None;
        let mut ends = None;
        let first = self.0.partition_point(|span| span.end < shown.start);
        let near = self.0[first..]
            .iter()
            .take_while(|span| span.start <= shown.end);
        for span in near.filter(|span| span.overlaps(shown)) {
            let (start, end) = widen(text, *span);
            let (start, end) = (start.max(shown.start), end.min(shown.end));
            if marked.start < start {
                starts = starts.or_else(|| place(marked.start, &out, at));
            }
            if marked.end <= start {
                ends = ends.or_else(|| place(marked.end, &out, at));
            }
            out.push_str(&text[at..start]);
            if marked.start < end {
                starts = starts.or(Some(out.len()));
            }
            out.push_str(SHOWN);
            if marked.end <= end {
                ends = ends.or(Some(out.len()));
            }
            at = end;
        }
        mark.start = starts
            .or_else(|| place(marked.start, &out, at))
            .unwrap_or(0);
        mark.end = ends.or_else(|| place(marked.end, &out, at)).unwrap_or(0);
        out.push_str(&text[at..shown.end]);
        mark.start = mark.start.min(out.len());
        mark.end = mark.end.clamp(mark.start, out.len());
        (out, mark)
    }
}

const SHOWN: &str = "********";

/// What a person may see of a secret: the public prefix of long tokens, so that the kind of key can
/// be recognised, then asterisks. Nothing of a value under sixteen bytes is shown.
pub fn masked_form(value: &str) -> String {
    let prefix = if value.len() >= 16 {
        value.chars().take_while(char::is_ascii).take(4).collect()
    } else {
        String::new()
    };
    prefix + SHOWN
}

fn widen(text: &str, span: Span) -> (usize, usize) {
    let mut start = span.start.min(text.len());
    let mut end = span.end.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::{Masks, masked_form};
    use crate::Span;

    #[test]
    fn blank_keeps_offsets_and_lines() {
        let text = "a: \"sécret\nmore\" b";
        let masks = Masks::new(vec![Span::new(4, 11), Span::new(9, 16)]);
        let blank = masks.blank(text);
        assert_eq!(blank.len(), text.len());
        assert_eq!(blank, "a: \"xxxxxxx\nxxxx\" b");
    }

    #[test]
    fn show_hides_length_and_moves_the_mark() {
        let text = "echo \"hunter2\" | docker login";
        let masks = Masks::new(vec![Span::new(6, 13)]);
        let whole = Span::new(0, text.len());
        let (shown, mark) = masks.show(text, whole, Span::new(6, 13));
        assert_eq!(shown, "echo \"********\" | docker login");
        assert_eq!(&shown[mark.start..mark.end], "********");
        let (shown, mark) = masks.show(text, whole, Span::new(17, 29));
        assert_eq!(&shown[mark.start..mark.end], "docker login");
        let (shown, mark) = masks.show(text, whole, Span::new(0, 4));
        assert_eq!(&shown[mark.start..mark.end], "echo");
    }

    #[test]
    fn short_values_show_nothing() {
        assert_eq!(masked_form("hunter2"), "********");
        assert_eq!(masked_form("ghp_0123456789abcdef"), "ghp_********");
    }
}
