//! No test is empty: an empty test passes whatever the code does.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::Problem;
use super::rust::Source;

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        let mut finder = Finder { file: &source.file, problems: &mut problems };
        finder.visit_file(&source.tree);
    }
    problems
}

struct Finder<'a> {
    file: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let is_test = function.attrs.iter().any(|attribute| attribute.path().is_ident("test"));
        if is_test && function.block.stmts.is_empty() {
            let line = function.sig.span().start().line;
            let message =
                format!("the test `{}` is empty: let it fail without the feature", function.sig.ident);
            self.problems.push(Problem::new(self.file, Some(line), message));
        }
        visit::visit_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    #[test]
    fn an_empty_test_is_reported() {
        let text = "//! x\n#[test]\nfn judged() { assert!(true); }\nmod tests {\n    #[test]\n    fn hollow() {}\n}\n";
        let files = Files::written(&[("crates/a/src/lib.rs", text)]);
        let problems = super::check(&rust::parse(&files).unwrap());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("`hollow`") && problems[0].line == Some(6), "{problems:?}");
    }
}
