use std::error::Error;
use std::{fmt, io};

use serde::Serialize;

use crate::{Class, Fault};

/// An error as it is told to whoever asked, at a terminal or over a wire. Its texts may quote what
/// strangers wrote: mask credentials in them before they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Whose matter it is; an exit code or a status follows from it.
    pub class: Class,
    /// What failed, and on what.
    pub message: String,
    /// Why, the nearest cause first.
    pub causes: Vec<String>,
    /// What to do next, where that is known.
    pub hint: Option<String>,
}

impl Told {
    /// An error of this class without a cause or a hint.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// An operation on a file that somebody named failed.
    pub fn about_file(message: impl Into<String>, error: &io::Error) -> Self {
        Self {
            causes: list_causes(Some(error)),
            ..Self::new(Class::of_named_file(error), message)
        }
    }

    /// Adds what to do next.
    pub fn with_hint(self, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            ..self
        }
    }

    /// Says what was being done; what was the message becomes the nearest cause.
    pub fn while_doing(mut self, message: impl Into<String>) -> Self {
        let cause = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, cause);
        self
    }

    /// The same error with each of its texts rewritten: masked, or made safe for a terminal.
    pub fn map_texts(self, rewrite: impl Fn(&str) -> String) -> Self {
        Self {
            class: self.class,
            message: rewrite(&self.message),
            causes: self.causes.iter().map(|cause| rewrite(cause)).collect(),
            hint: self.hint.as_deref().map(rewrite),
        }
    }
}

impl<F: Fault> From<F> for Told {
    fn from(fault: F) -> Self {
        Self {
            class: fault.class(),
            message: fault.to_string(),
            causes: list_causes(fault.source()),
            hint: fault.hint(),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Told {}

/// An error and what it comes from, each in its own words.
fn list_causes(mut error: Option<&(dyn Error + 'static)>) -> Vec<String> {
    let mut causes = Vec::new();
    while let Some(cause) = error {
        causes.push(cause.to_string());
        error = cause.source();
    }
    causes
}
