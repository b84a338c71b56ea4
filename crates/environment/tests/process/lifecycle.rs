//! Artifacts are installed by digest; what runs is found, stopped, and told apart from strangers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_environment::{EnvironmentError, HealthOutcome, Seen, Stopped};
use plimsoll_model::Digest;

use crate::shop::{Shop, Stranger, output, ps};

#[test]
fn an_artifact_is_installed_by_its_digest_or_not_at_all() {
    let shop = Shop::new();
    let digest = shop.install("one");
    let path = shop.state().join("artifacts").join(digest.hex());
    assert!(output("sha256sum", &[path.to_str().unwrap()]).starts_with(&digest.hex()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o555);
    let source = shop.folder.path().join("built");
    let other = Digest::of(b"other");
    let refused = shop.process().install(&other, &source);
    assert!(
        matches!(refused, Err(EnvironmentError::WrongDigest { actual, .. }) if actual == digest)
    );
    assert!(matches!(
        shop.process().start(&other),
        Err(EnvironmentError::NotInstalled { .. })
    ));
    assert!(matches!(
        shop.process().install(&other, Path::new("/dev/zero")),
        Err(EnvironmentError::NotAFile { .. })
    ));
    assert_eq!(
        shop.state().join("artifacts").read_dir().unwrap().count(),
        1,
        "nothing else is left behind"
    );

    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "changed").unwrap();
    assert!(matches!(
        shop.process().start(&digest),
        Err(EnvironmentError::WrongDigest { .. })
    ));
    shop.process().install(&digest, &source).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        b"one",
        "a damaged file is fixed"
    );
}

#[test]
fn a_server_is_started_healthy_found_again_and_stopped() {
    let mut shop = Shop::new();
    shop.config
        .variables
        .insert("GREETING".to_owned(), "a 'b' \"c\" $d\n".to_owned());
    let digest = shop.serve("open('env', 'w').write(repr(dict(os.environ))); serve()");
    let report = shop.health(&digest);
    assert_eq!(report.outcome, HealthOutcome::Healthy, "{report:?}");
    let good = report.attempts.last().unwrap();
    assert_eq!(
        (&good.seen, good.times),
        (&Seen::Status { status: 200 }, 2),
        "two in a row, then it is enough"
    );
    let url = format!("http://127.0.0.1:{}/", shop.port);
    assert_eq!(output("curl", &["-s", &url]), "ok");

    let running = shop.process().running().unwrap().unwrap();
    let installed = shop.state().join("artifacts").join(digest.hex());
    assert!(ps(running.pid, "args=").contains(installed.to_str().unwrap()));
    assert_eq!(
        ps(running.pid, "pgid="),
        running.pid.to_string(),
        "in a group of its own"
    );
    assert_eq!(
        (running.digest, running.main_lives, running.settled),
        (digest, true, true)
    );
    assert_eq!(
        shop.process().start(&digest).unwrap().pid,
        running.pid,
        "started once only"
    );
    let other = shop.install("other");
    assert!(matches!(
        shop.process().start(&other),
        Err(EnvironmentError::AlreadyRunning { .. })
    ));

    let environment = std::fs::read_to_string(shop.state().join("work/env")).unwrap();
    assert!(
        environment.contains(r#"'GREETING': 'a \'b\' "c" $d\n'"#),
        "{environment}"
    );
    assert!(
        !environment.contains("CARGO"),
        "the caller's environment is not handed on: {environment}"
    );

    shop.config
        .variables
        .insert("GREETING".to_owned(), "changed".to_owned());
    let changed = shop.process().start(&digest);
    assert!(
        matches!(changed, Err(EnvironmentError::AlreadyRunning { .. })),
        "other settings are another start"
    );
    assert_eq!(
        shop.process().stop().unwrap(),
        Some(Stopped {
            digest,
            killed: false
        })
    );
    assert_eq!(ps(running.pid, "pid="), "");
    assert_eq!(shop.process().running().unwrap(), None);
    assert_eq!(shop.process().stop().unwrap(), None, "again");
    assert!(matches!(
        shop.process().health(&digest, &|| false),
        Err(EnvironmentError::NotRunning { .. })
    ));
}

#[test]
fn a_server_that_will_not_end_is_killed_with_its_descendants() {
    let mut shop = Shop::new();
    shop.config.stop_grace_ms = 200;
    let digest = shop.serve(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['sleep', '600'])
subprocess.Popen(['sleep', '601'], start_new_session=True)
serve()",
    );
    assert_eq!(shop.health(&digest).outcome, HealthOutcome::Healthy);
    let running = shop.process().running().unwrap().unwrap();
    assert_eq!(running.pids.len(), 3, "{running:?}");
    assert_eq!(
        shop.process().stop().unwrap(),
        Some(Stopped {
            digest,
            killed: true
        })
    );
    assert!(running.pids.iter().all(|pid| ps(*pid, "pid=").is_empty()));
}

