//! `plimsoll explain`.

use plimsoll_engine::{Explained, Explanation, explain, explain_all, nearest};
use plimsoll_model::{Class, RuleId, Told};

use crate::args;
use crate::commands::open;
use crate::exit::Exit;
use crate::render::BOLD;

/// Shows one rule, gap or reason, or the list of all.
pub(crate) fn run(args: &args::Explain) -> Result<Exit, Told> {
    match &args.rule {
        Some(rule) => show(rule),
        None => list(),
    }?;
    Ok(Exit::Done)
}

fn show(rule: &str) -> Result<(), Told> {
    let id: RuleId = rule.parse()?;
    let explanation = explain(&id).ok_or_else(|| unknown(&id))?;
    open::write(None, |out| {
        let (id, subject) = (&explanation.id, subject(&explanation));
        writeln!(
            out,
            "{BOLD}{id}{BOLD:#} ({subject})\n{}\n",
            explanation.title
        )?;
        writeln!(out, "{BOLD}Why{BOLD:#}\n{}\n", explanation.why)?;
        if explanation.fix.is_empty() {
            return Ok(());
        }
        writeln!(out, "{BOLD}How to fix it{BOLD:#}\n{}", explanation.fix)
    })
}

fn list() -> Result<(), Told> {
    open::write(None, |out| {
        for explanation in explain_all() {
            let title = &explanation.title;
            let (id, subject) = (&explanation.id, subject(&explanation));
            writeln!(out, "{id:<40} {subject:<17} {title}")?;
        }
        Ok(())
    })
}

fn subject(explanation: &Explanation) -> String {
    match explanation.subject {
        Explained::Rule(severity) => format!("rule, {severity}"),
        Explained::Gap(kind) => format!("gap, {}", kind.as_str()),
        Explained::Reason(outcome) => format!("reason, {}", outcome.as_str()),
    }
}

fn unknown(id: &RuleId) -> Told {
    let hint = nearest(id).map_or_else(
        || "`plimsoll explain` lists all of them".to_owned(),
        |nearest| format!("did you mean `{nearest}`?"),
    );
    Told::new(
        Class::Usage,
        format!("this build has no rule, gap or reason `{id}`"),
    )
    .with_hint(&hint)
}
