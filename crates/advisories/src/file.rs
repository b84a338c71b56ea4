//! One ecosystem's database file: opened by its header, searched by package, verified in full on
//! demand.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{Digest, Ecosystem};

use crate::block::Block;
use crate::database::{Identity, OpenError};
use crate::ecosystem::{file_name, package_key};
use crate::format::{Details, HEADER_BYTES, Header, Meta, SECTIONS, Section, long, tag, word};
use crate::mapped::Mapped;
use crate::order::Order;

const INDEX_ENTRY_BYTES: usize = 16;
const ADVISORY_ENTRY_BYTES: usize = 16;

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
    fan_bits: u32,
}

impl EcosystemFile {
    /// Maps a file and reads its header and meta section. The other sections are read when they are
    /// asked for, and checked then.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let damaged = |what| OpenError::Damaged { path: path.to_owned(), what };
        let mapped =
            Mapped::open(path).map_err(|source| OpenError::ReadFile { path: path.to_owned(), source })?;
        let header = Header::read(mapped.bytes()).map_err(damaged)?;
        let sections = ranges(&header).ok_or(damaged("its lengths are impossible"))?;
        let bytes = |section: Section| &mapped.bytes()[sections[section as usize].clone()];
        // The meta section is small and every verdict stands on it, so it is verified at once.
        if Digest::of(bytes(Section::Meta)) != header.sections[Section::Meta as usize].1 {
            return Err(damaged("its meta section does not match its digest"));
        }
        let meta: Meta = serde_json::from_slice(bytes(Section::Meta))
            .map_err(|_| damaged("its meta section cannot be read"))?;
        if path.file_name().is_none_or(|name| *name != *file_name(&meta.ecosystem)) {
            return Err(damaged("it is about another ecosystem than its name says"));
        }
        let fan = bytes(Section::Fan).len() / 4;
        let fan_bits = fan.checked_ilog2().filter(|bits| (4..=16).contains(bits));
        let fan_bits = fan_bits.ok_or(damaged("its fan-out has an impossible length"))?;
        Ok(Self { path: path.to_owned(), header, sections, meta, fan_bits, mapped })
    }

    /// What the database is about.
    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }

    /// When it was imported.
    pub(crate) fn imported_at(&self) -> Timestamp {
        self.header.imported_at
    }

    /// What it is, for a record of what was judged by it.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            ecosystem: Ecosystem::new(self.meta.ecosystem.clone()),
            digest: self.header.digest(),
            records: self.meta.records,
            newest_modified: self.meta.newest_modified,
            imported_at: self.header.imported_at,
        }
    }

    /// The block of a package, or `None` when no record speaks about it.
    pub(crate) fn find(&self, release: &str, name: &str) -> Result<Option<Block<'_>>, Damage> {
        let key = package_key(release, name);
        let tag = tag(&key);
        let slot = usize::try_from(tag >> (u64::BITS - self.fan_bits)).expect("a slot has at most 16 bits");
        let fan = self.section(Section::Fan);
        let bound = |slot: usize| word(fan, slot * 4).ok_or(Damage("its fan-out is too short"));
        let (mut low, end) = (bound(slot)? as usize, bound(slot + 1)? as usize);
        let mut high = end;
        while low < high {
            let middle = low.midpoint(high);
            if self.index_tag(middle)? < tag { low = middle + 1 } else { high = middle }
        }
        while low < end && self.index_tag(low)? == tag {
            let block = self.block(low)?;
            if block.key().ok_or(Damage("a package has no readable name"))? == key {
                return Ok(Some(block));
            }
            low += 1;
        }
        Ok(None)
    }

    /// The flaw that a record describes.
    pub(crate) fn flaw(&self, advisory: u32) -> Result<u32, Damage> {
        let at = (advisory as usize).saturating_mul(ADVISORY_ENTRY_BYTES).saturating_add(12);
        word(self.section(Section::Advisories), at)
            .ok_or(Damage("a package names a record that is not there"))
    }

    /// What a person reads about a record.
    pub(crate) fn details(&self, advisory: u32) -> Result<Details, Damage> {
        const MISSING: Damage = Damage("a record's details are not where they should be");
        let at = (advisory as usize).saturating_mul(ADVISORY_ENTRY_BYTES);
        let table = self.section(Section::Advisories);
        let start = long(table, at).and_then(|start| usize::try_from(start).ok()).ok_or(MISSING)?;
        let length = word(table, at.saturating_add(8)).ok_or(MISSING)? as usize;
        let end = start.checked_add(length).ok_or(MISSING)?;
        let json = self.section(Section::Details).get(start..end).ok_or(MISSING)?;
        serde_json::from_slice(json).map_err(|_| Damage("a record's details cannot be read"))
    }

    /// Checks every section against its digest and every package against its bounds.
    pub(crate) fn verify(&self) -> Result<(), OpenError> {
        let damaged = |Damage(what)| OpenError::Damaged { path: self.path.clone(), what };
        for (range, (_, digest)) in self.sections.iter().zip(&self.header.sections) {
            if Digest::of(&self.mapped.bytes()[range.clone()]) != *digest {
                return Err(damaged(Damage("a section does not match its digest")));
            }
        }
        self.verify_packages().map_err(damaged)
    }

    fn verify_packages(&self) -> Result<(), Damage> {
        let order = Order::of(&self.meta.ecosystem);
        let mut advisories = BTreeSet::new();
        for entry in 0..self.section(Section::Index).len() / INDEX_ENTRY_BYTES {
            let block = self.block(entry)?;
            let key = block.key().ok_or(Damage("a package has no readable name"))?;
            let (release, name) = key.split_once('\0').ok_or(Damage("a package has no readable name"))?;
            if self.find(release, name)?.is_none() {
                return Err(Damage("a package is not found by its name"));
            }
            let texts = (0..block.boundaries()).map(|index| block.boundary(index));
            let versions: Option<Vec<_>> = texts.map(|text| order?.parse(text?)).collect();
            if !versions.is_some_and(|versions| versions.is_sorted_by(|left, right| left < right)) {
                return Err(Damage("a package's versions are out of order"));
            }
            let named = block.named().ok_or(Damage("a package's versions cannot be read"))?;
            advisories.extend(block.rows().map(|row| row.advisory));
            advisories.extend(block.undecided().chain(named.iter().map(|(advisory, _)| *advisory)));
        }
        advisories.into_iter().try_for_each(|advisory| self.details(advisory).map(|_| ()))
    }

    fn section(&self, section: Section) -> &[u8] {
        &self.mapped.bytes()[self.sections[section as usize].clone()]
    }

    fn index_tag(&self, entry: usize) -> Result<u64, Damage> {
        long(self.section(Section::Index), entry.saturating_mul(INDEX_ENTRY_BYTES))
            .ok_or(Damage("its index is too short"))
    }

    fn block(&self, entry: usize) -> Result<Block<'_>, Damage> {
        const OUTSIDE: Damage = Damage("a package lies outside the file");
        let index = self.section(Section::Index);
        let at = entry.saturating_mul(INDEX_ENTRY_BYTES);
        let start = word(index, at.saturating_add(8)).ok_or(OUTSIDE)? as usize * 8;
        let length = word(index, at.saturating_add(12)).ok_or(OUTSIDE)? as usize;
        let bytes = self.section(Section::Blocks).get(start..start.saturating_add(length)).ok_or(OUTSIDE)?;
        Block::read(bytes).ok_or(Damage("a package's block contradicts its lengths"))
    }
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
