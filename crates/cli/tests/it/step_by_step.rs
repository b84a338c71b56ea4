//! Gates that are taken in steps: what stood at a commit passes until a day, and a check says what is
//! new.

use crate::world::{Ran, World};

const SECRET: &str = "password = \"Zx9#kQ2m1L0\"\n";

/// A world in which an old secret stands, under a policy that lets it pass until a day; the commit.
fn world(until: &str) -> (World, String) {
    let mut world = World::new();
    world.write("project/old.txt", SECRET);
    world.sh("git add -A && git commit -qm old");
    let commit = world.sh("git rev-parse HEAD").trim().to_owned();
    let mode = format!("{{ new_since = \"{commit}\", until = {until}, owner = \"sre\" }}");
    let policy = world.default_policy();
    world.set_policy(&format!("[gate]\nsecrets = {{ mode = {mode} }}\n{policy}"));
    (world, commit)
}

fn assert_says(ran: &Ran, code: i32, says: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.output);
    for said in says {
        assert!(ran.output.contains(said), "{said}\n{}", ran.output);
    }
}

#[test]
fn what_is_old_passes_and_what_is_new_does_not() {
    let (world, commit) = world("2999-12-31");
    let old = format!(
        "1 finding stood already at {} (owner sre, until 2999-12-31)",
        &commit[..12]
    );
    let nothing = "nothing new at or above `any`";
    // A line above it moves the finding, and does not make it new.
    world.write("project/old.txt", &format!("\n{SECRET}"));
    assert_says(&world.run("check"), 0, &[&old, nothing]);
    world.write("project/new.txt", SECRET);
    let denied = world.run("check");
    assert_says(&denied, 1, &[&old, "1 finding at or above `any`"]);
}

#[test]
fn after_the_day_everything_counts() {
    let (world, _) = world("2026-01-01");
    let says = ["1 finding at or above `any`", "passed until 2026-01-01"];
    assert_says(&world.run("check"), 1, &says);
}

#[test]
fn a_commit_that_is_not_there_lets_nothing_pass() {
    let (world, commit) = world("2999-12-31");
    world.sh(
        "git commit -q --allow-empty -m later && git clone -q --depth 1 file://$PWD ../shallow",
    );
    world.sh("mv ../project ../whole && mv ../shallow ../project");
    let fetch = format!("git fetch origin {commit}");
    let says = [
        "gap[secret/missing-commit]",
        &fetch,
        "1 finding at or above `any`",
    ];
    assert_says(&world.run("check"), 1, &says);
}

#[test]
fn a_check_against_a_base_says_what_is_new() {
    let (mut world, _) = world("2999-12-31");
    let policy = world.policy();
    world.set("PLIMSOLL_POLICY", "");
    world.write(
        "project/plimsoll.toml",
        &policy.replace("\"databases\"", "\"../databases\""),
    );
    world.sh("git add -A && git commit -qm policy && git branch base");
    world.write("project/new.txt", SECRET);
    let text = world.run("check --base base --color never");
    assert_says(
        &text,
        1,
        &["compared with base (", "): 1 new, 1 stood there already"],
    );
    assert_eq!(
        text.output.matches("= new since base").count(),
        1,
        "{}",
        text.output
    );
    let sarif = world.run("check --base base --format sarif");
    assert_says(
        &sarif,
        1,
        &[
            "\"baselineState\": \"new\"",
            "\"baselineState\": \"unchanged\"",
        ],
    );
    let json = world.run("check --base base --format json");
    assert_says(
        &json,
        1,
        &["\"newFindings\": 1", "\"isNew\": true", "\"isNew\": false"],
    );
}
