//! `plimsoll promote`, `plimsoll approve` and `plimsoll rollback`.

use std::io::{self, Write};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use plimsoll_engine::sign::PrivateKey;
use plimsoll_engine::{
    ApprovalRequest, Candidate, Ledger, Promoted, Promotion, Rollback, RolledBack, StepEnded,
    Trusted, approve as approve_release, find_release, promote as promote_release, roll_back,
};
use plimsoll_model::{DeploymentOutcome, Outcome, Signatory, Subject, Told};

use crate::args::{self, ReleaseArgs};
use crate::commands::open;
use crate::exit::Exit;
use crate::render::{self, BOLD, DIM, outcome_style};

/// Decides and deploys.
pub(crate) fn promote(args: &args::Promote) -> Result<Exit, Told> {
    let opened = Opened::new(&args.args)?;
    let requester = opened.trusted.signatory(&opened.key.public());
    let promotion = Promotion {
        candidate: opened.candidate(&args.args.to),
        requester: &requester,
        key: &opened.key,
        folder: Path::new("."),
    };
    let promoted = promote_release(&opened.ledger, &promotion, &mut show_step)?;
    open::write(None, |out| show(&promoted, &opened, &args.args.to, out))?;
    Ok(match promoted.outcome {
        Some(outcome) => ended(outcome),
        None => Exit::Decided(promoted.verdict.outcome),
    })
}

/// Signs an approval; one that could not count is refused and denies.
pub(crate) fn approve(args: &args::Approve) -> Result<Exit, Told> {
    let opened = Opened::new(&args.args)?;
    let asked = ApprovalRequest {
        candidate: opened.candidate(&args.args.to),
        key: &opened.key,
        valid_for: SignedDuration::from_hours(i64::from(args.valid_for)),
    };
    let approver = approve_release(&opened.ledger, &asked)?;
    let name = match approver {
        Signatory::Person(id) | Signatory::Builder(id) => id,
        Signatory::Unknown(key) => key.to_string(),
    };
    open::write(None, |out| {
        let release = &opened.release.name;
        writeln!(
            out,
            "{name} approves {release} for {} for {} hours",
            args.args.to, args.valid_for
        )
    })?;
    Ok(Exit::Done)
}

/// Goes back to what was healthy before.
pub(crate) fn rollback(args: &args::Rollback) -> Result<Exit, Told> {
    let key = open::private_key(&args.key)?;
    let (trusted, service) = open::service(&args.policy)?;
    let ledger = Ledger::open(&args.state.state, &open::log_password()?, Timestamp::now)?;
    let rollback = Rollback {
        trusted: &trusted,
        service: &service,
        environment: &args.environment,
        requester: &trusted.signatory(&key.public()),
        key: &key,
        folder: Path::new("."),
    };
    let back = roll_back(&ledger, &rollback, &mut show_step)?;
    open::write(None, |out| show_rollback(&back, &args.environment, out))?;
    Ok(match back.arrived {
        Some((_, outcome)) => ended(outcome),
        None => Exit::Done,
    })
}

fn show_rollback(back: &RolledBack, environment: &str, out: &mut dyn Write) -> io::Result<()> {
    if let Some(outcome) = back.settled {
        settled(outcome, environment, out)?;
    }
    match &back.arrived {
        Some((release, outcome)) => arrived(*outcome, &release.name, environment, out),
        None => writeln!(
            out,
            "{environment} is back at its last healthy release; repeat the command to go further back"
        ),
    }
}

struct Opened {
    key: PrivateKey,
    trusted: Trusted,
    ledger: Ledger,
    release: plimsoll_engine::Release,
}

impl Opened {
    fn new(args: &ReleaseArgs) -> Result<Self, Told> {
        let key = open::private_key(&args.key)?;
        let (trusted, service) = open::service(&args.policy)?;
        let ledger = Ledger::open(&args.state.state, &open::log_password()?, Timestamp::now)?;
        let release = find_release(&ledger, &service, &args.release)?;
        Ok(Self {
            key,
            trusted,
            ledger,
            release,
        })
    }

    fn candidate<'a>(&'a self, environment: &'a str) -> Candidate<'a> {
        Candidate {
            trusted: &self.trusted,
            release: &self.release,
            environment,
        }
    }
}

fn show(
    promoted: &Promoted,
    opened: &Opened,
    environment: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(outcome) = promoted.settled {
        settled(outcome, environment, out)?;
    }
    let release = &opened.release;
    let shipped: Vec<String> = release.subjects.iter().map(Subject::short).collect();
    writeln!(
        out,
        "{BOLD}{} → {environment}{BOLD:#}  {DIM}{}{DIM:#}",
        release.name,
        shipped.join(", ")
    )?;
    let warn = outcome_style(Outcome::Unknown);
    for told in &promoted.not_understood {
        writeln!(out, "  {warn}?{warn:#} {}", render::clean(told))?;
    }
    render::verdict(&promoted.verdict, out)?;
    match promoted.outcome {
        Some(outcome) => arrived(outcome, &release.name, environment, out),
        None => Ok(()),
    }
}

fn settled(outcome: DeploymentOutcome, environment: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "an interrupted deployment to {environment} was settled first: {}",
        word(outcome)
    )
}

fn arrived(
    outcome: DeploymentOutcome,
    release: &str,
    environment: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let tone = outcome_style(match outcome {
        DeploymentOutcome::Healthy => Outcome::Allow,
        DeploymentOutcome::RolledBack | DeploymentOutcome::Failed => Outcome::Deny,
    });
    writeln!(
        out,
        "{tone}{release} in {environment}: {}{tone:#}",
        word(outcome)
    )
}

fn word(outcome: DeploymentOutcome) -> &'static str {
    match outcome {
        DeploymentOutcome::Healthy => "healthy",
        DeploymentOutcome::RolledBack => "failed, and rolled back to the last healthy release",
        DeploymentOutcome::Failed => "failed, and nothing healthy runs there",
    }
}

fn ended(outcome: DeploymentOutcome) -> Exit {
    match outcome {
        DeploymentOutcome::Healthy => Exit::Decided(Outcome::Allow),
        DeploymentOutcome::RolledBack => Exit::RolledBack,
        DeploymentOutcome::Failed => Exit::Decided(Outcome::Deny),
    }
}

/// Shows a step as it ends; where it cannot be shown, the deployment goes on, and the ledger has it.
fn show_step(ended: &StepEnded) {
    let tone = outcome_style(if ended.succeeded {
        Outcome::Allow
    } else {
        Outcome::Deny
    });
    let mark = if ended.succeeded { "✓" } else { "✗" };
    let mut out = anstream::stderr().lock();
    // What a server printed last stands below its step, never at the place of one.
    let detail = render::clean_lines(&ended.detail).replace('\n', "\n             ");
    drop(writeln!(
        out,
        "  {tone}{mark}{tone:#} {:<8} {DIM}{detail}{DIM:#}",
        ended.step
    ));
}
