//! The layout of a database file, version 2. All numbers are little-endian.
//!
//! ```text
//! header      magic [8] · version u32 · header length u32 · as of, Unix seconds i64
//!             6 × (section length u64 · section SHA-256 [32]) · SHA-256 of all of that [32]
//! meta        JSON: ecosystem, counts, what could not be read; padded with spaces
//! fan-out     (first index entry u32 · check u32) × (2^bits + 1): the entries of each leading value
//!             of a tag; the last one ends the index
//! index       (tag u64 · block offset / 8 u32 · block length u32) in the order of tags
//! blocks      one a package, 8-aligned; see `block`
//! advisories  (details offset u32 · details length u32 · details check u32 · flaw u32 · 0 · check u32)
//!             a record
//! details     JSON of each record, read for findings alone
//! ```
//! A check is the first 4 bytes of a SHA-256 over the thing and its number. Opening a database reads
//! the header and the meta section alone; everything else is checked when it is read, so that a bit
//! that decayed on the disk is a gap and never a clean bill. Whoever can write the file on purpose
//! can also make its checks: they are no signature.
//!
//! Sections follow one another without a hole and each is a multiple of 8 bytes long, so that the
//! header's lengths fix every offset and the length of the file. A tag is the first 8 bytes of the
//! SHA-256 of the package key, read as a big-endian number.

use jiff::Timestamp;
use plimsoll_model::Digest;
use serde::{Deserialize, Serialize};

/// The first bytes of every database. The line ends show a transfer that rewrote them.
const MAGIC: [u8; 8] = *b"PLIMDB\r\n";
const VERSION: u32 = 2;

/// How many bytes the header takes.
pub(crate) const HEADER_BYTES: usize = 24 + SECTIONS * 40 + 32;

/// How many sections there are.
pub(crate) const SECTIONS: usize = 6;

/// The sections in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// What the database is about.
    Meta,
    /// The fan-out over tags.
    Fan,
    /// Tags and blocks.
    Index,
    /// Packages.
    Blocks,
    /// Where each record's details are.
    Advisories,
    /// What a person reads about each record.
    Details,
}

/// What the database is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// The ecosystem without its release.
    pub(crate) ecosystem: String,
    /// How many records were read, withdrawn ones too.
    pub(crate) records: u64,
    /// How many of them were withdrawn.
    pub(crate) withdrawn: u64,
    /// How many records could not be read.
    pub(crate) unreadable_count: u64,
    /// The first of those, by name.
    pub(crate) unreadable: Vec<Unreadable>,
    /// The releases that records name, sorted.
    pub(crate) releases: Vec<String>,
}

/// A record that could not be read, so that nobody was matched against it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unreadable {
    /// The file or zip entry.
    pub name: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// What a person reads about one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Details {
    /// The record's own id.
    pub(crate) id: String,
    /// Every other id of the same flaw.
    pub(crate) aliases: Vec<String>,
    /// One line.
    pub(crate) summary: String,
    /// The severity of the flaw, over all of its records.
    pub(crate) severity: plimsoll_model::Severity,
    /// `CWE-…` ids.
    pub(crate) weaknesses: Vec<String>,
    /// A page about it.
    pub(crate) url: Option<String>,
}

/// The header: how far the data goes, and how long and what each section is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The moment up to which the advisories are known.
    pub(crate) as_of: Timestamp,
    /// Lengths in bytes and digests, in the order of [`Section`].
    pub(crate) sections: [(u64, Digest); SECTIONS],
}

impl Header {
    /// The header of these sections.
    pub(crate) fn of(as_of: Timestamp, sections: [&[u8]; SECTIONS]) -> Self {
        Self {
            as_of,
            sections: sections.map(|bytes| (bytes.len() as u64, Digest::of(bytes))),
        }
    }

    /// The identity of the content: it covers every section and no date, so that
    /// equal advisories have equal digests.
    pub(crate) fn digest(&self) -> Digest {
        let digests = self
            .sections
            .iter()
            .map(|(_, digest)| &digest.as_bytes()[..]);
        let parts: Vec<&[u8]> = std::iter::once(&b"plimsoll-advisories-v1"[..])
            .chain(digests)
            .collect();
        Digest::of_parts(&parts)
    }

    /// The header's bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(
            u32::try_from(HEADER_BYTES)
                .expect("a small constant")
                .to_le_bytes(),
        );
        out.extend(self.as_of.as_second().to_le_bytes());
        for (length, digest) in &self.sections {
            out.extend(length.to_le_bytes());
            out.extend(digest.as_bytes());
        }
        let checksum = Digest::of(&out);
        out.extend(checksum.as_bytes());
        out
    }

    /// Reads the header at the start of a file of this length; the error says what is wrong.
    pub(crate) fn read(file: &[u8]) -> Result<Self, &'static str> {
        let header = file
            .get(..HEADER_BYTES)
            .ok_or("it is shorter than its header")?;
        if header[..8] != MAGIC {
            return Err("it does not begin like an advisory database");
        }
        if word(header, 8) != Some(VERSION) {
            return Err("another version of Plimsoll wrote it");
        }
        let (body, checksum) = header.split_at(HEADER_BYTES - 32);
        if Digest::of(body).as_bytes() != checksum {
            return Err("its header does not match its checksum");
        }
        let seconds = long(header, 16).ok_or("its header is too short")?;
        let as_of = Timestamp::from_second(seconds.cast_signed())
            .map_err(|_| "its date is out of range")?;
        let mut sections = [(0, Digest::of(b"")); SECTIONS];
        let mut total = HEADER_BYTES as u64;
        for (index, section) in sections.iter_mut().enumerate() {
            let at = 24 + index * 40;
            let length = long(header, at).ok_or("its header is too short")?;
            let digest = header[at + 8..at + 40]
                .try_into()
                .expect("the slice is 32 bytes long");
            *section = (length, Digest::from_bytes(digest));
            total = total
                .checked_add(length)
                .ok_or("its lengths are impossible")?;
        }
        match total.cmp(&(file.len() as u64)) {
            std::cmp::Ordering::Equal => Ok(Self { as_of, sections }),
            std::cmp::Ordering::Greater => Err("it is truncated"),
            std::cmp::Ordering::Less => Err("it is longer than its header says"),
        }
    }
}

/// The number at a byte offset.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let end = at.checked_add(4)?;
    Some(u32::from_le_bytes(
        bytes
            .get(at..end)?
            .try_into()
            .expect("the slice is 4 bytes long"),
    ))
}

/// The long number at a byte offset.
pub(crate) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let end = at.checked_add(8)?;
    Some(u64::from_le_bytes(
        bytes
            .get(at..end)?
            .try_into()
            .expect("the slice is 8 bytes long"),
    ))
}

/// The check of a thing that consists of these parts.
pub(crate) fn check(parts: &[&[u8]]) -> u32 {
    let digest = Digest::of_parts(parts);
    u32::from_le_bytes(
        digest.as_bytes()[..4]
            .try_into()
            .expect("a digest has 32 bytes"),
    )
}

/// The tag of a package key.
pub(crate) fn tag(key: &str) -> u64 {
    let digest = Digest::of(key.as_bytes());
    u64::from_be_bytes(
        digest.as_bytes()[..8]
            .try_into()
            .expect("a digest has 32 bytes"),
    )
}
