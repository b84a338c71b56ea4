//! The whole ledger against itself. Nothing is trusted but the arithmetic.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_model::{Digest, Key};
use rusqlite::{Connection, TransactionBehavior, params};

use super::event::{COLUMNS, Stored};
use super::projection::PROJECTIONS;
use super::{ORGANIZATION, SCHEMA, blob, column, failed, project};
use crate::fact::is_read_from;
use crate::replay::Replay;
use crate::report::{Deleted, Fault, Report};
use crate::store::{Head, SavedCheckpoint};
use crate::{Event, StoreError, merkle};

/// The tables that hold the truth; the others are projections.
const TRUTH: [&str; 4] = ["event", "blob", "node", "checkpoint"];
/// The most complaints that SQLite is asked for.
const MAX_COMPLAINTS: u32 = 20;

/// Compares everything, and reports whatever could not be compared as a fault.
/// `left_behind` says why projections that another build left behind could not be made anew.
pub(crate) fn verify(connection: &mut Connection, left_behind: Option<StoreError>) -> Report {
    let mut found = Found::default();
    if let Some(error) = left_behind {
        found.fault(None, error.with_causes());
    }
    if let Err(error) = compare(connection, &mut found) {
        found.fault(None, error.with_causes());
    }
    found.report()
}

#[derive(Default)]
struct Found {
    leaves: Vec<Digest>,
    /// What is stored and has the digest that it should.
    blobs: BTreeSet<Digest>,
    checkpoints: Vec<SavedCheckpoint>,
    deleted: BTreeMap<Digest, Vec<u64>>,
    keys: Vec<(Key, u64)>,
    newest: Option<Timestamp>,
    replay: Replay,
    unknown_tables: Vec<String>,
    faults: Vec<Fault>,
}

impl Found {
    fn fault(&mut self, seq: Option<u64>, what: impl Into<String>) {
        self.faults.push(Fault {
            seq,
            what: what.into(),
        });
    }

    fn report(self) -> Report {
        Report {
            head: Head {
                size: self.leaves.len() as u64,
                root: merkle::root(&self.leaves),
            },
            blobs: self.blobs.len() as u64,
            checkpoints: self.checkpoints,
            deleted: self
                .deleted
                .into_iter()
                .map(|(digest, seqs)| Deleted { digest, seqs })
                .collect(),
            unknown: self.replay.unknown,
            unknown_tables: self.unknown_tables,
            faults: self.faults,
        }
    }
}

fn compare(connection: &mut Connection, found: &mut Found) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Deferred)
        .map_err(failed("begin to read"))?;
    compare_schema(&transaction, found)?;
    compare_pages(&transaction, found)?;
    compare_organizations(&transaction, found)?;
    compare_blobs(&transaction, found)?;
    compare_events(&transaction, found)?;
    let subtrees = complete_subtrees(&found.leaves);
    compare_nodes(&transaction, &subtrees, found)?;
    compare_checkpoints(&transaction, &subtrees, found)?;
    compare_keys(&transaction, found)?;
    compare_projections(&transaction, found)
}

/// The triggers that refuse changes are part of what must not change, and so are this build's own
/// projections. A table of a later build is told.
fn compare_schema(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let operation = "read the layout";
    let fresh = Connection::open_in_memory().map_err(failed(operation))?;
    fresh.execute_batch(SCHEMA).map_err(failed(operation))?;
    for projection in &PROJECTIONS {
        let made = fresh.execute_batch(projection.schema);
        made.map_err(failed(operation))?;
    }
    let expected = read_schema(&fresh).map_err(failed(operation))?;
    let known: BTreeSet<&str> = expected.iter().map(|part| part.table.as_str()).collect();
    let (own, other): (Vec<Part>, Vec<Part>) = read_schema(ledger)
        .map_err(failed(operation))?
        .into_iter()
        .partition(|part| known.contains(part.table.as_str()));
    if own != expected {
        found.fault(
            None,
            "the database's tables, indexes or triggers were changed",
        );
    }
    let others: BTreeSet<String> = other.into_iter().map(|part| part.table).collect();
    found.unknown_tables = others.into_iter().collect();
    Ok(())
}

