//! `plimsoll status`.

use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_engine::{EnvironmentStatus, Ledger, Running, status};
use plimsoll_model::{DeploymentOutcome, Outcome, Subject, Told};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::render::{BOLD, DIM, clean, outcome_style};

/// Shows what runs; anything that is not as the ledger says makes the exit code 2.
pub(crate) fn run(args: &args::Status) -> Result<Exit, Told> {
    let (trusted, service) = open::service(&args.policy)?;
    let ledger = Ledger::open(&args.state.state, &open::log_password()?, Timestamp::now)?;
    let environments = status(&ledger, &trusted, &service)?;
    open::write(None, |out| {
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &environments)?;
            return writeln!(out);
        }
        writeln!(out, "{DIM}service {service}{DIM:#}")?;
        environments
            .iter()
            .try_for_each(|environment| line(environment, out))
    })?;
    let proven = environments.iter().all(EnvironmentStatus::as_recorded);
    Ok(Exit::Decided(if proven {
        Outcome::Allow
    } else {
        Outcome::Unknown
    }))
}

fn line(status: &EnvironmentStatus, out: &mut dyn Write) -> io::Result<()> {
    let release = clean(status.release.as_deref().unwrap_or("nothing"));
    let recorded = list(&status.recorded);
    let first = match &status.running {
        Running::Observed(seen) => seen
            .instances
            .first()
            .map_or_else(|| "nothing runs".to_owned(), ToString::to_string),
        Running::Unobserved(_) => "not observed".to_owned(),
    };
    write!(
        out,
        "{BOLD}{:<12}{BOLD:#} {release:<24} {DIM}{recorded} {first}{DIM:#}",
        clean(&status.environment)
    )?;
    let last = match status.outcome {
        Some(DeploymentOutcome::Healthy) | None => "",
        Some(DeploymentOutcome::RolledBack) => "  (the last deployment was rolled back)",
        Some(DeploymentOutcome::Failed) => "  (the last deployment failed)",
    };
    writeln!(out, "{last}")?;
    let warn = outcome_style(Outcome::Unknown);
    if status.interrupted {
        writeln!(
            out,
            "  {warn}?{warn:#} a deployment was interrupted; the next promote or rollback settles it"
        )?;
    }
    match &status.running {
        Running::Unobserved(told) => unobserved(told, out),
        Running::Observed(seen) if !status.interrupted && !status.as_recorded() => writeln!(
            out,
            "  {warn}?{warn:#} the ledger says {release}, but this is seen: {seen}"
        ),
        Running::Observed(_) => Ok(()),
    }
}

fn unobserved(told: &Told, out: &mut dyn Write) -> io::Result<()> {
    let warn = outcome_style(Outcome::Unknown);
    let message = clean(&told.message);
    writeln!(
        out,
        "  {warn}?{warn:#} what runs cannot be observed: {message}"
    )?;
    for cause in &told.causes {
        writeln!(out, "      because: {}", clean(cause))?;
    }
    match &told.hint {
        Some(hint) => writeln!(out, "      hint: {}", clean(hint)),
        None => Ok(()),
    }
}

fn list(subjects: &[Subject]) -> String {
    let names: Vec<String> = subjects.iter().map(Subject::short).collect();
    names.join(", ")
}
