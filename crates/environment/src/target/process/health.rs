use std::time::{Duration, Instant};

use plimsoll_model::Digest;
use ureq::Agent;

use super::listener::{Listeners, listeners};
use super::record::Record;
use super::{Process, log};
use crate::health::{Attempt, HealthOutcome, HealthReport, Seen};
use crate::{EnvironmentError, linux, milliseconds};

const REQUIRED_IN_A_ROW: u32 = 2;
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

impl Process {
    /// Asks the running artifact for its health until it is healthy, has ended or is too late.
    ///
    /// An answer counts only while the process that was started lives and every listener on the
    /// address belongs to it.
    pub(super) fn wait_for_health(
        &self,
        digest: &Digest,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<HealthReport, EnvironmentError> {
        let boot = linux::boot()?;
        let record = Record::read(&self.state)?
            .filter(|record| record.digest == *digest && record.boot == boot);
        let Some(record) = record else {
            return Ok(HealthReport {
                outcome: HealthOutcome::Exited,
                attempts: Vec::new(),
                elapsed_ms: 0,
                log: Vec::new(),
            });
        };
        let started = Instant::now();
        let mut attempts = Vec::new();
        let outcome = self.poll(&record, started, &mut attempts, cancelled)?;
        let log = if outcome == HealthOutcome::Healthy {
            Vec::new()
        } else {
            log::tail(&self.state, &record.marker)?
        };
        Ok(HealthReport {
            outcome,
            attempts,
            elapsed_ms: milliseconds(started.elapsed()),
            log,
        })
    }

    fn poll(
        &self,
        record: &Record,
        started: Instant,
        attempts: &mut Vec<Attempt>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<HealthOutcome, EnvironmentError> {
        let until = started + Duration::from_millis(self.config.health.within_ms);
        let interval = Duration::from_millis(self.config.health.interval_ms);
        let mut in_a_row = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if cancelled() {
                return Ok(HealthOutcome::Cancelled);
            } else if !linux::is_live(record.main)? {
                return Ok(HealthOutcome::Exited);
            } else if left.is_zero() {
                return Ok(HealthOutcome::NotInTime);
            }
            let after = started.elapsed();
            let seen = self.ask(record, left)?;
            in_a_row = if is_success(&seen) && linux::is_live(record.main)? {
                in_a_row + 1
            } else {
                0
            };
            note(attempts, after, seen);
            if in_a_row >= REQUIRED_IN_A_ROW {
                return Ok(HealthOutcome::Healthy);
            }
            pause(record, until.min(Instant::now() + interval), cancelled)?;
        }
    }

    /// Asks once. Who listens is looked up before and after, so that nobody can slip in between.
    fn ask(&self, record: &Record, left: Duration) -> Result<Seen, EnvironmentError> {
        if let Some(seen) = self.listener_problem(record)? {
            return Ok(seen);
        }
        let seen = request(&self.config.health.http, left.min(LONGEST_ANSWER));
        Ok(self.listener_problem(record)?.unwrap_or(seen))
    }

    fn listener_problem(&self, record: &Record) -> Result<Option<Seen>, EnvironmentError> {
        let family = linux::family(Some(record.main), &record.marker)?;
        Ok(match listeners(self.endpoint.address, &family)? {
            Listeners::Ours => None,
            Listeners::None => Some(Seen::NobodyListens),
            Listeners::Foreign(by) => Some(Seen::ForeignListener { by }),
        })
    }
}

/// Waits until a moment, or until there is nothing left to wait for.
fn pause(
    record: &Record,
    until: Instant,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), EnvironmentError> {
    while Instant::now() < until && !cancelled() && linux::is_live(record.main)? {
        std::thread::sleep(PAUSE.min(until.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

fn is_success(seen: &Seen) -> bool {
    matches!(seen, Seen::Status { status: 200..=299 })
}

/// One GET. Neither redirects nor the proxies of the caller's environment are followed: they would
/// lead to somebody else.
fn request(url: &str, within: Duration) -> Seen {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(within))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    match agent.get(url).call() {
        Ok(response) => Seen::Status {
            status: response.status().as_u16(),
        },
        Err(error) => Seen::NoAnswer {
            reason: error.to_string(),
        },
    }
}

fn note(attempts: &mut Vec<Attempt>, after: Duration, seen: Seen) {
    match attempts.last_mut() {
        Some(last) if last.seen == seen => last.times += 1,
        _ => attempts.push(Attempt {
            after_ms: milliseconds(after),
            times: 1,
            seen,
        }),
    }
}
