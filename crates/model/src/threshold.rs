use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Severity;

/// From which severity on a gate denies: `any`, a severity, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// Every finding denies.
    Any,
    /// Low and above.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical, and whatever nobody has rated.
    Critical,
    /// Nothing denies.
    Off,
}

impl Threshold {
    /// Whether a finding of this severity denies.
    pub fn denies(self, severity: Severity) -> bool {
        match self {
            Self::Any => true,
            Self::Low => severity.meets(Severity::Low),
            Self::Medium => severity.meets(Severity::Medium),
            Self::High => severity.meets(Severity::High),
            Self::Critical => severity.meets(Severity::Critical),
            Self::Off => false,
        }
    }

    /// The stricter of the two.
    pub fn stricter(self, other: Self) -> Self {
        if (self as u8) <= (other as u8) {
            self
        } else {
            other
        }
    }

    /// The word as users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Severity, Threshold};

    const ALL: [Threshold; 6] = [
        Threshold::Any,
        Threshold::Low,
        Threshold::Medium,
        Threshold::High,
        Threshold::Critical,
        Threshold::Off,
    ];

    #[test]
    fn the_stricter_threshold_denies_all_that_either_denies() {
        for a in ALL {
            for b in ALL {
                for severity in Severity::ALL {
                    assert_eq!(
                        a.stricter(b).denies(severity),
                        a.denies(severity) || b.denies(severity),
                        "{a} {b} {severity}"
                    );
                }
            }
        }
    }
}
