//! Deploy targets: put exact bytes in place, start them, see that they answer, stop them again.
//!
//! Every operation is small and safe to repeat after the caller was killed at any instruction: what
//! runs is read from the kernel, never only from a file. This crate knows no ledger, no policy and no
//! release: the engine records each step before and after it, holds the [`Lease`] meanwhile, and after
//! a crash asks [`Target::running`] what is true.

mod artifact;
mod config;
mod error;
mod health;
mod launch;
mod lease;
mod linux;
mod listener;
mod log;
mod process;
mod record;
mod smoke;
mod stop;
mod target;

pub use config::{ConfigError, HealthCheck, ProcessConfig, SmokeTest};
pub use error::EnvironmentError;
pub use health::{Attempt, HealthOutcome, HealthReport, Seen};
pub use lease::{Lease, LeaseError};
pub use process::{Process, Running};
pub use smoke::{SmokeOutcome, SmokeReport};
pub use stop::Stopped;
pub use target::Target;
