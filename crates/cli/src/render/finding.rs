//! One finding or gap: what, where with the source lines, why, and how to fix it.

use std::io::{self, Write};

use plimsoll_engine::{Disposition, Doc};
use plimsoll_model::{Excerpt, ExcerptLine, Finding, Gap};
use unicode_width::UnicodeWidthStr as _;

use super::clean::clean;
use super::style::{self, BOLD, DIM, FRAME, GAP};

/// Shows a finding: what the gate made of it, and the revision at which it did not stand yet.
pub(super) fn finding(
    finding: &Finding,
    doc: Option<&Doc>,
    made: &Disposition,
    new_since: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let tone = match made {
        Disposition::Denies => style::severity(finding.severity),
        Disposition::Warns
        | Disposition::Below
        | Disposition::Waived(_)
        | Disposition::Reported
        | Disposition::Older(_) => DIM,
    };
    let (severity, rule) = (finding.severity, &finding.rule);
    writeln!(
        out,
        "{tone}{severity}[{rule}]{tone:#}: {BOLD}{}{BOLD:#}",
        clean(&finding.message)
    )?;
    let lines = finding.excerpt.as_ref().map_or(&[][..], Excerpt::lines);
    let width = lines.last().map_or(1, |line| line.number.to_string().len());
    if let Some(location) = finding.places.first() {
        writeln!(
            out,
            "{:width$}{FRAME}-->{FRAME:#} {}",
            "",
            clean(&location.to_string())
        )?;
    }
    excerpt(lines, width, tone, out)?;
    notes(finding, doc, made, width, out)?;
    if let Some(revision) = new_since {
        let revision = clean(revision);
        writeln!(out, "{:width$} {FRAME}={FRAME:#} new since {revision}", "")?;
    }
    writeln!(out)
}

fn excerpt(
    lines: &[ExcerptLine],
    width: usize,
    tone: anstyle::Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:width$} {FRAME}|{FRAME:#}", "")?;
    for line in lines {
        excerpt_line(line, width, tone, out)?;
    }
    writeln!(out, "{:width$} {FRAME}|{FRAME:#}", "")
}

fn excerpt_line(
    line: &ExcerptLine,
    width: usize,
    tone: anstyle::Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = clean(&line.text);
    writeln!(out, "{FRAME}{:>width$} |{FRAME:#} {text}", line.number)?;
    let Some((start, end)) = line.marked else {
        return Ok(());
    };
    let columns = |to: usize| line.text.get(..to).map_or(0, |part| clean(part).width());
    let (from, to) = (columns(start), columns(end));
    let marks = "^".repeat(to.saturating_sub(from).max(1));
    writeln!(
        out,
        "{:width$} {FRAME}|{FRAME:#} {:from$}{tone}{marks}{tone:#}",
        "", ""
    )
}

fn notes(
    finding: &Finding,
    doc: Option<&Doc>,
    made: &Disposition,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    if finding.excerpt == Some(Excerpt::Changed) {
        writeln!(
            out,
            "{:width$} {FRAME}={FRAME:#} the file changed since it was inspected; its lines are not shown",
            ""
        )?;
    }
    for (number, step) in finding.trace.iter().enumerate() {
        let place = step.place.as_ref().map_or_else(String::new, |location| {
            format!("  {}", clean(&location.to_string()))
        });
        let lead = if number == 0 { "how" } else { "   " };
        writeln!(
            out,
            "{:width$} {FRAME}={FRAME:#} {lead}: {}. {}{DIM}{place}{DIM:#}",
            "",
            number + 1,
            clean(&step.message)
        )?;
    }
    if let Some(doc) = doc {
        writeln!(
            out,
            "{:width$} {FRAME}={FRAME:#} why: {}",
            "",
            fold(&doc.why)
        )?;
    }
    if let Some(fix) = &finding.fix {
        writeln!(
            out,
            "{:width$} {FRAME}={FRAME:#} fix: {}",
            "",
            fold(&fix.message)
        )?;
    }
    references(finding, width, out)?;
    disposition(made, width, out)
}

fn references(finding: &Finding, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let ids = finding.references.iter();
    let ids: Vec<_> = ids.map(|reference| reference.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids = clean(&ids.join(", "));
    writeln!(out, "{:width$} {FRAME}={FRAME:#} see: {ids}", "")
}

/// Shows a gap.
pub(super) fn gap(gap: &Gap, made: &Disposition, out: &mut dyn Write) -> io::Result<()> {
    let kind = gap.kind.as_str();
    writeln!(
        out,
        "{GAP}gap[{}]{GAP:#}: {BOLD}{}{BOLD:#}",
        gap.id,
        clean(&gap.message)
    )?;
    if let Some(location) = &gap.place {
        writeln!(out, " {FRAME}-->{FRAME:#} {}", clean(&location.to_string()))?;
    }
    writeln!(
        out,
        "  {FRAME}={FRAME:#} not checked ({kind}), so not passed"
    )?;
    writeln!(out, "  {FRAME}={FRAME:#} fix: {}", clean(&gap.fix))?;
    disposition(made, 1, out)?;
    writeln!(out)
}

fn disposition(made: &Disposition, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let note = match made {
        Disposition::Denies | Disposition::Warns => return Ok(()),
        Disposition::Below => "below the threshold of its gate".to_owned(),
        Disposition::Waived(waiver) => {
            format!(
                "waived until {} by {} ({}): {}",
                waiver.expires.0,
                waiver.owner,
                waiver.kind.as_str(),
                waiver.reason
            )
        }
        Disposition::Reported => "its gate only reports".to_owned(),
        Disposition::Older(since) => format!(
            "stood already at {:.12} (owner {}, until {})",
            since.commit.as_str(),
            since.owner,
            since.until.0
        ),
    };
    writeln!(
        out,
        "{:width$} {FRAME}={FRAME:#} {DIM}{}{DIM:#}",
        "",
        clean(&note)
    )
}

/// Prose in one line.
fn fold(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
