//! What a script runs without stating it, and what it does state.

use super::{SHIP, job, told};

#[test]
fn what_is_not_stated_is_told() {
    for script in [
        "bash -c \"$CMD\"",
        "sudo sh -ec $CMD",
        "bash <<< \"$CMD\"",
        "bash \"$SCRIPT\"",
        "bash -c 'bash -c \"$CMD\"'",
        "eval \"$CMD\"",
        "zsh -c 'cargo publish'",
        "zsh end.sh",
        "set +o $X",
        "set $X",
        "set -e$X",
        "trap \"$X\" EXIT",
        "trap 'cargo publish' EXIT",
        "trap -- 'a && cargo publish' TERM",
        "ship() { cargo publish; }\ntrap ship EXIT",
        "ship() { cargo publish; }\nend() { rm -f x; ship; }\ntrap 'end; exit 1' EXIT",
        "trap ./end.sh EXIT",
        "source ./lib.sh\ntrap end EXIT",
    ] {
        let scripts = [("lib.sh", "end() { cargo publish; }\n"), ("end.sh", "\n")];
        assert_eq!(
            told(&job(&["cargo test", script]), &scripts),
            ["unstated-command"],
            "{script}"
        );
    }
    assert_eq!(
        told(&job(&["trap -- 'exit 0' EXIT\ncargo test", SHIP]), &[]),
        ["gate-cannot-fail"]
    );
    for condition in ["[failure()]", "{a: b}"] {
        let step = format!("cargo publish##if: {condition}");
        assert_eq!(
            told(&job(&["cargo test", &step]), &[]),
            ["unreadable-workflow"],
            "{condition}"
        );
    }
}

#[test]
fn what_is_stated_is_no_gap() {
    for script in [
        "set +o\nset -o pipefail\ncargo test",
        "tidy() { rm -f x; }\nend() { tidy; }\ntrap end EXIT TERM\ncargo test",
        "trap '' INT\ntrap - EXIT\ncargo test",
        "zsh --version\ncargo test",
        "curl -sSf https://sh.rustup.rs | sh -s -- -y\ncargo test",
    ] {
        assert_eq!(told(&job(&[script, SHIP]), &[]), [""; 0], "{script}");
    }
}

#[test]
fn a_shell_with_options_that_may_do_anything_is_foreign() {
    for (shell, expected) in [
        ("bash -e {0}", &[][..]),
        ("bash -leo pipefail {0}", &[]),
        ("/usr/bin/bash --noprofile --norc -eo pipefail {0}", &[]),
        ("bash {0}", &["gate-cannot-fail"]),
        ("bash -e +e {0}", &["foreign-shell"]),
        ("bash -en {0}", &["foreign-shell"]),
        ("bash --rcfile x -ie {0}", &["foreign-shell"]),
        ("bash -ec true {0}", &["foreign-shell"]),
        ("./bash -e {0}", &["foreign-shell"]),
    ] {
        let step = format!("cargo test\necho done##shell: {shell}");
        assert_eq!(told(&job(&[&step, SHIP]), &[]), expected, "{shell}");
    }
}
