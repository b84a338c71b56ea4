//! No test is empty, and none is ignored: both pass whatever the code does.
//!
//! One kind of ignored test is a part of another: the body of a process that the other starts, to
//! kill it. It is one when the same file names it in a string.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::rust::Source;
use super::{Files, Problem};

pub(super) fn check(files: &Files, sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources {
        let text = files.text(&source.file).unwrap_or_default();
        let mut finder = Finder {
            file: &source.file,
            text,
            problems: &mut problems,
        };
        finder.visit_file(&source.tree);
    }
    problems
}

struct Finder<'a> {
    file: &'a str,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Finder<'_> {
    fn judge(&self, function: &syn::ItemFn) -> Option<String> {
        let has = |name: &str| {
            function
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident(name))
        };
        let name = &function.sig.ident;
        if has("test") && function.block.stmts.is_empty() {
            return Some(format!(
                "the test `{name}` is empty: let it fail without the feature"
            ));
        }
        let is_started = self.text.contains(&format!("\"{name}\""));
        (has("ignore") && !is_started).then(|| {
            format!(
                "nobody starts the ignored test `{name}`: let it run, and skip loudly inside it"
            )
        })
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if let Some(message) = self.judge(function) {
            let line = function.sig.span().start().line;
            self.problems
                .push(Problem::new(self.file, Some(line), message));
        }
        visit::visit_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::{Files, rust};

    fn problems(text: &str) -> Vec<String> {
        let files = Files::written(&[("crates/a/src/lib.rs", text)]);
        super::check(&files, &rust::parse(&files).unwrap())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn an_empty_test_is_reported() {
        let text = "//! x\n#[test]\nfn judged() { assert!(true); }\nmod tests {\n    #[test]\n    fn hollow() {}\n}\n";
        assert_eq!(
            problems(text),
            ["crates/a/src/lib.rs:6: the test `hollow` is empty: let it fail without the feature"]
        );
    }

    #[test]
    fn an_ignored_test_is_reported_unless_another_starts_it() {
        let ignored = "#[test]\n#[ignore = \"x\"]\nfn worker() { work(); }\n";
        assert_eq!(problems(ignored).len(), 1);
        let started =
            format!("{ignored}#[test]\nfn kills() {{ start(&[\"--exact\", \"worker\"]); }}\n");
        assert_eq!(problems(&started), [""; 0]);
    }
}
