use std::error::Error;
use std::{fmt, io};

use plimsoll_model::{Class, Fault};

/// Why a command could not do what was asked, as it is shown. Its class becomes the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    pub(crate) message: String,
    /// Why, the nearest cause first.
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Something that the command names is absent or cannot be used.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self {
            class: Class::Configuration,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// Nobody's doing but ours or the machine's.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            class: Class::Internal,
            ..Self::configuration(message)
        }
    }

    /// An operation on a file that the command names failed.
    pub(crate) fn file(message: impl Into<String>, error: &io::Error) -> Self {
        Self {
            class: Class::of_named_file(error),
            causes: causes(error),
            ..Self::configuration(message)
        }
    }

    /// What to do about it.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            ..self
        }
    }

    /// Says what was being done; what was the message becomes the nearest cause.
    pub(crate) fn while_doing(mut self, message: impl Into<String>) -> Self {
        let cause = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, cause);
        self
    }
}

impl<F: Fault> From<F> for Failure {
    fn from(fault: F) -> Self {
        Self {
            class: fault.class(),
            message: fault.to_string(),
            causes: fault.source().map(causes).unwrap_or_default(),
            hint: fault.hint(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// An error and what it comes from, each in its own words.
fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}
