use plimsoll_model::{Class, Fault};

/// A configuration that names nothing that can be run and checked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The program would not be the artifact.
    #[error("`run` names `{{artifact}}` nowhere, so the checked bytes would not run")]
    NoArtifact,
    /// A name that a shell cannot hand on.
    #[error("`{name}` is no name for an environment variable")]
    VariableName {
        /// The name.
        name: String,
    },
    /// A name that is ours.
    #[error("the environment variable `{name}` is set by Plimsoll itself")]
    ReservedVariable {
        /// The name.
        name: String,
    },
    /// A text with a zero byte, which no process can be given.
    #[error("`{key}` holds a zero byte")]
    ZeroByte {
        /// The configuration key.
        key: &'static str,
    },
    /// A health URL that a local process cannot be proven to answer.
    #[error("the health URL `{url}` {problem}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A duration out of bounds.
    #[error("`{key}` is {value_ms} ms, which is not between {min_ms} and {max_ms}")]
    Duration {
        /// The configuration key.
        key: &'static str,
        /// What it is.
        value_ms: u64,
        /// The least.
        min_ms: u64,
        /// The most.
        max_ms: u64,
    },
}

impl Fault for ConfigError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoArtifact => "write `{artifact}` where the file's path belongs".to_owned(),
            Self::VariableName { .. } => "use letters, digits and `_`".to_owned(),
            Self::ReservedVariable { .. } => "rename the variable".to_owned(),
            Self::ZeroByte { .. } => "remove the zero byte".to_owned(),
            Self::Url { .. } => "write one like http://127.0.0.1:8080/health".to_owned(),
            Self::Duration { min_ms, max_ms, .. } => {
                format!("give a time between {min_ms} and {max_ms} ms")
            }
        })
    }
}

pub(crate) const HOUR_MS: u64 = 3_600_000;

/// Refuses a duration of less than `min_ms` or more than an hour.
pub(crate) fn check_duration(
    key: &'static str,
    value_ms: u64,
    min_ms: u64,
) -> Result<(), ConfigError> {
    if (min_ms..=HOUR_MS).contains(&value_ms) {
        Ok(())
    } else {
        Err(ConfigError::Duration {
            key,
            value_ms,
            min_ms,
            max_ms: HOUR_MS,
        })
    }
}

/// Refuses a text that no process can be given.
pub(crate) fn check_text(key: &'static str, text: &str) -> Result<(), ConfigError> {
    if text.contains('\0') {
        Err(ConfigError::ZeroByte { key })
    } else {
        Ok(())
    }
}
