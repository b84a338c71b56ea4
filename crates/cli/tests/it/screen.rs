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

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let world = World::new();
    for (command, code) in [("check", 0), ("check --format json", 0), ("explain", 0)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let program = env!("CARGO_BIN_EXE_plimsoll");
        let mut run = world.command(program, command.split(' '));
        run.stdout(writer);
        let output = run.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        assert!(!said.contains("error:"), "{command}: {said}");
    }
}

#[test]
fn colour_is_forced_and_refused_by_the_environment() {
    let world = World::new();
    for (forced, refused, is_coloured) in [("1", "", true), ("0", "", false), ("1", "1", false)] {
        let mut run = world.command(env!("CARGO_BIN_EXE_plimsoll"), ["check"]);
        run.env("FORCE_COLOR", forced).env("NO_COLOR", refused);
        let output = World::finish(run).output;
        assert_eq!(output.contains('\u{1b}'), is_coloured, "{forced} {refused}");
    }
}
