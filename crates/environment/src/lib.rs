//! Deploy targets: bring a release to run in place of the previous one, see that it works, end it.
//!
//! A [`Target`] has three verbs. Each is small and safe to repeat after the caller was killed at any
//! instruction: what runs is asked of the target itself, never read only from a file. This crate knows
//! no ledger, no policy and no release: the engine records each step before and after it, holds the
//! [`Lease`] meanwhile, and after a crash asks [`Target::observe`] what is true.

mod config;
mod error;
mod folder;
mod health;
mod launch;
mod lease;
mod linux;
mod smoke;
mod stop;
mod target;

pub use config::ConfigError;
pub use error::EnvironmentError;
pub use health::{Attempt, HealthOutcome, HealthReport, Seen};
pub use lease::{Lease, LeaseError};
pub use smoke::{Smoke, SmokeOutcome, SmokeReport};
pub use target::process::{HealthCheck, Process, ProcessConfig};
pub use target::{Applied, Change, Instance, Observation, Target, Until, Withdrawn};

pub(crate) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
