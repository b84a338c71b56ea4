//! A small web shop for records.

mod server;
mod shop;
mod smoke;

use std::process::ExitCode;

const USAGE: &str =
    "usage: record-store [--listen ADDRESS] | record-store smoke URL | record-store --version";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => listen("127.0.0.1:8080"),
        ["--listen", address] => listen(address),
        ["smoke", url] => smoke::purchase(url).map(|cents| println!("bought every record for {cents} cents")),
        ["--version"] => {
            println!("record-store {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("record-store: {message}");
            ExitCode::FAILURE
        }
    }
}

fn listen(address: &str) -> Result<(), String> {
    let shop = shop::Shop::open().map_err(|error| format!("the catalogue cannot be read: {error}"))?;
    let http =
        tiny_http::Server::http(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("listening on {}", http.server_addr());
    server::serve(http, shop);
    Ok(())
}
