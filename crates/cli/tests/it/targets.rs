//! What a target runs of a release, what is left running when all fails, and what `status` says of it.

use crate::world::World;

const STAGING: &str = "promote one --to staging --key ../author.key";

#[test]
fn a_target_runs_its_part_of_a_release() {
    let world = World::new();
    world.first_release();
    let image = format!("sha256:{}", "0".repeat(64));
    let refused = ["cannot run in `staging`", "exactly one file", "hint:"];
    for (shipped, code, says) in [
        ("--artifact out/server --artifact server", 1, &refused[..]),
        (&format!("--image {image}"), 1, &refused),
        // The process is the file; what the image lacks is evidence.
        (
            &format!("--artifact out/server --image {image}"),
            2,
            &["image 000000000000", "no configured builder signed"],
        ),
    ] {
        if shipped.contains("--artifact server") {
            world.sh("echo '# another' >> server");
        }
        // The same name twice is refused, so each shipment has its own.
        let name = format!("r{}", shipped.len());
        world.says(
            &format!("release create --name {name} {shipped}"),
            0,
            &[&name],
        );
        let promote = format!("promote {name} --to staging --key ../author.key");
        world.says(&promote, code, says);
    }
    world.says("release create --name empty", 64, &[]);
}

#[test]
fn an_environment_that_cannot_be_observed_hides_no_other() {
    let world = World::new();
    world.first_release();
    world.says(STAGING, 0, &["one in staging: healthy"]);
    let lines = ["staging      one", "production   nothing"];
    world.says("status", 0, &lines);
    let (service, broken) = ("project", "production");
    world.write(
        &format!("state/environments/{service}/{broken}/process.json"),
        "{",
    );
    let told = world.says("status", 2, &lines);
    for part in ["what runs cannot be observed", "is damaged", "hint: "] {
        assert_eq!(told.matches(part).count(), 1, "{part}: {told}");
    }
    let json = world.says("status --json", 2, &[]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let [staging, production] = [&json[0], &json[1]];
    assert_eq!(staging["running"]["kind"], "observed", "{json}");
    assert_eq!(
        staging["running"]["subjects"], staging["recorded"],
        "{json}"
    );
    assert_eq!(production["running"]["kind"], "unobserved", "{json}");
    assert_eq!(production["running"]["class"], "internal", "{json}");
}

#[test]
fn a_way_back_that_fails_ends_nothing() {
    let mut world = World::new();
    let asks = world
        .policy()
        .replace("test -x $PLIMSOLL_ARTIFACT", "test ! -e ../down");
    world.set_policy(&asks);
    world.first_release();
    world.says(STAGING, 0, &["one in staging: healthy"]);
    world.second_release();
    // What asks for the releases is out of order, and none of them.
    world.write("down", "");
    world.says(
        "promote two --to staging --key ../author.key",
        1,
        &["✗ smoke", "nothing healthy runs there"],
    );
    world.says(
        "status",
        2,
        &[
            "the last deployment failed",
            "the ledger says nothing, but this is seen: process",
        ],
    );
    std::fs::remove_file(world.path("down")).unwrap();
    world.says(STAGING, 0, &["one in staging: healthy"]);
}
