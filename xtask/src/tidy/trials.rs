//! Every test that says how much it tried is in the list that `cargo xtask prove` runs, and the list
//! names no other.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::Problem;
use super::rust::Source;
use crate::prove::{TRIALS, Trial};

const LIST: &str = "xtask/src/prove/trials.rs";

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    judge(sources, TRIALS)
}

fn judge(sources: &[Source], trials: &[Trial]) -> Vec<Problem> {
    let mut finder = Finder::default();
    for source in sources {
        finder.file.clone_from(&source.file);
        finder.visit_file(&source.tree);
    }
    let mut problems = Vec::new();
    for test in &finder.long {
        if !trials.iter().any(|trial| is_about(trial, test)) {
            let message = format!(
                "the long test `{}` is not in {LIST}: `cargo xtask prove` would leave it out",
                test.name
            );
            problems.push(Problem::new(&test.file, Some(test.line), message));
        }
    }
    for trial in trials {
        if !finder.long.iter().any(|test| is_about(trial, test)) {
            let message = format!(
                "no test `{}` of {} says how much it tried",
                trial.test, trial.package
            );
            problems.push(Problem::new(LIST, None, message));
        }
    }
    problems
}

fn is_about(trial: &Trial, test: &Test) -> bool {
    let package = test.file.split('/').nth(1);
    trial.package.strip_prefix("plimsoll-") == package
        && trial.test.rsplit("::").next() == Some(test.name.as_str())
}

struct Test {
    file: String,
    line: usize,
    name: String,
}

/// Collects the functions that call `trial::tell`.
#[derive(Default)]
struct Finder {
    file: String,
    function: Vec<(String, usize)>,
    long: Vec<Test>,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let line = function.sig.span().start().line;
        self.function.push((function.sig.ident.to_string(), line));
        visit::visit_item_fn(self, function);
        self.function.pop();
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(called) = call.func.as_ref()
            && tells(&called.path)
            && let Some((name, line)) = self.function.last()
        {
            self.long.push(Test {
                file: self.file.clone(),
                line: *line,
                name: name.clone(),
            });
        }
        visit::visit_expr_call(self, call);
    }
}

fn tells(path: &syn::Path) -> bool {
    let mut words = path.segments.iter().rev();
    words.next().is_some_and(|word| word.ident == "tell")
        && words
            .next()
            .is_some_and(|word| word.ident == "trial" || word.ident == "plimsoll_trial")
}

#[cfg(test)]
mod tests {
    use crate::prove::TRIALS;
    use crate::tidy::{Files, rust};

    #[test]
    fn a_long_test_outside_the_list_and_a_row_without_a_test_are_reported() {
        let scripts = TRIALS.iter().filter(|trial| trial.name == "scripts");
        let rows: Vec<_> = scripts.collect();
        let text = "//! x\n#[test]\nfn new() { trial::tell(1); }\n#[test]\nfn the_scripts_mean_what_the_shell_says() { plimsoll_trial::tell(1); }\n";
        let problems = |file: &str| {
            let files = Files::written(&[(file, text)]);
            let sources = rust::parse(&files).unwrap();
            let problems = super::judge(&sources, std::slice::from_ref(rows[0]));
            problems.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let listed = problems("crates/path/tests/a.rs");
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert!(listed[0].starts_with("crates/path/tests/a.rs:3: the long test `new` is not in"));
        let elsewhere = problems("crates/sign/tests/a.rs");
        assert_eq!(elsewhere.len(), 3, "{elsewhere:?}");
    }
}
