//! The work tree is tidy whenever the tests pass.

use std::path::Path;

#[test]
fn the_work_tree_is_tidy() {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let problems = xtask::tidy::check(Path::new(&manifest).parent().unwrap()).unwrap();
    let listed: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} to fix:\n{}",
        listed.len(),
        listed.join("\n")
    );
}
