//! One file of a cache: records in the order of their keys.
//!
//! Layout, numbers little-endian: a header (magic, version digest, record count, size of the file,
//! checksum), the first 8 bytes of the first key of each page, the pages, the values. A page has up to
//! 512 records: a mark of one byte for each, 1 once it was used, then their rows (key, the first 16
//! bytes of the checksum, offset, length). The header's checksum covers what stands before the pages;
//! each row's covers its key and its value.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_model::Digest;
use rustix::fs::OFlags;

use super::folder::is_private;

const MAGIC: &[u8; 8] = b"PLMFACT2";
const CHECK: usize = 16;
const HEADER: usize = 8 + 32 + 8 + 8 + CHECK;
const FENCE: usize = 8;
const PAGE_ROWS: usize = 512;
const MARK: usize = 1;
const ROW: usize = 32 + CHECK + 8 + 4;

type Check = [u8; CHECK];

/// An open segment. The file may be removed meanwhile; what is open stays readable.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    /// Whether marks can be written: not where the disk is read-only.
    is_writable: bool,
    size_bytes: u64,
    count: usize,
    fences: Vec<u64>,
    /// Read when they are first asked for; `None` when that failed.
    pages: Vec<OnceLock<Option<Page>>>,
}

#[derive(Debug)]
struct Page {
    /// The marks as they were read, then the rows.
    bytes: Vec<u8>,
    /// The records that this run used.
    used: Vec<AtomicBool>,
}

/// A record to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) key: Digest,
    pub(super) is_used: bool,
    check: Check,
    value: Value<'a>,
}

/// Where a record's value is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Fresh(&'a [u8]),
    Stored {
        segment: &'a Segment,
        offset: u64,
        length: u32,
    },
}

impl<'a> Record<'a> {
    pub(super) fn fresh(key: Digest, value: &'a [u8]) -> Self {
        Self {
            key,
            is_used: true,
            check: checksum(&key, value),
            value: Value::Fresh(value),
        }
    }

    /// What it takes in a file.
    pub(super) fn size_bytes(&self) -> u64 {
        (MARK + ROW) as u64 + self.value.length()
    }
}

impl Value<'_> {
    fn length(&self) -> u64 {
        match self {
            Self::Fresh(bytes) => bytes.len() as u64,
            Self::Stored { length, .. } => u64::from(*length),
        }
    }
}

