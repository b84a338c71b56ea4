//! Whatever is wrong, unknown or missing: no command ever says "allowed", and each message names the
//! thing, the place and the fix.

mod checks;
mod releases;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use checks::CHECKS;
use releases::RELEASES;

use crate::world::{Ran, World};

/// One fault: how to bring it about, the command that meets it, its exit code, and what it must say.
struct Fault {
    name: &'static str,
    make: fn(&mut World),
    command: &'static str,
    code: i32,
    says: &'static [&'static str],
}

#[test]
fn no_fault_of_a_check_is_allowed() {
    let clean = World::new();
    let allowed = clean.copy().run("check");
    assert_eq!(allowed.code, Some(0), "{}", allowed.output);
    for fault in CHECKS {
        judge(fault, clean.copy());
    }
}

#[test]
fn no_fault_of_a_release_is_allowed() {
    let released = World::new();
    released.first_release();
    for fault in RELEASES {
        judge(fault, released.copy());
    }
}

/// As the superuser reads everything, the check runs as nobody.
#[test]
fn a_file_that_cannot_be_read_denies() {
    let world = World::new();
    world.write("project/closed", "x");
    let program = world.path("plimsoll");
    std::fs::copy(env!("CARGO_BIN_EXE_plimsoll"), &program).unwrap();
    std::fs::set_permissions(
        world.path("project/closed"),
        std::fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    let arguments = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        program.to_str().unwrap(),
        "check",
        "--no-cache",
    ];
    let ran = World::finish(world.command("setpriv", arguments));
    check(
        &ran,
        "unreadable file",
        1,
        &[
            "gap[secret/unreadable-file]",
            "closed",
            "fix: make it readable",
        ],
    );
}

/// A cache inside the tree could be one that a change brought along, with facts of its own making.
#[test]
fn a_mistake_of_the_program_is_an_internal_error() {
    let mut world = World::new();
    // No system has a stack of this size for a thread, and the walk of the tree cannot go on without one.
    world.set("RUST_MIN_STACK", "70368744177664");
    let told = world.says(
        "check",
        70,
        &["error: plimsoll has met a mistake of its own at ", "hint: "],
    );
    assert!(!told.contains("failed to spawn"), "{told}");
    world.set("RUST_BACKTRACE", "1");
    world.says("check", 70, &["because: failed to spawn thread", "main"]);
}

#[test]
fn no_cache_inside_the_repository_is_used() {
    let mut world = World::new();
    world
        .sh("mkdir part && echo text > part/file && git add part")
        .clear();
    world.set(
        "XDG_CACHE_HOME",
        &world.path("project/.cache").display().to_string(),
    );
    for command in ["check", "check part"] {
        assert_eq!(world.run(command).code, Some(0));
        assert!(!world.path("project/.cache").exists(), "{command}");
    }
    world.set("XDG_CACHE_HOME", &world.path("cache").display().to_string());
    assert_eq!(world.run("check").code, Some(0));
    assert!(
        world.path("cache/plimsoll/extracts").is_dir(),
        "a cache beside the tree is"
    );
}

#[test]
fn a_check_needs_neither_a_home_nor_a_cache() {
    let mut world = World::new();
    world.write("occupied", "");
    world.set(
        "XDG_CACHE_HOME",
        &world.path("occupied").display().to_string(),
    );
    let ran = world.run("check");
    check_said(
        &ran,
        "cache that cannot be written",
        0,
        &["ALLOWED", "warning: nothing is kept", "hint:"],
    );
    world.set("XDG_CACHE_HOME", "");
    world.set("XDG_DATA_HOME", "");
    let command = world.command(
        env!("CARGO_BIN_EXE_plimsoll"),
        ["check", "--db", "../databases"],
    );
    check_said(&finish_homeless(command), "no home", 0, &["ALLOWED"]);
    world.set_policy("[gate]\nsecrets = \"any\"\n");
    let command = world.command(env!("CARGO_BIN_EXE_plimsoll"), ["check"]);
    check_said(
        &finish_homeless(command),
        "no home",
        1,
        &[
            "gap[dependency/unusable-database]",
            "XDG_DATA_HOME",
            "fix: name",
        ],
    );
}

/// Read as nothing, such a password would make a key that needs none.
#[test]
fn a_password_that_is_no_text_is_refused_and_nothing_is_made() {
    let world = World::new();
    world.sh("mkdir -p out && cp server out/server").clear();
    for (variable, arguments, absent) in [
        ("PLIMSOLL_PASSWORD", "key generate ../new", "new.key"),
        (
            "PLIMSOLL_LOG_PASSWORD",
            "release create --name one --artifact out/server",
            "state",
        ),
        ("PLIMSOLL_LOG_PASSWORD", "ledger verify", "state"),
    ] {
        let arguments = arguments.split(' ');
        let mut command = world.command(env!("CARGO_BIN_EXE_plimsoll"), arguments);
        command.env(variable, OsStr::from_bytes(b"p\xffss"));
        check(
            &World::finish(command),
            variable,
            65,
            &[variable, "is not UTF-8 text", "hint:"],
        );
        assert!(!world.path(absent).exists(), "{variable}: {absent}");
    }
    let mut command = world.command(env!("CARGO_BIN_EXE_plimsoll"), ["check"]);
    command.env("PLIMSOLL_POLICY", OsStr::from_bytes(b"p\xffss"));
    check(&World::finish(command), "policy", 64, &["UTF-8"]);
}

fn finish_homeless(mut command: std::process::Command) -> Ran {
    command.env_remove("HOME");
    World::finish(command)
}

fn judge(fault: &Fault, mut world: World) {
    (fault.make)(&mut world);
    let mut ran = Ran {
        code: None,
        output: String::new(),
    };
    for command in fault.command.split(';') {
        ran = world.run(command);
    }
    check(&ran, fault.name, fault.code, fault.says);
}

fn check(ran: &Ran, name: &str, code: i32, says: &[&str]) {
    assert_ne!(code, 0, "{name}");
    check_said(ran, name, code, says);
}

fn check_said(ran: &Ran, name: &str, code: i32, says: &[&str]) {
    assert_eq!(ran.code, Some(code), "{name}\n{}", ran.output);
    for part in says {
        assert!(
            ran.output.contains(part),
            "{name}: `{part}` is not said\n{}",
            ran.output
        );
    }
}
