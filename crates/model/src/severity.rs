use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is, in the order low < medium < high < critical.
///
/// `Unknown` stands above all of them: what nobody has rated may be critical, so it meets every
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, rarely exploitable by itself.
    Low,
    /// Exploitable under conditions.
    Medium,
    /// Exploitable, or a control that does not hold.
    High,
    /// Exploitable now, or a control that is absent.
    Critical,
    /// Not rated by anybody; meets every threshold.
    Unknown,
}

impl Severity {
    /// Every severity, from the least to the most severe.
    pub const ALL: [Self; 5] = [
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
        Self::Unknown,
    ];

    /// Whether a gate that fails on `threshold` fails on this severity.
    pub fn meets(self, threshold: Self) -> bool {
        self >= threshold
    }

    /// The severity as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    /// The severity of a CVSS base score, by the qualitative scale of CVSS v3.1 §5.
    pub fn from_cvss_score(score: f64) -> Self {
        if score.is_nan() {
            Self::Unknown
        } else if score >= 9.0 {
            Self::Critical
        } else if score >= 7.0 {
            Self::High
        } else if score >= 4.0 {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no severity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a severity; write one of low, medium, high, critical")]
pub struct SeverityError(String);

impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| SeverityError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Severity;

    #[test]
    fn unknown_meets_every_threshold() {
        for threshold in Severity::ALL {
            assert!(Severity::Unknown.meets(threshold), "{threshold}");
        }
        assert!(!Severity::Low.meets(Severity::Medium));
        assert!(Severity::Critical.meets(Severity::High));
    }
}