impl Segment {
    /// Opens a segment of this version, no larger than `max_bytes`, that is ours alone to write;
    /// `None` for every other file.
    pub(super) fn open(path: &Path, version: Digest, max_bytes: u64) -> Option<Self> {
        let (file, is_writable) = open_file(path).ok()?;
        let metadata = file.metadata().ok()?;
        let size_bytes = metadata.len();
        if !metadata.is_file() || !is_private(&metadata) || size_bytes > max_bytes {
            return None;
        }
        let (count, fences) = read_head(&file, version, size_bytes)?;
        Some(Self {
            path: path.to_owned(),
            file,
            is_writable,
            size_bytes,
            count,
            pages: fences.iter().map(|_| OnceLock::new()).collect(),
            fences,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The value under this key, unless it is absent or damaged.
    pub(super) fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let prefix = prefix(key);
        let number = self
            .fences
            .partition_point(|fence| *fence <= prefix)
            .checked_sub(1)?;
        let page = self.page(number)?;
        let index = page.find(key)?;
        let row = page.row(index);
        self.check_range(&row)?;
        let mut value = vec![0; usize::try_from(row.length).ok()?];
        self.file.read_exact_at(&mut value, row.offset).ok()?;
        if checksum(key, &value) != row.check {
            return None;
        }
        page.used[index].store(true, Ordering::Relaxed);
        Some(value)
    }

    /// All records whose value lies in the file. It is not looked at.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let pages = (0..self.pages.len()).filter_map(|number| self.page(number));
        pages.flat_map(move |page| {
            (0..page.used.len()).filter_map(move |index| {
                let row = page.row(index);
                self.check_range(&row)?;
                Some(Record {
                    key: row.key,
                    is_used: page.bytes[index] != 0,
                    check: row.check,
                    value: Value::Stored {
                        segment: self,
                        offset: row.offset,
                        length: row.length,
                    },
                })
            })
        })
    }

    /// Marks the records that this run used and that had no mark yet.
    ///
    /// Two processes that do so at once can lose a mark of each other, never a record.
    pub(super) fn write_marks(&self) -> io::Result<()> {
        let pages = self.pages.iter().enumerate();
        for (number, page) in pages.filter(|_| self.is_writable) {
            if let Some(marks) = page
                .get()
                .and_then(Option::as_ref)
                .and_then(Page::new_marks)
            {
                self.file.write_all_at(&marks, self.page_offset(number))?;
            }
        }
        Ok(())
    }

    fn page(&self, number: usize) -> Option<&Page> {
        let read = || {
            let rows = (self.count - number * PAGE_ROWS).min(PAGE_ROWS);
            let mut bytes = vec![0; rows * (MARK + ROW)];
            self.file
                .read_exact_at(&mut bytes, self.page_offset(number))
                .ok()?;
            let used = (0..rows).map(|_| AtomicBool::new(false)).collect();
            Some(Page { bytes, used })
        };
        self.pages[number].get_or_init(read).as_ref()
    }

    fn page_offset(&self, number: usize) -> u64 {
        let before = HEADER + self.fences.len() * FENCE;
        (before + number * PAGE_ROWS * (MARK + ROW)) as u64
    }

    fn check_range(&self, row: &Row) -> Option<()> {
        let end = row.offset.checked_add(u64::from(row.length))?;
        (end <= self.size_bytes).then_some(())
    }
}

impl Page {
    fn find(&self, key: &Digest) -> Option<usize> {
        let (mut low, mut high) = (0, self.used.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle).key.cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn row(&self, index: usize) -> Row {
        let start = self.used.len() * MARK + index * ROW;
        Row::read(&self.bytes[start..start + ROW])
    }

    /// The marks with those of this run; `None` when it adds none.
    fn new_marks(&self) -> Option<Vec<u8>> {
        let mut marks = self.bytes[..self.used.len()].to_vec();
        let mut is_new = false;
        for (mark, used) in marks.iter_mut().zip(&self.used) {
            if *mark == 0 && used.load(Ordering::Relaxed) {
                *mark = 1;
                is_new = true;
            }
        }
        is_new.then_some(marks)
    }
}

struct Row {
    key: Digest,
    check: Check,
    offset: u64,
    length: u32,
}

impl Row {
    fn read(bytes: &[u8]) -> Self {
        Self {
            key: Digest::from_bytes(array(&bytes[..32])),
            check: array(&bytes[32..48]),
            offset: u64::from_le_bytes(array(&bytes[48..56])),
            length: u32::from_le_bytes(array(&bytes[56..60])),
        }
    }
}

/// Writes a segment (mode 0600) of records in the order of their keys; none stands at the path yet.
pub(super) fn write(path: &Path, version: Digest, records: &[Record<'_>]) -> io::Result<()> {
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write_head(&mut out, version, records)?;
    write_pages(&mut out, records)?;
    for record in records {
        match record.value {
            Value::Fresh(bytes) => out.write_all(bytes)?,
            Value::Stored {
                segment,
                offset,
                length,
            } => {
                let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
                segment.file.read_exact_at(&mut bytes, offset)?;
                out.write_all(&bytes)?;
            }
        }
    }
    out.flush()
}

/// The record count and the fences of a file of this version and size.
fn read_head(file: &File, version: Digest, size_bytes: u64) -> Option<(usize, Vec<u64>)> {
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, 0).ok()?;
    let is_ours = header[..8] == MAGIC[..] && header[8..40] == version.as_bytes()[..];
    let count = usize::try_from(u64::from_le_bytes(array(&header[40..48]))).ok()?;
    let is_whole = u64::from_le_bytes(array(&header[48..56])) == size_bytes;
    // What so many records take at least bounds what is read below.
    let least_bytes = count.checked_mul(MARK + ROW)? as u64;
    if !is_ours || !is_whole || least_bytes > size_bytes {
        return None;
    }
    let mut fences = vec![0; count.div_ceil(PAGE_ROWS) * FENCE];
    file.read_exact_at(&mut fences, HEADER as u64).ok()?;
    if header[56..] != head_checksum(&header[..56], &fences) {
        return None;
    }
    let fences = fences.chunks_exact(FENCE);
    let fences = fences.map(|fence| u64::from_be_bytes(array(fence)));
    Some((count, fences.collect()))
}

fn write_head(out: &mut impl io::Write, version: Digest, records: &[Record<'_>]) -> io::Result<()> {
    let pages = records.chunks(PAGE_ROWS);
    let fences: Vec<u8> = pages
        .flat_map(|page| prefix(&page[0].key).to_be_bytes())
        .collect();
    let content: u64 = records.iter().map(Record::size_bytes).sum();
    let size_bytes = (HEADER + fences.len()) as u64 + content;
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(version.as_bytes());
    header.extend_from_slice(&(records.len() as u64).to_le_bytes());
    header.extend_from_slice(&size_bytes.to_le_bytes());
    header.extend_from_slice(&head_checksum(&header, &fences));
    out.write_all(&header)?;
    out.write_all(&fences)
}

fn write_pages(out: &mut impl io::Write, records: &[Record<'_>]) -> io::Result<()> {
    let pages = records.len().div_ceil(PAGE_ROWS);
    let mut offset = (HEADER + pages * FENCE + records.len() * (MARK + ROW)) as u64;
    for page in records.chunks(PAGE_ROWS) {
        let marks: Vec<u8> = page.iter().map(|record| u8::from(record.is_used)).collect();
        out.write_all(&marks)?;
        for record in page {
            let length = u32::try_from(record.value.length()).map_err(io::Error::other)?;
            out.write_all(record.key.as_bytes())?;
            out.write_all(&record.check)?;
            out.write_all(&offset.to_le_bytes())?;
            out.write_all(&length.to_le_bytes())?;
            offset += u64::from(length);
        }
    }
    Ok(())
}

/// Opens a file for reading, and for marks where that is possible. No link is followed, and no open
/// waits.
fn open_file(path: &Path) -> io::Result<(File, bool)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let mut options = File::options();
    options.read(true).custom_flags(flags);
    match options.clone().write(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(_) => options.open(path).map(|file| (file, false)),
    }
}

fn prefix(key: &Digest) -> u64 {
    u64::from_be_bytes(array(&key.as_bytes()[..FENCE]))
}

/// Binds a value to its key, so that neither a changed byte nor a mixed-up row is believed.
fn checksum(key: &Digest, value: &[u8]) -> Check {
    array(&Digest::of_parts(&[key.as_bytes(), value]).as_bytes()[..CHECK])
}

fn head_checksum(header: &[u8], fences: &[u8]) -> Check {
    array(&Digest::of_parts(&[header, fences]).as_bytes()[..CHECK])
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller slices exactly N bytes")
}
