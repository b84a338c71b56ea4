//! A real purchase over HTTP against a shop that runs.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_REPLY_BYTES: u64 = 1024 * 1024;

/// Buys every record once and checks the bill. `url` is `http://host:port`.
pub fn purchase(url: &str) -> Result<u64, String> {
    let host = url
        .strip_prefix("http://")
        .map(|rest| rest.trim_end_matches('/'))
        .ok_or_else(|| format!("{url} is not of the form http://host:port"))?;
    let catalogue = call(host, "GET", "/records", None, 200)?;
    let records = catalogue.as_array().filter(|records| !records.is_empty());
    let records = records.ok_or("the catalogue is empty")?;
    let basket = call(host, "POST", "/baskets", None, 201)?;
    let basket = basket["basket"].as_u64().ok_or("the new basket has no number")?;
    let mut expected_cents = 0;
    for record in records {
        call(
            host,
            "POST",
            &format!("/baskets/{basket}/records"),
            Some(json!({ "sku": record["sku"] })),
            200,
        )?;
        expected_cents += record["price_cents"].as_u64().ok_or("a record has no price")?;
    }
    let order = call(host, "POST", &format!("/baskets/{basket}/order"), None, 201)?;
    match order["total_cents"].as_u64() {
        Some(total) if total == expected_cents => Ok(total),
        total => Err(format!("the bill is {total:?} cents, not {expected_cents}")),
    }
}

fn call(host: &str, method: &str, path: &str, body: Option<Value>, status: u16) -> Result<Value, String> {
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request =
        format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let reply = exchange(host, &request).map_err(|error| format!("{method} {path} on {host}: {error}"))?;
    let (head, body) = reply.split_once("\r\n\r\n").ok_or(format!("{method} {path}: not an HTTP reply"))?;
    let line = head.lines().next().unwrap_or(head);
    if line.split(' ').nth(1) != Some(&status.to_string()) {
        return Err(format!("{method} {path} answered `{line}`, expected {status}"));
    }
    serde_json::from_str(body).map_err(|error| format!("{method} {path}: {error}"))
}

fn exchange(host: &str, request: &str) -> std::io::Result<String> {
    let address = host.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.take(MAX_REPLY_BYTES).read_to_string(&mut reply)?;
    Ok(reply)
}
