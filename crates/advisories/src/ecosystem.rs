//! How OSV names ecosystems, their releases and their packages, and how a database file is named.

use std::fmt::Write as _;

/// An OSV ecosystem name in its two parts: `Debian:12` is `Debian` and `12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SplitName<'a> {
    /// The part before the first colon; it names the bucket's folder and the database.
    pub(crate) base: &'a str,
    /// The rest, empty for an ecosystem without releases.
    pub(crate) release: &'a str,
}

/// Splits an ecosystem name at its first colon.
pub(crate) fn split(name: &str) -> SplitName<'_> {
    let (base, release) = name.split_once(':').unwrap_or((name, ""));
    SplitName { base, release }
}

/// The key of a package in its database: release and name, which cannot run together because
/// neither may hold a zero byte.
pub(crate) fn package_key(release: &str, name: &str) -> String {
    format!("{release}\0{name}")
}

/// The name of the file that holds an ecosystem's database: everything but letters, digits, `.`, `-`
/// and `_` is percent-encoded, and so is a leading dot.
pub(crate) fn file_name(base: &str) -> String {
    format!("{}.{EXTENSION}", encode(base))
}

/// The extension of database files.
pub(crate) const EXTENSION: &str = "plimdb";

/// Percent-encodes a name for one part of a path or of a URL.
pub(crate) fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (byte == b'.' && index > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{SplitName, file_name, split};

    #[test]
    fn names_are_split_and_escaped() {
        assert_eq!(
            split("Ubuntu:22.04:LTS"),
            SplitName {
                base: "Ubuntu",
                release: "22.04:LTS"
            }
        );
        assert_eq!(
            split("npm"),
            SplitName {
                base: "npm",
                release: ""
            }
        );
        assert_eq!(file_name("crates.io"), "crates.io.plimdb");
        assert_eq!(file_name("GitHub Actions"), "GitHub%20Actions.plimdb");
        assert_eq!(file_name("../etc"), "%2E.%2Fetc.plimdb");
    }
}
