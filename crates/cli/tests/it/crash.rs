//! A deployment is killed (SIGKILL) at each of its writes to disk, by the kernel's tracer and in the
//! unchanged binary. The next command settles what was left open, and the history stays proven.

use std::collections::BTreeSet;

use plimsoll_trial as trial;

use crate::world::{Ran, World};

/// More writes than a deployment makes.
const MAX_WRITES: u32 = 400;
/// Every so many writes one is the last.
const SAMPLE: usize = 4;
const STEPS: [&str; 3] = ["apply", "health", "smoke"];

#[test]
fn a_killed_deployment_is_settled_by_the_next_command() {
    let world = World::new();
    if World::finish(world.command("strace", ["-qq", "-o", "/dev/null", "true"])).code != Some(0) {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: kill -9 at each step of a deployment, because strace cannot trace here\n"
            ),
        )
        .unwrap();
        return;
    }
    world.first_release();
    world.second_release();
    promoted(&world.run("promote one --to staging --key ../author.key"));
    let mut last_seen = BTreeSet::new();
    for (round, writes) in (1..MAX_WRITES).step_by(trial::stride(SAMPLE)).enumerate() {
        let release = if round % 2 == 0 { "two" } else { "one" };
        let killed = kill_at(&world, writes, release);
        if killed.code == Some(0) {
            assert!(
                writes > 10,
                "a deployment that writes {writes} times is not this one"
            );
            assert!(last_seen.len() > 3, "{last_seen:?}");
            if trial::stride(SAMPLE) == 1 {
                every_step_was_met(&last_seen);
            }
            trial::tell(format_args!(
                "{round} kills after {} kinds of event",
                last_seen.len()
            ));
            return;
        }
        assert_eq!(killed.code, None, "{}", killed.output);
        last_seen.insert(last_event(&world));
        settled(&world, release);
    }
    panic!("the deployment never came to its end");
}

/// Promotes under the tracer, which kills the process at its `writes`-th flush to disk.
fn kill_at(world: &World, writes: u32, release: &str) -> Ran {
    let inject = format!("inject=fsync,fdatasync:signal=KILL:when={writes}");
    let promote = format!("promote {release} --to staging --key ../author.key");
    let mut arguments = vec![
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        &inject,
        env!("CARGO_BIN_EXE_plimsoll"),
    ];
    arguments.extend(promote.split(' '));
    World::finish(world.command("strace", arguments))
}

/// The next command ends in a healthy release, one server runs, and the history is proven.
fn settled(world: &World, release: &str) {
    let open = world.run("ledger log --json").output;
    let interrupted =
        open.matches("deployment.started").count() > open.matches("deployment.finished").count();
    let next = world.run(&format!(
        "promote {release} --to staging --key ../author.key"
    ));
    promoted(&next);
    assert_eq!(
        next.output.contains("was settled first"),
        interrupted,
        "{}",
        next.output
    );
    let status = world.run("status --json");
    assert!(
        status.output.contains("\"interrupted\": false"),
        "{}",
        status.output
    );
    assert_eq!(servers(world), 1, "{}", status.output);
    let proof = world.run("ledger verify");
    assert_eq!(proof.code, Some(0), "{}", proof.output);
}

fn promoted(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}", ran.output);
    assert!(ran.output.contains("in staging: healthy"), "{}", ran.output);
}

/// The newest event: its kind, and for a step its name and state.
fn last_event(world: &World) -> String {
    let log = world.run("ledger log").output;
    let words: Vec<&str> = log.lines().last().unwrap().split_whitespace().collect();
    if words[3] == "deployment.step" {
        format!("{} {}", words[7], words[8])
    } else {
        words[3].to_owned()
    }
}

fn every_step_was_met(last_seen: &BTreeSet<String>) {
    for step in STEPS {
        for state in ["begun", "succeeded"] {
            let event = format!("{step} {state}");
            assert!(
                last_seen.contains(&event),
                "no kill right after `{event}`; met: {last_seen:?}"
            );
        }
    }
    assert!(last_seen.contains("deployment.started"), "{last_seen:?}");
}

fn servers(world: &World) -> usize {
    let mark = world.path("state").display().to_string();
    let script = format!(
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q 'python[3] {mark}/environments' && echo $p; done; true"
    );
    world
        .sh(&script)
        .lines()
        .filter(|line| line.starts_with("/proc/"))
        .count()
}
