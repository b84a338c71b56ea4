//! Stock cosign verifies evidence about a commit, by nothing but what Git prints of it.

use std::path::Path;
use std::process::Command;

use crate::world::{World, statement_in};

#[test]
fn cosign_verifies_a_statement_about_a_commit() {
    let Some(cosign) = plimsoll_trial::find_peer("cosign", "evidence about a commit by cosign")
    else {
        return;
    };
    let world = World::new();
    let test =
        "attest test --key ../builder.key -- sh -c echo${IFS}1${IFS}passed,${IFS}0${IFS}failed";
    let ran = world.run(test);
    assert_eq!(ran.code, Some(0), "{}", ran.output);
    let [bundle] = <[_; 1]>::try_from(world.bundles()).unwrap();
    std::fs::write(world.path("bundle.json"), &bundle).unwrap();
    world
        .sh("git cat-file commit HEAD > ../commit && git cat-file commit HEAD | tr e E > ../other");
    let statement = statement_in(&bundle);
    let predicate_type = statement["predicateType"].as_str().unwrap();
    let verify = |file: &str| verify(&cosign, &world, predicate_type, file);
    let (verified, said) = verify("commit");
    assert!(verified, "{said}");
    let (verified, said) = verify("other");
    assert!(!verified, "{said}");
}

fn verify(cosign: &Path, world: &World, predicate_type: &str, file: &str) -> (bool, String) {
    let output = Command::new(cosign)
        .args(["verify-blob-attestation", "--key"])
        .arg(world.path("builder.pub"))
        .arg("--bundle")
        .arg(world.path("bundle.json"))
        .args(["--insecure-ignore-tlog=true", "--type", predicate_type])
        .arg(world.path(file))
        .env("HOME", world.path("home"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}
