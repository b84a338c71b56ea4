//! What people see at a terminal. It shows what the engine says and decides nothing.

mod clean;
mod finding;
mod style;
mod verdict;

use std::io;

use plimsoll_engine::{Checked, Looked, Report, masked};
use plimsoll_model::{Extent, Ran, Told};

pub(crate) use clean::{clean, clean_lines};
pub(crate) use style::{BOLD, COMMAND, DIM, outcome as outcome_style};
pub(crate) use verdict::verdict;

/// Writes the whole report of a check.
pub(crate) fn report(checked: &Checked, out: &mut dyn io::Write) -> io::Result<()> {
    let inspection = &checked.report.inspection;
    for (found, made) in inspection.findings.iter().zip(&checked.judgement.findings) {
        let doc = checked.report.docs.get(&found.rule);
        let comparison = checked.report.comparison.as_ref();
        let new_since = comparison.filter(|comparison| comparison.is_new(found));
        let new_since = new_since.map(|comparison| comparison.revision.as_str());
        finding::finding(found, doc, made, new_since, out)?;
    }
    for (gap, made) in inspection.gaps.iter().zip(&checked.judgement.gaps) {
        finding::gap(gap, made, out)?;
    }
    let (files, bytes) = (checked.files, checked.bytes);
    let components = inspection.components.len();
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}  {DIM}{files} files, {bytes} bytes, {components} components{DIM:#}",
        clean(&checked.report.subject_name)
    )?;
    for looked in &checked.report.inspectors {
        inspector(&checked.report, looked, out)?;
    }
    compared(&checked.report, out)?;
    verdict(&checked.report.verdict, out)
}

/// What the findings were compared with, and how many of them are new.
fn compared(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(comparison) = &report.comparison else {
        return Ok(());
    };
    let findings = &report.inspection.findings;
    let new = comparison.count_new(findings);
    let old = findings.len() - new;
    writeln!(
        out,
        "{DIM}  compared with {} ({:.12}): {new} new, {old} stood there already{DIM:#}",
        clean(&comparison.revision),
        comparison.baseline.commit.as_str()
    )
}

/// How much an inspector looked at, and what its conclusion rests on besides.
fn inspector(report: &Report, looked: &Looked, out: &mut dyn io::Write) -> io::Result<()> {
    let seen = Ran::describe(looked.ran.as_ref());
    let part = match looked.ran.as_ref().map(|ran| &ran.scope) {
        None | Some(Extent::Root) => String::new(),
        Some(scope) => format!(" in {}", clean(&scope.to_string())),
    };
    writeln!(
        out,
        "{DIM}  {:<13} {seen}{part}{DIM:#}",
        clean(&looked.gate_key)
    )?;
    for input in looked.ran.iter().flat_map(|ran| &ran.inputs) {
        let (name, digest) = (clean(&input.name), input.sha256.short());
        let age = match (input.as_of, report.age_days(input)) {
            (Some(as_of), Some(age)) => {
                format!(", as of {}, {} old", as_of.strftime("%Y-%m-%d"), days(age))
            }
            _ => String::new(),
        };
        writeln!(out, "{DIM}  {:<13} {name} {digest}{age}{DIM:#}", "")?;
    }
    Ok(())
}

fn days(days: u64) -> String {
    if days == 1 {
        "1 day".to_owned()
    } else {
        format!("{days} days")
    }
}

/// Shows a failure, its causes and what to do on standard error. Errors quote what strangers wrote, so
/// credentials in them are masked and control characters shown.
pub(crate) fn failure(failure: &Told) {
    let mut out = anstream::stderr().lock();
    if write_failure(failure, &mut out).is_err() {
        // Standard error is gone: there is nobody left to tell, and the exit code still says it.
    }
}

fn write_failure(failure: &Told, out: &mut dyn io::Write) -> io::Result<()> {
    let red = style::severity(plimsoll_model::Severity::Critical);
    let message = clean_lines(&masked(&failure.message));
    writeln!(out, "{red}error{red:#}: {message}")?;
    for cause in &failure.causes {
        writeln!(out, "  because: {}", clean_lines(&masked(cause)))?;
    }
    match &failure.hint {
        Some(hint) => writeln!(out, "hint: {}", clean_lines(&masked(hint))),
        None => Ok(()),
    }
}
