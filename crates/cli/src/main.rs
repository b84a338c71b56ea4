//! The `plimsoll` binary: reads the command line, runs one use-case of the engine, shows the outcome.
//!
//! The only crate that prints. It decides nothing itself: an outcome becomes an exit code, and an
//! error that is not an outcome never becomes one that means "allowed".

mod args;
mod commands;
mod exit;
mod panic;
mod render;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Color};

fn main() -> ExitCode {
    panic::guard(run)
}

/// Whether the environment asks for colour where there is no terminal, as hosted CI does with `FORCE_COLOR`.
/// Whoever wants none (`NO_COLOR`) is heard first.
fn is_colour_forced() -> bool {
    let forced = std::env::var_os("FORCE_COLOR").unwrap_or_default();
    let refused = std::env::var_os("NO_COLOR").unwrap_or_default();
    !forced.is_empty() && forced != "0" && refused.is_empty()
}

fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let choice = match cli.color {
        Color::Auto if is_colour_forced() => anstream::ColorChoice::Always,
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    match commands::run(cli.command) {
        Ok(exit) => exit.into(),
        Err(failure) => exit::failed(&failure),
    }
}
