//! Components against advisories: one finding a component and flaw, and a gap for whatever could not
//! be decided.
//!
//! Gaps of a whole ecosystem (no database, an old one, unreadable records, no version order) are
//! told once; gaps of a component (its version, an advisory without versions) where it stands.

mod gaps;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{Component, Finding, Fix, Inspection, Matter, Reference, RuleFamily, RuleId};

use crate::block::{Block, Row};
use crate::database::Database;
use crate::ecosystem::split;
use crate::file::{Damage, EcosystemFile};
use crate::format::Details;
use crate::record::one_line;

use gaps::Gaps;
pub use gaps::{GAPS, STALE_DATABASE};

const SHOWN_MAX_CHARS: usize = 240;

impl Database {
    /// Matches components against the advisories.
    ///
    /// A finding has the id `dependency/<ID>`, where the id is the flaw's GHSA id if it has one, else
    /// the record's own; its references list every other id. Its severity is the flaw's highest over
    /// all records that are aliases of one another. Its fix is the smallest version above the
    /// installed one that a record of the flaw names as a fix and that none of them affects.
    /// `max_age` is how long before `now` the last known advisory may lie. The order of the result
    /// depends on the set of components alone; its `components` stay empty, because the caller has them.
    pub fn inspect(
        &self,
        components: &[Component],
        now: Timestamp,
        max_age: Option<SignedDuration>,
    ) -> Inspection {
        let mut inspection = Inspection::default();
        let mut gaps = Gaps::default();
        for component in components {
            let base = split(component.ecosystem.as_str()).base;
            let Some(file) = self.file(base) else {
                // What names no version has a gap of its own, with or without advisories.
                if component.version.is_some() {
                    gaps.missing_database(base);
                }
                continue;
            };
            gaps.judged_by(base);
            match judge(file, component, &mut gaps) {
                Ok(findings) => inspection.findings.extend(findings),
                Err(damage) => gaps.damaged(base, damage),
            }
        }
        inspection.gaps = gaps.conclude(self, now, max_age);
        inspection.sort();
        inspection
    }
}

/// What the advisories say about one component.
fn judge(
    file: &EcosystemFile,
    component: &Component,
    gaps: &mut Gaps,
) -> Result<Vec<Finding>, Damage> {
    let parts = split(component.ecosystem.as_str());
    let name = file
        .rules()
        .map_or(component.name.as_str().into(), |rules| {
            (rules.normalize)(&component.name)
        });
    if !gaps.release_is_known(file, parts, component) {
        return Ok(Vec::new());
    }
    let mut findings = BTreeMap::new();
    for release in BTreeSet::from([parts.release, ""]) {
        let Some(block) = file.find(release, &name)? else {
            continue;
        };
        let Some(version) = &component.version else {
            gaps.unversioned(component);
            continue;
        };
        let judged = Judged::of(file, &block, version.as_str())?;
        for (flaw, advisories) in &judged.affecting {
            let fix = judged.fix(*flaw);
            let finding = finding(file, component, advisories, fix)?;
            findings.entry(*flaw).or_insert(finding);
        }
        if judged.unordered {
            gaps.unordered(file, component);
        } else {
            for (flaw, advisory) in &judged.undecided {
                if !judged.affecting.contains_key(flaw) {
                    gaps.undecided(component, &file.details(*advisory)?.id);
                }
            }
        }
    }
    Ok(findings.into_values().collect())
}

/// One component against the block of its package.
struct Judged<'a> {
    block: Block<'a>,
    rank: Option<u16>,
    /// The records that affect the version, by flaw.
    affecting: BTreeMap<u32, BTreeSet<u32>>,
    /// All rows, by flaw.
    rows: BTreeMap<u32, Vec<Row>>,
    /// Records that may or may not affect it, with their flaws.
    undecided: BTreeSet<(u32, u32)>,
    /// Whether there was something to compare the version with, and it could not be compared.
    unordered: bool,
}

impl<'a> Judged<'a> {
    fn of(file: &EcosystemFile, block: &Block<'a>, version: &str) -> Result<Self, Damage> {
        let parsed = file
            .rules()
            .and_then(|rules| Some((rules, rules.key(version)?)));
        let rank = match &parsed {
            Some((rules, parsed)) => Some(
                block
                    .rank(rules, parsed)
                    .ok_or(Damage("a package's versions cannot be read"))?,
            ),
            None => None,
        };
        let mut judged = Self {
            block: *block,
            rank,
            affecting: BTreeMap::new(),
            rows: BTreeMap::new(),
            undecided: BTreeSet::new(),
            unordered: false,
        };
        judged.compare(file, version)?;
        judged.unordered =
            parsed.is_none() && (!judged.rows.is_empty() || !judged.undecided.is_empty());
        Ok(judged)
    }

