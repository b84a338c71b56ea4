use plimsoll_model::{Address, LineIndex, Location, Masks, Span, TreePath};

use crate::Metadata;

/// One file as an inspector gets it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// What names it.
    pub address: &'a Address,
    /// What the source says about it.
    pub metadata: &'a Metadata,
    /// What is in it.
    pub body: Body<'a>,
}

/// What is in a file, as an inspector gets it.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Text. Every inspector but `secrets` gets it with secret values blanked (same length, same
    /// lines), and never the bytes, so a value cannot leak through it.
    Text {
        /// Offsets in it are the offsets that spans count.
        text: &'a str,
        /// Where secret values stood.
        masks: &'a Masks,
    },
    /// What is no text.
    Bytes(&'a [u8]),
}

/// One text file as the reader of a text format gets it, which sees one tree at a time.
#[derive(Clone, Copy, Debug)]
pub struct TextFile<'a> {
    /// Its path in the tree: in a layer, a commit or an archive, the path there.
    pub path: &'a TreePath,
    /// Its text; offsets in it are the offsets that spans count.
    pub text: &'a str,
    /// Where secret values stood.
    pub masks: &'a Masks,
}

impl<'a> File<'a> {
    /// A text file of which the source says nothing.
    pub fn text(address: &'a Address, text: &'a str, masks: &'a Masks) -> Self {
        Self {
            address,
            metadata: &Metadata::UNKNOWN,
            body: Body::Text { text, masks },
        }
    }

    /// The file, where it is text.
    pub fn as_text(&self) -> Option<TextFile<'a>> {
        match self.body {
            Body::Text { text, masks } => Some(TextFile {
                path: &self.address.path,
                text,
                masks,
            }),
            Body::Bytes(_) => None,
        }
    }
}

impl<'a> TextFile<'a> {
    /// The index from offsets to lines; make it once for many look-ups.
    pub fn lines(&self) -> LineIndex<'a> {
        LineIndex::new(self.text)
    }

    /// The location of one span.
    pub fn location(&self, span: Span) -> Location {
        self.lines().location(self.path, span)
    }
}

/// The text of a file, or its bytes where it holds none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Text; bytes that are no UTF-8 became U+FFFD, UTF-16 was converted.
    Text(String),
    /// Not text: a zero byte stands in the first 8 KiB, and much else there that is no text either.
    Binary(Vec<u8>),
}

impl Text {
    /// Reads bytes as text.
    pub fn decode(bytes: Vec<u8>) -> Self {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        match wide(&bytes, head) {
            Some((text, read)) => {
                let units: Vec<u16> = text
                    .chunks_exact(2)
                    .map(|pair| read([pair[0], pair[1]]))
                    .collect();
                return Self::Text(String::from_utf16_lossy(&units));
            }
            None if head.contains(&0) && !is_nearly_text(head) => return Self::Binary(bytes),
            None => {}
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Text(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        }
    }
}

const HEAD_BYTES: usize = 8192;

/// How two bytes make a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// The part of the bytes that is UTF-16, and its order. With a byte order mark that needs any zero byte
/// at all, as each of its line breaks has one; without one every second byte of half the pairs.
fn wide<'a>(bytes: &'a [u8], head: &[u8]) -> Option<(&'a [u8], Unit)> {
    match bytes {
        [0xFF, 0xFE, text @ ..] if text.contains(&0) => return Some((text, u16::from_le_bytes)),
        [0xFE, 0xFF, text @ ..] if text.contains(&0) => return Some((text, u16::from_be_bytes)),
        _ => {}
    }
    let zeros = |at: usize| head.chunks_exact(2).filter(|pair| pair[at] == 0).count();
    match (zeros(0), zeros(1)) {
        (0, second) if second > head.len() / 4 => Some((bytes, u16::from_le_bytes)),
        (first, 0) if first > head.len() / 4 => Some((bytes, u16::from_be_bytes)),
        _ => None,
    }
}

/// Whether all but a few of the bytes are text in UTF-8: a log with one zero byte, or a list of
/// variables with zero bytes between them, which hides nothing.
fn is_nearly_text(head: &[u8]) -> bool {
    let is_text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let control = |byte: &&u8| byte.is_ascii_control() && !matches!(**byte, b'\t' | b'\n' | b'\r');
    is_text && head.iter().filter(control).count() <= head.len() / 8
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
        assert_eq!(
            text(b"\xFF\xFEkey=1\n"),
            Text::Text("\u{FFFD}\u{FFFD}key=1\n".to_owned()),
            "no UTF-16"
        );
        assert_eq!(
            text(b"k\0=\x001\0"),
            Text::Text("k=1".to_owned()),
            "no byte order mark"
        );
        assert_eq!(
            text(b"\0k\0=\0\xE9"),
            Text::Text("k=é".to_owned()),
            "no byte order mark"
        );
        assert_eq!(
            text(b"key=value\0other=value\0"),
            Text::Text("key=value\0other=value\0".to_owned())
        );
        assert_eq!(text(b"\x7FELF\0"), Text::Binary(b"\x7FELF\0".to_vec()));
        let image = b"\x89PNG\r\n\x1A\n and some text behind it\0";
        assert_eq!(text(image), Text::Binary(image.to_vec()));
        assert_eq!(text(&[0; 9000]), Text::Binary(vec![0; 9000]));
    }
}
