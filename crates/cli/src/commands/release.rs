//! `plimsoll release`.

use plimsoll_engine::{Ledger, create_release, releases};

use crate::args::ReleaseCommand;
use crate::commands::open;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::clean;

/// Makes or lists releases.
pub(crate) fn run(command: ReleaseCommand) -> Result<Exit, Failure> {
    match command {
        ReleaseCommand::Create {
            name,
            artifact,
            state,
        } => {
            let ledger = Ledger::open_or_create(&state.state, &open::log_password()?)?;
            let release = create_release(&ledger, &name, &artifact)?;
            open::write(None, |out| {
                writeln!(
                    out,
                    "{}  {}  {}",
                    release.id,
                    clean(&release.name),
                    release.artifact
                )
            })?;
        }
        ReleaseCommand::List { state } => {
            let ledger = Ledger::open(&state.state, &open::log_password()?)?;
            let releases = releases(&ledger)?;
            open::write(None, |out| {
                for release in &releases {
                    writeln!(
                        out,
                        "{}  {:<24}  {}",
                        release.id,
                        clean(&release.name),
                        release.artifact
                    )?;
                }
                Ok(())
            })?;
        }
    }
    Ok(Exit::Done)
}
