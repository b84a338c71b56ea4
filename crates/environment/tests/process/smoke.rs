//! The smoke command decides, and nothing of it is left running.

use plimsoll_environment::{HealthOutcome, SmokeOutcome};
use plimsoll_model::Subject;

use crate::shop::{Shop, output};

#[test]
fn the_smoke_command_decides() {
    let shop = Shop::new();
    let server = shop.serve("serve()");
    assert_eq!(shop.health(&server).outcome, HealthOutcome::Healthy);
    std::fs::write(
        shop.folder.path().join("smoke.sh"),
        "curl -s \"$PLIMSOLL_URL/\"; echo; env; pwd; sha256sum \"$PLIMSOLL_ARTIFACT\"",
    )
    .unwrap();
    let report = shop.smoke(&server, "sh ./smoke.sh 2>&1", 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Passed);
    for line in [
        "ok",
        "PLIMSOLL_ENVIRONMENT=staging",
        shop.folder.path().to_str().unwrap(),
    ] {
        assert!(
            report.output.lines().any(|own| own == line),
            "{line}: {}",
            report.output
        );
    }
    let Subject::Artifact { sha256 } = server else {
        panic!("a file was served");
    };
    assert!(report.output.contains(&format!("{} ", sha256.hex())));
    assert!(!report.output.contains("CARGO"));

    let report = shop.smoke(&server, "echo out; echo err >&2; exit 3", 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Failed { exit_code: Some(3) });
    assert_eq!(report.output, "out\nerr\n");
    assert_eq!(
        shop.smoke(&server, "kill -9 $$", 20_000).outcome,
        SmokeOutcome::Failed { exit_code: None }
    );
    let report = shop.smoke(
        &server,
        "head -c 1000000 /dev/zero | tr '\\0' x; echo end",
        20_000,
    );
    assert_eq!(
        (report.output.len(), report.omitted_bytes),
        (64 << 10, 1_000_004 - (64 << 10))
    );
    assert!(report.output.ends_with("xend\n"));
    // Nobody else on the machine sleeps for exactly this long.
    let [late, apart, behind] =
        ["604", "605", "606"].map(|seconds| format!("sleep {seconds}.{}", shop.port));
    let report = shop.smoke(&server, &format!("echo begun; {late}; echo never"), 300);
    assert_eq!(
        (report.outcome, report.output.as_str()),
        (SmokeOutcome::NotInTime, "begun\n")
    );
    let report = shop.smoke(
        &server,
        &format!("setsid {apart} & {behind} & echo $!"),
        20_000,
    );
    assert_eq!(report.outcome, SmokeOutcome::Passed);
    for left in [late, apart, behind] {
        assert_eq!(
            output("pgrep", &["-fx", &left]),
            "",
            "{left} is left running"
        );
    }
    let pid = shop.pid();
    let report = shop.smoke(
        &server,
        &format!("kill -9 {pid}; while kill -0 {pid}; do sleep 0.01; done"),
        20_000,
    );
    assert_eq!(report.outcome, SmokeOutcome::Exited, "{}", report.output);
    let report = shop.smoke(&server, "echo begun", 20_000);
    assert_eq!(
        (report.outcome, report.output.as_str()),
        (SmokeOutcome::Exited, ""),
        "there is nothing to test"
    );
}
