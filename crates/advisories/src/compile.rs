//! Turns records into the bytes of a database. Equal records give equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_model::EcosystemRules;

use crate::block::{ADVISORIES_MAX, BOUNDARIES_MAX, BlockContent, Row};
use crate::ecosystem::package_key;
use crate::file::{entry_check, slot_check};
use crate::flaw::flaws;
use crate::format::{Details, Header, Meta, Unreadable, check, tag};
use crate::record::{Affected, Range, Record};
use crate::spans::{End, Point, Span, spans};

/// How many unreadable records are named; all are counted.
pub(crate) const UNREADABLE_NAMED_MAX: usize = 100;

/// A database before it is written, and how much of it cannot be decided.
pub(crate) struct Compiled {
    /// The bytes of the file.
    pub(crate) bytes: Vec<u8>,
    /// What it is about.
    pub(crate) meta: Meta,
    /// How many pairs of record and package name no versions that can be ordered.
    pub(crate) undecided: u64,
}

/// A database larger than its format can address.
#[derive(Debug)]
pub(crate) struct TooLarge;

/// Compiles the records that affect one ecosystem, whose rules order its versions. `unreadable` is sorted;
/// `unreadable_count` counts also those it does not name.
pub(crate) fn compile(
    base: &str,
    rules: Option<&EcosystemRules>,
    records: &[Record],
    unreadable: &[Unreadable],
    unreadable_count: u64,
    as_of: Timestamp,
) -> Result<Compiled, TooLarge> {
    let ours: Vec<&Record> = records
        .iter()
        .filter(|record| record.affected.iter().any(|affected| affected.base == base))
        .collect();
    let mut live: Vec<&Record> = ours
        .iter()
        .copied()
        .filter(|record| !record.withdrawn)
        .collect();
    live.sort_by(|left, right| left.id.cmp(&right.id));
    if live.len() >= ADVISORIES_MAX {
        return Err(TooLarge);
    }
    let packages = packages(base, &live);
    let releases: BTreeSet<&str> = packages
        .keys()
        .map(|key| key.release)
        .filter(|r| !r.is_empty())
        .collect();
    let meta = Meta {
        ecosystem: base.to_owned(),
        records: ours.len() as u64,
        withdrawn: (ours.len() - live.len()) as u64,
        unreadable_count,
        unreadable: unreadable
            .iter()
            .take(UNREADABLE_NAMED_MAX)
            .cloned()
            .collect(),
        releases: releases.into_iter().map(str::to_owned).collect(),
    };
    let (bytes, undecided) = assemble(&meta, rules, &packages, &live, as_of)?;
    Ok(Compiled {
        bytes,
        meta,
        undecided,
    })
}

/// The bytes of the file, and how much of it is undecided.
fn assemble(
    meta: &Meta,
    rules: Option<&EcosystemRules>,
    packages: &Packages<'_>,
    live: &[&Record],
    as_of: Timestamp,
) -> Result<(Vec<u8>, u64), TooLarge> {
    let (fan, index, blocks, undecided) = package_sections(rules, packages)?;
    let (advisories, details) = detail_sections(&meta.ecosystem, live)?;
    let mut meta_json = serde_json::to_vec(meta).expect("meta has string keys only");
    meta_json.resize(meta_json.len().next_multiple_of(8), b' ');
    let sections = [&meta_json[..], &fan, &index, &blocks, &advisories, &details];
    let mut bytes = Header::of(as_of, sections).write();
    for section in sections {
        bytes.extend(section);
    }
    Ok((bytes, undecided))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PackageId<'a> {
    release: &'a str,
    name: &'a str,
}

/// What each record says about each package.
type Packages<'a> = BTreeMap<PackageId<'a>, Vec<(u32, &'a Affected)>>;

fn packages<'a>(base: &str, live: &[&'a Record]) -> Packages<'a> {
    let mut packages = Packages::new();
    for (number, record) in (0..).zip(live) {
        for affected in record
            .affected
            .iter()
            .filter(|affected| affected.base == base)
        {
            let id = PackageId {
                release: &affected.release,
                name: &affected.name,
            };
            packages.entry(id).or_default().push((number, affected));
        }
    }
    packages
}