#[test]
fn what_outlives_the_main_process_is_still_seen_and_stopped() {
    let shop = Shop::new();
    shop.serve(
        "subprocess.Popen(['sleep', '602'], start_new_session=True); print('gone'); sys.exit(3)",
    );
    let until = Instant::now() + Duration::from_secs(20);
    let running = loop {
        let running = shop
            .process()
            .running()
            .unwrap()
            .expect("the descendant lives");
        if !running.main_lives || Instant::now() > until {
            break running;
        }
    };
    assert!(!running.main_lives);
    assert_eq!(ps(running.pids[0], "args="), "sleep 602");
    assert!(shop.process().stop().unwrap().is_some());
    assert_eq!(ps(running.pids[0], "pid="), "");
}

/// A process whose start time is told apart from `other`'s: the kernel counts in ticks of 10 ms, and two processes that
/// start within one would differ by their ids alone, which the test forges.
fn started_in_another_tick(other: u32) -> Stranger {
    let ticks = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ")
            .next()
            .unwrap()
            .split(' ')
            .nth(19)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    loop {
        let bystander = Stranger(Command::new("sleep").arg("603").spawn().unwrap());
        if ticks(bystander.0.id()) > ticks(other) {
            return bystander;
        }
    }
}

#[test]
fn a_reused_process_id_is_neither_believed_nor_killed() {
    let shop = Shop::new();
    let digest = shop.serve("serve()");
    let own = shop.process().running().unwrap().unwrap().pid;
    let bystander = started_in_another_tick(own);
    let record = shop.state().join("process.json");
    let honest = std::fs::read_to_string(&record).unwrap();
    let forged = honest.replace(
        &format!("\"pid\":{own}"),
        &format!("\"pid\":{}", bystander.0.id()),
    );
    let marker = honest
        .split("\"marker\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let forged = forged.replace(marker, "00000000-0000-0000-0000-000000000000");
    assert_ne!(forged, honest);
    std::fs::write(&record, forged).unwrap();
    assert_eq!(
        shop.process().running().unwrap(),
        None,
        "the start time is another"
    );
    assert_eq!(shop.process().stop().unwrap(), None);
    assert_ne!(ps(bystander.0.id(), "pid="), "", "the bystander lives");
    std::fs::write(&record, &honest).unwrap();
    assert_eq!(shop.process().running().unwrap().unwrap().digest, digest);
    let other_boot = honest
        .split("\"boot\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    std::fs::write(&record, honest.replace(other_boot, "another")).unwrap();
    assert_eq!(
        shop.process().running().unwrap(),
        None,
        "ids mean nothing after a reboot"
    );
    std::fs::write(&record, "{").unwrap();
    assert!(
        matches!(
            shop.process().running(),
            Err(EnvironmentError::Record { .. })
        ),
        "unknown is not nothing"
    );
    std::fs::write(&record, &honest).unwrap();
}
