//! One package in the database: the versions that bound its affected spans, and rows over their
//! ranks.
//!
//! ```text
//! check over all that follows · key length · boundaries n · rows r · undecided u · named e   (u32 each)
//! rows        r × (advisory u32, its top bit set when `high` ends with a fix · low u16 · high u16)
//! undecided   u × advisory u32: affects the package, nobody can say which versions
//! boundaries  n × end of its text u32, in the version order
//! named       e × (advisory u32 · end of its text u32): versions outside the order, by their text
//! text        key, boundaries, named, one after another
//! ```
//! A version has rank `2i + 1` when it equals boundary `i`, and `2i` when `i` boundaries lie below it.

use plimsoll_model::{EcosystemRules, VersionKey};

use crate::format::{check, word};

/// More boundaries than this would not fit the ranks of a row.
pub(crate) const BOUNDARIES_MAX: usize = 32_000;

const HEAD_BYTES: usize = 24;
const FIX: u32 = 1 << 31;

/// The number of records a database can hold, so that the top bit of a row stays free.
pub(crate) const ADVISORIES_MAX: usize = 1 << 31;

/// A run of affected ranks, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    /// Which record.
    pub(crate) advisory: u32,
    /// The first affected rank.
    pub(crate) low: u16,
    /// The last affected rank.
    pub(crate) high: u16,
    /// Whether the boundary just after `high` fixes the flaw.
    pub(crate) fixed: bool,
}

impl Row {
    /// Whether the rank is affected.
    pub(crate) fn contains(&self, rank: u16) -> bool {
        self.low <= rank && rank <= self.high
    }
}

/// A package's block before it is written.
#[derive(Debug, Default)]
pub(crate) struct BlockContent<'a> {
    /// The package key.
    pub(crate) key: &'a str,
    /// In the version order, without equals.
    pub(crate) boundaries: Vec<&'a str>,
    /// Sorted.
    pub(crate) rows: Vec<Row>,
    /// Sorted.
    pub(crate) undecided: Vec<u32>,
    /// Sorted.
    pub(crate) named: Vec<(u32, &'a str)>,
}

impl BlockContent<'_> {
    /// The block's bytes, a multiple of 8; `None` when a length does not fit.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let mut text = self.key.to_owned();
        let mut boundary_ends = Vec::new();
        for boundary in &self.boundaries {
            text.push_str(boundary);
            boundary_ends.push(u32::try_from(text.len()).ok()?);
        }
        let mut named = Vec::new();
        for (advisory, version) in &self.named {
            text.push_str(version);
            named.extend([*advisory, u32::try_from(text.len()).ok()?]);
        }
        let counts = [
            self.key.len(),
            self.boundaries.len(),
            self.rows.len(),
            self.undecided.len(),
            self.named.len(),
        ];
        let mut out = vec![0; 4];
        for count in counts {
            out.extend(u32::try_from(count).ok()?.to_le_bytes());
        }
        for row in &self.rows {
            out.extend((row.advisory | if row.fixed { FIX } else { 0 }).to_le_bytes());
            out.extend(row.low.to_le_bytes());
            out.extend(row.high.to_le_bytes());
        }
        for number in self.undecided.iter().chain(&boundary_ends).chain(&named) {
            out.extend(number.to_le_bytes());
        }
        out.extend(text.as_bytes());
        out.resize(out.len().next_multiple_of(8), 0);
        let check = check(&[&out[4..]]);
        out[..4].copy_from_slice(&check.to_le_bytes());
        Some(out)
    }
}

/// A package's block as it lies in the file. Every access is checked against its bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    rows: &'a [u8],
    undecided: &'a [u8],
    boundary_ends: &'a [u8],
    named: &'a [u8],
    text: &'a [u8],
    key_bytes: usize,
}

