//! `plimsoll` as a user runs it, whole.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its input must stop"
)]

mod asking;
mod canary;
mod cosign;
mod crash;
mod demo;
mod fault_matrix;
mod future;
mod screen;
mod services;
mod step_by_step;
mod targets;
mod world;
