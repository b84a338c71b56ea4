//! Artifacts are installed by digest; what runs is found, ended, and told apart from strangers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_environment::{
    EnvironmentError, HealthOutcome, Seen, Smoke, SmokeOutcome, Until, Withdrawn,
};
use plimsoll_model::{Digest, Subject};

use crate::shop::{SERVER, Shop, Stranger, output, pids, ps};

fn digest(subject: &Subject) -> Digest {
    match subject {
        Subject::Artifact { sha256 } => *sha256,
        other => panic!("{other:?} is no file"),
    }
}

/// The digests of the installed files, as `sha256sum` sees them.
fn installed(shop: &Shop) -> Vec<String> {
    let folder = shop.state().join("artifacts");
    let entries = folder.read_dir().unwrap();
    let mut digests = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let sum = output("sha256sum", &[path.to_str().unwrap()]);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(sum.starts_with(name), "{sum} is named {name}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o555);
        digests.push(name.to_owned());
    }
    digests.sort();
    digests
}

#[test]
fn an_artifact_is_installed_by_its_digest_or_not_at_all() {
    let shop = Shop::new();
    let one = [shop.serve("serve()")];
    assert_eq!(installed(&shop), [digest(&one[0]).hex()]);

    let other = [shop.keep("other")];
    std::fs::write(shop.kept().join(digest(&other[0]).hex()), "changed").unwrap();
    let refused = shop.apply(&other, &one);
    assert!(
        matches!(refused, Err(EnvironmentError::WrongDigest { actual, .. }) if actual == Digest::of(b"changed"))
    );
    assert!(shop.runs(&one[0]), "what runs is left alone");
    assert_eq!(
        installed(&shop),
        [digest(&one[0]).hex()],
        "nothing is left behind"
    );
    let link = shop.kept().join(digest(&other[0]).hex());
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(Path::new("/dev/zero"), &link).unwrap();
    let refused = shop.apply(&other, &one);
    assert!(matches!(refused, Err(EnvironmentError::NotAFile { .. })));

    let path = shop.state().join("artifacts").join(digest(&one[0]).hex());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "changed").unwrap();
    shop.apply(&one, &[]).unwrap();
    assert_eq!(
        installed(&shop),
        [digest(&one[0]).hex()],
        "a damaged file is fixed"
    );
}

#[test]
fn the_way_back_is_kept_and_what_came_before_is_not() {
    let shop = Shop::new();
    let [one, two, three] =
        ["1", "2", "3"].map(|number| [shop.serve(&format!("{number}; serve()"))]);
    let applied = shop.apply(&two, &one).unwrap();
    assert_eq!(applied.replaced.subjects, three);
    assert!(applied.observation.runs(&two) && !applied.observation.runs(&one));
    let applied = shop.apply(&three, &two).unwrap();
    assert_eq!(applied.replaced.subjects, two);
    let mut kept = [digest(&two[0]).hex(), digest(&three[0]).hex()];
    kept.sort();
    assert_eq!(installed(&shop), kept);
}

#[test]
fn a_process_target_runs_the_one_file_of_a_release() {
    let shop = Shop::new();
    let file = shop.keep("one");
    let image = Subject::Image {
        manifest_sha256: Digest::of(b"manifest"),
    };
    let two = vec![file.clone(), image.clone(), shop.keep("two")];
    for subjects in [vec![], vec![image.clone()], two] {
        let refused = shop.apply(&subjects, &[]);
        assert!(
            matches!(refused, Err(EnvironmentError::Subjects { .. })),
            "{subjects:?}: {refused:?}"
        );
    }
    assert!(!shop.state().exists());

    let server = shop.keep(&format!("{SERVER}serve()\n"));
    let whole = [image, server.clone()];
    assert_eq!(
        shop.target().part(&whole).unwrap(),
        std::slice::from_ref(&server)
    );
    shop.apply(&whole, &[]).unwrap();
    assert!(shop.runs(&server));
    let until = Until::Healthy {
        subjects: &whole,
        cancelled: &|| false,
    };
    assert!(shop.target().observe(until).unwrap().is_healthy());
    let smoke = Smoke::new(
        "test -x $PLIMSOLL_ARTIFACT",
        20_000,
        "staging",
        &shop.state(),
    )
    .unwrap();
    let report = smoke.run(&shop.target(), &whole).unwrap();
    assert_eq!(report.outcome, SmokeOutcome::Passed);
}

