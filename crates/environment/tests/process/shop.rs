//! A server in Python that a process target deploys, and what a test needs to look at it from outside.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plimsoll_environment::{
    Applied, Change, EnvironmentError, HealthCheck, HealthReport, Instance, Observation, Process,
    ProcessConfig, Smoke, SmokeReport, Target, Until,
};
use plimsoll_model::{Digest, Subject};
use tempfile::TempDir;

/// A server in Python that answers 200 on every path; what it does besides is the caller's.
pub(crate) const SERVER: &str = "
import http.server, os, signal, subprocess, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *a): pass
STATUS = 200
PORT = int(sys.argv[1])
def serve(): http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
";

pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) config: ProcessConfig,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let port = free_port();
        let health = HealthCheck {
            http: format!("http://127.0.0.1:{port}/health"),
            within_ms: 60_000,
            interval_ms: 30,
        };
        let run = [python(), "-u", "{artifact}", &port.to_string()]
            .map(ToOwned::to_owned)
            .to_vec();
        let config = ProcessConfig {
            run,
            variables: [].into(),
            health,
            stop_grace_ms: 5000,
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            port,
            config,
        }
    }

    pub(crate) fn target(&self) -> Target {
        Target::Process(Process::new(self.config.clone(), &self.state()).unwrap())
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    /// Keeps a program to be applied.
    pub(crate) fn keep(&self, text: &str) -> Subject {
        let sha256 = Digest::of(text.as_bytes());
        std::fs::create_dir_all(self.kept()).unwrap();
        std::fs::write(self.kept().join(sha256.hex()), text).unwrap();
        Subject::Artifact { sha256 }
    }

    pub(crate) fn apply(
        &self,
        subjects: &[Subject],
        previous: &[Subject],
    ) -> Result<Applied, EnvironmentError> {
        let artifacts = &self.kept();
        self.target().apply(&Change {
            subjects,
            previous,
            artifacts,
        })
    }

    /// Applies a server with these lines after the common ones.
    pub(crate) fn serve(&self, lines: &str) -> Subject {
        let subject = self.keep(&format!("{SERVER}{lines}\n"));
        self.apply(std::slice::from_ref(&subject), &[]).unwrap();
        subject
    }

    pub(crate) fn now(&self) -> Observation {
        self.target().observe(Until::Now).unwrap()
    }

    pub(crate) fn runs(&self, subject: &Subject) -> bool {
        self.now().runs(std::slice::from_ref(subject))
    }

    /// The id of the main process.
    pub(crate) fn pid(&self) -> u32 {
        let observation = self.now();
        assert!(!observation.subjects.is_empty(), "{observation:?}");
        pids(&observation)[0]
    }

    pub(crate) fn health(&self, subject: &Subject) -> HealthReport {
        self.health_unless(subject, &|| false)
    }

    pub(crate) fn health_unless(
        &self,
        subject: &Subject,
        cancelled: &dyn Fn() -> bool,
    ) -> HealthReport {
        let subjects = std::slice::from_ref(subject);
        let until = Until::Healthy {
            subjects,
            cancelled,
        };
        self.target().observe(until).unwrap().health.unwrap()
    }

    pub(crate) fn smoke(&self, subject: &Subject, command: &str, within_ms: u64) -> SmokeReport {
        let smoke = Smoke::new(command, within_ms, "staging", self.folder.path()).unwrap();
        smoke
            .run(&self.target(), std::slice::from_ref(subject))
            .unwrap()
    }
}

pub(crate) fn pids(observation: &Observation) -> Vec<u32> {
    let pid = |instance: &Instance| match instance {
        Instance::Process { pid } => *pid,
    };
    observation.instances.iter().map(pid).collect()
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.config.stop_grace_ms = 0;
        self.target().withdraw(&[]).ok();
    }
}

/// A port that nobody else asks for: outside the range from which the kernel picks.
pub(crate) fn free_port() -> u16 {
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

pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("the program is there");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `ps` says of a process; empty when it has ended.
pub(crate) fn ps(pid: u32, what: &str) -> String {
    let state = output("ps", &["-o", "stat=", "-p", &pid.to_string()]);
    if state.starts_with('Z') {
        String::new()
    } else {
        output("ps", &["-ww", "-o", what, "-p", &pid.to_string()])
    }
}

pub(crate) fn wait_for_listener(port: u16) {
    let until = Instant::now() + Duration::from_mins(1);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The interpreter itself: a wrapper in front of it would be another process.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| output("python3", &["-c", "import sys; print(sys.executable)"]))
}

/// A process that the target did not start; it ends with the test, however that ends.
pub(crate) struct Stranger(pub(crate) Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0
            .kill()
            .and_then(|()| self.0.wait())
            .expect("a child can be killed");
    }
}

/// A server that this target did not start.
pub(crate) fn stranger(port: u16) -> Stranger {
    let mut child = Command::new(python())
        .args(["-c", &format!("{SERVER}serve()"), &port.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_listener(port);
    assert_eq!(child.try_wait().unwrap(), None);
    Stranger(child)
}
