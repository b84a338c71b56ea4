use std::ops::Range;

use plimsoll_model::Digest;
use rusqlite::{Connection, OptionalExtension as _, Params, Transaction, params};

use super::{ORGANIZATION, blob, column, failed};
use crate::merkle::{self, ProofError};
use crate::store::{Head, SavedCheckpoint};
use crate::{Page, StoreError};

/// The number of events.
pub(crate) fn size(connection: &Connection) -> Result<u64, StoreError> {
    let select = "SELECT coalesce(max(seq) + 1, 0) FROM event WHERE organization = ?1";
    let mut statement = connection
        .prepare_cached(select)
        .map_err(failed("count events"))?;
    statement
        .query_row([ORGANIZATION], |row| column::number(row, 0))
        .map_err(failed("count events"))
}

/// The size and the root of the log.
pub(crate) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let size = size(connection)?;
    let root = root(connection, size)?;
    Ok(Head { size, root })
}

/// The root over the first `size` events, as many as there are or fewer.
pub(crate) fn root(connection: &Connection, size: u64) -> Result<Digest, StoreError> {
    range_hash(connection, 0..size)
}

/// The hash of a complete subtree.
pub(crate) fn node(
    connection: &Connection,
    level: u32,
    position: u64,
) -> Result<Digest, StoreError> {
    let select = "SELECT hash FROM node WHERE organization = ?1 AND level = ?2 AND position = ?3";
    let mut statement = connection
        .prepare_cached(select)
        .map_err(failed("look for a hash"))?;
    let row = statement
        .query_row(
            params![ORGANIZATION, level, column::integer(position)],
            |row| column::digest(row, 0),
        )
        .optional();
    row.map_err(failed("read a hash"))?
        .ok_or(StoreError::NodeChanged { level, position })
}

/// Adds the leaf of the event `seq` and every subtree that it completes.
pub(crate) fn append_leaf(
    transaction: &Transaction<'_>,
    seq: u64,
    leaf: Digest,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO node (organization, level, position, hash) VALUES (?1, ?2, ?3, ?4)";
    let (mut level, mut position, mut hash) = (0_u32, seq, leaf);
    loop {
        let mut statement = transaction
            .prepare_cached(insert)
            .map_err(failed("store a hash"))?;
        statement
            .execute(params![
                ORGANIZATION,
                level,
                column::integer(position),
                hash.as_bytes()
            ])
            .map_err(failed("store a hash"))?;
        if position % 2 == 0 {
            return Ok(());
        }
        hash = merkle::node_hash(&node(transaction, level, position - 1)?, &hash);
        (level, position) = (level + 1, position / 2);
    }
}

/// The hashes over these ranges of a log of `size`.
pub(crate) fn prove(
    connection: &Connection,
    size: u64,
    ranges: Vec<Range<u64>>,
) -> Result<Vec<Digest>, StoreError> {
    if size > self::size(connection)? {
        return Err(ProofError::Range.into());
    }
    ranges
        .into_iter()
        .map(|range| range_hash(connection, range))
        .collect()
}

/// Keeps the sealed checkpoint of the present head.
pub(crate) fn save_checkpoint(
    transaction: &Transaction<'_>,
    head: &Head,
    note: &str,
) -> Result<(), StoreError> {
    let note = blob::put(transaction, note.as_bytes())?;
    let insert =
        "INSERT INTO checkpoint (organization, size, root, note_sha256) VALUES (?1, ?2, ?3, ?4)";
    transaction
        .execute(
            insert,
            params![
                ORGANIZATION,
                column::integer(head.size),
                head.root.as_bytes(),
                note.as_bytes()
            ],
        )
        .map_err(failed("store a checkpoint"))?;
    Ok(())
}

/// The saved checkpoint that covers most.
pub(crate) fn newest_checkpoint(
    connection: &Connection,
) -> Result<Option<SavedCheckpoint>, StoreError> {
    let newest = "SELECT size, root, note_sha256 FROM checkpoint WHERE organization = ?1
                  ORDER BY size DESC, note_sha256 LIMIT 1";
    Ok(read_checkpoints(connection, newest, params![ORGANIZATION])?.pop())
}

/// The saved checkpoints over `from_size` events and more, the shortest first.
pub(crate) fn checkpoints(
    connection: &Connection,
    from_size: u64,
    limit: usize,
) -> Result<Page<SavedCheckpoint>, StoreError> {
    let select =
        "SELECT size, root, note_sha256 FROM checkpoint WHERE organization = ?1 AND size >= ?2
                  ORDER BY size, note_sha256 LIMIT ?3";
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let from_size = column::integer(from_size);
    let mut items = read_checkpoints(connection, select, params![ORGANIZATION, from_size, wanted])?;
    let next = items.get(limit).map(|saved| saved.size);
    items.truncate(limit);
    Ok(Page { items, next })
}

fn read_checkpoints(
    connection: &Connection,
    select: &str,
    parameters: impl Params,
) -> Result<Vec<SavedCheckpoint>, StoreError> {
    let mut statement = connection
        .prepare_cached(select)
        .map_err(failed("look for checkpoints"))?;
    let rows = statement.query_map(parameters, |row| {
        Ok((
            column::number(row, 0)?,
            column::digest(row, 1)?,
            column::digest(row, 2)?,
        ))
    });
    let mut checkpoints = Vec::new();
    for row in rows.map_err(failed("look for checkpoints"))? {
        let (size, root, note) = row.map_err(failed("read a checkpoint"))?;
        let note = blob::require(connection, &note)?;
        let note = String::from_utf8(note).map_err(|_| StoreError::Checkpoint { size })?;
        checkpoints.push(SavedCheckpoint { size, root, note });
    }
    Ok(checkpoints)
}

fn range_hash(connection: &Connection, range: Range<u64>) -> Result<Digest, StoreError> {
    merkle::range_hash(range, &mut |level, position| {
        node(connection, level, position)
    })
}
