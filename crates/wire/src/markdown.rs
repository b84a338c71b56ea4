//! The report as GitHub-flavoured Markdown, for a comment on a pull request.
//!
//! Everything that comes from the tree is escaped: a file name or a message must not be able to draw
//! a link, an image, a mention or a line of its own into the comment.

use std::io::{self, Write};

use plimsoll_model::{Extent, Finding, Gap, Outcome, Place, Ran, Reason, Severity, Subject};

use crate::plain::plain;
use crate::{Comparison, PolicyIdentity, Report};

/// A comment shows no more of each; the JSON report has them all.
const MOST_SHOWN: usize = 50;

/// Writes the report as headings, tables and lists.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    verdict(report, out)?;
    findings(&report.inspection.findings, out)?;
    gaps(&report.inspection.gaps, out)?;
    basis(report, out)
}

fn verdict(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let outcome = report.verdict.outcome;
    writeln!(out, "## {} Plimsoll: {}\n", sign(outcome), outcome.as_str())?;
    writeln!(
        out,
        "| | Asked for | Seen | What to do |\n|---|---|---|---|"
    )?;
    for Reason {
        about,
        outcome,
        message,
        hint,
        ..
    } in &report.verdict.reasons
    {
        let (about, message, hint) = (escape(about), escape(message), escape(hint));
        writeln!(out, "| {} | {about} | {message} | {hint} |", sign(*outcome))?;
    }
    Ok(())
}

fn findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Findings ({})\n", findings.len())?;
    writeln!(
        out,
        "| Severity | Rule | Where | What | Fix |\n|---|---|---|---|---|"
    )?;
    for finding in findings.iter().take(MOST_SHOWN) {
        let fix = finding
            .fix
            .as_ref()
            .map_or_else(String::new, |fix| escape(&fix.message));
        writeln!(
            out,
            "| {} | {} | {} | {} | {fix} |",
            severity(finding.severity),
            code(finding.rule.as_str()),
            place(finding.places.first()),
            escape(&finding.message)
        )?;
    }
    rest(findings.len(), out)
}

fn gaps(gaps: &[Gap], out: &mut dyn Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Not checked ({})\n", gaps.len())?;
    writeln!(
        out,
        "| Gap | Kind | Where | What | Fix |\n|---|---|---|---|---|"
    )?;
    for gap in gaps.iter().take(MOST_SHOWN) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(gap.id.as_str()),
            gap.kind.as_str(),
            place(gap.place.as_ref()),
            escape(&gap.message),
            escape(&gap.fix)
        )?;
    }
    rest(gaps.len(), out)
}

fn rest(total: usize, out: &mut dyn Write) -> io::Result<()> {
    match total.checked_sub(MOST_SHOWN) {
        Some(more) if more > 0 => writeln!(out, "\n… and {more} more; the JSON report lists them."),
        Some(_) | None => Ok(()),
    }
}

/// What the verdict rests on.
fn basis(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n<details><summary>What this rests on</summary>\n")?;
    writeln!(
        out,
        "- Subject: {}{}",
        escape(&report.subject_name),
        subject(report.subject.as_ref())
    )?;
    writeln!(out, "- Policy: {}", policy(&report.policy))?;
    if let Some(comparison) = &report.comparison {
        let new = comparison.count_new(&report.inspection.findings);
        writeln!(out, "- Compared with {}: {new} new", compared(comparison))?;
    }
    writeln!(out, "- Components: {}", report.inspection.components.len())?;
    for looked in &report.inspectors {
        let (gate, title) = (escape(&looked.gate_key), escape(&looked.title));
        let seen = Ran::describe(looked.ran.as_ref());
        writeln!(
            out,
            "- Looked for {title} ({gate}): {seen}{}",
            scope(looked.ran.as_ref())
        )?;
    }
    inputs(report, out)?;
    writeln!(out, "\n</details>")
}

/// The part that was looked at, where it is not everything.
fn scope(ran: Option<&Ran>) -> String {
    match ran.map(|ran| &ran.scope) {
        None | Some(Extent::Root) => String::new(),
        Some(scope) => format!(" in {}", code(&scope.to_string())),
    }
}

/// What was gathered besides the files, with its age.
fn inputs(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (input, age_days) in report.inputs() {
        let (name, digest) = (escape(&input.name), code(&input.sha256.to_string()));
        let age = age_days.map_or_else(String::new, |days| {
            format!(" {days} {} old,", if days == 1 { "day" } else { "days" })
        });
        writeln!(out, "- Rests on: {name},{age} {digest}")?;
    }
    Ok(())
}

/// A revision and the commit that it is.
fn compared(comparison: &Comparison) -> String {
    let revision = code(&comparison.revision);
    format!("{revision} ({})", code(comparison.baseline.commit.as_str()))
}

/// Both digests of the policy, and whether it is trusted.
fn policy(policy: &PolicyIdentity) -> String {
    let stated = code(&policy.sha256.to_string());
    let file = policy.file_sha256.map_or_else(String::new, |file| {
        format!(" (file {})", code(&file.to_string()))
    });
    let trust = if policy.trusted {
        "from a trusted base"
    } else {
        "**untrusted tree**"
    };
    format!("{stated}{file}, {trust}")
}

fn subject(subject: Option<&Subject>) -> String {
    subject.map_or_else(
        || " (a work tree without a commit of its own)".to_owned(),
        |subject| format!(", {}", code(subject.key().as_str())),
    )
}

fn place(place: Option<&Place>) -> String {
    match place {
        None => String::new(),
        Some(Place::File(location)) if location.tree.is_whole() => {
            code(&format!("{}:{}", location.path, location.start.line))
        }
        Some(Place::File(location)) => {
            code(&format!("{}:{}", location.address(), location.start.line))
        }
        Some(place) => code(&place.to_string()),
    }
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "✅",
        Outcome::Unknown => "❔",
        Outcome::Deny => "❌",
    }
}

fn severity(severity: Severity) -> String {
    match severity {
        Severity::Low | Severity::Medium => severity.to_string(),
        Severity::High | Severity::Critical | Severity::Unknown => format!("**{severity}**"),
    }
}

/// Text as itself: what Markdown and HTML would read otherwise is written as a character reference,
/// line breaks become spaces. GitHub looks for mentions and issue numbers in the rendered text, so an
/// empty comment parts their sign from what follows.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // GitHub makes a link of whatever follows these four characters.
    let text = plain(text).replace("www.", "www\0");
    for character in text.chars() {
        match character {
            '\0' => out.push_str("&#46;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '@' | '#' => out.extend([character.to_string().as_str(), "<!-- -->"]),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '!' | '|'
            | '~' | '&' | ':' => {
                out.extend(["&#", &u32::from(character).to_string(), ";"]);
            }
            other => out.push(other),
        }
    }
    out
}

/// Text in a code element, so that nothing in it is read as Markdown.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}
