//! `plimsoll init`.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::Context as _;
use plimsoll_engine::POLICY_FILE;

use crate::args;
use crate::commands::open;
use crate::exit::Exit;

/// What a new policy holds: the defaults, spelled out.
const TEMPLATE: &str = include_str!("init.toml");

/// Writes a policy to start from; one that is there is never replaced.
pub(crate) fn run(args: &args::Init) -> anyhow::Result<Exit> {
    let path = args.path.join(POLICY_FILE);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(TEMPLATE.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    open::write(None, |out| {
        writeln!(
            out,
            "wrote {}\nnext: plimsoll db import SOURCE, then plimsoll check",
            path.display()
        )
    })?;
    Ok(Exit::Done)
}
