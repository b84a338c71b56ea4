//! `.cargo-checksum.json`, which `cargo vendor` writes beside the manifest of every package it copies, and
//! without which Cargo takes no package from such a folder. That it is there says enough; the sums in
//! it are for Cargo to check.

use plimsoll_model::TreePath;
use plimsoll_source::TextFile;

use crate::{Facts, Parser};

/// Whether the file marks its folder as that of a copied package.
pub(super) fn is_mark(path: &TreePath) -> bool {
    path.file_name() == ".cargo-checksum.json"
}

pub(crate) static PARSER: Parser = Parser {
    globs: &["**/.cargo-checksum.json"],
    read,
};

fn read(_: &TextFile<'_>) -> Facts {
    Facts::default()
}
