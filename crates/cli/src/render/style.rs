//! The few styles of the terminal output.

use anstyle::{AnsiColor, Style};
use plimsoll_model::{Outcome, Severity};

/// Headings and file names.
pub(crate) const BOLD: Style = Style::new().bold();
/// Line numbers and frames.
pub(crate) const FRAME: Style = AnsiColor::Blue.on_default();
/// What a person may skip.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Commands that a person may type.
pub(crate) const COMMAND: Style = AnsiColor::Cyan.on_default().bold();
/// Gaps.
pub(crate) const GAP: Style = AnsiColor::Magenta.on_default().bold();

/// The style of a severity.
pub(crate) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Low => AnsiColor::Cyan.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::High | Severity::Critical | Severity::Unknown => {
            AnsiColor::Red.on_default().bold()
        }
    }
}

/// The style of an outcome.
pub(crate) fn outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Allow => AnsiColor::Green.on_default().bold(),
        Outcome::Unknown => AnsiColor::Yellow.on_default().bold(),
        Outcome::Deny => AnsiColor::Red.on_default().bold(),
    }
}