impl<'a> Block<'a> {
    /// Reads a block; `None` when its bytes do not match its check or its lengths do not fit them.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let count = |index: usize| usize::try_from(word(bytes, 4 + index * 4)?).ok();
        let (_, mut rest) = bytes.split_at_checked(HEAD_BYTES)?;
        if word(bytes, 0)? != check(&[&bytes[4..]]) {
            return None;
        }
        let mut take = |count: usize, width: usize| {
            let (part, tail) = rest.split_at_checked(count.checked_mul(width)?)?;
            rest = tail;
            Some(part)
        };
        let rows = take(count(2)?, 8)?;
        let undecided = take(count(3)?, 4)?;
        let boundary_ends = take(count(1)?, 4)?;
        let named = take(count(4)?, 8)?;
        Some(Self {
            rows,
            undecided,
            boundary_ends,
            named,
            text: rest,
            key_bytes: count(0)?,
        })
    }

    /// The package key.
    pub(crate) fn key(&self) -> Option<&'a str> {
        self.slice(0, self.key_bytes)
    }

    /// How many boundaries there are.
    pub(crate) fn boundaries(&self) -> usize {
        self.boundary_ends.len() / 4
    }

    /// The text of a boundary.
    pub(crate) fn boundary(&self, index: usize) -> Option<&'a str> {
        let end = self.boundary_end(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.boundary_end(before)?,
            None => self.key_bytes,
        };
        self.slice(start, end)
    }

    /// The rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + use<'a> {
        self.rows
            .as_chunks::<8>()
            .0
            .iter()
            .map(|[a, b, c, d, e, f, g, h]| {
                let advisory = u32::from_le_bytes([*a, *b, *c, *d]);
                Row {
                    advisory: advisory & !FIX,
                    low: u16::from_le_bytes([*e, *f]),
                    high: u16::from_le_bytes([*g, *h]),
                    fixed: advisory & FIX != 0,
                }
            })
    }

    /// The records that affect the package in versions nobody can tell.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.undecided
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The versions that are named by their text alone; `None` when one lies outside the block.
    pub(crate) fn named(&self) -> Option<Vec<(u32, &'a str)>> {
        let mut start = match self.boundaries().checked_sub(1) {
            Some(last) => self.boundary_end(last)?,
            None => self.key_bytes,
        };
        let mut named = Vec::with_capacity(self.named.len() / 8);
        for index in 0..self.named.len() / 8 {
            let end = usize::try_from(word(self.named, index * 8 + 4)?).ok()?;
            named.push((word(self.named, index * 8)?, self.slice(start, end)?));
            start = end;
        }
        Some(named)
    }

    /// The rank of a version among the boundaries; `None` when a boundary cannot be read.
    pub(crate) fn rank(&self, rules: &EcosystemRules, version: &VersionKey) -> Option<u16> {
        let (mut low, mut high) = (0, self.boundaries());
        while low < high {
            let middle = low.midpoint(high);
            match rules.key(self.boundary(middle)?)?.cmp(version) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return u16::try_from(2 * middle + 1).ok(),
            }
        }
        u16::try_from(2 * low).ok()
    }

    fn boundary_end(&self, index: usize) -> Option<usize> {
        usize::try_from(word(self.boundary_ends, index.checked_mul(4)?)?).ok()
    }

    fn slice(&self, start: usize, end: usize) -> Option<&'a str> {
        std::str::from_utf8(self.text.get(start..end)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::EcosystemRules;

    use super::{Block, BlockContent, Row};
    use crate::format::check;

    fn semantic() -> &'static EcosystemRules {
        EcosystemRules::find(&plimsoll_packages::ecosystems(), "npm").unwrap()
    }

    fn content() -> BlockContent<'static> {
        BlockContent {
            key: "\0name",
            boundaries: vec!["1.0.0", "2.0.0", "3.0.0"],
            rows: vec![Row {
                advisory: 7,
                low: 1,
                high: 2,
                fixed: true,
            }],
            undecided: vec![9],
            named: vec![(3, "odd"), (4, "")],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (rules, bytes) = (semantic(), content().write().unwrap());
        let block = Block::read(&bytes).unwrap();
        assert_eq!(block.key(), Some("\0name"));
        assert_eq!(
            (0..4)
                .map(|index| block.boundary(index))
                .collect::<Vec<_>>(),
            [Some("1.0.0"), Some("2.0.0"), Some("3.0.0"), None]
        );
        assert_eq!(block.rows().collect::<Vec<_>>(), content().rows);
        assert_eq!(block.undecided().collect::<Vec<_>>(), [9]);
        assert_eq!(block.named().unwrap(), content().named);
        let ranks = [
            ("0.9.0", 0),
            ("1.0.0", 1),
            ("1.5.0", 2),
            ("3.0.0", 5),
            ("4.0.0", 6),
        ];
        for (version, rank) in ranks {
            let parsed = rules.key(version).unwrap();
            assert_eq!(block.rank(rules, &parsed), Some(rank), "{version}");
        }
    }

    /// A block made on purpose has a right check and any numbers at all.
    #[test]
    fn hostile_numbers_do_not_panic() {
        let (rules, sound) = (semantic(), content().write().unwrap());
        let parsed = rules.key("1.5.0").unwrap();
        for at in (4..sound.len() - 3).step_by(2) {
            for number in [0, 1, 2, 5, 1000, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
                let mut bytes = sound.clone();
                bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
                let check = check(&[&bytes[4..]]);
                bytes[..4].copy_from_slice(&check.to_le_bytes());
                let Some(block) = Block::read(&bytes) else {
                    continue;
                };
                block.rank(rules, &parsed);
                assert!(block.key().is_none_or(|key| key.len() <= bytes.len()));
                assert!(block.named().is_none_or(|named| named.len() <= bytes.len()));
                assert!(
                    (0..=block.boundaries())
                        .filter_map(|i| block.boundary(i))
                        .count()
                        <= bytes.len()
                );
                assert!(block.rows().count() + block.undecided().count() <= bytes.len());
            }
        }
    }
}
