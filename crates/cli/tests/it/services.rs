//! Several services share one ledger: names, deployments, approvals and what runs are each service's own.

use crate::world::World;

const STAGING: &str = "promote one --to staging --key ../author.key";
const PRODUCTION: &str = "promote one --to production --key ../author.key";
const APPROVE: &str = "approve one --to production --key ../colleague.key";

#[test]
fn two_services_do_not_see_each_other() {
    let mut world = World::new();
    let project = world.policy();
    let other = format!("service = \"other\"\n{}", world.default_policy());
    world.first_release();
    run(&world, STAGING, 0, &["one in staging: healthy"]);
    run(&world, PRODUCTION, 2, &["waits for 1 of 1"]);
    run(&world, APPROVE, 0, &["colleague approves one"]);

    world.set_policy(&other);
    let listed = world.run("release list");
    assert_eq!((listed.code, listed.output.as_str()), (Some(0), ""));
    run(
        &world,
        STAGING,
        65,
        &["no release `one` of service `other`"],
    );
    let back = "rollback --environment staging --key ../author.key";
    run(
        &world,
        back,
        1,
        &["service `other` has no earlier healthy release"],
    );
    run(
        &world,
        "status",
        0,
        &["service other", "staging      nothing"],
    );
    // The same name and the same bytes, and yet another release.
    for command in [
        "attest inspection --key ../builder.key",
        "release create --name one --artifact out/server",
    ] {
        run(&world, command, 0, &[]);
    }
    let taken = "release create --name one --artifact out/server";
    run(
        &world,
        taken,
        1,
        &["service `other` already has a release named `one`", "hint:"],
    );
    run(
        &world,
        PRODUCTION,
        2,
        &["not deployed to staging", "waits for 1 of 1"],
    );
    run(&world, APPROVE, 0, &[]);
    run(&world, STAGING, 0, &["one in staging: healthy"]);

    world.set_policy(&project);
    run(&world, "attest inspection --key ../builder.key", 0, &[]);
    run(
        &world,
        "status",
        0,
        &["service project", "staging      one"],
    );
    assert_eq!(world.run("release list").output.lines().count(), 1);
    // Its own approval still counts; the other service has used up none of it.
    run(&world, PRODUCTION, 0, &["one in production: healthy"]);
    world.set_policy(&other);
    run(&world, "status", 0, &["production   nothing"]);
    run(&world, "ledger verify", 0, &["PROVEN"]);
}

#[track_caller]
fn run(world: &World, command: &str, code: i32, says: &[&str]) {
    let ran = world.run(command);
    assert_eq!(ran.code, Some(code), "{command}\n{}", ran.output);
    for part in says {
        assert!(
            ran.output.contains(part),
            "{command}: `{part}`\n{}",
            ran.output
        );
    }
}
