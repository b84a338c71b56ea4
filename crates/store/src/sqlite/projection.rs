//! Which projections the file has, of which version and how far. What another build made otherwise, or
//! left behind when it appended, is dropped and made anew from the events.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use super::project::Projections;
use super::{blob, column, event, failed, log};
use crate::replay::Replay;
use crate::store::PAGE_EVENTS;
use crate::{EventFilter, StoreError};

/// A table that follows from the events.
pub(crate) struct Projection {
    /// The table's name.
    pub(crate) name: &'static str,
    /// Raised when the table is made otherwise, or of other events or words.
    version: i64,
    /// What makes the empty table.
    pub(crate) schema: &'static str,
    /// Writes what the whole history comes to.
    fill: fn(&Projections<'_>, &Replay) -> Result<(), StoreError>,
}

/// Every projection of this build. A row and a file make another one.
pub(crate) const PROJECTIONS: [Projection; 5] = [
    Projection {
        name: EVENT_KEY,
        version: 1,
        schema: include_str!("projection/event_key.sql"),
        // Its rows are written as the events are read.
        fill: |_, _| Ok(()),
    },
    Projection {
        name: "release",
        version: 1,
        schema: include_str!("projection/release.sql"),
        fill: |tables, history| {
            let mut rows = history.releases.values();
            rows.try_for_each(|row| tables.insert_release(row))
        },
    },
    Projection {
        name: "current",
        version: 1,
        schema: include_str!("projection/current.sql"),
        fill: |tables, history| {
            let mut rows = history.currents.values();
            rows.try_for_each(|row| tables.replace_current(row))
        },
    },
    Projection {
        name: "open_deployment",
        version: 1,
        schema: include_str!("projection/open_deployment.sql"),
        fill: |tables, history| {
            let mut rows = history.open_deployments.values();
            rows.try_for_each(|row| tables.insert_open(row))
        },
    },
    Projection {
        name: "lease",
        version: 1,
        schema: include_str!("projection/lease.sql"),
        fill: |tables, history| {
            let mut rows = history.leases.values();
            rows.try_for_each(|row| tables.replace_lease(row))
        },
    },
];

const EVENT_KEY: &str = "event_key";

/// Lays out the empty tables of a new ledger.
pub(crate) fn create(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    for projection in &PROJECTIONS {
        transaction.execute_batch(projection.schema)?;
        record(transaction, projection, 0)?;
    }
    Ok(())
}

/// Whether every projection is of this build's version and at the head.
pub(crate) fn is_current(connection: &Connection) -> Result<bool, StoreError> {
    Ok(find_stale(connection)?.is_empty())
}

/// Makes anew whatever is not of this build's version, or not at the head.
pub(crate) fn bring_up(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let stale = find_stale(transaction)?;
    if stale.is_empty() {
        return Ok(());
    }
    make_anew(transaction, &stale)
}

/// Makes every projection anew.
pub(crate) fn rebuild(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let all: Vec<&Projection> = PROJECTIONS.iter().collect();
    make_anew(transaction, &all)
}

/// Says that this build's projections, which were at the head before an append, are at the one after it.
pub(crate) fn advance(transaction: &Transaction<'_>, size: u64) -> Result<(), StoreError> {
    for projection in &PROJECTIONS {
        record(transaction, projection, size).map_err(failed("keep projections up"))?;
    }
    Ok(())
}

fn find_stale(connection: &Connection) -> Result<Vec<&'static Projection>, StoreError> {
    let head = log::size(connection)?;
    let failed = || failed("look for projections");
    let select = "SELECT name, version, size FROM projection";
    let mut statement = connection.prepare_cached(select).map_err(failed())?;
    let rows = statement
        .query_map([], |row| {
            let name: String = row.get(0)?;
            Ok((name, (row.get(1)?, column::number(row, 2)?)))
        })
        .map_err(failed())?;
    let there: BTreeMap<String, (i64, u64)> = rows.collect::<Result<_, _>>().map_err(failed())?;
    let stale = PROJECTIONS
        .iter()
        .filter(|projection| there.get(projection.name) != Some(&(projection.version, head)));
    Ok(stale.collect())
}

fn make_anew(transaction: &Transaction<'_>, stale: &[&Projection]) -> Result<(), StoreError> {
    for Projection { name, schema, .. } in stale {
        let anew = format!("DROP TABLE IF EXISTS {name}; {schema}");
        let dropped = transaction.execute_batch(&anew);
        dropped.map_err(failed("drop a projection"))?;
    }
    let is_indexed = stale.iter().any(|projection| projection.name == EVENT_KEY);
    let mut history = Replay::default();
    let mut next = Some(0);
    while let Some(from_seq) = next {
        let page = event::read(transaction, &EventFilter::default(), from_seq, PAGE_EVENTS)?;
        for event in &page.items {
            if is_indexed {
                event::index(transaction, event.seq, &event.keys)?;
            }
            let body = blob::get(transaction, &event.body_sha256)?;
            history.take(event, body.as_deref())?;
        }
        next = page.next;
    }
    let head = log::size(transaction)?;
    for projection in stale {
        (projection.fill)(&Projections(transaction), &history)?;
        record(transaction, projection, head).map_err(failed("keep projections up"))?;
    }
    Ok(())
}

fn record(
    transaction: &Transaction<'_>,
    projection: &Projection,
    size: u64,
) -> Result<(), rusqlite::Error> {
    let replace = "INSERT OR REPLACE INTO projection (name, version, size) VALUES (?1, ?2, ?3)";
    let row = params![projection.name, projection.version, column::integer(size)];
    transaction.prepare_cached(replace)?.execute(row).map(drop)
}
