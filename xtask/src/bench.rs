//! The release binary beside named peers, as ratios taken in one run.
//!
//! A figure alone says more about the machine than about the program; a ratio of two programs that
//! took turns on the same input survives the machine. A peer that cannot be had is named as
//! skipped, never left out in silence. Nothing here links the product: it is run as a user runs it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

mod corpus;
mod linear;
mod lockfile;
mod measure;
mod options;
mod peer;
mod plimsoll;
mod random;
mod rows;
mod table;

pub use options::Options;

/// Builds the release binary, measures every row and writes the figures as a table and as JSON.
pub fn run(
    root: &Path,
    options: &Options,
    out: &mut dyn Write,
    log: &mut dyn Write,
) -> Result<ExitCode> {
    let product = plimsoll::Product::build(root)?;
    let scratch = tempfile::tempdir().context("cannot make a scratch folder")?;
    let bench = rows::Bench {
        product: &product,
        options,
        scratch: scratch.path(),
    };
    let mut figures = table::Figures::default();
    for row in rows::ROWS
        .iter()
        .filter(|row| options.only.as_deref().is_none_or(|only| only == row.name))
    {
        writeln!(log, "measuring {} …", row.name).context("cannot write progress")?;
        (row.measure)(&bench, &mut figures)
            .with_context(|| format!("cannot measure the row {}", row.name))?;
    }
    if figures.is_empty() {
        bail!(
            "every row was skipped, so nothing was measured: {}",
            figures.skips()
        );
    }
    figures.write_table(out)?;
    figures.write_json(&options.json)?;
    writeln!(out, "\nfigures: {}", options.json.display()).context("cannot write the table")?;
    Ok(ExitCode::SUCCESS)
}
