//! A server in Python that a process target deploys, and what a test needs to look at it from outside.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plimsoll_environment::{
    HealthCheck, HealthReport, Process, ProcessConfig, SmokeReport, SmokeTest,
};
use plimsoll_model::Digest;
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
            smoke: None,
            stop_grace_ms: 5000,
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            port,
            config,
        }
    }

    pub(crate) fn process(&self) -> Process {
        Process::new(
            "staging",
            self.config.clone(),
            self.folder.path(),
            &self.state(),
        )
        .unwrap()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Writes a program and installs it.
    pub(crate) fn install(&self, text: &str) -> Digest {
        let source = self.folder.path().join("built");
        std::fs::write(&source, text).unwrap();
        let digest = Digest::of(text.as_bytes());
        self.process().install(&digest, &source).unwrap();
        digest
    }

    /// Installs and starts a server with these lines after the common ones.
    pub(crate) fn serve(&self, lines: &str) -> Digest {
        let digest = self.install(&format!("{SERVER}{lines}\n"));
        self.process().start(&digest).unwrap();
        digest
    }

    pub(crate) fn health(&self, digest: &Digest) -> HealthReport {
        self.process().health(digest, &|| false).unwrap()
    }

    pub(crate) fn smoke(&mut self, digest: &Digest, command: &str, within_ms: u64) -> SmokeReport {
        self.config.smoke = Some(SmokeTest {
            command: command.to_owned(),
            within_ms,
        });
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
