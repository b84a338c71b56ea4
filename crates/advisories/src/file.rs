//! One ecosystem's database file: opened by its header, searched by package, verified in full on
//! demand.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{Digest, Ecosystem, EcosystemRules};

use crate::block::Block;
use crate::database::{Identity, OpenError};
use crate::ecosystem::{file_name, package_key};
use crate::format::{
    Details, HEADER_BYTES, Header, Meta, SECTIONS, Section, check, long, tag, word,
};
use crate::mapped::Mapped;

const INDEX_ENTRY_BYTES: usize = 16;
const FAN_ENTRY_BYTES: usize = 8;
const ADVISORY_ENTRY_BYTES: usize = 24;

/// A database whose bytes contradict one another; where that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) &'static str);

/// One opened database file.
#[derive(Debug)]
pub(crate) struct EcosystemFile {
    path: PathBuf,
    mapped: Mapped,
    header: Header,
    sections: [Range<usize>; SECTIONS],
    meta: Meta,
    rules: Option<&'static EcosystemRules>,
    fan_bits: u32,
}

impl EcosystemFile {
    /// Maps a file and reads its header and meta section. The other sections are read when they are
    /// asked for, and checked then.
    pub(crate) fn open(path: &Path, rules: &[&'static EcosystemRules]) -> Result<Self, OpenError> {
        let damaged = |what| OpenError::Damaged {
            path: path.to_owned(),
            what,
        };
        let mapped = Mapped::open(path).map_err(|source| OpenError::ReadFile {
            path: path.to_owned(),
            source,
        })?;
        let header = Header::read(mapped.bytes()).map_err(damaged)?;
        let sections = ranges(&header).ok_or(damaged("its lengths are impossible"))?;
        let bytes = |section: Section| &mapped.bytes()[sections[section as usize].clone()];
        // The meta section is small and every verdict stands on it, so it is verified at once.
        if Digest::of(bytes(Section::Meta)) != header.sections[Section::Meta as usize].1 {
            return Err(damaged("its meta section does not match its digest"));
        }
        let meta: Meta = serde_json::from_slice(bytes(Section::Meta))
            .map_err(|_| damaged("its meta section cannot be read"))?;
        if path
            .file_name()
            .is_none_or(|name| *name != *file_name(&meta.ecosystem))
        {
            return Err(damaged("it is about another ecosystem than its name says"));
        }
        let fan = bytes(Section::Fan).len() / FAN_ENTRY_BYTES;
        let fan_bits = fan.checked_ilog2().filter(|bits| (4..=16).contains(bits));
        let fan_bits = fan_bits.ok_or(damaged("its fan-out has an impossible length"))?;
        Ok(Self {
            path: path.to_owned(),
            header,
            sections,
            rules: EcosystemRules::find(rules, &meta.ecosystem),
            meta,
            fan_bits,
            mapped,
        })
    }

    /// What the database is about.
    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }

