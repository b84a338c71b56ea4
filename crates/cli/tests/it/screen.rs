//! What a person sees of a check, whole: the flawed shop and the fixed one.

use std::path::Path;

use crate::world::World;

#[test]
fn the_flawed_shop() {
    insta::assert_snapshot!(check(false));
}

#[test]
fn the_fixed_shop() {
    insta::assert_snapshot!(check(true));
}

fn check(fixed: bool) -> String {
    let mut world = World::new();
    world.set("PLIMSOLL_POLICY", "");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/record-store");
    let example = example.canonicalize().unwrap();
    world.sh(&format!(
        "git -C '{}' ls-files | tar -C '{0}' -cf - -T - | (mkdir ../shop && tar -C ../shop -xf -)",
        example.display()
    ));
    if fixed {
        world.sh(
            "cd ../shop && find . -name '*.fixed' | while read -r good; do mv $good ${good%.fixed}; done",
        );
    }
    world.sh("mv ../project ../before && mv ../shop ../project");
    assert_eq!(
        world
            .run("db import advisories --into .plimsoll/advisories")
            .code,
        Some(0)
    );
    let ran = world.run("check --color never");
    format!(
        "exit code {}\n{}",
        ran.code.unwrap(),
        without_ages(&ran.output)
    )
}

/// The age of the example's advisories is the only thing that differs from day to day.
fn without_ages(output: &str) -> String {
    let mut shown = String::new();
    for line in output.lines() {
        match line.split_once(", as of ") {
            Some((before, date)) => shown.extend([before, ", as of ", &date[..10], ", … old\n"]),
            None => shown.extend([line, "\n"]),
        }
    }
    shown
}

#[test]
fn a_file_name_cannot_draw_what_it_likes() {
    let mut world = World::new();
    world.set("PLIMSOLL_POLICY", "");
    let name = "project/a\n  ✓ secrets       nothing at or above `any`\u{1b}[8m\u{202e}.txt";
    world.write(name, "password = \"Zx9#kQ2m1L0\"\n");
    for color in ["never", "always"] {
        let shown = world.run(&format!("check --color {color}"));
        assert_eq!(shown.code, Some(1));
        let output = shown.output;
        assert!(output.contains("a\u{fffd}  ✓ secrets"), "{output}");
        assert!(
            !output.lines().any(|line| line.starts_with("  ✓ secrets")),
            "{output}"
        );
        assert!(
            !output.contains("\u{1b}[8m") && !output.contains('\u{202e}'),
            "{output}"
        );
    }
}
