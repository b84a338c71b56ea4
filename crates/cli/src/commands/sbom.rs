//! `plimsoll sbom`.

use jiff::Timestamp;
use plimsoll_engine::{list_components, sbom};
use plimsoll_model::{Outcome, Told};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;

/// Lists the components; what could not be read makes the exit code 2.
pub(crate) fn run(args: &args::Sbom) -> Result<Exit, Told> {
    let open::Named {
        tree,
        name,
        subject,
        ..
    } = open::tree(&args.path, args.rev.as_deref())?;
    let now = Timestamp::now();
    let inspected = list_components(tree.as_ref(), now)?;
    let (document, gaps) = sbom(&inspected, &name, subject.as_ref(), now);
    open::write(args.output.as_deref(), |out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    })?;
    for gap in &gaps {
        anstream::eprintln!("gap[{}]: {}\n  fix: {}", gap.id, gap.message, gap.fix);
    }
    Ok(Exit::Decided(if gaps.is_empty() {
        Outcome::Allow
    } else {
        Outcome::Unknown
    }))
}
