//! The real program, started on a free port and bought from.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_record-store");

struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start() -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("the address").to_owned();
        Self { child, address }
    }

    fn call(&self, request: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the shop listens");
        let length = body.len();
        write!(stream, "{request} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").expect("it reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("it answers");
        reply
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().expect("the program runs until it is stopped");
        self.child.wait().expect("it ends");
    }
}

fn smoke(url: &str) -> Output {
    Command::new(PROGRAM).args(["smoke", url]).output().expect("the program starts")
}

#[test]
fn health_says_whether_the_release_works() {
    let reply = Running::start().call("GET /health", "");
    let expected = if cfg!(feature = "broken-health") { "HTTP/1.0 503" } else { "HTTP/1.0 200" };
    assert!(reply.starts_with(expected), "{reply}");
    assert!(reply.contains(concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"")), "{reply}");
}

#[test]
fn a_purchase_succeeds() {
    let shop = Running::start();
    let output = smoke(&format!("http://{}", shop.address));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "bought every record for 11750 cents\n");
}

#[test]
fn a_purchase_fails_where_no_shop_is() {
    let closed = Running::start().address.clone();
    let output = smoke(&format!("http://{closed}"));
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("GET /records"), "{output:?}");
}

#[test]
fn what_cannot_be_done_is_refused() {
    let shop = Running::start();
    for (request, body, status) in [
        ("GET /nowhere", "", "404"),
        ("POST /baskets/9/order", "", "404"),
        ("POST /baskets", "", "201"),
        ("POST /baskets/1/order", "", "409"),
        ("POST /baskets/1/records", "{}", "400"),
        ("POST /baskets/1/records", r#"{"sku":"lp-999"}"#, "404"),
        ("POST /baskets/1/records", r#"{"sku":"lp-001"}"#, "200"),
        ("POST /baskets/1/order", "", "201"),
        ("GET /baskets/1", "", "404"),
    ] {
        let reply = shop.call(request, body);
        assert_eq!(reply.split(' ').nth(1), Some(status), "{request} {body}: {reply}");
    }
}
