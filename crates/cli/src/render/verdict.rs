//! A verdict with its reasons.

use std::io::{self, Write};

use plimsoll_model::{Outcome, Verdict};

use super::clean::clean;
use super::style::{self, DIM};

/// Shows every reason, then the verdict.
pub(crate) fn verdict(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    for reason in &verdict.reasons {
        let tone = style::outcome(reason.outcome);
        let mark = match reason.outcome {
            Outcome::Allow => "✓",
            Outcome::Unknown => "?",
            Outcome::Deny => "✗",
        };
        writeln!(
            out,
            "  {tone}{mark}{tone:#} {:<13} {}",
            clean(&reason.about),
            clean(&reason.message)
        )?;
        if !reason.hint.is_empty() {
            writeln!(
                out,
                "    {:<13} {DIM}hint: {}{DIM:#}",
                "",
                clean(&reason.hint)
            )?;
        }
    }
    let tone = style::outcome(verdict.outcome);
    let word = match verdict.outcome {
        Outcome::Allow => "ALLOWED",
        Outcome::Unknown => "NOT PROVEN: what could not be checked was not passed",
        Outcome::Deny => "DENIED",
    };
    writeln!(out, "{tone}{word}{tone:#}")
}
