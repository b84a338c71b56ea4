//! The process target, judged by real servers, `ps`, `sha256sum` and `curl`.
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_environment::{
    EnvironmentError, HealthCheck, HealthOutcome, HealthReport, Process, ProcessConfig, Seen, SmokeOutcome,
    SmokeReport, SmokeTest, Stopped,
};
use plimsoll_model::Digest;
use tempfile::TempDir;

/// A server in Python that answers 200 on every path; what it does besides is the caller's.
const SERVER: &str = "
import http.server, os, signal, subprocess, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *a): pass
STATUS = 200
PORT = int(sys.argv[1])
def serve(): http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
";

struct Shop {
    folder: TempDir,
    port: u16,
    config: ProcessConfig,
}

impl Shop {
    fn new() -> Self {
        let port = free_port();
        let health = HealthCheck {
            http: format!("http://127.0.0.1:{port}/health"),
            within_ms: 60_000,
            interval_ms: 30,
        };
        let run = [python(), "-u", "{artifact}", &port.to_string()].map(ToOwned::to_owned).to_vec();
        let config = ProcessConfig { run, variables: [].into(), health, smoke: None, stop_grace_ms: 5000 };
        Self { folder: tempfile::tempdir().unwrap(), port, config }
    }

    fn process(&self) -> Process {
        Process::new("staging", self.config.clone(), self.folder.path(), &self.state()).unwrap()
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Writes a program and installs it.
    fn install(&self, text: &str) -> Digest {
        let source = self.folder.path().join("built");
        std::fs::write(&source, text).unwrap();
        let digest = Digest::of(text.as_bytes());
        self.process().install(&digest, &source).unwrap();
        digest
    }

    /// Installs and starts a server with these lines after the common ones.
    fn serve(&self, lines: &str) -> Digest {
        let digest = self.install(&format!("{SERVER}{lines}\n"));
        self.process().start(&digest).unwrap();
        digest
    }

    fn health(&self, digest: &Digest) -> HealthReport {
        self.process().health(digest, &|| false).unwrap()
    }

    fn smoke(&mut self, digest: &Digest, command: &str, within_ms: u64) -> SmokeReport {
        self.config.smoke = Some(SmokeTest { command: command.to_owned(), within_ms });
        self.process().smoke(digest).unwrap().unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.config.stop_grace_ms = 0;
        self.process().stop().ok();
    }
}

/// A port that nobody else asks for: outside the range from which the kernel picks.
fn free_port() -> u16 {
    use std::sync::atomic::AtomicU16;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + u16::try_from(std::process::id() % 1000).unwrap() * 10;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], port))).is_ok() {
            return port;
        }
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program is there");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `ps` says of a process; empty when it has ended.
fn ps(pid: u32, what: &str) -> String {
    let state = output("ps", &["-o", "stat=", "-p", &pid.to_string()]);
    if state.starts_with('Z') {
        String::new()
    } else {
        output("ps", &["-ww", "-o", what, "-p", &pid.to_string()])
    }
}

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
    assert!(matches!(refused, Err(EnvironmentError::WrongDigest { actual, .. }) if actual == digest));
    assert!(matches!(shop.process().start(&other), Err(EnvironmentError::NotInstalled { .. })));
    assert!(matches!(
        shop.process().install(&other, Path::new("/dev/zero")),
        Err(EnvironmentError::NotAFile { .. })
    ));
    assert_eq!(shop.state().join("artifacts").read_dir().unwrap().count(), 1, "nothing else is left behind");

    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "changed").unwrap();
    assert!(matches!(shop.process().start(&digest), Err(EnvironmentError::WrongDigest { .. })));
    shop.process().install(&digest, &source).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"one", "a damaged file is mended");
}

