//! JSON objects whose entries keep their order and their place in the text.

use std::fmt;

use plimsoll_model::Span;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The entries of an object as they stand in the text, repeated keys included.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> Entries<'a> {
    /// Reads the entries of a value, which must be an object.
    pub(crate) fn of(value: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(value.get())
    }

    /// The keys alone.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// The place of an entry's key in `text`, of which its value must be a part; the place of the value
/// where the key is written with escapes.
pub(crate) fn key_span(text: &str, key: &str, value: &RawValue) -> Span {
    let at = offset(text, value);
    let before = text[..at].trim_end();
    let quoted = format!("\"{key}\"");
    let before = before.strip_suffix(':').map_or(before, str::trim_end);
    if before.ends_with(&quoted) {
        Span::new(before.len() - quoted.len(), before.len())
    } else {
        Span::new(at, at + 1)
    }
}

/// The byte offset of a borrowed value in the text it was read from.
fn offset(text: &str, value: &RawValue) -> usize {
    let offset = value
        .get()
        .as_ptr()
        .addr()
        .wrapping_sub(text.as_ptr().addr());
    if offset < text.len() { offset } else { 0 }
}

/// The byte offset at which reading `text` failed.
pub(crate) fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}
