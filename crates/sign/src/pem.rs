//! One PEM block with a known label (RFC 7468 §3, the strict form), and no other text.

use crate::base64_text;

/// Larger files are no keys.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// The bytes of the only block in `text`; `None` unless it bears this label and nothing surrounds it
/// but white space.
pub(crate) fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let body = text
        .trim()
        .strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    let body: String = body.lines().map(str::trim).collect();
    base64_text::decode(&body)
}

/// A block with lines of 64 characters and a closing line break.
pub(crate) fn encode(bytes: &[u8], label: &str) -> String {
    let body = base64_text::encode(bytes);
    let mut lines = String::with_capacity(body.len() + body.len() / 64 + 1);
    for (at, character) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