#[test]
fn a_server_is_started_healthy_found_again_and_stopped() {
    let mut shop = Shop::new();
    shop.config.variables.insert("GREETING".to_owned(), "a 'b' \"c\" $d\n".to_owned());
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
    assert_eq!(ps(running.pid, "pgid="), running.pid.to_string(), "in a group of its own");
    assert_eq!((running.digest, running.main_lives, running.settled), (digest, true, true));
    assert_eq!(shop.process().start(&digest).unwrap().pid, running.pid, "started once only");
    let other = shop.install("other");
    assert!(matches!(shop.process().start(&other), Err(EnvironmentError::AlreadyRunning { .. })));

    let environment = std::fs::read_to_string(shop.state().join("work/env")).unwrap();
    assert!(environment.contains(r#"'GREETING': 'a \'b\' "c" $d\n'"#), "{environment}");
    assert!(!environment.contains("CARGO"), "the caller's environment is not handed on: {environment}");

    shop.config.variables.insert("GREETING".to_owned(), "changed".to_owned());
    let changed = shop.process().start(&digest);
    assert!(
        matches!(changed, Err(EnvironmentError::AlreadyRunning { .. })),
        "other settings are another start"
    );
    assert_eq!(shop.process().stop().unwrap(), Some(Stopped { digest, killed: false }));
    assert_eq!(ps(running.pid, "pid="), "");
    assert_eq!(shop.process().running().unwrap(), None);
    assert_eq!(shop.process().stop().unwrap(), None, "again");
    assert!(matches!(shop.process().health(&digest, &|| false), Err(EnvironmentError::NotRunning { .. })));
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
    assert_eq!(shop.process().stop().unwrap(), Some(Stopped { digest, killed: true }));
    assert!(running.pids.iter().all(|pid| ps(*pid, "pid=").is_empty()));
}

#[test]
fn what_outlives_the_main_process_is_still_seen_and_stopped() {
    let shop = Shop::new();
    shop.serve("subprocess.Popen(['sleep', '602'], start_new_session=True); print('gone'); sys.exit(3)");
    let until = Instant::now() + Duration::from_secs(20);
    let running = loop {
        let running = shop.process().running().unwrap().expect("the descendant lives");
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
        stat.rsplit(") ").next().unwrap().split(' ').nth(19).unwrap().parse::<u64>().unwrap()
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
    let forged = honest.replace(&format!("\"pid\":{own}"), &format!("\"pid\":{}", bystander.0.id()));
    let marker = honest.split("\"marker\":\"").nth(1).unwrap().split('"').next().unwrap();
    let forged = forged.replace(marker, "00000000-0000-0000-0000-000000000000");
    assert_ne!(forged, honest);
    std::fs::write(&record, forged).unwrap();
    assert_eq!(shop.process().running().unwrap(), None, "the start time is another");
    assert_eq!(shop.process().stop().unwrap(), None);
    assert_ne!(ps(bystander.0.id(), "pid="), "", "the bystander lives");
    std::fs::write(&record, &honest).unwrap();
    assert_eq!(shop.process().running().unwrap().unwrap().digest, digest);
    let other_boot = honest.split("\"boot\":\"").nth(1).unwrap().split('"').next().unwrap();
    std::fs::write(&record, honest.replace(other_boot, "another")).unwrap();
    assert_eq!(shop.process().running().unwrap(), None, "ids mean nothing after a reboot");
    std::fs::write(&record, "{").unwrap();
    assert!(
        matches!(shop.process().running(), Err(EnvironmentError::Record { .. })),
        "unknown is not nothing"
    );
    std::fs::write(&record, &honest).unwrap();
}

#[test]
fn a_process_that_ends_is_reported_at_once_with_its_last_words() {
    let shop = Shop::new();
    let started = Instant::now();
    let digest = shop
        .serve("[print('line', n) for n in range(1000)]; print('no database', file=sys.stderr); sys.exit(1)");
    let report = shop.health(&digest);
    assert_eq!(report.outcome, HealthOutcome::Exited);
    assert_eq!(report.log.last().unwrap(), "no database");
    assert_eq!(report.log.len(), 20);
    assert!(started.elapsed() < Duration::from_secs(10), "not after the whole time");
    assert_eq!(shop.process().running().unwrap(), None);
}

#[test]
fn a_program_that_cannot_be_run_says_so() {
    let mut shop = Shop::new();
    shop.config.run = vec!["/absent/interpreter".to_owned(), "{artifact}".to_owned()];
    let digest = shop.serve("");
    let report = shop.health(&digest);
    assert_eq!(report.outcome, HealthOutcome::Exited);
    assert!(report.log.join("\n").contains("/absent/interpreter"), "{:?}", report.log);
}

/// What a server does, whether it becomes healthy, and what must have been seen.
type Case = (&'static str, HealthOutcome, fn(&Seen) -> bool);

const CASES: &[Case] = &[
    ("STATUS = 500; serve()", HealthOutcome::NotInTime, |seen| *seen == Seen::Status { status: 500 }),
    ("STATUS = 302; serve()", HealthOutcome::NotInTime, |seen| *seen == Seen::Status { status: 302 }),
    ("STATUS = 204; serve()", HealthOutcome::Healthy, |seen| *seen == Seen::Status { status: 204 }),
    ("time.sleep(600)", HealthOutcome::NotInTime, |seen| *seen == Seen::NobodyListens),
    ("PORT = 0; serve()", HealthOutcome::NotInTime, |seen| *seen == Seen::NobodyListens),
    (
        "import socket; s = socket.create_server(('127.0.0.1', PORT)); time.sleep(600)",
        HealthOutcome::NotInTime,
        |seen| matches!(seen, Seen::NoAnswer { .. }),
    ),
    (
        "import itertools
answers = itertools.cycle([200, 500])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(next(answers)); self.end_headers()
serve()",
        HealthOutcome::NotInTime,
        |seen| *seen == Seen::Status { status: 200 },
    ),
    (
        "if os.fork() == 0: serve()
time.sleep(600)",
        HealthOutcome::Healthy,
        |seen| *seen == Seen::Status { status: 200 },
    ),
];

#[test]
fn only_two_good_answers_in_a_row_are_healthy() {
    std::thread::scope(|scope| {
        for (lines, outcome, seen) in CASES {
            scope.spawn(move || {
                let mut shop = Shop::new();
                shop.config.health.within_ms = if *outcome == HealthOutcome::Healthy { 60_000 } else { 2000 };
                let digest = shop.serve(lines);
                if !seen(&Seen::NobodyListens) {
                    wait_for_listener(shop.port);
                }
                let report = shop.health(&digest);
                assert_eq!(report.outcome, *outcome, "{lines}: {report:?}");
                assert!(report.attempts.iter().any(|attempt| seen(&attempt.seen)), "{lines}: {report:?}");
            });
        }
    });
}

fn wait_for_listener(port: u16) {
    let until = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The interpreter itself: a wrapper in front of it would be another process.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| output("python3", &["-c", "import sys; print(sys.executable)"]))
}

/// A process that the target did not start; it ends with the test, however that ends.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("a child can be killed");
    }
}

/// A server that this target did not start.
fn stranger(port: u16) -> Stranger {
    let mut child = Command::new(python())
        .args(["-c", &format!("{SERVER}serve()"), &port.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_listener(port);
    assert_eq!(child.try_wait().unwrap(), None);
    Stranger(child)
}

#[test]
fn a_stranger_that_answers_never_counts() {
    let mut shop = Shop::new();
    shop.config.health.within_ms = 1500;
    let waits = format!("{SERVER}time.sleep(600)\n");
    let digest = shop.install(&waits);
    let child = stranger(shop.port);
    let taken = shop.process().start(&digest);
    let by = format!("process {} (", child.0.id());
    assert!(
        matches!(&taken, Err(EnvironmentError::AddressTaken { by: got, .. }) if got.starts_with(&by)),
        "{taken:?}"
    );
    drop(child);

    shop.process().start(&digest).unwrap();
    let child = stranger(shop.port);
    let url = format!("http://127.0.0.1:{}/health", shop.port);
    assert_eq!(output("curl", &["-s", &url]), "ok", "the trap works: it answers");
    let report = shop.health(&digest);
    assert_eq!(report.outcome, HealthOutcome::NotInTime);
    let by = format!("process {} (", child.0.id());
    let is_foreign = |seen: &Seen| matches!(seen, Seen::ForeignListener { by: got } if got.starts_with(&by));
    assert!(report.attempts.iter().any(|attempt| is_foreign(&attempt.seen)), "{report:?}");
    assert!(!report.attempts.iter().any(|attempt| matches!(attempt.seen, Seen::Status { .. })), "{report:?}");
}

#[test]
fn a_health_check_is_called_off() {
    let shop = Shop::new();
    let digest = shop.serve("time.sleep(600)");
    let cancelled = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            cancelled.store(true, Ordering::Relaxed);
        });
        let report = shop.process().health(&digest, &|| cancelled.load(Ordering::Relaxed)).unwrap();
        assert_eq!(report.outcome, HealthOutcome::Cancelled);
        assert!(report.elapsed_ms < 5000);
    });
}

