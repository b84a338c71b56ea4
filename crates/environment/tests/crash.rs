//! Whoever changes an environment may be killed at any instruction: no server survives unseen, nothing
//! half-written counts, and the lease is free again.
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_environment::{
    Change, HealthCheck, Instance, Lease, LeaseError, Process, ProcessConfig, Target, Until,
};
use plimsoll_model::{Digest, Subject};
use plimsoll_trial as trial;

const FOLDER: &str = "PLIMSOLL_TEST_FOLDER";

/// The "server" becomes `sleep TAG`, so that other programs find it by its arguments.
fn target(folder: &Path) -> (Target, Subject, String) {
    let tag = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let health = HealthCheck {
        http: "http://127.0.0.1:9/".to_owned(),
        within_ms: 1,
        interval_ms: 10,
    };
    let run = ["/bin/sh", "{artifact}", &tag]
        .map(ToOwned::to_owned)
        .to_vec();
    let config = ProcessConfig {
        run,
        variables: [].into(),
        health,
        stop_grace_ms: 2000,
    };
    let script = "echo up\nexec sleep \"$1\"\n";
    let sha256 = Digest::of(script.as_bytes());
    std::fs::write(folder.join(sha256.hex()), script).unwrap();
    let process = Process::new(config, &folder.join("state")).unwrap();
    (Target::Process(process), Subject::Artifact { sha256 }, tag)
}

fn apply(target: &Target, server: &Subject, folder: &Path) {
    let change = Change {
        subjects: std::slice::from_ref(server),
        previous: &[],
        artifacts: folder,
    };
    target.apply(&change).expect("applying works");
}

/// A folder whose name is a number that no other test uses.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&folder.path().metadata().unwrap());
    let path = folder
        .path()
        .join(format!("7{}{inode}", std::process::id()));
    std::fs::create_dir(&path).unwrap();
    (folder, path)
}

#[test]
#[ignore = "the worker that the other tests kill"]
fn worker() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("another test starts the worker"));
    let (target, server, _) = target(&folder);
    let acquire = || Lease::acquire(&folder.join("state"), "worker", Timestamp::UNIX_EPOCH).ok();
    let _lease = std::iter::repeat_with(acquire)
        .take(1_000_000)
        .flatten()
        .next()
        .expect("the lease is free");
    target.withdraw(&[]).unwrap();
    for _ in 0..if std::env::var_os("PLIMSOLL_TEST_ONCE").is_some() {
        1
    } else {
        1000
    } {
        apply(&target, &server, &folder);
        std::thread::sleep(Duration::from_millis(10));
        target.withdraw(&[]).unwrap();
        std::fs::remove_dir_all(folder.join("state/artifacts")).unwrap();
    }
}

fn worker_command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "worker", "--nocapture"])
        .env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Every process with the tag among its arguments, by `pgrep`.
fn tagged(tag: &str) -> Vec<u32> {
    let output = Command::new("pgrep")
        .args(["-f", tag])
        .output()
        .expect("pgrep is there");
    let mut pids: Vec<u32> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|pid| pid.parse().unwrap())
        .collect();
    pids.sort_unstable();
    pids
}

