use plimsoll_model::Digest;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{ORGANIZATION, failed};
use crate::StoreError;
use crate::event::EventKind;
use crate::fact::is_read_from;
use crate::store::MAX_BLOB_BYTES;

/// The row of a digest.
enum Stored {
    Absent,
    Deleted,
    /// Nobody has hashed them yet.
    Bytes(Vec<u8>),
}

/// Keeps the bytes under their digest; the same bytes are kept once.
pub(crate) fn put(transaction: &Transaction<'_>, bytes: &[u8]) -> Result<Digest, StoreError> {
    if bytes.len() > MAX_BLOB_BYTES {
        return Err(StoreError::TooLarge { bytes: bytes.len() });
    }
    let digest = Digest::of(bytes);
    match stored(transaction, &digest)? {
        Stored::Absent => {
            let insert = "INSERT INTO blob (organization, sha256, bytes) VALUES (?1, ?2, ?3)";
            let mut statement = transaction
                .prepare_cached(insert)
                .map_err(failed("store bytes"))?;
            statement
                .execute(params![ORGANIZATION, digest.as_bytes(), bytes])
                .map_err(failed("store bytes"))?;
            Ok(digest)
        }
        Stored::Bytes(kept) => checked(&digest, kept).map(|_| digest),
        Stored::Deleted => Err(StoreError::BlobDeleted { digest }),
    }
}

/// The bytes of this digest, hashed anew; `None` when nobody put them or they were deleted.
pub(crate) fn get(connection: &Connection, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    match stored(connection, digest)? {
        Stored::Bytes(bytes) => checked(digest, bytes).map(Some),
        Stored::Absent | Stored::Deleted => Ok(None),
    }
}

/// The bytes that something else in the ledger is about.
pub(crate) fn require(connection: &Connection, digest: &Digest) -> Result<Vec<u8>, StoreError> {
    get(connection, digest)?.ok_or(StoreError::BlobDeleted { digest: *digest })
}

/// Replaces the bytes by a tombstone, unless the ledger itself reads them.
pub(crate) fn delete(transaction: &Transaction<'_>, digest: &Digest) -> Result<(), StoreError> {
    if matches!(stored(transaction, digest)?, Stored::Absent) || is_needed(transaction, digest)? {
        return Err(StoreError::BlobKept { digest: *digest });
    }
    let update = "UPDATE blob SET bytes = NULL WHERE organization = ?1 AND sha256 = ?2";
    transaction
        .execute(update, params![ORGANIZATION, digest.as_bytes()])
        .map_err(failed("delete bytes"))?;
    Ok(())
}

fn stored(connection: &Connection, digest: &Digest) -> Result<Stored, StoreError> {
    let select = "SELECT bytes FROM blob WHERE organization = ?1 AND sha256 = ?2";
    let mut statement = connection
        .prepare_cached(select)
        .map_err(failed("look for bytes"))?;
    let row = statement
        .query_row(params![ORGANIZATION, digest.as_bytes()], |row| row.get(0))
        .optional();
    Ok(match row.map_err(failed("read bytes"))? {
        None => Stored::Absent,
        Some(None) => Stored::Deleted,
        Some(Some(bytes)) => Stored::Bytes(bytes),
    })
}

fn checked(digest: &Digest, bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let found = Digest::of(&bytes);
    if found == *digest {
        Ok(bytes)
    } else {
        Err(StoreError::BlobChanged {
            digest: *digest,
            found,
        })
    }
}

fn is_needed(connection: &Connection, digest: &Digest) -> Result<bool, StoreError> {
    let failed = || failed("look for events of these bytes");
    let notes = "SELECT count(*) FROM checkpoint WHERE organization = ?1 AND note_sha256 = ?2";
    let key = params![ORGANIZATION, digest.as_bytes()];
    if connection
        .query_row(notes, key, |row| row.get::<_, i64>(0))
        .map_err(failed())?
        > 0
    {
        return Ok(true);
    }
    let kinds = "SELECT DISTINCT kind FROM event WHERE organization = ?1 AND body_sha256 = ?2";
    let mut statement = connection.prepare(kinds).map_err(failed())?;
    let mut rows = statement.query(key).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let kind: String = row.get(0).map_err(failed())?;
        if kind.parse::<EventKind>().map_or(true, is_read_from) {
            return Ok(true);
        }
    }
    Ok(false)
}
