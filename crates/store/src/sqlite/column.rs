//! Between SQL values and the words of the model.

use std::str::FromStr;

use plimsoll_model::{Digest, OwnId};
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};

/// SQL integers are signed; a ledger stays far below their end.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or a place.
pub(crate) fn number(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A hash.
pub(crate) fn digest(row: &Row<'_>, column: usize) -> Result<Digest, rusqlite::Error> {
    row.get(column).map(Digest::from_bytes)
}

/// An id of ours.
pub(crate) fn own_id(row: &Row<'_>, column: usize) -> Result<OwnId, rusqlite::Error> {
    row.get::<_, String>(column).map(OwnId::new)
}

/// An id of ours or NULL.
pub(crate) fn optional_own_id(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<OwnId>, rusqlite::Error> {
    Ok(row.get::<_, Option<String>>(column)?.map(OwnId::new))
}

/// Text that has one form.
pub(crate) fn parsed<T: FromStr>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error> {
    word(row, column, |text| text.parse().ok())
}

/// A word of a closed set.
pub(crate) fn word<T>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, rusqlite::Error> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            Type::Text,
            Box::new(FromSqlError::InvalidType),
        )
    })
}
