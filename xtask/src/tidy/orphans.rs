//! Every Rust file below `src` is reached by a `mod` declaration; the compiler never sees others.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::rust::Source;
use super::{Files, Problem};

pub(super) fn check(files: &Files, sources: &[Source]) -> Vec<Problem> {
    let by_file: BTreeMap<&str, &Source> = sources
        .iter()
        .map(|source| (source.file.as_str(), source))
        .collect();
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<String> = sources
        .iter()
        .filter(|source| source.is_root())
        .map(|source| source.file.clone())
        .collect();
    while let Some(file) = waiting.pop() {
        if let Some(source) = by_file.get(file.as_str())
            && reached.insert(file.clone())
        {
            waiting.extend(children(source, files));
        }
    }
    sources
        .iter()
        .filter(|source| source.file.contains("/src/") && !reached.contains(&source.file))
        .map(|source| {
            Problem::new(
                &source.file,
                None,
                "no `mod` reaches this file: declare it or delete it",
            )
        })
        .collect()
}

/// The files that a file's `mod` declarations name.
fn children(source: &Source, files: &Files) -> Vec<String> {
    let (folder, name) = source.file.rsplit_once('/').unwrap_or(("", &source.file));
    let stem = name.trim_end_matches(".rs");
    let is_folder_owner = source.is_root() || stem == "mod";
    let base = if is_folder_owner {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let mut found = Vec::new();
    collect(&source.tree.items, &base, folder, files, &mut found);
    found
}

fn collect(items: &[Item], base: &str, folder: &str, files: &Files, found: &mut Vec<String>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let inner = format!("{base}/{}", module.ident);
        match (&module.content, path_attribute(module)) {
            (Some((_, items)), _) => collect(items, &inner, folder, files, found),
            (None, Some(path)) => found.push(format!("{folder}/{path}")),
            (None, None) => {
                let written = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
                found.extend(
                    written
                        .into_iter()
                        .filter(|file| files.text(file).is_some()),
                );
            }
        }
    }
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    module
        .attrs
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    #[test]
    fn a_file_that_no_module_names_is_reported() {
        let files = Files::written(&[
            (
                "crates/a/src/lib.rs",
                "//! x\nmod kept;\nmod outer { mod inner; }\n#[path = \"else/where.rs\"] mod moved;\n",
            ),
            ("crates/a/src/kept.rs", "mod below;\n"),
            ("crates/a/src/kept/below.rs", ""),
            ("crates/a/src/outer/inner.rs", ""),
            ("crates/a/src/else/where.rs", ""),
            ("crates/a/src/kept/left.rs", ""),
            ("crates/a/src/below.rs", "mod left;\n"),
        ]);
        let problems = super::check(&files, &rust::parse(&files).unwrap());
        let orphans: Vec<_> = problems
            .iter()
            .map(|problem| problem.file.as_str())
            .collect();
        assert_eq!(
            orphans,
            ["crates/a/src/below.rs", "crates/a/src/kept/left.rs"]
        );
    }
}
