//! One file a command. Each reads its options, calls the engine, shows the outcome.

mod attest;
mod check;
mod db;
mod demo;
mod explain;
mod init;
mod key;
mod ledger;
mod open;
mod promote;
mod release;
mod sbom;
mod sign;
mod status;

use plimsoll_model::Told;

use crate::args::Command;
use crate::exit::Exit;

/// Runs a command.
pub(crate) fn run(command: Command) -> Result<Exit, Told> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Sbom(args) => sbom::run(&args),
        Command::Db(args) => db::run(args.command),
        Command::Key(args) => key::run(args.command),
        Command::Sign(args) => sign::sign(&args),
        Command::Verify(args) => sign::verify(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Attest(args) => attest::run(args.command),
        Command::Release(args) => release::run(args.command),
        Command::Promote(args) => promote::promote(&args),
        Command::Approve(args) => promote::approve(&args),
        Command::Rollback(args) => promote::rollback(&args),
        Command::Status(args) => status::run(&args),
        Command::Ledger(args) => ledger::run(args.command),
        Command::Demo(args) => demo::run(&args),
    }
}
