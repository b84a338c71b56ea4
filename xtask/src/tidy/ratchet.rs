//! Files aim at 400 lines and hold at most 500; functions hold at most 300 tokens. What is longer today
//! stands in `xtask/ratchet.toml` with its length; nothing may be added to that list and nothing on it
//! may grow. Functions are measured in tokens, because those are what a reader takes in; the functions
//! of tests are not measured, since tables of cases are meant to be long.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use serde::Deserialize;
use syn::visit::{self, Visit};

use super::rust::Source;
use super::{Files, Problem};

pub(super) const LIST: &str = "xtask/ratchet.toml";
const FILE_LINES: usize = 500;
const FUNCTION_TOKENS: usize = 300;

/// Lengths: of files in lines by path, of functions in tokens by `path::Type::name`.
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
    let files = Limit {
        unit: "lines",
        most: FILE_LINES,
    };
    let functions = Limit {
        unit: "tokens",
        most: FUNCTION_TOKENS,
    };
    let mut problems = compare(&found.files, &listed.files, files);
    problems.extend(compare(&found.functions, &listed.functions, functions));
    Ok(problems)
}

/// What is counted, and how much of it is too much.
#[derive(Clone, Copy)]
struct Limit {
    unit: &'static str,
    most: usize,
}

/// Every pair of a length that is and a length that was written down, judged.
fn compare(
    found: &BTreeMap<String, usize>,
    listed: &BTreeMap<String, usize>,
    limit: Limit,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, &length) in found {
        let verdict = judge(length, listed.get(name).copied(), limit);
        problems.extend(verdict.map(|message| Problem::new(name, None, message)));
    }
    for name in listed.keys().filter(|name| !found.contains_key(*name)) {
        let message = format!("is gone: take it off {LIST}, which only shrinks");
        problems.push(Problem::new(name, None, message));
    }
    problems
}

/// What is wrong with a length, given the one that was written down for it.
fn judge(length: usize, listed: Option<usize>, limit: Limit) -> Option<String> {
    let Limit { unit, most } = limit;
    match listed {
        None if length > most => Some(format!(
            "{length} {unit}, at most {most}: split it by concept"
        )),
        Some(written) if length > written => Some(format!(
            "grew from {written} to {length} {unit}: split it by concept"
        )),
        Some(_) if length <= most => Some(format!(
            "is down to {length} {unit}: take it off {LIST}, which only shrinks"
        )),
        Some(written) if length < written => {
            Some(format!("shrank to {length} {unit}: write that into {LIST}"))
        }
        None | Some(_) => None,
    }
}

/// The list with every length that shrank written down and everything short or gone taken off; nothing
/// is added to it.
pub(super) fn shrink(files: &Files, sources: &[Source]) -> Result<String> {
    let Some(text) = files.text(LIST) else {
        bail!("there is no {LIST}");
    };
    let listed: Lengths = toml::from_str(text).with_context(|| format!("cannot read {LIST}"))?;
    let found = measure(files, sources);
    let mut out = String::new();
    for line in text.lines().take_while(|line| line.starts_with('#')) {
        writeln!(out, "{line}")?;
    }
    let tables = [
        ("files", &listed.files, &found.files, FILE_LINES),
        (
            "functions",
            &listed.functions,
            &found.functions,
            FUNCTION_TOKENS,
        ),
    ];
    for (title, listed, found, most) in tables {
        writeln!(out, "\n[{title}]")?;
        for (name, written) in listed {
            let length = found.get(name).copied().unwrap_or(0).min(*written);
            if length > most {
                writeln!(out, "{name:?} = {length}")?;
            }
        }
    }
    Ok(out)
}

/// Whether a function, by its path and name, belongs to tests: its file or a module around it does.
fn is_test(name: &str) -> bool {
    let words = name.split(['/', ':', '.']);
    words.into_iter().any(|word| word == "tests")
}

/// The median number of tokens of the product's functions, tests left out, for the report.
pub(super) fn median_tokens(files: &Files, sources: &[Source]) -> usize {
    let functions = measure(files, sources).functions;
    let mut tokens: Vec<usize> = functions.into_values().collect();
    tokens.sort_unstable();
    tokens.get(tokens.len() / 2).copied().unwrap_or(0)
}

fn measure(files: &Files, sources: &[Source]) -> Lengths {
    let mut lengths = Lengths::default();
    for source in sources {
        let lines = files
            .text(&source.file)
            .map_or(0, |text| text.lines().count());
        lengths.files.insert(source.file.clone(), lines);
        let mut ruler = Ruler {
            scope: vec![source.file.clone()],
            functions: &mut lengths.functions,
        };
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
        let tokens =
            count_tokens(signature.to_token_stream()) + count_tokens(body.to_token_stream());
        let name = format!("{}::{}", self.scope.join("::"), signature.ident);
        if is_test(&name) {
            return;
        }
        let longest = self.functions.entry(name).or_insert(0);
        *longest = tokens.max(*longest);
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        visit(self);
        self.scope.pop();
    }
}