type PackageSections = (Vec<u8>, Vec<u8>, Vec<u8>, u64);

/// The fan-out, the index, the blocks, and how much of them is undecided.
fn package_sections(
    rules: Option<&EcosystemRules>,
    packages: &Packages<'_>,
) -> Result<PackageSections, TooLarge> {
    let mut entries = Vec::with_capacity(packages.len());
    let mut blocks = Vec::new();
    let mut undecided = 0;
    for (id, said) in packages {
        let key = package_key(id.release, id.name);
        let content = content(rules, &key, said);
        undecided += content.undecided.len() as u64;
        let block = content.write().ok_or(TooLarge)?;
        let offset = u32::try_from(blocks.len() / 8).map_err(|_| TooLarge)?;
        entries.push((
            tag(&key),
            offset,
            u32::try_from(block.len()).map_err(|_| TooLarge)?,
        ));
        blocks.extend(block);
    }
    entries.sort_unstable();
    let (fan, index) = index_sections(&entries)?;
    Ok((fan, index, blocks, undecided))
}

/// The fan-out and the index of these packages, each with its tag and with the offset and length of its
/// block as the index writes them, in the order of tags.
fn index_sections(entries: &[(u64, u32, u32)]) -> Result<(Vec<u8>, Vec<u8>), TooLarge> {
    let bits = entries.len().max(1).ilog2().clamp(4, 16);
    let mut index = Vec::with_capacity(entries.len() * 16);
    for (tag, offset, length) in entries {
        index.extend(tag.to_le_bytes());
        index.extend(offset.to_le_bytes());
        index.extend(length.to_le_bytes());
    }
    let first = |slot: usize| {
        entries.partition_point(|(tag, _, _)| tag >> (u64::BITS - bits) < slot as u64)
    };
    let mut fan = Vec::new();
    for slot in 0..=1 << bits {
        let (start, end) = (first(slot), first(slot + 1));
        fan.extend(u32::try_from(start).map_err(|_| TooLarge)?.to_le_bytes());
        fan.extend(slot_check(slot, &index[start * 16..end * 16]).to_le_bytes());
    }
    Ok((fan, index))
}

/// What one record says about one package, in the ecosystem's order.
#[derive(Default)]
struct Said<'a> {
    spans: Vec<Span<'a>>,
    singles: Vec<Point<'a>>,
    named: Vec<&'a str>,
    undecided: bool,
}

impl<'a> Said<'a> {
    /// Enumerated versions are kept only where the record's ranges do not cover them. A range that
    /// cannot be read, and a record that names no versions at all, leave the package undecided.
    fn read(rules: Option<&EcosystemRules>, affected: &[&'a Affected]) -> Self {
        let mut said = Self::default();
        for range in affected.iter().flat_map(|affected| &affected.ranges) {
            let read = match (rules, range) {
                (Some(rules), Range::Events(events)) => spans(rules, events),
                (None, _) | (_, Range::Unknown) => None,
            };
            match read {
                Some(spans) => said.spans.extend(spans),
                None => said.undecided = true,
            }
        }
        said.undecided |= affected
            .iter()
            .any(|a| a.ranges.is_empty() && a.versions.is_empty());
        for text in affected.iter().flat_map(|affected| &affected.versions) {
            match rules.and_then(|rules| Point::read(rules, text)) {
                Some(point) if said.spans.iter().any(|span| span.contains(&point.version)) => {}
                Some(point) => said.singles.push(point),
                None => said.named.push(text),
            }
        }
        said
    }

    fn points(&self) -> impl Iterator<Item = &Point<'a>> {
        let ends = self.spans.iter().filter_map(|span| span.end.point());
        self.spans
            .iter()
            .filter_map(|span| span.start.as_ref())
            .chain(ends)
            .chain(&self.singles)
    }
}

