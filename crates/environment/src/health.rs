use std::fmt;

use serde::{Deserialize, Serialize};

/// What a health check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// What it came to.
    pub outcome: HealthOutcome,
    /// Every question asked, in order; equal answers in a row are counted.
    pub attempts: Vec<Attempt>,
    /// How long the check took.
    pub elapsed_ms: u64,
    /// The last lines that it wrote, unless it is healthy: at most 20 lines and 8 KiB. They are its
    /// own words and may hold anything.
    pub log: Vec<String>,
}

/// What a health check came to. Only `Healthy` is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthOutcome {
    /// Proven by the target's own rule; for a process, two answers in a row with a 2xx status from
    /// itself.
    Healthy,
    /// It lives and did not become healthy in time.
    NotInTime,
    /// It does not run, or ended meanwhile.
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

impl fmt::Display for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            HealthOutcome::Healthy => "healthy",
            HealthOutcome::NotInTime => "still not healthy",
            HealthOutcome::Exited => "ended",
            HealthOutcome::Cancelled => "called off",
        };
        write!(f, "{word} after {} ms", self.elapsed_ms)?;
        match self.attempts.last() {
            Some(last) => write!(f, ", last seen: {}", last.seen),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status } => write!(f, "status {status}"),
            Self::NobodyListens => f.write_str("nobody listens"),
            Self::ForeignListener { by } => write!(f, "{by} listens there instead"),
            Self::NoAnswer { reason } => write!(f, "no answer ({reason})"),
        }
    }
}
