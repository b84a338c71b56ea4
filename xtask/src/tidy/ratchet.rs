//! Files aim at 400 lines and functions at 60. What is longer today stands in `xtask/ratchet.toml`
//! with its length; nothing may be added to that list and nothing on it may grow.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::rust::Source;
use super::{Files, Problem};

const LIST: &str = "xtask/ratchet.toml";
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

/// Lengths in lines: of files by path, of functions by `path::Type::name`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lengths {
    files: BTreeMap<String, usize>,
    functions: BTreeMap<String, usize>,
}

pub(super) fn check(files: &Files, sources: &[Source]) -> Result<Vec<Problem>> {
    let listed: Lengths = match files.text(LIST) {
        Some(text) => toml::from_str(text).with_context(|| format!("cannot read {LIST}"))?,
        None => Lengths::default(),
    };
    let found = measure(files, sources);
    let mut problems = compare(&found.files, &listed.files, FILE_LINES);
    problems.extend(compare(&found.functions, &listed.functions, FUNCTION_LINES));
    Ok(problems)
}

/// Every pair of a length that is and a length that was written down, judged.
fn compare(found: &BTreeMap<String, usize>, listed: &BTreeMap<String, usize>, limit: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, &lines) in found {
        let verdict = match listed.get(name) {
            None if lines > limit => Some(format!("{lines} lines, at most {limit}: split it by concept")),
            Some(&most) if lines > most => {
                Some(format!("grew from {most} to {lines} lines: split it by concept"))
            }
            Some(_) if lines <= limit => {
                Some(format!("is down to {lines} lines: take it off {LIST}, which only shrinks"))
            }
            Some(&most) if lines < most => Some(format!("shrank to {lines} lines: write that into {LIST}")),
            None | Some(_) => None,
        };
        problems.extend(verdict.map(|message| Problem::new(name, None, message)));
    }
    let gone = listed.keys().filter(|name| !found.contains_key(*name));
    problems.extend(
        gone.map(|name| Problem::new(name, None, format!("is gone: take it off {LIST}, which only shrinks"))),
    );
    problems
}

fn measure(files: &Files, sources: &[Source]) -> Lengths {
    let mut lengths = Lengths::default();
    for source in sources {
        let lines = files.text(&source.file).map_or(0, |text| text.lines().count());
        lengths.files.insert(source.file.clone(), lines);
        let mut ruler = Ruler { scope: vec![source.file.clone()], functions: &mut lengths.functions };
        ruler.visit_file(&source.tree);
    }
    lengths
}

/// Measures functions from `fn` to the closing brace; two of one name count as the longer.
struct Ruler<'a> {
    scope: Vec<String>,
    functions: &'a mut BTreeMap<String, usize>,
}

impl Ruler<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.span().end().line - signature.span().start().line + 1;
        let name = format!("{}::{}", self.scope.join("::"), signature.ident);
        let longest = self.functions.entry(name).or_insert(0);
        *longest = lines.max(*longest);
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        visit(self);
        self.scope.pop();
    }
}

impl<'ast> Visit<'ast> for Ruler<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |ruler| visit::visit_item_fn(ruler, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |ruler| visit::visit_impl_item_fn(ruler, function));
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.within(module.ident.to_string(), |ruler| visit::visit_item_mod(ruler, module));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.within(name.unwrap_or_else(|| "impl".to_owned()), |ruler| visit::visit_item_impl(ruler, item));
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    fn messages(list: &str, source: &str) -> Vec<String> {
        let files = Files::written(&[("xtask/ratchet.toml", list), ("crates/a/src/lib.rs", source)]);
        let problems = super::check(&files, &rust::parse(&files).unwrap()).unwrap();
        problems.iter().map(ToString::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!("struct S;\nimpl S {{\n    fn long() {{\n{}    }}\n}}\n", "        x();\n".repeat(lines - 2))
    }

    const LIST: &str = "[files]\n[functions]\n\"crates/a/src/lib.rs::S::long\" = 70\n";
    const EMPTY: &str = "[files]\n[functions]\n";

    #[test]
    fn a_new_or_a_longer_function_is_reported() {
        let at = "crates/a/src/lib.rs::S::long";
        assert_eq!(messages(EMPTY, &function(60)), [""; 0]);
        assert_eq!(
            messages(EMPTY, &function(61)),
            [format!("{at}: 61 lines, at most 60: split it by concept")]
        );
        assert_eq!(messages(LIST, &function(70)), [""; 0]);
        assert_eq!(
            messages(LIST, &function(71)),
            [format!("{at}: grew from 70 to 71 lines: split it by concept")]
        );
    }

    #[test]
    fn the_list_only_shrinks() {
        let at = "crates/a/src/lib.rs::S::long";
        let list = "xtask/ratchet.toml";
        assert_eq!(
            messages(LIST, &function(65)),
            [format!("{at}: shrank to 65 lines: write that into {list}")]
        );
        assert_eq!(
            messages(LIST, &function(60)),
            [format!("{at}: is down to 60 lines: take it off {list}, which only shrinks")]
        );
        assert_eq!(messages(LIST, ""), [format!("{at}: is gone: take it off {list}, which only shrinks")]);
    }

    #[test]
    fn a_long_file_is_reported() {
        let reported = messages(EMPTY, &"struct A;\n".repeat(401));
        assert_eq!(reported, ["crates/a/src/lib.rs: 401 lines, at most 400: split it by concept"]);
        assert_eq!(messages(EMPTY, &"struct A;\n".repeat(400)), [""; 0]);
    }
}
