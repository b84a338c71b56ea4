//! What keeps a cache small: few segments, and few bytes in all.

use std::collections::HashSet;
use std::io;

use plimsoll_model::Digest;

use super::Limits;
use super::folder::{Folder, Listed, Locked, remove};
use super::segment::{Record, Segment};

/// So many segments are opened at most, the newest ones, whatever stands in the folder.
const MAX_OPEN: usize = 64;

/// So often a folder is listed anew while another process replaces what was listed.
const OPEN_TRIES: u32 = 3;

/// Opens the segments of a folder, the newest first; none where it cannot be used. Saving tells why.
pub(super) fn open_all(folder: &Folder, version: Digest, limits: Limits) -> Vec<Segment> {
    let mut segments = Vec::new();
    for _ in 0..OPEN_TRIES {
        let Ok(files) = folder.list() else {
            return Vec::new();
        };
        segments = open_segments(&files, version, limits);
        let is_gone = |file: &Listed| !file.path.exists();
        if !files.iter().any(is_gone) {
            break;
        }
    }
    segments
}

fn open_segments(files: &[Listed], version: Digest, limits: Limits) -> Vec<Segment> {
    files
        .iter()
        .take(MAX_OPEN)
        .filter_map(|file| Segment::open(&file.path, version, limits.max_bytes))
        .collect()
}

/// The records that there is room for, the first ones before others, in the order of their keys. Of
/// two with one key the first is taken.
pub(super) fn fit(records: Vec<Record<'_>>, max_bytes: u64) -> Vec<Record<'_>> {
    let mut room = max_bytes;
    let mut keys = HashSet::new();
    let mut kept = Vec::new();
    for record in records {
        let size_bytes = record.size_bytes();
        let is_writable = u32::try_from(size_bytes).is_ok();
        if size_bytes <= room && is_writable && keys.insert(record.key) {
            room -= size_bytes;
            kept.push(record);
        }
    }
    kept.sort_by_key(|record| record.key);
    kept
}

/// Removes what cannot be used, evicts what was not used, and merges small segments, as far as the
/// limits ask for it.
pub(super) fn shrink(lock: &Locked<'_>, version: Digest, limits: Limits) -> io::Result<()> {
    let mut files = lock.list()?;
    if are_within(&files, limits) {
        return Ok(());
    }
    let segments = open_segments(&files, version, limits);
    let is_open = |file: &Listed| segments.iter().any(|segment| segment.path() == file.path);
    for file in files.iter().filter(|file| !is_open(file)) {
        remove(&file.path)?;
    }
    files.retain(is_open);
    if are_within(&files, limits) {
        return Ok(());
    }
    if total_bytes(&files) > limits.max_bytes {
        evict(lock, version, limits, &segments)
    } else {
        merge_smallest(lock, version, limits, segments)
    }
}

fn are_within(files: &[Listed], limits: Limits) -> bool {
    files.len() <= limits.max_segments && total_bytes(files) <= limits.max_bytes
}

fn total_bytes(files: &[Listed]) -> u64 {
    files.iter().map(|file| file.size_bytes).sum()
}

/// Writes all that was used since the last eviction, and of the rest what came last, into one segment.
///
/// The marks are taken off: what is not used until the next eviction goes first then (the "second
/// chance" order of page replacement).
fn evict(
    lock: &Locked<'_>,
    version: Digest,
    limits: Limits,
    segments: &[Segment],
) -> io::Result<()> {
    let records = segments.iter().flat_map(Segment::records);
    let (mut records, unused): (Vec<_>, Vec<_>) = records.partition(|record| record.is_used);
    records.extend(unused);
    let mut kept = fit(records, limits.room());
    for record in &mut kept {
        record.is_used = false;
    }
    replace(lock, version, segments, &kept)
}

/// Merges the smallest segments until there is half the number that is allowed.
fn merge_smallest(
    lock: &Locked<'_>,
    version: Digest,
    limits: Limits,
    mut segments: Vec<Segment>,
) -> io::Result<()> {
    let too_many = segments.len() - limits.max_segments / 2;
    let mut sizes: Vec<u64> = segments.iter().map(Segment::size_bytes).collect();
    sizes.sort_unstable();
    let largest = sizes[too_many];
    // Equal ones are merged along; the order, the newest first, stays.
    segments.retain(|segment| segment.size_bytes() <= largest);
    let records = segments.iter().flat_map(Segment::records).collect();
    replace(lock, version, &segments, &fit(records, limits.room()))
}

/// Adds one segment in place of others. Killed in between, it leaves records twice, which is harmless.
fn replace(
    lock: &Locked<'_>,
    version: Digest,
    segments: &[Segment],
    records: &[Record<'_>],
) -> io::Result<()> {
    lock.add(version, records)?;
    for segment in segments {
        remove(segment.path())?;
    }
    Ok(())
}