    /// How its ecosystem writes names and versions, where that is known.
    pub(crate) fn rules(&self) -> Option<&'static EcosystemRules> {
        self.rules
    }

    /// The moment up to which its advisories are known.
    pub(crate) fn as_of(&self) -> Timestamp {
        self.header.as_of
    }

    /// What it is, for a record of what was judged by it.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            ecosystem: Ecosystem::new(self.meta.ecosystem.clone()),
            digest: self.header.digest(),
            records: self.meta.records,
            as_of: self.header.as_of,
        }
    }

    /// The block of a package, or `None` when no record speaks about it.
    pub(crate) fn find(&self, release: &str, name: &str) -> Result<Option<Block<'_>>, Damage> {
        let key = package_key(release, name);
        let tag = tag(&key);
        let slot = usize::try_from(tag >> (u64::BITS - self.fan_bits))
            .expect("a slot has at most 16 bits");
        for entry in self.slot(slot)? {
            if entry.tag == tag {
                let block = self.block(entry)?;
                if block
                    .key()
                    .ok_or(Damage("a package has no readable name"))?
                    == key
                {
                    return Ok(Some(block));
                }
            }
        }
        Ok(None)
    }

    /// The flaw that a record describes.
    pub(crate) fn flaw(&self, advisory: u32) -> Result<u32, Damage> {
        Ok(self.advisory(advisory)?.flaw)
    }

    /// What a person reads about a record.
    pub(crate) fn details(&self, advisory: u32) -> Result<Details, Damage> {
        let entry = self.advisory(advisory)?;
        let details = self.section(Section::Details);
        let json = entry
            .start
            .checked_add(entry.length)
            .and_then(|end| details.get(entry.start..end));
        let json = json.ok_or(Damage("a record's details lie outside the file"))?;
        if check(&[json]) != entry.details_check {
            return Err(Damage("a record's details do not match their check"));
        }
        serde_json::from_slice(json).map_err(|_| Damage("a record's details cannot be read"))
    }

    /// Checks every section against its digest and every package against its bounds.
    pub(crate) fn verify(&self) -> Result<(), OpenError> {
        let damaged = |Damage(what)| OpenError::Damaged {
            path: self.path.clone(),
            what,
        };
        for (range, (_, digest)) in self.sections.iter().zip(&self.header.sections) {
            if Digest::of(&self.mapped.bytes()[range.clone()]) != *digest {
                return Err(damaged(Damage("a section does not match its digest")));
            }
        }
        self.verify_packages().map_err(damaged)
    }

    fn verify_packages(&self) -> Result<(), Damage> {
        let mut advisories = BTreeSet::new();
        let entries = (0..1_usize << self.fan_bits)
            .map(|slot| self.slot(slot))
            .collect::<Result<Vec<_>, _>>()?;
        for entry in entries.into_iter().flatten() {
            let block = self.block(entry)?;
            let key = block
                .key()
                .ok_or(Damage("a package has no readable name"))?;
            let (release, name) = key
                .split_once('\0')
                .ok_or(Damage("a package has no readable name"))?;
            if self.find(release, name)?.is_none() {
                return Err(Damage("a package is not found by its name"));
            }
            let texts = (0..block.boundaries()).map(|index| block.boundary(index));
            let versions: Option<Vec<_>> = texts.map(|text| self.rules?.key(text?)).collect();
            if !versions.is_some_and(|versions| versions.is_sorted_by(|left, right| left < right)) {
                return Err(Damage("a package's versions are out of order"));
            }
            let named = block
                .named()
                .ok_or(Damage("a package's versions cannot be read"))?;
            advisories.extend(block.rows().map(|row| row.advisory));
            advisories.extend(
                block
                    .undecided()
                    .chain(named.iter().map(|(advisory, _)| *advisory)),
            );
        }
        advisories
            .into_iter()
            .try_for_each(|advisory| self.details(advisory).map(|_| ()))
    }

    fn section(&self, section: Section) -> &[u8] {
        &self.mapped.bytes()[self.sections[section as usize].clone()]
    }

    /// The index entries whose tags begin with the slot's bits.
    fn slot(&self, slot: usize) -> Result<impl Iterator<Item = IndexEntry>, Damage> {
        const DAMAGE: Damage = Damage("its index does not match its check");
        let fan = self.section(Section::Fan);
        let bound = |slot: usize| word(fan, slot * FAN_ENTRY_BYTES).ok_or(DAMAGE);
        let (start, end) = (bound(slot)? as usize, bound(slot + 1)? as usize);
        let bytes = start.saturating_mul(INDEX_ENTRY_BYTES)..end.saturating_mul(INDEX_ENTRY_BYTES);
        let entries = self.section(Section::Index).get(bytes).ok_or(DAMAGE)?;
        if word(fan, slot * FAN_ENTRY_BYTES + 4).ok_or(DAMAGE)? != slot_check(slot, entries) {
            return Err(DAMAGE);
        }
        Ok(entries
            .as_chunks::<INDEX_ENTRY_BYTES>()
            .0
            .iter()
            .filter_map(|bytes| {
                Some(IndexEntry {
                    tag: long(bytes, 0)?,
                    start: word(bytes, 8)?,
                    length: word(bytes, 12)?,
                })
            }))
    }

    fn block(&self, entry: IndexEntry) -> Result<Block<'_>, Damage> {
        let start = (entry.start as usize).saturating_mul(8);
        let end = start.saturating_add(entry.length as usize);
        let bytes = self.section(Section::Blocks).get(start..end);
        let bytes = bytes.ok_or(Damage("a package lies outside the file"))?;
        Block::read(bytes).ok_or(Damage("a package does not match its check"))
    }

    fn advisory(&self, advisory: u32) -> Result<AdvisoryEntry, Damage> {
        let start = (advisory as usize).saturating_mul(ADVISORY_ENTRY_BYTES);
        let table = self.section(Section::Advisories);
        let bytes = table.get(start..start.saturating_add(ADVISORY_ENTRY_BYTES));
        let bytes = bytes.ok_or(Damage("a package names a record that is not there"))?;
        let number = |index: usize| word(bytes, index * 4).expect("an entry has six numbers");
        if number(5) != entry_check(advisory, &bytes[..20]) {
            return Err(Damage("a record does not match its check"));
        }
        let (start, length) = (number(0) as usize, number(1) as usize);
        Ok(AdvisoryEntry {
            start,
            length,
            details_check: number(2),
            flaw: number(3),
        })
    }
}

/// One package in the index.
#[derive(Clone, Copy)]
struct IndexEntry {
    tag: u64,
    start: u32,
    length: u32,
}

/// One record in the table of records.
struct AdvisoryEntry {
    start: usize,
    length: usize,
    details_check: u32,
    flaw: u32,
}

/// The check of a slot of the fan-out: its number and its index entries.
pub(crate) fn slot_check(slot: usize, entries: &[u8]) -> u32 {
    check(&[&(slot as u64).to_le_bytes(), entries])
}

/// The check of a record in the table of records: its number and its entry so far.
pub(crate) fn entry_check(advisory: u32, entry: &[u8]) -> u32 {
    check(&[&advisory.to_le_bytes(), entry])
}

/// Where each section lies; the header has been checked against the length of the file.
fn ranges(header: &Header) -> Option<[Range<usize>; SECTIONS]> {
    let mut start = HEADER_BYTES;
    let mut ranges = [const { 0..0 }; SECTIONS];
    for (range, (length, _)) in ranges.iter_mut().zip(&header.sections) {
        let end = start.checked_add(usize::try_from(*length).ok()?)?;
        *range = start..end;
        start = end;
    }
    Some(ranges)
}
