use std::time::{Duration, Instant};

use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};
use ureq::Agent;

use crate::linux;
use crate::listener::{Listeners, listeners};
use crate::record::Record;
use crate::{EnvironmentError, Process, log};

/// What a health check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// What it came to.
    pub outcome: HealthOutcome,
    /// Every question asked, in order; equal answers in a row are counted.
    pub attempts: Vec<Attempt>,
    /// How long the check took.
    pub elapsed_ms: u64,
    /// The last lines that the process wrote, unless it is healthy: at most 20 lines and 8 KiB. They
    /// are the process's own words and may hold anything.
    pub log: Vec<String>,
}

/// What a health check came to. Only `Healthy` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthOutcome {
    /// Two answers in a row with a 2xx status, from the process itself.
    Healthy,
    /// It lives and did not become healthy in time.
    NotInTime,
    /// It ended.
    Exited,
    /// The caller called it off.
    Cancelled,
}

/// Answers to the health question that were the same in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When the first of them was asked, in milliseconds after the check began.
    pub after_ms: u64,
    /// How many there were.
    pub times: u32,
    /// What was seen.
    pub seen: Seen,
}

/// What one health question saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Seen {
    /// The process answered.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// Nobody listens yet.
    NobodyListens,
    /// Somebody else listens there; that answer is not asked for.
    ForeignListener {
        /// Who, as far as can be seen.
        by: String,
    },
    /// It listens and gave no answer.
    NoAnswer {
        /// Why.
        reason: String,
    },
}

const REQUIRED_IN_A_ROW: u32 = 2;
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_ANSWER: Duration = Duration::from_secs(5);

impl Process {
    /// Asks the running artifact for its health until it is healthy, has ended or is too late.
    ///
    /// An answer counts only while the process that was started lives and every listener on the
    /// address belongs to it. `cancelled` is asked before each question.
    pub fn health(
        &self,
        digest: &Digest,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<HealthReport, EnvironmentError> {
        let boot = linux::boot()?;
        let record = Record::read(&self.state)?
            .filter(|record| record.digest == *digest && record.boot == boot)
            .ok_or(EnvironmentError::NotRunning { digest: *digest })?;
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

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
