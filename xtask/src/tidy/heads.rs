//! Every crate opens with its purpose.

use syn::AttrStyle;

use super::Problem;
use super::rust::Source;

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    sources
        .iter()
        .filter(|source| source.is_root() && !opens_with_words(&source.tree))
        .map(|source| {
            Problem::new(
                &source.file,
                Some(1),
                "say in a `//!` head what this crate is for",
            )
        })
        .collect()
}

fn opens_with_words(tree: &syn::File) -> bool {
    tree.attrs.iter().any(|attribute| {
        matches!(attribute.style, AttrStyle::Inner(_)) && attribute.path().is_ident("doc")
    })
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    #[test]
    fn a_crate_without_a_head_is_reported() {
        let files = Files::written(&[
            (
                "crates/good/src/lib.rs",
                "//! Says what it is for.\npub mod a;\n",
            ),
            ("crates/good/src/a.rs", "pub fn a() {}\n"),
            ("crates/mute/src/main.rs", "fn main() {}\n"),
        ]);
        let problems = super::check(&rust::parse(&files).unwrap());
        assert_eq!(
            problems
                .iter()
                .map(|problem| problem.file.as_str())
                .collect::<Vec<_>>(),
            ["crates/mute/src/main.rs"]
        );
    }
}
