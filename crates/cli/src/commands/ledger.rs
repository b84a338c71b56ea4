//! `plimsoll ledger`.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use plimsoll_engine::{Entry, Ledger, Proof, history, newest_checkpoint, verify_history};
use plimsoll_model::{Class, Key, Outcome, Told};

use crate::args::LedgerCommand;
use crate::commands::open;
use crate::exit::Exit;
use crate::render::{DIM, clean, outcome_style};

/// One changed byte can contradict every later event.
const SHOWN_FAULTS: usize = 8;

/// How many events are held at a time while all are listed.
const PAGE: usize = 200;
/// Many events of a later build are likely to be of one kind.
const SHOWN_UNKNOWN: usize = 8;
/// How much of a digest a line shows.
const SHOWN_KEY_CHARS: usize = 23;

/// Proves or shows the history.
pub(crate) fn run(command: LedgerCommand) -> Result<Exit, Told> {
    match command {
        LedgerCommand::Verify { state, checkpoint } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?, Timestamp::now)?;
            verify(&ledger, checkpoint.as_deref())
        }
        LedgerCommand::Log { state, json } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?, Timestamp::now)?;
            let mut next = Some(0);
            while let Some(from_seq) = next {
                let page = history(&ledger, from_seq, PAGE)?;
                open::write(None, |out| {
                    page.items
                        .iter()
                        .try_for_each(|entry| line(entry, json, out))
                })?;
                next = page.next;
            }
            Ok(Exit::Done)
        }
        LedgerCommand::Checkpoint { state } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?, Timestamp::now)?;
            let note = newest_checkpoint(&ledger)?
                .ok_or_else(|| Told::new(Class::Absent, "the ledger has no event yet"))?;
            open::write(None, |out| write!(out, "{note}"))?;
            Ok(Exit::Done)
        }
    }
}

fn verify(ledger: &Ledger, kept: Option<&Path>) -> Result<Exit, Told> {
    let kept = kept.map(|path| {
        std::fs::read_to_string(path).map_err(|error| {
            Told::about_file(
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
    } else if proof.deleted > 0 {
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
    let warn = outcome_style(Outcome::Unknown);
    for told in proof.not_understood.iter().take(SHOWN_UNKNOWN) {
        writeln!(out, "{warn}?{warn:#} {}", clean(told))?;
    }
    if proof.not_understood.len() > SHOWN_UNKNOWN {
        let more = proof.not_understood.len() - SHOWN_UNKNOWN;
        writeln!(
            out,
            "  … and {more} more that this build does not understand"
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
    let about = about(&entry.subjects);
    write!(
        out,
        "{:>5}  {moment}  {:<20} {DIM}{}{DIM:#}",
        entry.seq,
        clean(&entry.kind),
        clean(&about)
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
    if !entry.not_understood.is_empty() {
        let warn = outcome_style(Outcome::Unknown);
        let told = entry.not_understood.join("; ");
        write!(out, "  {warn}?{warn:#} {}", clean(&told))?;
    }
    writeln!(out)
}

/// What the event is about, in a few words: the service, and what ships or was inspected.
fn about(keys: &[Key]) -> String {
    let service = keys.iter().find(|key| key.kind() == Key::SERVICE);
    let other = keys.iter().rev().find(|key| {
        ![
            Key::ORGANIZATION,
            Key::SERVICE,
            Key::ENVIRONMENT,
            Key::POLICY,
        ]
        .contains(&key.kind())
    });
    let shown = other.or(keys.last()).map_or("", Key::as_str);
    let shown: String = shown.chars().take(SHOWN_KEY_CHARS).collect();
    match service {
        Some(service) => format!("{service} {shown}"),
        None => shown,
    }
}
