//! The Rust files of the workspace as syntax trees, parsed once for every check.

use anyhow::{Context as _, Result};

use super::Files;

/// A Rust file of the workspace; the example shops are their own workspaces and not judged.
pub(super) struct Source {
    pub(super) file: String,
    pub(super) tree: syn::File,
}

impl Source {
    /// The folder of the package that this file belongs to, with its last `/`.
    pub(super) fn package(&self) -> &str {
        let depth = if self.file.starts_with("crates/") {
            2
        } else {
            1
        };
        let end = self
            .file
            .match_indices('/')
            .nth(depth - 1)
            .map_or(0, |(at, _)| at + 1);
        &self.file[..end]
    }

    /// Whether it is the first file of a library or a binary.
    pub(super) fn is_root(&self) -> bool {
        let inner = &self.file[self.package().len()..];
        matches!(inner, "src/lib.rs" | "src/main.rs" | "build.rs") || inner.starts_with("src/bin/")
    }
}

/// Parses every Rust source below `crates/*/src`, `crates/*/tests` and the same of `xtask`.
pub(super) fn parse(files: &Files) -> Result<Vec<Source>> {
    let ours = |file: &str| file.starts_with("crates/") || file.starts_with("xtask/");
    let kept = |file: &str| !file.contains("/fixtures/") && !file.contains("/examples/");
    files
        .ending(".rs")
        .filter(|(file, _)| ours(file) && kept(file))
        .map(|(file, text)| {
            let tree = syn::parse_file(text).with_context(|| format!("cannot parse {file}"))?;
            Ok(Source {
                file: file.to_owned(),
                tree,
            })
        })
        .collect()
}
