//! `plimsoll ledger`.

use std::io::{self, Write};
use std::path::Path;

use plimsoll_engine::{Entry, Ledger, Proof, history, newest_checkpoint, verify_history};
use plimsoll_model::Outcome;

use crate::args::LedgerCommand;
use crate::commands::open;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{DIM, clean, outcome_style};

/// One changed byte can contradict every later event.
const SHOWN_FAULTS: usize = 8;

/// Proves or shows the history.
pub(crate) fn run(command: LedgerCommand) -> Result<Exit, Failure> {
    match command {
        LedgerCommand::Verify { state, checkpoint } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?)?;
            verify(&ledger, checkpoint.as_deref())
        }
        LedgerCommand::Log { state, json } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?)?;
            let entries = history(&ledger)?;
            open::write(None, |out| {
                entries.iter().try_for_each(|entry| line(entry, json, out))
            })?;
            Ok(Exit::Done)
        }
        LedgerCommand::Checkpoint { state } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?)?;
            let note = newest_checkpoint(&ledger)?
                .ok_or_else(|| Failure::configuration("the ledger has no event yet"))?;
            open::write(None, |out| write!(out, "{note}"))?;
            Ok(Exit::Done)
        }
    }
}

fn verify(ledger: &Ledger, kept: Option<&Path>) -> Result<Exit, Failure> {
    let kept = kept.map(|path| {
        std::fs::read_to_string(path).map_err(|error| {
            Failure::file(
                format!("cannot read the checkpoint {}", path.display()),
                &error,
            )
        })
    });
    let proof = verify_history(ledger, kept.transpose()?.as_deref())?;
    let outcome = outcome(&proof);
    open::write(None, |out| show(&proof, outcome, out))?;
    Ok(Exit::Decided(outcome))
}

fn outcome(proof: &Proof) -> Outcome {
    if !proof.faults.is_empty() {
        Outcome::Deny
    } else if proof.deleted > 0 || proof.uncovered > 0 {
        Outcome::Unknown
    } else {
        Outcome::Allow
    }
}

fn show(proof: &Proof, outcome: Outcome, out: &mut dyn Write) -> io::Result<()> {
    let bad = outcome_style(Outcome::Deny);
    for fault in proof.faults.iter().take(SHOWN_FAULTS) {
        writeln!(out, "{bad}✗{bad:#} {}", clean(fault))?;
    }
    if proof.faults.len() > SHOWN_FAULTS {
        writeln!(out, "  … and {} more", proof.faults.len() - SHOWN_FAULTS)?;
    }
    writeln!(
        out,
        "{} events, {} checkpoints, {} signed statements, root {}",
        proof.events, proof.checkpoints, proof.evidence, proof.root
    )?;
    if proof.deleted > 0 {
        writeln!(
            out,
            "{} bodies were deleted: what they proved is no longer proven",
            proof.deleted
        )?;
    }
    if proof.uncovered > 0 {
        writeln!(
            out,
            "{} events have no checkpoint yet: a command was killed while it wrote",
            proof.uncovered
        )?;
    }
    let tone = outcome_style(outcome);
    let word = match outcome {
        Outcome::Allow => "PROVEN: nothing was changed, removed or put in between",
        Outcome::Unknown => "NOT PROVEN IN FULL",
        Outcome::Deny => "BROKEN: the history was changed",
    };
    writeln!(out, "{tone}{word}{tone:#}")
}

fn line(entry: &Entry, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, entry)?;
        return writeln!(out);
    }
    let moment = entry.recorded_at.strftime("%Y-%m-%d %H:%M:%S");
    let subject: String = entry.subject.chars().take(23).collect();
    write!(
        out,
        "{:>5}  {moment}  {:<20} {DIM}{}{DIM:#}",
        entry.seq,
        entry.kind,
        clean(&subject)
    )?;
    let field = |name: &str| {
        entry
            .body
            .as_ref()
            .and_then(|body| body.get(name))
            .and_then(|value| value.as_str())
    };
    for name in [
        "environment",
        "step",
        "state",
        "outcome",
        "detail",
        "predicateType",
        "name",
    ] {
        if let Some(value) = field(name).filter(|value| !value.is_empty()) {
            write!(out, "  {}", clean(value))?;
        }
    }
    writeln!(out)
}