/// A table, index, trigger or view, as the database keeps it.
#[derive(PartialEq, Eq)]
struct Part {
    kind: String,
    name: String,
    /// The table that it belongs to.
    table: String,
    sql: Option<String>,
}

fn read_schema(connection: &Connection) -> Result<Vec<Part>, rusqlite::Error> {
    let select = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(select)?;
    let rows = statement.query_map([], |row| {
        Ok(Part {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// SQLite's own view: pages, indexes and types.
fn compare_pages(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let failed = || failed("check the pages");
    let mut statement = ledger
        .prepare(&format!("PRAGMA integrity_check({MAX_COMPLAINTS})"))
        .map_err(failed())?;
    let complaints = statement
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(failed())?;
    for complaint in complaints {
        let complaint = complaint.map_err(failed())?;
        if complaint != "ok" {
            found.fault(None, format!("the database file is damaged: {complaint}"));
        }
    }
    Ok(())
}

fn compare_organizations(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let projections = PROJECTIONS.iter().map(|projection| projection.name);
    for table in TRUTH.into_iter().chain(projections) {
        let select = format!("SELECT count(*) FROM {table} WHERE organization <> ?1");
        let strangers = ledger.query_row(&select, [ORGANIZATION], |row| column::number(row, 0));
        let strangers = strangers.map_err(failed("count organizations"))?;
        if strangers > 0 {
            found.fault(
                None,
                format!("{strangers} rows of `{table}` are of an organization that is not here"),
            );
        }
    }
    Ok(())
}

fn compare_blobs(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let failed = || failed("read bytes");
    let select = "SELECT sha256, bytes FROM blob WHERE organization = ?1";
    let mut statement = ledger.prepare(select).map_err(failed())?;
    let mut rows = statement.query([ORGANIZATION]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let digest = column::digest(row, 0).map_err(failed())?;
        match row.get_ref(1).map_err(failed())?.as_blob_or_null() {
            Ok(Some(bytes)) if Digest::of(bytes) == digest => {
                found.blobs.insert(digest);
            }
            Ok(Some(_)) | Err(_) => {
                found.fault(None, format!("the stored bytes of {digest} were changed"))
            }
            Ok(None) => found.deleted.entry(digest).or_default().clear(),
        }
    }
    Ok(())
}

fn compare_events(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let select = format!("SELECT {COLUMNS} FROM event WHERE organization = ?1 ORDER BY seq");
    let mut statement = ledger.prepare(&select).map_err(failed("read events"))?;
    for stored in statement
        .query_map([ORGANIZATION], Stored::from_row)
        .map_err(failed("read events"))?
    {
        let stored = stored.map_err(failed("read events"))?;
        let expected = found.leaves.len() as u64;
        if stored.seq != expected {
            found.fault(
                Some(expected),
                format!("it is absent; the next event is {}", stored.seq),
            );
        }
        found.leaves.push(stored.leaf_hash());
        let seq = stored.seq;
        match stored.read() {
            Ok(event) => compare_event(ledger, &event, found),
            Err(error) => found.fault(Some(seq), error.with_causes()),
        }
    }
    Ok(())
}

fn compare_event(ledger: &Connection, event: &Event, found: &mut Found) {
    let seq = event.seq;
    let keys = event.keys.iter().map(|key| (key.clone(), seq));
    found.keys.extend(keys);
    if event.keys.first() != Some(&Key::organization(ORGANIZATION)) {
        found.fault(Some(seq), "its first key is not that of the organization");
    }
    if found
        .newest
        .is_some_and(|newest| event.recorded_at < newest)
    {
        found.fault(Some(seq), "it was recorded before the event in front of it");
    }
    found.newest = Some(event.recorded_at);
    compare_attachments(event, found);
    if let Some(seqs) = found.deleted.get_mut(&event.body_sha256) {
        seqs.push(seq);
        if !event.kind.known().is_some_and(is_read_from) {
            if let Err(error) = found.replay.take(event, None) {
                found.fault(Some(seq), error.with_causes());
            }
            return;
        }
    }
    if let Err(error) = replay_event(ledger, event, found) {
        found.fault(Some(seq), error.with_causes());
    }
}

/// The bytes that belong to the event are there, or were deleted on purpose.
fn compare_attachments(event: &Event, found: &mut Found) {
    let seq = event.seq;
    for attachment in &event.attachments {
        if let Some(seqs) = found.deleted.get_mut(attachment) {
            seqs.push(seq);
        } else if !found.blobs.contains(attachment) {
            let what = format!("the bytes {attachment}, which belong to it, are absent");
            found.fault(Some(seq), what);
        }
    }
}

/// The body is there, and what it says fits what was said before.
fn replay_event(ledger: &Connection, event: &Event, found: &mut Found) -> Result<(), StoreError> {
    let is_read = event.kind.known().is_some_and(is_read_from);
    // What nobody reads here was hashed with all other bytes, and need not be once more.
    let body = if is_read || !found.blobs.contains(&event.body_sha256) {
        Some(blob::require(ledger, &event.body_sha256)?)
    } else {
        None
    };
    found.replay.take(event, body.as_deref())
}

/// The hashes of all complete subtrees over the leaves, level by level; the first are the leaves.
fn complete_subtrees(leaves: &[Digest]) -> Vec<Vec<Digest>> {
    let mut levels = Vec::new();
    let mut level = leaves.to_vec();
    while !level.is_empty() {
        let above = level
            .chunks_exact(2)
            .map(|pair| merkle::node_hash(&pair[0], &pair[1]))
            .collect();
        levels.push(std::mem::replace(&mut level, above));
    }
    levels
}

/// Every stored hash of the tree, none missing and none too many.
fn compare_nodes(
    ledger: &Connection,
    subtrees: &[Vec<Digest>],
    found: &mut Found,
) -> Result<(), StoreError> {
    let mut expected = Vec::new();
    for (level, hashes) in (0_u32..).zip(subtrees) {
        let places = (0_u64..).zip(hashes);
        expected.extend(places.map(|(position, hash)| (level, position, *hash)));
    }
    let stored = read_nodes(ledger).map_err(failed("read the log's hashes"))?;
    if stored.len() != expected.len() {
        let what = format!(
            "the log holds {} hashes where {} belong",
            stored.len(),
            expected.len()
        );
        found.fault(None, what);
    }
    for (stored, expected) in stored
        .iter()
        .zip(&expected)
        .filter(|(stored, expected)| stored != expected)
    {
        let (level, position, _) = expected;
        let seq = (*level == 0).then_some(*position);
        let what =
            format!("its hash at level {level}, position {position} is not that of its events");
        found.fault(
            seq,
            if stored.0 == *level {
                what
            } else {
                format!("{what}, or is absent")
            },
        );
    }
    Ok(())
}

fn read_nodes(ledger: &Connection) -> Result<Vec<(u32, u64, Digest)>, rusqlite::Error> {
    let select =
        "SELECT level, position, hash FROM node WHERE organization = ?1 ORDER BY level, position";
    let mut statement = ledger.prepare(select)?;
    let rows = statement.query_map([ORGANIZATION], |row| {
        Ok((
            row.get(0)?,
            column::number(row, 1)?,
            column::digest(row, 2)?,
        ))
    })?;
    rows.collect()
}

fn compare_checkpoints(
    ledger: &Connection,
    subtrees: &[Vec<Digest>],
    found: &mut Found,
) -> Result<(), StoreError> {
    let failed = || failed("read checkpoints");
    let select = "SELECT size, root, note_sha256 FROM checkpoint WHERE organization = ?1 ORDER BY size, note_sha256";
    let mut statement = ledger.prepare(select).map_err(failed())?;
    let mut rows = statement.query(params![ORGANIZATION]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let size = column::number(row, 0).map_err(failed())?;
        let root = column::digest(row, 1).map_err(failed())?;
        let note = column::digest(row, 2).map_err(failed())?;
        compare_checkpoint(size, &root, subtrees, found);
        match blob::require(ledger, &note).map(String::from_utf8) {
            Ok(Ok(note)) => found.checkpoints.push(SavedCheckpoint { size, root, note }),
            Ok(Err(_)) => found.fault(
                None,
                format!("the note of the checkpoint over {size} events is not text"),
            ),
            Err(error) => found.fault(
                None,
                format!("the checkpoint over {size} events: {}", error.with_causes()),
            ),
        }
    }
    require_seal(found);
    Ok(())
}

/// Each append seals the head that it leads to, in one transaction with its events.
fn require_seal(found: &mut Found) {
    let sealed = found.checkpoints.iter().map(|saved| saved.size).max();
    let unsealed = (found.leaves.len() as u64).saturating_sub(sealed.unwrap_or(0));
    if unsealed > 0 {
        let what = format!("the newest {unsealed} events have no checkpoint");
        found.fault(None, what);
    }
}

fn compare_checkpoint(size: u64, root: &Digest, subtrees: &[Vec<Digest>], found: &mut Found) {
    let events = found.leaves.len() as u64;
    match root_over(subtrees, size) {
        Some(made) if made == *root => {}
        Some(_) => found.fault(
            None,
            format!("the events no longer lead to the root of the checkpoint over {size} events"),
        ),
        None => {
            let what = format!(
                "a checkpoint covers {size} events, but only {events} are here: the end was cut off"
            );
            found.fault(Some(events), what);
        }
    }
}

/// The root over the first `size` events, `None` when there are fewer. Each append has its checkpoint, so
/// none of them is made from all events again.
fn root_over(subtrees: &[Vec<Digest>], size: u64) -> Option<Digest> {
    let root = merkle::range_hash(0..size, &mut |level, position| {
        find_subtree(subtrees, level, position).ok_or(())
    });
    root.ok()
}

fn find_subtree(subtrees: &[Vec<Digest>], level: u32, position: u64) -> Option<Digest> {
    let hashes = subtrees.get(usize::try_from(level).ok()?)?;
    hashes.get(usize::try_from(position).ok()?).copied()
}

/// The index by which events are found holds all that they are about, and nothing else.
fn compare_keys(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let failed = || failed("read the events' keys");
    let select = "SELECT key, seq FROM event_key WHERE organization = ?1 ORDER BY key, seq";
    let mut statement = ledger.prepare(select).map_err(failed())?;
    let stored = statement
        .query_map([ORGANIZATION], |row| {
            Ok((row.get::<_, String>(0)?, column::number(row, 1)?))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed())?;
    found.keys.sort();
    let expected = found.keys.iter().map(|(key, seq)| (key.as_str(), *seq));
    if !stored
        .iter()
        .map(|(key, seq)| (key.as_str(), *seq))
        .eq(expected)
    {
        let what = "the index `event_key` does not hold what the events are about";
        found.fault(None, what);
    }
    Ok(())
}

fn compare_projections(ledger: &Connection, found: &mut Found) -> Result<(), StoreError> {
    let rows = project::rows(ledger)?;
    let replay = &found.replay;
    let tables = [
        ("release", rows.releases.iter().eq(replay.releases.values())),
        ("current", rows.currents.iter().eq(replay.currents.values())),
        (
            "open_deployment",
            rows.open_deployments
                .iter()
                .eq(replay.open_deployments.values()),
        ),
        ("lease", rows.leases.iter().eq(replay.leases.values())),
    ];
    for (table, is_equal) in tables {
        if !is_equal {
            found.fault(
                None,
                format!("the projection `{table}` is not what the events come to"),
            );
        }
    }
    Ok(())
}
