//! `plimsoll release`.

use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_engine::{Ledger, Release, Shipment, create_release, releases};
use plimsoll_model::{Subject, Told};

use crate::args::ReleaseCommand;
use crate::commands::open;
use crate::exit::Exit;
use crate::render::clean;

/// How many releases are held at a time while all are listed.
const PAGE: usize = 200;

/// Makes or lists releases.
pub(crate) fn run(command: ReleaseCommand) -> Result<Exit, Told> {
    match command {
        ReleaseCommand::Create {
            name,
            artifact,
            image,
            policy,
            state,
        } => {
            let (_, service) = open::service(&policy)?;
            let ledger =
                Ledger::open_or_create(&state.state, &open::log_password()?, Timestamp::now)?;
            let shipment = Shipment {
                files: &artifact,
                images: &image,
            };
            let release = create_release(&ledger, &service, &name, &shipment)?;
            open::write(None, |out| line(&release, out))?;
        }
        ReleaseCommand::List { policy, state } => {
            let (_, service) = open::service(&policy)?;
            let ledger = Ledger::open(&state.state, &open::log_password()?, Timestamp::now)?;
            let mut next = Some(0);
            while let Some(from_seq) = next {
                let page = releases(&ledger, &service, from_seq, PAGE)?;
                open::write(None, |out| {
                    page.items.iter().try_for_each(|release| line(release, out))
                })?;
                next = page.next;
            }
        }
    }
    Ok(Exit::Done)
}

fn line(release: &Release, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}  {:<24}", release.id, clean(&release.name))?;
    for subject in &release.subjects {
        let kind = match subject {
            Subject::Image { .. } => "image ",
            Subject::Manifests { .. } => "manifests ",
            Subject::Artifact { .. } | Subject::Source { .. } | Subject::Tool { .. } => "",
        };
        write!(out, "  {kind}{}", subject.key())?;
    }
    writeln!(out)
}
