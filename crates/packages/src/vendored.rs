//! `.cargo-checksum.json`, which `cargo vendor` writes beside the manifest of every package it copies, and
//! without which Cargo takes no package from such a folder. That it is there says enough; the sums in
//! it are for Cargo to check.

use plimsoll_source::TextFile;

use crate::{Facts, Parser};

/// The name of the file.
pub(crate) const MARK: &str = ".cargo-checksum.json";

pub(crate) static PARSER: Parser = Parser {
    id: "cargo-vendored/1",
    globs: &["**/.cargo-checksum.json"],
    read,
};

fn read(_: &TextFile<'_>) -> Facts {
    Facts::default()
}