/// Words, literals and punctuation, with each pair of brackets as two.
fn count_tokens(stream: TokenStream) -> usize {
    let mut count = 0;
    for token in stream {
        count += match token {
            TokenTree::Group(group) => 2 + count_tokens(group.stream()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => 1,
        };
    }
    count
}

impl<'ast> Visit<'ast> for Ruler<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |ruler| {
            visit::visit_item_fn(ruler, function)
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |ruler| {
            visit::visit_impl_item_fn(ruler, function)
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.within(module.ident.to_string(), |ruler| {
            visit::visit_item_mod(ruler, module)
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path
                .path
                .segments
                .last()
                .map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.within(name.unwrap_or_else(|| "impl".to_owned()), |ruler| {
            visit::visit_item_impl(ruler, item)
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    fn messages(list: &str, source: &str) -> Vec<String> {
        let files = Files::written(&[
            ("xtask/ratchet.toml", list),
            ("crates/a/src/lib.rs", source),
        ]);
        let problems = super::check(&files, &rust::parse(&files).unwrap()).unwrap();
        problems.iter().map(ToString::to_string).collect()
    }

    /// A function of so many tokens: five for itself, two braces and four for each statement.
    fn function(statements: usize) -> String {
        format!(
            "struct S;\nimpl S {{\n    fn long() {{\n{}    }}\n}}\n",
            "        x();\n".repeat(statements)
        )
    }

    const LIST: &str = "[files]\n[functions]\n\"crates/a/src/lib.rs::S::long\" = 310\n";
    const EMPTY: &str = "[files]\n[functions]\n";

    #[test]
    fn a_new_or_a_longer_function_is_reported() {
        let at = "crates/a/src/lib.rs::S::long";
        assert_eq!(messages(EMPTY, &function(73)), [""; 0]);
        assert_eq!(
            messages(EMPTY, &function(74)),
            [format!(
                "{at}: 302 tokens, at most 300: split it by concept"
            )]
        );
        assert_eq!(messages(LIST, &function(76)), [""; 0]);
        assert_eq!(
            messages(LIST, &function(77)),
            [format!(
                "{at}: grew from 310 to 314 tokens: split it by concept"
            )]
        );
    }

    #[test]
    fn the_list_only_shrinks() {
        let at = "crates/a/src/lib.rs::S::long";
        let list = "xtask/ratchet.toml";
        assert_eq!(
            messages(LIST, &function(75)),
            [format!(
                "{at}: shrank to 306 tokens: write that into {list}"
            )]
        );
        assert_eq!(
            messages(LIST, &function(73)),
            [format!(
                "{at}: is down to 298 tokens: take it off {list}, which only shrinks"
            )]
        );
        assert_eq!(
            messages(LIST, ""),
            [format!(
                "{at}: is gone: take it off {list}, which only shrinks"
            )]
        );
    }

    #[test]
    fn shrinking_writes_what_is_shorter_and_adds_nothing() {
        let list = "# About.\n\n[files]\n\n[functions]\n\"crates/a/src/lib.rs::S::long\" = 310\n\"gone\" = 400\n";
        let source = function(75) + &function(90).replace('S', "T");
        let files = Files::written(&[
            ("xtask/ratchet.toml", list),
            ("crates/a/src/lib.rs", &source),
        ]);
        let shrunk = super::shrink(&files, &rust::parse(&files).unwrap()).unwrap();
        let expected =
            "# About.\n\n[files]\n\n[functions]\n\"crates/a/src/lib.rs::S::long\" = 306\n";
        assert_eq!(shrunk, expected);
    }

    #[test]
    fn a_long_file_is_reported() {
        let reported = messages(EMPTY, &"struct A;\n".repeat(501));
        assert_eq!(
            reported,
            ["crates/a/src/lib.rs: 501 lines, at most 500: split it by concept"]
        );
        assert_eq!(messages(EMPTY, &"struct A;\n".repeat(500)), [""; 0]);
    }

    #[test]
    fn the_median_leaves_tests_out() {
        let files = Files::written(&[
            (
                "crates/a/src/lib.rs",
                "fn short() {}\nfn middle() { x(); }\nfn long() { x(); y(); }\n",
            ),
            ("crates/a/tests/it.rs", &function(100)),
        ]);
        let sources = rust::parse(&files).unwrap();
        assert_eq!(super::median_tokens(&files, &sources), 10);
    }
}
