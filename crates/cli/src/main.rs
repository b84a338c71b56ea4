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

fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let choice = match cli.color {
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
