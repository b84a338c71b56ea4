//! `plimsoll init`.

use plimsoll_engine::POLICY_FILE;
use plimsoll_model::Told;

use crate::args;
use crate::commands::open;
use crate::exit::Exit;

/// What a new policy holds: the defaults, spelled out.
const TEMPLATE: &str = include_str!("init.toml");

/// Writes a policy to start from; one that is there is never replaced.
pub(crate) fn run(args: &args::Init) -> Result<Exit, Told> {
    let path = args.path.join(POLICY_FILE);
    plimsoll_durable::create(&path, 0o666, TEMPLATE.as_bytes())
        .map_err(|error| Told::about_file(format!("cannot make {}", path.display()), &error))?;
    open::write(None, |out| {
        writeln!(
            out,
            "wrote {}\nnext: plimsoll db import SOURCE, then plimsoll check",
            path.display()
        )
    })?;
    Ok(Exit::Done)
}
