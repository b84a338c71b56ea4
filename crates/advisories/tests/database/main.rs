//! The database from outside: what it matches, what it refuses, where it imports from.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends by panicking, and says what it skipped"
)]

mod brute;
mod damage;
mod fixture;
mod gaps;
mod matching;
mod sources;
