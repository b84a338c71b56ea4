//! The shop over HTTP.

use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::Deserialize;
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::shop::{Refusal, Shop};

const WORKERS: usize = 4;
const MAX_BODY_BYTES: u64 = 64 * 1024;

/// Serves until the process ends.
pub fn serve(server: Server, shop: Shop) {
    let server = Arc::new(server);
    let shop = Arc::new(Mutex::new(shop));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (server, shop) = (Arc::clone(&server), Arc::clone(&shop));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    handle(request, &shop);
                }
            })
        })
        .collect();
    for worker in workers {
        if worker.join().is_err() {
            eprintln!("record-store: a worker stopped");
        }
    }
}

fn handle(mut request: Request, shop: &Mutex<Shop>) {
    let mut body = String::new();
    let (status, reply) = match request.as_reader().take(MAX_BODY_BYTES).read_to_string(&mut body) {
        Ok(_) => {
            let mut shop = shop.lock().unwrap_or_else(PoisonError::into_inner);
            answer(request.method(), request.url(), &body, &mut shop)
        }
        Err(_) => error(400, "the body is not text"),
    };
    let json = Header::from_bytes("content-type", "application/json").expect("a valid header");
    let response = Response::from_string(reply.to_string()).with_status_code(status).with_header(json);
    if let Err(error) = request.respond(response) {
        eprintln!("record-store: a reply was not sent: {error}");
    }
}

#[derive(Deserialize)]
struct Choice {
    sku: String,
}

fn answer(method: &Method, path: &str, body: &str, shop: &mut Shop) -> (u16, Value) {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let result = match (method, parts.as_slice()) {
        (Method::Get, ["health"]) => return health(),
        (Method::Get, ["records"]) => Ok((200, json!(shop.records()))),
        (Method::Post, ["baskets"]) => shop.new_basket().map(|id| (201, json!({ "basket": id }))),
        (Method::Get, ["baskets", id]) => number(id).and_then(|id| Ok((200, json!(shop.basket(id)?)))),
        (Method::Post, ["baskets", id, "records"]) => match serde_json::from_str::<Choice>(body) {
            Ok(choice) => number(id).and_then(|id| {
                shop.put(id, &choice.sku)?;
                Ok((200, json!(shop.basket(id)?)))
            }),
            Err(_) => return error(400, "write {\"sku\": \"…\"}"),
        },
        (Method::Post, ["baskets", id, "order"]) => {
            number(id).and_then(|id| Ok((201, json!(shop.order(id)?))))
        }
        _ => return error(404, "no such page"),
    };
    result.unwrap_or_else(|refusal| match refusal {
        Refusal::NoSuchBasket => error(404, "no such basket"),
        Refusal::NoSuchRecord => error(404, "no such record"),
        Refusal::EmptyBasket => error(409, "the basket is empty"),
        Refusal::Full => error(409, "no room for more"),
    })
}

fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::NoSuchBasket)
}

fn health() -> (u16, Value) {
    let version = env!("CARGO_PKG_VERSION");
    if cfg!(feature = "broken-health") && std::env::var_os("RECORD_STORE_STOCK").is_none() {
        return (503, json!({ "status": "RECORD_STORE_STOCK is not set", "version": version }));
    }
    (200, json!({ "status": "ok", "version": version }))
}

fn error(status: u16, message: &str) -> (u16, Value) {
    (status, json!({ "error": message }))
}
