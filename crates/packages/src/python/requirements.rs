//! pip's requirements and constraints files, and the `.in` files from which pip-compile makes them.
//!
//! `==` pins are components; everything wider is left open, for [`conclude`](crate::conclude) to
//! close by a constraint or to report. Markers are not judged.

use std::collections::BTreeSet;

use plimsoll_model::{Checksum, ChecksumAlgorithm, Component, Location, Span};
use plimsoll_source::TextFile;

use super::ECOSYSTEM;
use super::logical_line::{LogicalLine, logical_lines};
use super::pip_option::{self, PipOption};
use super::requirement::{Requirement, parse};
use super::requirements_facts::{Include, IncludeKind, OpenRequirement, Requirements};
use crate::facts::{Covers, Lock, Manifest};
use crate::{Facts, Parser, gap};

pub(crate) static PARSER: Parser = Parser {
    globs: &[
        "**/*requirements*.txt",
        "**/requirements/**/*.txt",
        "**/constraints*.txt",
        "**/*-constraints.txt",
    ],
    read,
};

pub(crate) static INPUT_PARSER: Parser = Parser {
    globs: &["**/*requirements*.in", "**/requirements/**/*.in"],
    read: read_input,
};

fn read(file: &TextFile<'_>) -> Facts {
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
    if let Some(span) = foreign_encoding(file.text) {
        let why =
            "it declares another encoding than UTF-8, in which the file may say something else";
        facts.gaps.push(gap::unreadable_requirement(
            index.location(file.path, span),
            why,
            1,
        ));
    }
    if let Some((location, why)) = first {
        if facts.components.is_empty() && is_prose(refused, lines.len()) {
            let gap = gap::no_requirements(location, refused, lines.len());
            return Facts::gap(gap);
        }
        facts
            .gaps
            .push(gap::unreadable_requirement(location, &why, refused));
    }
    let names: BTreeSet<String> = facts
        .components
        .iter()
        .map(|component| component.name.clone())
        .collect();
    if !names.is_empty() {
        facts.lock = Some(Lock::of(Covers::Names(names)));
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
fn read_input(file: &TextFile<'_>) -> Facts {
    let facts = read(file);
    let pinned = facts
        .components
        .iter()
        .filter_map(|component| Some((&component.name, component.places.first()?.file()?)));
    let open = facts
        .requirements
        .open
        .iter()
        .map(|open| (&open.name, &open.location));
    let asked: Vec<_> = pinned.chain(open).collect();
    let manifest = asked
        .iter()
        .map(|(_, location)| *location)
        .min()
        .map(|first| {
            let names = asked.iter().map(|(name, _)| (*name).clone());
            Manifest::by_name(names, first.clone())
        });
    let requirements = Requirements {
        includes: facts.requirements.includes,
        ..Requirements::default()
    };
    Facts {
        gaps: facts.gaps,
        manifest,
        requirements,
        ..Facts::default()
    }
}

/// Reads one line into the facts; the error says why it cannot be read.
fn read_line(line: &LogicalLine, location: &Location, facts: &mut Facts) -> Result<(), String> {
    let (requirement, options) = split_options(&line.text);
    if requirement.is_empty() {
        return read_options(options, location, facts);
    }
    facts.requirements.sealed |= options.contains("--hash");
    match parse(requirement).map_err(|error| error.to_string())? {
        Requirement::Pinned { name, version } => facts.components.push(Component {
            checksums: only_hash(options).into_iter().collect(),
            ..ECOSYSTEM.component(&name, version, location.clone())
        }),
        Requirement::Open { name, range } => {
            facts.requirements.open.push(OpenRequirement {
                name,
                range,
                location: location.clone(),
            });
        }
        Requirement::Foreign { name, source } => {
            facts
                .gaps
                .push(gap::foreign_source(location.clone(), &name, source));
        }
        Requirement::Folder { path } => include(path, IncludeKind::Project, location, facts),
    }
    Ok(())
}

fn read_options(text: &str, location: &Location, facts: &mut Facts) -> Result<(), String> {
    for option in pip_option::parse(text).map_err(|error| error.to_string())? {
        match option {
            PipOption::Requirement(path) => {
                include(&path, IncludeKind::Requirements, location, facts)
            }
            PipOption::Constraint(path) => {
                include(&path, IncludeKind::Constraints, location, facts)
            }
            PipOption::Sealed => facts.requirements.sealed = true,
            PipOption::Editable(place) => match parse(&place).map_err(|error| error.to_string())? {
                Requirement::Foreign { name, source } => {
                    facts
                        .gaps
                        .push(gap::foreign_source(location.clone(), &name, source));
                }
                Requirement::Folder { path } => {
                    include(path, IncludeKind::Project, location, facts)
                }
                // A bare name is a folder here.
                Requirement::Pinned { .. } | Requirement::Open { .. } => {
                    let path = place.split('[').next().unwrap_or(&place);
                    include(path, IncludeKind::Project, location, facts);
                }
            },
        }
    }
    Ok(())
}

fn include(path: &str, kind: IncludeKind, location: &Location, facts: &mut Facts) {
    facts.requirements.includes.push(Include {
        path: path.to_owned(),
        kind,
        location: location.clone(),
    });
}

/// Where the file declares an encoding (PEP 263, which pip follows) in which its bytes could be other
/// lines than those that are read here. A byte order mark goes before it.
fn foreign_encoding(text: &str) -> Option<Span> {
    const SAME: [&str; 5] = ["utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"];
    let mut start = 0;
    for line in text.split('\n').take(2) {
        let declared = line.strip_prefix('#').and_then(|comment| {
            comment
                .split("coding")
                .skip(1)
                .find_map(|rest| rest.strip_prefix([':', '=']))
        });
        let word = |character: char| character.is_alphanumeric() || "-_.".contains(character);
        let name = declared.map(|rest| {
            let rest = rest.trim_start();
            rest[..rest
                .find(|character| !word(character))
                .unwrap_or(rest.len())]
                .to_ascii_lowercase()
        });
        if name.is_some_and(|name| !SAME.contains(&name.replace('_', "-").as_str())) {
            return Some(Span::new(start, start + line.len()));
        }
        start += line.len() + 1;
    }
    None
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
fn only_hash(options: &str) -> Option<Checksum> {
    let mut hashes = options
        .split("--hash")
        .skip(1)
        .map(|rest| rest.trim_start_matches(['=', ' ', '\t']));
    let (first, second) = (hashes.next()?, hashes.next());
    let digits = first.split_whitespace().next()?.strip_prefix("sha256:")?;
    let only = Checksum::new(ChecksumAlgorithm::Sha256, digits);
    only.filter(|_| second.is_none())
}
