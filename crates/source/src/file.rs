use plimsoll_model::{LineIndex, Location, Masks, Span, TreePath};

/// One text file as an inspector sees it.
///
/// Every inspector but `secrets` gets the text with secret values blanked (same length, same
/// lines), so a value cannot leak through it; `masks` says where.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path in the tree.
    pub path: &'a TreePath,
    /// Its text; offsets in it are the offsets that spans count.
    pub text: &'a str,
    /// Where secret values stood.
    pub masks: &'a Masks,
}

impl<'a> File<'a> {
    /// The index from offsets to lines; make it once for many look-ups.
    pub fn lines(&self) -> LineIndex<'a> {
        LineIndex::new(self.text)
    }

    /// The location of one span.
    pub fn location(&self, span: Span) -> Location {
        self.lines().location(self.path, span)
    }
}

/// The text of a file, or the fact that it holds none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Text; bytes that are no UTF-8 became U+FFFD, UTF-16 with a byte order mark was converted.
    Text(String),
    /// A zero byte stands in the first 8 KiB: not text, as Git judges it.
    Binary,
}

impl Text {
    /// Reads bytes as text.
    pub fn decode(bytes: Vec<u8>) -> Self {
        let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
            Self::Text(String::from_utf16_lossy(&units))
        };
        match bytes.as_slice() {
            [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
            _ => {}
        }
        if bytes.iter().take(8192).any(|byte| *byte == 0) {
            return Self::Binary;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Text(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn text_is_told_from_binary() {
        let text = |bytes: &[u8]| Text::decode(bytes.to_vec());
        assert_eq!(text(b"a\xFFb"), Text::Text("a\u{FFFD}b".to_owned()));
        assert_eq!(text(b"\xFF\xFEk\0=\0"), Text::Text("k=".to_owned()));
        assert_eq!(text(b"\xFE\xFF\0k"), Text::Text("k".to_owned()));
        assert_eq!(text(b"\x7FELF\0"), Text::Binary);
    }
}