/// Waits until what `pgrep` sees and what the target says is the same, and returns whether a server
/// runs. A gate that will never be opened may take a moment to notice.
fn agree(target: &Target, tag: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let observation = target.observe(Until::Now).expect("the state can be read");
        let mut pids: Vec<u32> = observation.instances.iter().copied().map(pid).collect();
        pids.sort_unstable();
        let seen = tagged(tag);
        if pids == seen {
            return !seen.is_empty();
        }
        assert!(
            Instant::now() < until,
            "the target says {pids:?}, pgrep {seen:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pid(instance: Instance) -> u32 {
    match instance {
        Instance::Process { pid } => pid,
    }
}

/// After any crash: the lease is free, what runs is known, and the whole can be done again.
fn recover(folder: &Path) -> bool {
    let (target, server, tag) = target(folder);
    let _lease = Lease::acquire(&folder.join("state"), "next", Timestamp::UNIX_EPOCH)
        .expect("the lease is free");
    let survived = agree(&target, &tag);
    apply(&target, &server, folder);
    let observation = target.observe(Until::Now).expect("the state can be read");
    assert!(observation.runs(&[server]), "{observation:?}");
    assert!(agree(&target, &tag));
    let withdrawn = target.withdraw(&[]).expect("withdrawing works");
    assert!(!withdrawn.subjects.is_empty(), "it ran");
    assert!(!agree(&target, &tag));
    let installed = folder.join("state/artifacts").read_dir().unwrap().count();
    assert_eq!(installed, 1, "nothing half-written stays");
    survived
}

/// Waits until the worker has the lease.
fn wait_until_begun(child: &Child, folder: &Path) {
    let until = Instant::now() + Duration::from_secs(20);
    let named = format!("\"pid\":{},", child.id());
    while !std::fs::read_to_string(folder.join("state/lease"))
        .is_ok_and(|text| text.contains(&named))
    {
        assert!(Instant::now() < until, "the worker does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Long after a server has started.
const LATEST_KILL: Duration = Duration::from_millis(250);

#[test]
fn killed_at_random_moments_no_server_is_lost() {
    let (_keep, folder) = folder();
    let mut survived = [0, 0];
    let mut random: u64 = 42;
    // Later after a kill that came too early for a server, earlier after one that did not: so both kinds of
    // moment are met, however fast the machine is.
    let mut within = LATEST_KILL;
    let kills = trial::count(10, 30);
    for _ in 0..kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let child = worker_command("env", &[], &folder).spawn().unwrap();
        wait_until_begun(&child, &folder);
        let share = u32::try_from(random >> 54).unwrap();
        std::thread::sleep(within * share / 1024);
        kill(child);
        let is_running = recover(&folder);
        survived[usize::from(is_running)] += 1;
        within = if is_running { within / 3 } else { within * 3 };
        within = within.clamp(Duration::from_micros(1), LATEST_KILL);
    }
    assert!(
        survived[0] > 0 && survived[1] > 0,
        "both kinds of moment were met: {survived:?}"
    );
    trial::tell(format_args!(
        "{kills} kills: {} times a server survived and was found",
        survived[1]
    ));
}

#[test]
fn killed_before_each_system_call_that_changes_something_no_server_is_lost() {
    const CALLS: &str = "openat,write,fsync,fchmod,rename,unlink,unlinkat,mkdir,pipe2,clone,clone3,vfork,execve,\
        close,flock,ftruncate,pidfd_open,pidfd_send_signal";
    // It follows threads, and lets go of a server as soon as it becomes a program of its own.
    const STRACE: &[&str] = &["-f", "-b", "execve", "-o", "/dev/null"];
    let (_keep, folder) = folder();
    if !worker_command("strace", STRACE, &folder)
        .env("PLIMSOLL_TEST_ONCE", "1")
        .status()
        .is_ok_and(|status| status.success())
    {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: a kill before each system call, because strace cannot be run here\n"
            ),
        )
        .unwrap();
        return;
    }
    let mut survived = [0, 0];
    for call in (1..5000).step_by(trial::stride(37)) {
        let inject = format!("inject={CALLS}:signal=SIGKILL:when={call}");
        let mut command = worker_command("strace", &[STRACE, &["-e", &inject]].concat(), &folder);
        if command
            .env("PLIMSOLL_TEST_ONCE", "1")
            .status()
            .unwrap()
            .success()
        {
            break;
        }
        survived[usize::from(recover(&folder))] += 1;
    }
    assert!(survived[0] > 3, "calls were met: {survived:?}");
    trial::tell(format_args!(
        "kills before {} system calls: {} times a server survived and was found",
        survived[0] + survived[1],
        survived[1]
    ));
}

#[test]
fn a_lease_has_one_holder_and_dies_with_it() {
    let (_keep, folder) = folder();
    let state = folder.join("state");
    let since: Timestamp = "2024-05-01T10:00:00Z".parse().unwrap();
    let lease = Lease::acquire(&state, "the release job", since).unwrap();
    let refused = Lease::acquire(&state, "another", since).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, LeaseError::Held { pid, .. } if pid == std::process::id()));
    assert!(
        text.contains("the release job") && text.contains("2024-05-01T10:00:00Z"),
        "{text}"
    );
    let (target, server, tag) = target(&folder);
    apply(&target, &server, &folder);
    drop(lease);
    Lease::acquire(&state, "another", since).expect("a server that runs holds no lease");
    assert!(agree(&target, &tag));
    target.withdraw(&[]).unwrap();

    let child = worker_command("env", &[], &folder).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !matches!(Lease::acquire(&state, "another", since), Err(LeaseError::Held { holder, .. }) if holder == "worker")
    {
        assert!(Instant::now() < until, "another process holds it");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill(child);
    Lease::acquire(&state, "another", since).expect("the kernel frees it");
    target.withdraw(&[]).unwrap();
}
