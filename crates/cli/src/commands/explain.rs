//! `plimsoll explain`.

use plimsoll_engine::{explain, rule_ids};
use plimsoll_model::{Class, RuleId};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::BOLD;

/// Shows one rule, or the list of all.
pub(crate) fn run(args: &args::Explain) -> Result<Exit, Failure> {
    let Some(rule) = &args.rule else {
        open::write(None, |out| {
            for rule in rule_ids() {
                let title =
                    explain(&rule).map_or_else(String::new, |explanation| explanation.title);
                let short = title.split([':', '.']).next().unwrap_or(&title);
                writeln!(out, "{rule:<40} {short}")?;
            }
            Ok(())
        })?;
        return Ok(Exit::Done);
    };
    let id: RuleId = rule.parse()?;
    let explanation = explain(&id).ok_or_else(|| unknown(rule))?;
    open::write(None, |out| {
        writeln!(out, "{BOLD}{id}{BOLD:#}\n{}\n", explanation.title)?;
        writeln!(out, "{BOLD}Why{BOLD:#}\n{}\n", explanation.why)?;
        writeln!(out, "{BOLD}How to fix it{BOLD:#}\n{}", explanation.fix)
    })?;
    Ok(Exit::Done)
}

fn unknown(rule: &str) -> Failure {
    Failure {
        class: Class::Usage,
        ..Failure::configuration(format!("this build has no rule `{rule}`"))
    }
    .with_hint("`plimsoll explain` lists all rules")
}
