//! `plimsoll sbom`.

use jiff::Timestamp;
use plimsoll_engine::{Options, Rules, inspect, sbom};
use plimsoll_model::Outcome;

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lists the components; what could not be read makes the exit code 2.
pub(crate) fn run(args: &args::Sbom) -> Result<Exit, Failure> {
    let (tree, name, subject) = open::tree(&args.path, args.rev.as_deref())?;
    let rules = Rules::builtin();
    let options = Options {
        rules: &rules,
        cache: None,
        progress: &|_| (),
    };
    let inspected = inspect(tree.as_ref(), &options);
    let (document, gaps) = sbom(&inspected, &name, subject.as_ref(), Timestamp::now());
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
