//! A small project with everything a release needs, made anew for each test: a repository, keys, a
//! trusted policy, an advisory database, a server to deploy. Commands run as a user would run them.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use plimsoll_engine::sign::{Bundle, Content};
use plimsoll_model::Digest;
use rusqlite::Connection;
use serde_json::Value;

/// A server with a health page; `SERVER_FAULT` makes it fail there.
const SERVER: &str = r#"#!/usr/bin/env python3
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 503 if os.environ.get("SERVER_FAULT") == VERSION else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(VERSION.encode())

    def log_message(self, *arguments):
        pass

VERSION = "v1"
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

const CARGO_LOCK: &str = "version = 4\n\n[[package]]\nname = \"leaf\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n";

const ADVISORY: &str = r#"{"schema_version":"1.6.0","id":"RUSTSEC-2020-0001","modified":"2020-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"crates.io","name":"leaf"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.9.0"}]}]}]}"#;

/// The key files of every world: a password makes each of them as slow to write as it is to guess.
static KEYS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();

/// The project and its surroundings.
pub(crate) struct World {
    root: tempfile::TempDir,
    variables: Vec<(String, String)>,
    /// Ports that somebody else holds as long as this world lasts.
    occupied: Vec<TcpListener>,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

/// The statement in a bundle.
pub(crate) fn statement_in(bundle: &[u8]) -> Value {
    let bundle = Bundle::from_json(bundle).unwrap();
    let Content::Statement(envelope) = bundle.content() else {
        panic!("evidence is a statement");
    };
    serde_json::from_slice(envelope.payload()).unwrap()
}

impl World {
    /// A clean project: `check` allows it.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            root: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
            occupied: Vec::new(),
        };
        std::fs::set_permissions(world.root.path(), std::fs::Permissions::from_mode(0o755))
            .unwrap();
        for (name, value) in [
            ("PLIMSOLL_PASSWORD", "test".to_owned()),
            ("PLIMSOLL_STATE", world.path("state").display().to_string()),
            ("XDG_CACHE_HOME", world.path("cache").display().to_string()),
            ("XDG_DATA_HOME", world.path("data").display().to_string()),
        ] {
            world.variables.push((name.to_owned(), value));
        }
        world.write("project/server", SERVER);
        world.write("project/Cargo.lock", CARGO_LOCK);
        world.write("project/.gitignore", "/out\n");
        world.write("advisories/crates.io/RUSTSEC-2020-0001.json", ADVISORY);
        world.sh("chmod +x server && git init -q -b main && git add -A && git commit -qm one");
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d");
        let imported = world.run(&format!(
            "db import ../advisories --into ../databases --as-of {today}"
        ));
        assert_eq!(imported.code, Some(0), "{}", imported.output);
        world.write_keys();
        world.set_policy(&world.default_policy());
        world
    }

    /// Another world that is as this one is now, ports included: of both, one at a time may run servers.
    pub(crate) fn copy(&self) -> Self {
        let root = tempfile::tempdir().unwrap();
        let (from, into) = (self.root.path(), root.path());
        let mut copy = self.command("cp", ["-a", "-T"]);
        copy.arg(from).arg(into);
        let copied = Self::finish(copy);
        assert_eq!(copied.code, Some(0), "{}", copied.output);
        let (from, into) = (from.to_str().unwrap(), into.to_str().unwrap());
        let moved = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), value.replace(from, into)));
        Self {
            variables: moved.collect(),
            root,
            occupied: Vec::new(),
        }
    }

    fn write_keys(&self) {
        let keys = KEYS.get_or_init(|| {
            let mut files = Vec::new();
            for id in ["builder", "author", "colleague"] {
                assert_eq!(self.run(&format!("key generate ../{id}")).code, Some(0));
                for file in [format!("{id}.key"), format!("{id}.pub")] {
                    let bytes = std::fs::read(self.path(&file)).unwrap();
                    files.push((file, bytes));
                }
            }
            files
        });
        for (file, bytes) in keys {
            std::fs::write(self.path(file), bytes).unwrap();
        }
    }

    /// Lets somebody else hold a port of this machine.
    pub(crate) fn occupy(&mut self, port: &str) {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
        self.occupied.push(listener);
    }

    /// A path beside the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The policy that the project is released under.
    pub(crate) fn default_policy(&self) -> String {
        let key = |id: &str| {
            let shown = self.run(&format!("key show ../{id}.pub"));
            shown.output.split_whitespace().next().unwrap().to_owned()
        };
        let port = || {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let environment = |name: &str, port: u16| {
            format!(
                "[[environment]]\nname = \"{name}\"\nrequires = [\"tests\", \"secrets\", \"dependencies\", \"sbom\", \"path\"]\n\
                 deploy = {{ kind = \"process\", run = [\"{{artifact}}\", \"{port}\"] }}\n\
                 health = {{ http = \"http://127.0.0.1:{port}/\", within_s = 10 }}\nsmoke = \"test -x $PLIMSOLL_ARTIFACT\"\n"
            )
        };
        format!(
            "[advisories]\npath = \"databases\"\n\
             [[person]]\nid = \"author\"\nemails = [\"author@shop.example\"]\nkeys = [\"{}\"]\ngroups = [\"release\"]\n\
             [[person]]\nid = \"colleague\"\nkeys = [\"{}\"]\ngroups = [\"release\"]\n\
             [[builder]]\nid = \"ci\"\nkeys = [\"{}\"]\n{}{}after = \"staging\"\n\
             [[environment.approval]]\ngroup = \"release\"\ncount = 1\n",
            key("author"),
            key("colleague"),
            key("builder"),
            environment("staging", port()),
            environment("production", port()),
        )
    }

    /// Writes the trusted policy and pins it for all later commands.
    pub(crate) fn set_policy(&mut self, text: &str) {
        self.write("policy.toml", text);
        let pinned = format!(
            "{}@{}",
            self.path("policy.toml").display(),
            Digest::of(text.as_bytes())
        );
        self.set("PLIMSOLL_POLICY", &pinned);
    }

    /// The trusted policy as it is written.
    pub(crate) fn policy(&self) -> String {
        std::fs::read_to_string(self.path("policy.toml")).unwrap()
    }

    /// Sets a variable for all later commands; an empty value removes it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The release `one`, with all the evidence that staging asks for.
    pub(crate) fn first_release(&self) {
        self.release("one");
    }

    /// The release `two`, another commit and other bytes, with all the evidence.
    pub(crate) fn second_release(&self) {
        self.sh("sed -i 's/v1/v2/' server && git commit -qam two");
        self.release("two");
    }

    fn release(&self, name: &str) {
        for command in [
            "attest test --key ../builder.key -- sh -c echo${IFS}1${IFS}passed,${IFS}0${IFS}failed",
            "attest build --key ../builder.key --builder ci --artifact out/server -- sh -c mkdir${IFS}-p${IFS}out&&cp${IFS}server${IFS}out",
            "attest sbom --key ../builder.key --artifact out/server",
            "attest inspection --key ../builder.key",
            &format!("release create --name {name} --artifact out/server"),
        ] {
            let ran = self.run(command);
            assert_eq!(ran.code, Some(0), "{command}\n{}", ran.output);
        }
    }

    /// The bundles of all evidence that was recorded, in its order.
    pub(crate) fn bundles(&self) -> Vec<Vec<u8>> {
        let ledger = Connection::open(self.path("state/ledger.db")).unwrap();
        let select = "SELECT bytes FROM blob JOIN event ON sha256 = body_sha256 \
                      WHERE kind = 'evidence.recorded' ORDER BY seq";
        let mut select = ledger.prepare(select).unwrap();
        let bodies = select.query_map([], |row| row.get(0)).unwrap();
        bodies.collect::<Result<_, _>>().unwrap()
    }

    /// Runs `plimsoll` in the project; arguments are separated by spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        Self::finish(self.command(env!("CARGO_BIN_EXE_plimsoll"), arguments.split(' ')))
    }

    /// Runs `plimsoll` in the project, which must end with this code and say all of this.
    #[track_caller]
    pub(crate) fn says(&self, arguments: &str, code: i32, parts: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments}\n{}", ran.output);
        for part in parts {
            assert!(
                ran.output.contains(part),
                "{arguments}: `{part}`\n{}",
                ran.output
            );
        }
        ran.output
    }

    /// Runs a shell script in the project; it must succeed.
    pub(crate) fn sh(&self, script: &str) -> String {
        let ran = Self::finish(self.command("sh", ["-c", script]));
        assert_eq!(ran.code, Some(0), "{script}\n{}", ran.output);
        ran.output
    }

    /// A command in the project, with nothing of the caller's environment but what it needs.
    pub(crate) fn command<'a>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Command {
        let mut command = Command::new(program);
        let home = self.path("home");
        command
            .args(arguments)
            .current_dir(self.path("project"))
            .env_clear();
        command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", home)
            .env("NO_COLOR", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "author");
            command.env(format!("GIT_{role}_EMAIL"), "author@shop.example");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn finish(mut command: Command) -> Ran {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        let output =
            String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        Ran {
            code: status.code(),
            output,
        }
    }

    /// Everything that was written beside the project and in it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(self.root.path(), &mut files);
        files
    }
}

impl Drop for World {
    /// Ends the servers of this world, which bear its folder in their command line.
    fn drop(&mut self) {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return;
        };
        let mark = self.root.path().as_os_str().as_encoded_bytes().to_owned();
        for process in processes.flatten() {
            let Ok(line) = std::fs::read(process.path().join("cmdline")) else {
                continue;
            };
            let ours = line.windows(mark.len()).any(|part| part == mark);
            let id = process.file_name();
            if ours && id != std::process::id().to_string().as_str() {
                drop(Command::new("kill").arg("-9").arg(id).status());
            }
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files)
        } else {
            files.push(path)
        }
    }
}
