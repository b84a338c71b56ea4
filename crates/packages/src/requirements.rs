//! pip's requirements and constraints files, and the `.in` files from which pip-compile makes them.
//!
//! `==` pins are components; everything wider is left open, for [`conclude`](crate::conclude) to
//! close by a constraint or to report. Markers are not judged.

use std::collections::BTreeSet;

use plimsoll_model::{Component, Ecosystem, LineIndex, Location, Span, Version};
use plimsoll_source::File;

use crate::facts::{Covers, Family, Include, Lock, Manifest, OpenRequirement};
use crate::requirement::{Requirement, parse};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    id: "requirements/2",
    globs: &[
        "**/*requirements*.txt",
        "**/requirements/**/*.txt",
        "**/constraints*.txt",
        "**/*-constraints.txt",
    ],
    read,
};

pub(crate) static INPUT_PARSER: Parser = Parser {
    id: "requirements-input/2",
    globs: &["**/*requirements*.in", "**/requirements/**/*.in"],
    read: read_input,
};

fn read(file: &File<'_>) -> Facts {
    let index = file.lines();
    let lines = logical_lines(file.text);
    let mut facts = Facts::default();
    let mut refused = 0;
    let mut first = None;
    for line in &lines {
        let location = index.location(file.path, line.span);
        if let Err(why) = read_line(line, &location, &mut facts) {
            refused += 1;
            first.get_or_insert((location, why));
        }
    }
    if let Some((location, why)) = first {
        if facts.components.is_empty() && is_prose(refused, lines.len()) {
            let gap = gap::no_requirements(location, refused, lines.len());
            return Facts { gaps: vec![gap], ..Facts::default() };
        }
        facts.gaps.push(gap::unreadable_requirement(location, &why, refused));
    }
    let names: BTreeSet<String> = facts.components.iter().map(|component| component.name.clone()).collect();
    if !names.is_empty() {
        facts.lock = Some(Lock { family: Family::Python, covers: Covers::Names(names) });
    }
    facts
}

/// Whether so many lines are refused that the file shares no more than its name with requirements.
/// pip installs nothing from a file with one such line, so nothing ships by way of prose.
fn is_prose(refused: usize, total: usize) -> bool {
    const FEW: usize = 10;
    refused >= FEW && refused > total / 2
}

/// An input file locks nothing: its pins are no components, they come again in what is made of it.
fn read_input(file: &File<'_>) -> Facts {
    let facts = read(file);
    let pinned = facts.components.iter().map(|component| (&component.name, &component.location));
    let open = facts.requirements.open.iter().map(|open| (&open.name, &open.location));
    let asked: Vec<_> = pinned.chain(open).collect();
    let manifest = asked.iter().map(|(_, location)| *location).min().map(|first| Manifest {
        family: Family::Python,
        package: None,
        needs: asked.iter().map(|(name, _)| (*name).clone()).collect(),
        folders: BTreeSet::new(),
        location: first.clone(),
    });
    Facts { gaps: facts.gaps, manifest, ..Facts::default() }
}

/// Reads one line into the facts; the error says why it cannot be read.
fn read_line(line: &LogicalLine, location: &Location, facts: &mut Facts) -> Result<(), String> {
    let (requirement, options) = split_options(&line.text);
    if requirement.is_empty() {
        return read_option(options, location, facts);
    }
    match parse(requirement).map_err(|error| error.to_string())? {
        Requirement::Pinned { name, version } => facts.components.push(Component {
            ecosystem: Ecosystem::new(Ecosystem::PYPI),
            name,
            version: Version::new(version),
            location: location.clone(),
            checksum: only_hash(options),
            dependencies: Vec::new(),
        }),
        Requirement::Open { name, range } => {
            facts.requirements.open.push(OpenRequirement { name, range, location: location.clone() });
        }
        Requirement::Foreign { name, source } => {
            facts.gaps.push(gap::foreign_source(location.clone(), &name, source));
        }
        Requirement::Folder => {}
    }
    Ok(())
}

/// The options that choose where and how to install, not what.
const SETTINGS: [&str; 14] = [
    "--index-url",
    "--extra-index-url",
    "--no-index",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--trusted-host",
    "--use-feature",
    "--global-option",
    "--config-settings",
    "--all-releases",
];