    fn compare(&mut self, file: &EcosystemFile, version: &str) -> Result<(), Damage> {
        for row in self.block.rows() {
            let flaw = file.flaw(row.advisory)?;
            if self.rank.is_some_and(|rank| row.contains(rank)) {
                self.affecting.entry(flaw).or_default().insert(row.advisory);
            }
            self.rows.entry(flaw).or_default().push(row);
        }
        for (advisory, named) in self
            .block
            .named()
            .ok_or(Damage("a package's versions cannot be read"))?
        {
            if named == version {
                self.affecting
                    .entry(file.flaw(advisory)?)
                    .or_default()
                    .insert(advisory);
            }
        }
        for advisory in self.block.undecided() {
            self.undecided.insert((file.flaw(advisory)?, advisory));
        }
        Ok(())
    }

    /// The smallest version above the installed one that a record of the flaw names as its fix and
    /// that none of them affects.
    fn fix(&self, flaw: u32) -> Option<&'a str> {
        let (rows, installed) = (self.rows.get(&flaw)?, self.rank?);
        let fixes = rows
            .iter()
            .filter(|row| row.fixed)
            .filter_map(|row| row.high.checked_add(1));
        let fixes =
            fixes.filter(|fix| *fix > installed && !rows.iter().any(|row| row.contains(*fix)));
        self.block.boundary(usize::from(fixes.min()? / 2))
    }
}

fn finding(
    file: &EcosystemFile,
    component: &Component,
    advisories: &BTreeSet<u32>,
    fix: Option<&str>,
) -> Result<Finding, Damage> {
    let details = advisories
        .iter()
        .map(|advisory| file.details(*advisory))
        .collect::<Result<Vec<_>, _>>()?;
    let lead = lead(&details);
    let id = one_line(preferred_id(&details), SHOWN_MAX_CHARS);
    let summary = one_line(&lead.summary, SHOWN_MAX_CHARS);
    let package = one_line(&component.label(), 200);
    let message = if summary.is_empty() {
        format!("{package} is affected by {id}")
    } else {
        format!("{package}: {summary}")
    };
    let rule = RuleId::new("dependency", &rule_name(&id));
    let mut finding = Finding::at_places(rule, lead.severity, message, component.places.clone());
    finding.matter = Some(Matter::Component {
        ecosystem: component.ecosystem.clone(),
        name: component.name.clone(),
        version: component.version.clone(),
    });
    finding.references = references(&details);
    finding.fix = fix.map(|version| Fix {
        message: format!("upgrade {} to {version}", one_line(&component.name, 120)),
        version: Some(version.to_owned()),
    });
    Ok(finding)
}

/// The rules that advisories bring: each is the id of one.
pub static FAMILY: RuleFamily = RuleFamily {
    pattern: "ADVISORY-ID",
    holds: is_advisory_id,
    title: "a component has the known flaw of this id",
    why: "the locked version is in the range that the advisory names as affected",
    fix: "raise the version to the one that fixes it, lock it, and check again",
};

/// Whether a name is an id as databases of advisories give them: `GHSA-…`, `RUSTSEC-2024-0001`. Those
/// of our own rules and gaps begin with a small letter.
fn is_advisory_id(name: &str) -> bool {
    name.split_once('-').is_some_and(|(database, number)| {
        database.starts_with(|first: char| first.is_ascii_uppercase()) && !number.is_empty()
    })
}

/// An advisory's id as the name of a rule, which holds no white space and is not long.
fn rule_name(id: &str) -> String {
    id.chars()
        .take(120)
        .map(|character| {
            if character.is_whitespace() {
                '-'
            } else {
                character
            }
        })
        .collect()
}

/// The record whose words are shown: one with a summary, else the first.
fn lead(details: &[Details]) -> &Details {
    let with_summary = details.iter().find(|details| !details.summary.is_empty());
    with_summary
        .or(details.first())
        .expect("a finding has at least one record")
}

/// A matched record's own GHSA id, else a GHSA id among the aliases, else the first record's id.
fn preferred_id(details: &[Details]) -> &str {
    let is_ghsa = |id: &&String| id.starts_with("GHSA-");
    let own = details.iter().map(|details| &details.id);
    let aliases = details.iter().flat_map(|details| &details.aliases);
    own.clone()
        .filter(is_ghsa)
        .min()
        .or(aliases.filter(is_ghsa).min())
        .or(own.min())
        .map_or("", String::as_str)
}

/// Every id of the flaw, then its weaknesses; a page where the record names one.
fn references(details: &[Details]) -> Vec<Reference> {
    let mut pages: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for detail in details {
        pages
            .entry(&detail.id)
            .or_default()
            .clone_from(&detail.url.as_deref());
        for id in detail.aliases.iter().chain(&detail.weaknesses) {
            pages.entry(id).or_default();
        }
    }
    let reference = |(id, url): (&str, Option<&str>)| Reference {
        id: one_line(id, SHOWN_MAX_CHARS),
        url: url.map(|url| one_line(url, 512)),
    };
    pages.into_iter().map(reference).collect()
}