#[test]
fn a_server_is_started_healthy_found_again_and_ended() {
    let mut shop = Shop::new();
    shop.config
        .variables
        .insert("GREETING".to_owned(), "a 'b' \"c\" $d\n".to_owned());
    let server = shop.serve("open('env', 'w').write(repr(dict(os.environ))); serve()");
    let report = shop.health(&server);
    assert_eq!(report.outcome, HealthOutcome::Healthy, "{report:?}");
    let good = report.attempts.last().unwrap();
    assert_eq!(
        (&good.seen, good.times),
        (&Seen::Status { status: 200 }, 2),
        "two in a row, then it is enough"
    );
    let url = format!("http://127.0.0.1:{}/", shop.port);
    assert_eq!(output("curl", &["-s", &url]), "ok");

    let pid = shop.pid();
    let path = shop.state().join("artifacts").join(digest(&server).hex());
    assert!(ps(pid, "args=").contains(path.to_str().unwrap()));
    assert_eq!(ps(pid, "pgid="), pid.to_string(), "in a group of its own");
    assert!(shop.runs(&server));
    let other = shop.keep("other");
    assert!(!shop.runs(&other));
    assert_eq!(shop.health(&other).outcome, HealthOutcome::Exited);

    let environment = std::fs::read_to_string(shop.state().join("work/env")).unwrap();
    assert!(
        environment.contains(r#"'GREETING': 'a \'b\' "c" $d\n'"#),
        "{environment}"
    );
    assert!(
        !environment.contains("CARGO"),
        "the caller's environment is not handed on: {environment}"
    );
    let ended = Withdrawn {
        subjects: vec![server.clone()],
        killed: false,
    };
    assert_eq!(shop.target().withdraw(&[]).unwrap(), ended);
    assert_eq!(ps(pid, "pid="), "");
    assert_eq!(shop.now().instances, []);
    assert_eq!(shop.target().withdraw(&[]).unwrap().subjects, [], "again");
    assert_eq!(shop.health(&server).outcome, HealthOutcome::Exited);
}

#[test]
fn what_was_being_ended_when_its_owner_was_killed_does_not_count_as_running() {
    let shop = Shop::new();
    let server = shop.serve("serve()");
    let record = shop.state().join("process.json");
    let started = std::fs::read_to_string(&record).unwrap();
    let stopping = started.replace("\"started\"}", "\"stopping\"}");
    assert_ne!(started, stopping);
    std::fs::write(&record, stopping).unwrap();
    let observation = shop.now();
    assert_eq!(observation.subjects, std::slice::from_ref(&server));
    assert!(
        !observation.settled && !shop.runs(&server),
        "a signal may be on its way"
    );
    shop.apply(std::slice::from_ref(&server), &[]).unwrap();
    assert!(shop.runs(&server));
}

#[test]
fn a_server_that_will_not_end_is_killed_with_its_descendants() {
    let mut shop = Shop::new();
    shop.config.stop_grace_ms = 200;
    let server = shop.serve(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['sleep', '600'])
subprocess.Popen(['sleep', '601'], start_new_session=True)
serve()",
    );
    assert_eq!(shop.health(&server).outcome, HealthOutcome::Healthy);
    let pids = pids(&shop.now());
    assert_eq!(pids.len(), 3, "{pids:?}");
    let ended = Withdrawn {
        subjects: vec![server],
        killed: true,
    };
    assert_eq!(shop.target().withdraw(&[]).unwrap(), ended);
    assert!(pids.iter().all(|pid| ps(*pid, "pid=").is_empty()));
}

#[test]
fn what_outlives_the_main_process_is_still_seen_and_ended() {
    let shop = Shop::new();
    let server = shop.serve(
        "subprocess.Popen(['sleep', '602'], start_new_session=True); print('gone'); sys.exit(3)",
    );
    let until = Instant::now() + Duration::from_secs(20);
    let left = loop {
        let observation = shop.now();
        assert_ne!(observation.instances, [], "the descendant lives");
        if observation.subjects.is_empty() || Instant::now() > until {
            break observation;
        }
    };
    assert_eq!(left.subjects, []);
    assert!(!left.runs(&[server]));
    let pid = pids(&left)[0];
    assert_eq!(ps(pid, "args="), "sleep 602");
    assert_ne!(shop.target().withdraw(&[]).unwrap().subjects, []);
    assert_eq!(ps(pid, "pid="), "");
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
    let server = shop.serve("serve()");
    let own = shop.pid();
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
    assert_eq!(shop.now().instances, [], "the start time is another");
    assert_eq!(shop.target().withdraw(&[]).unwrap().subjects, []);
    assert_ne!(ps(bystander.0.id(), "pid="), "", "the bystander lives");
    std::fs::write(&record, &honest).unwrap();
    assert!(shop.runs(&server));
    let other_boot = honest
        .split("\"boot\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    std::fs::write(&record, honest.replace(other_boot, "another")).unwrap();
    assert_eq!(shop.now().instances, [], "ids mean nothing after a reboot");
    std::fs::write(&record, "{").unwrap();
    assert!(
        matches!(
            shop.target().observe(Until::Now),
            Err(EnvironmentError::Record { .. })
        ),
        "unknown is not nothing"
    );
    std::fs::write(&record, &honest).unwrap();
}
