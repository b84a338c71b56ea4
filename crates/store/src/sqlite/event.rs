use jiff::Timestamp;
use plimsoll_model::Digest;
use rusqlite::{Connection, Row, Transaction, params};

use super::{ORGANIZATION, blob, column, failed, log, project};
use crate::event::Entry;
use crate::{Event, EventFilter, Fact, NewEvent, StoreError};

/// An event's row as it is stored, before anything is believed.
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) occurred_at: String,
    pub(crate) recorded_at: String,
    pub(crate) subject: String,
    pub(crate) body_sha256: Digest,
}

/// The columns of [`Stored`], in its order.
pub(crate) const COLUMNS: &str = "seq, kind, occurred_at, recorded_at, subject, body_sha256";

impl Stored {
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: column::number(row, 0)?,
            kind: row.get(1)?,
            occurred_at: row.get(2)?,
            recorded_at: row.get(3)?,
            subject: row.get(4)?,
            body_sha256: column::digest(row, 5)?,
        })
    }

    pub(crate) fn leaf_hash(&self) -> Digest {
        let entry = Entry {
            body_sha256: &self.body_sha256.to_string(),
            kind: &self.kind,
            occurred_at: &self.occurred_at,
            organization: ORGANIZATION,
            recorded_at: &self.recorded_at,
            seq: self.seq,
            subject: &self.subject,
        };
        entry.leaf_hash()
    }

    /// Reads the row as an event, whose words must be ones that this build knows.
    pub(crate) fn read(self) -> Result<Event, StoreError> {
        let seq = self.seq;
        let changed = |what: &str| StoreError::EventChanged {
            seq,
            what: what.to_owned(),
        };
        Ok(Event {
            seq,
            kind: self
                .kind
                .parse()
                .map_err(|_| changed("its kind is unknown"))?,
            occurred_at: self
                .occurred_at
                .parse()
                .map_err(|_| changed("occurred_at is no moment"))?,
            recorded_at: self
                .recorded_at
                .parse()
                .map_err(|_| changed("recorded_at is no moment"))?,
            subject: self.subject,
            body_sha256: self.body_sha256,
        })
    }
}

/// Appends one event with its body, its leaf and what follows from it.
pub(crate) fn append(transaction: &Transaction<'_>, event: &NewEvent) -> Result<Event, StoreError> {
    let fact = Fact::read(event.kind, &event.body)?;
    let stored = Stored {
        seq: log::size(transaction)?,
        kind: event.kind.as_str().to_owned(),
        occurred_at: event.occurred_at.to_string(),
        recorded_at: Timestamp::now().to_string(),
        subject: event.subject.key(),
        body_sha256: blob::put(transaction, &event.body)?,
    };
    let insert = "INSERT INTO event (organization, seq, kind, occurred_at, recorded_at, subject, body_sha256)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut statement = transaction
        .prepare_cached(insert)
        .map_err(failed("append an event"))?;
    statement
        .execute(params![
            ORGANIZATION,
            column::integer(stored.seq),
            stored.kind,
            stored.occurred_at,
            stored.recorded_at,
            stored.subject,
            stored.body_sha256.as_bytes(),
        ])
        .map_err(failed("append an event"))?;
    log::append_leaf(transaction, stored.seq, stored.leaf_hash())?;
    project::apply(transaction, stored.seq, &fact)?;
    stored.read()
}

/// The events that the filter lets through, each compared with its leaf in the log.
pub(crate) fn read(
    connection: &Connection,
    filter: &EventFilter,
) -> Result<Vec<Event>, StoreError> {
    let select = format!(
        "SELECT {COLUMNS} FROM event WHERE organization = ?1 AND seq >= ?2 AND (?3 IS NULL OR subject = ?3) ORDER BY seq"
    );
    let mut statement = connection
        .prepare_cached(&select)
        .map_err(failed("look for events"))?;
    let key = params![
        ORGANIZATION,
        column::integer(filter.from_seq),
        filter.subject
    ];
    let mut events = Vec::new();
    for stored in statement
        .query_map(key, Stored::from_row)
        .map_err(failed("look for events"))?
    {
        let stored = stored.map_err(failed("read an event"))?;
        if log::node(connection, 0, stored.seq)? != stored.leaf_hash() {
            let what = "its columns do not fit its hash in the log".to_owned();
            return Err(StoreError::EventChanged {
                seq: stored.seq,
                what,
            });
        }
        let event = stored.read()?;
        if filter.kinds.is_empty() || filter.kinds.contains(&event.kind) {
            events.push(event);
        }
    }
    Ok(events)
}