fn read_option(text: &str, location: &Location, facts: &mut Facts) -> Result<(), String> {
    let include =
        |path: &str, constraint| Include { path: path.to_owned(), constraint, location: location.clone() };
    if let Some(path) = option(text, "-r", "--requirement") {
        facts.requirements.includes.push(include(path, false));
    } else if let Some(path) = option(text, "-c", "--constraint") {
        facts.requirements.includes.push(include(path, true));
    } else if let Some(place) = option(text, "-e", "--editable") {
        if let Ok(Requirement::Foreign { name, source }) = parse(place) {
            facts.gaps.push(gap::foreign_source(location.clone(), &name, source));
        }
    } else {
        let name = text.split(['=', ' ', '\t']).next().unwrap_or(text);
        let short = name.starts_with("-i") || name.starts_with("-f");
        if !short && !SETTINGS.contains(&name) {
            return Err("pip has no such option for a requirements file".to_owned());
        }
    }
    Ok(())
}

/// The value of an option in any of the ways pip reads: `-rF`, `-r F`, `-r=F`, `--long F`, `--long=F`.
fn option<'a>(text: &'a str, short: &str, long: &str) -> Option<&'a str> {
    let value = match text.strip_prefix(long) {
        Some(value) if value.starts_with(['=', ' ', '\t']) => value,
        Some(_) => return None,
        None if text.starts_with("--") => return None,
        None => text.strip_prefix(short)?,
    };
    Some(value.trim_start_matches(['=', ' ', '\t']).trim().trim_matches(['"', '\'']))
}

/// Parts a requirement from the options behind it; the first word that begins with a hyphen starts them.
fn split_options(text: &str) -> (&str, &str) {
    let mut at = 0;
    for word in text.split_inclusive([' ', '\t']) {
        if word.starts_with('-') {
            break;
        }
        at += word.len();
    }
    (text[..at].trim(), text[at..].trim())
}

/// The SHA-256 of a requirement that names one file alone. Several hashes are those of several files
/// of one release, and none of them is the component's.
fn only_hash(options: &str) -> Option<String> {
    let mut hashes = options.split("--hash").skip(1).map(|rest| rest.trim_start_matches(['=', ' ', '\t']));
    let (first, second) = (hashes.next()?, hashes.next());
    let digits = first.split_whitespace().next()?.strip_prefix("sha256:")?;
    let whole = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (whole && second.is_none()).then(|| format!("sha256:{}", digits.to_ascii_lowercase()))
}

/// A line as pip reads it: continuations joined, comments cut off.
#[derive(Debug)]
struct LogicalLine {
    text: String,
    /// The part of its first line that says something.
    span: Span,
}

/// Joins and cuts lines in pip's order: a backslash at the end continues a line, but a comment line
/// in between ends it.
fn logical_lines(text: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut open: Option<(String, Span)> = None;
    let index = LineIndex::new(text);
    for number in 1.. {
        let Some(whole) = index.line_span(number) else { break };
        let line = text[whole.start..whole.end].trim_start_matches('\u{feff}');
        let comment = line.trim_start().starts_with('#');
        let continued = line.strip_suffix('\\').filter(|_| !comment);
        let part = continued.unwrap_or(line);
        let (joined, span) = open.take().unwrap_or_else(|| (String::new(), said(line, whole)));
        let joined = if comment { format!("{joined} {part}") } else { joined + part };
        if continued.is_some() {
            open = Some((joined, span));
        } else {
            lines.push(LogicalLine { text: joined, span });
        }
    }
    lines.extend(open.map(|(text, span)| LogicalLine { text, span }));
    for line in &mut lines {
        line.text = without_comment(&line.text).trim().to_owned();
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

fn said(line: &str, whole: Span) -> Span {
    let body = without_comment(line).trim_end().trim_end_matches('\\').trim_end();
    let start = whole.end - line.len() + (body.len() - body.trim_start().len());
    Span::new(start, start + body.trim_start().len())
}

/// A `#` begins a comment at the beginning of a line or after white space.
fn without_comment(line: &str) -> &str {
    let starts = line.match_indices('#').map(|(at, _)| at);
    let comment =
        starts.into_iter().find(|at| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |at| &line[..at])
}