#[test]
fn the_smoke_command_decides() {
    let mut shop = Shop::new();
    let digest = shop.serve("serve()");
    assert_eq!(shop.process().smoke(&digest).unwrap(), None, "none is configured");
    assert_eq!(shop.health(&digest).outcome, HealthOutcome::Healthy);
    std::fs::write(
        shop.folder.path().join("smoke.sh"),
        "curl -s \"$PLIMSOLL_URL/\"; echo; env; pwd; sha256sum \"$PLIMSOLL_ARTIFACT\"",
    )
    .unwrap();
    let report = shop.smoke(&digest, "sh ./smoke.sh 2>&1", 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Passed);
    for line in ["ok", "PLIMSOLL_ENVIRONMENT=staging", shop.folder.path().to_str().unwrap()] {
        assert!(report.output.lines().any(|own| own == line), "{line}: {}", report.output);
    }
    assert!(report.output.contains(&format!("{} ", digest.hex())));
    assert!(!report.output.contains("CARGO"));

    let report = shop.smoke(&digest, "echo out; echo err >&2; exit 3", 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Failed { exit_code: Some(3) });
    assert_eq!(report.output, "out\nerr\n");
    assert_eq!(shop.smoke(&digest, "kill -9 $$", 20_000).outcome, SmokeOutcome::Failed { exit_code: None });
    let report = shop.smoke(&digest, "head -c 1000000 /dev/zero | tr '\\0' x; echo end", 20_000);
    assert_eq!((report.output.len(), report.omitted_bytes), (64 << 10, 1_000_004 - (64 << 10)));
    assert!(report.output.ends_with("xend\n"));
    let report = shop.smoke(&digest, "echo begun; sleep 604; echo never", 300);
    assert_eq!((report.outcome, report.output.as_str()), (SmokeOutcome::NotInTime, "begun\n"));
    let report = shop.smoke(&digest, "setsid sleep 605 & sleep 606 & echo $!", 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Passed);
    for left in ["sleep 604", "sleep 605", "sleep 606"] {
        assert_eq!(output("pgrep", &["-fx", left]), "", "{left} is left running");
    }
    let pid = shop.process().running().unwrap().unwrap().pid;
    let report =
        shop.smoke(&digest, &format!("kill -9 {pid}; while kill -0 {pid}; do sleep 0.01; done"), 20_000);
    assert_eq!(report.outcome, SmokeOutcome::Exited, "{}", report.output);
    assert!(matches!(shop.process().smoke(&digest), Err(EnvironmentError::NotRunning { .. })));
}
