//! The process target, judged by real servers, `ps`, `sha256sum` and `curl`.
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

mod health;
mod lifecycle;
mod shop;
mod smoke;