fn content<'a>(
    rules: Option<&EcosystemRules>,
    key: &'a str,
    said: &[(u32, &'a Affected)],
) -> BlockContent<'a> {
    let mut of_record: BTreeMap<u32, Vec<&Affected>> = BTreeMap::new();
    for (number, affected) in said {
        of_record.entry(*number).or_default().push(affected);
    }
    let read: BTreeMap<u32, Said<'a>> = of_record
        .into_iter()
        .map(|(number, affected)| (number, Said::read(rules, &affected)))
        .collect();
    let mut points: Vec<&Point<'_>> = read.values().flat_map(Said::points).collect();
    // Equal versions may be written in several ways; the text decides which one is kept.
    points.sort_by(|left, right| (&left.version, left.text).cmp(&(&right.version, right.text)));
    points.dedup_by(|right, left| right.version == left.version);
    let fits = points.len() <= BOUNDARIES_MAX;
    let mut content = BlockContent {
        key,
        ..BlockContent::default()
    };
    for (number, said) in &read {
        if fits {
            content.rows.extend(rows(*number, said, &points));
        }
        if said.undecided || !fits {
            content.undecided.push(*number);
        }
        content
            .named
            .extend(said.named.iter().map(|text| (*number, *text)));
    }
    content.boundaries = if fits {
        points.iter().map(|point| point.text).collect()
    } else {
        Vec::new()
    };
    content.named.sort_unstable();
    content.named.dedup();
    content
}

/// The rows of one record, merged so that no two of them touch: what ends one row begins no other,
/// and a fix is a fix of the whole record.
fn rows(advisory: u32, said: &Said<'_>, points: &[&Point<'_>]) -> Vec<Row> {
    let rank = |point: &Point<'_>| {
        let index = points.partition_point(|other| other.version < point.version);
        u16::try_from(2 * index + 1).expect("the number of boundaries is bounded")
    };
    let last = u16::try_from(2 * points.len()).expect("the number of boundaries is bounded");
    let row = |span: &Span<'_>| {
        let low = span.start.as_ref().map_or(0, rank);
        let (high, fixed) = match &span.end {
            End::Never => (last, false),
            End::Fixed(point) => (rank(point).checked_sub(1)?, true),
            End::Limit(point) => (rank(point).checked_sub(1)?, false),
            End::Last(point) => (rank(point), false),
        };
        (low <= high).then_some(Row {
            advisory,
            low,
            high,
            fixed,
        })
    };
    let single = |point| Row {
        advisory,
        low: rank(point),
        high: rank(point),
        fixed: false,
    };
    let mut rows: Vec<Row> = said
        .spans
        .iter()
        .filter_map(row)
        .chain(said.singles.iter().map(single))
        .collect();
    rows.sort_unstable();
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match merged
            .last_mut()
            .filter(|last| row.low <= last.high.saturating_add(1))
        {
            Some(last) if row.high > last.high => (last.high, last.fixed) = (row.high, row.fixed),
            Some(last) => last.fixed |= row.fixed && row.high == last.high,
            None => merged.push(row),
        }
    }
    merged
}

/// The table of records and their details.
fn detail_sections(base: &str, live: &[&Record]) -> Result<(Vec<u8>, Vec<u8>), TooLarge> {
    let (numbers, flaws) = flaws(base, live);
    let mut table = Vec::with_capacity(live.len() * 16);
    let mut details = Vec::new();
    for ((advisory, record), number) in (0..).zip(live).zip(numbers) {
        let flaw = &flaws[number as usize];
        let detail = Details {
            id: record.id.clone(),
            aliases: flaw
                .ids
                .iter()
                .filter(|id| **id != record.id)
                .cloned()
                .collect(),
            summary: record.summary.clone(),
            severity: flaw.rating.severity(),
            weaknesses: record.weaknesses.clone(),
            url: record.url.clone(),
        };
        let json = serde_json::to_vec(&detail).expect("details have string keys only");
        let place = [details.len(), json.len()].map(u32::try_from);
        let [Ok(start), Ok(length)] = place else {
            return Err(TooLarge);
        };
        let entry = [start, length, check(&[&json]), number, 0]
            .map(u32::to_le_bytes)
            .concat();
        table.extend(&entry);
        table.extend(entry_check(advisory, &entry).to_le_bytes());
        details.extend(json);
    }
    details.resize(details.len().next_multiple_of(8), 0);
    Ok((table, details))
}
