use std::str::FromStr;

use jiff::Timestamp;
use plimsoll_model::{Digest, Key};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, Transaction, params};

use super::project::Projections;
use super::{ORGANIZATION, blob, column, failed, log};
use crate::event::{Entry, FORMAT, MAX_KEYS};
use crate::laws::{self, Envelope};
use crate::store::{Expected, Head, PAGE_EVENTS};
use crate::{Event, EventFilter, Fact, Kind, NewEvent, Page, StoreError};

/// An event's row as it is stored, before anything is believed.
pub(crate) struct Stored {
    pub(crate) seq: u64,
    pub(crate) format: u64,
    pub(crate) kind: String,
    pub(crate) occurred_at: String,
    pub(crate) recorded_at: String,
    pub(crate) subjects: String,
    pub(crate) body_sha256: Digest,
    pub(crate) attachments: String,
}

/// The columns of [`Stored`], in its order.
pub(crate) const COLUMNS: &str =
    "event.seq, format, kind, occurred_at, recorded_at, subjects, body_sha256, attachments";

impl Stored {
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: column::number(row, 0)?,
            format: column::number(row, 1)?,
            kind: row.get(2)?,
            occurred_at: row.get(3)?,
            recorded_at: row.get(4)?,
            subjects: row.get(5)?,
            body_sha256: column::digest(row, 6)?,
            attachments: row.get(7)?,
        })
    }

    /// The hash over the columns. A list that is not written in the one canonical way has none that any
    /// log holds.
    pub(crate) fn leaf_hash(&self) -> Digest {
        let entry = Entry {
            attachments: &list_or_text(&self.attachments),
            body_sha256: &self.body_sha256.to_string(),
            format: self.format,
            kind: &self.kind,
            occurred_at: &self.occurred_at,
            organization: ORGANIZATION,
            recorded_at: &self.recorded_at,
            seq: self.seq,
            subjects: &list_or_text(&self.subjects),
        };
        entry.leaf_hash()
    }

    /// Reads the row as an event. Its kind, and kinds of its keys, may be words of a later build.
    pub(crate) fn read(self) -> Result<Event, StoreError> {
        let seq = self.seq;
        if self.format != FORMAT {
            return Err(changed(
                seq,
                "its format is not that of the ledger's layout",
            ));
        }
        let keys = read_list(&self.subjects).and_then(|keys| parse_all(&keys));
        let attachments = read_list(&self.attachments).and_then(|digests| parse_all(&digests));
        let kind = Kind::read(&self.kind);
        Ok(Event {
            seq,
            kind: kind.ok_or_else(|| changed(seq, "its kind is no word"))?,
            keys: keys.ok_or_else(|| changed(seq, "its subjects are no list of keys"))?,
            occurred_at: self
                .occurred_at
                .parse()
                .map_err(|_| changed(seq, "occurred_at is no moment"))?,
            recorded_at: self
                .recorded_at
                .parse()
                .map_err(|_| changed(seq, "recorded_at is no moment"))?,
            body_sha256: self.body_sha256,
            attachments: attachments
                .ok_or_else(|| changed(seq, "its attachments are no list of digests"))?,
        })
    }
}

fn changed(seq: u64, what: &str) -> StoreError {
    StoreError::EventChanged {
        seq,
        what: what.to_owned(),
    }
}

/// The list, or for a text that is none a list that holds it: no digest and no key looks like that, so that no
/// log has it. Taken for the empty list it would pass for an event without attachments.
fn list_or_text(text: &str) -> Vec<String> {
    read_list(text).unwrap_or_else(|| vec![text.to_owned()])
}

/// The list, when it is written as this build writes lists.
fn read_list(text: &str) -> Option<Vec<String>> {
    let list: Vec<String> = serde_json::from_str(text).ok()?;
    (write_list(&list) == text).then_some(list)
}

fn write_list(list: &[String]) -> String {
    serde_json::to_string(list).expect("a list of text is JSON")
}

fn parse_all<T: FromStr>(texts: &[String]) -> Option<Vec<T>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}

/// The kind of the first event, unchecked; `None` as long as there is none.
pub(crate) fn first_kind(connection: &Connection) -> Result<Option<Kind>, StoreError> {
    let select = "SELECT kind FROM event WHERE organization = ?1 AND seq = 0";
    let kind: Option<String> = connection
        .query_row(select, [ORGANIZATION], |row| row.get(0))
        .optional()
        .map_err(failed("read the first event"))?;
    kind.map(|kind| Kind::read(&kind).ok_or_else(|| changed(0, "its kind is no word")))
        .transpose()
}

/// Whether something came after the head that a decision rests on which may change it, or the head is
/// not one of this history.
pub(crate) fn is_disturbed(
    transaction: &Transaction<'_>,
    expected: Expected<'_>,
    now: &Head,
) -> Result<bool, StoreError> {
    let Head { size, root } = expected.head;
    if size > now.size || log::root(transaction, size)? != root {
        return Ok(true);
    }
    let mut next = (size < now.size).then_some(size);
    while let Some(from_seq) = next {
        let page = read(transaction, &EventFilter::default(), from_seq, PAGE_EVENTS)?;
        for event in &page.items {
            let body = blob::get(transaction, &event.body_sha256)?;
            if laws::disturbs(event, body.as_deref(), expected.about) {
                return Ok(true);
            }
        }
        next = page.next;
    }
    Ok(false)
}

/// Appends one event with its body, its attachments, its leaf and what follows from it.
pub(crate) fn append(transaction: &Transaction<'_>, event: &NewEvent) -> Result<(), StoreError> {
    let fact = Fact::read(event.kind, &event.body)?;
    let seq = log::size(transaction)?;
    laws::require_place(seq, &Kind::Known(event.kind))?;
    let keys = all_keys(event)?;
    let recorded_at = recording_moment(transaction, seq)?;
    if let Some(fact) = &fact {
        let projections = Projections(transaction);
        let envelope = Envelope {
            seq,
            recorded_at,
            keys: &keys,
        };
        projections.apply(laws::judge(&projections, &envelope, fact)?)?;
    }
    let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let stored = Stored {
        seq,
        format: FORMAT,
        kind: event.kind.as_str().to_owned(),
        occurred_at: event.occurred_at.to_string(),
        recorded_at: recorded_at.to_string(),
        subjects: write_list(&texts),
        body_sha256: blob::put(transaction, &event.body)?,
        attachments: put_attachments(transaction, &event.attachments)?,
    };
    insert(transaction, &stored)?;
    index(transaction, seq, &keys)?;
    log::append_leaf(transaction, seq, stored.leaf_hash())
}

/// Keeps the bytes that belong to an event, and lists their digests.
fn put_attachments(
    transaction: &Transaction<'_>,
    attachments: &[Vec<u8>],
) -> Result<String, StoreError> {
    let mut digests = Vec::new();
    for bytes in attachments {
        digests.push(blob::put(transaction, bytes)?.to_string());
    }
    Ok(write_list(&digests))
}

/// The event's keys, each once, with that of the organization first.
fn all_keys(event: &NewEvent) -> Result<Vec<Key>, StoreError> {
    let mut keys = vec![Key::organization(ORGANIZATION)];
    for key in &event.keys {
        let key: Key = key.as_str().parse()?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.len() > MAX_KEYS {
        return Err(StoreError::TooManyKeys {
            count: keys.len(),
            most: MAX_KEYS,
        });
    }
    Ok(keys)
}

/// The present, or the moment of the newest event where the clock was set back: recorded times never
/// run backwards.
fn recording_moment(connection: &Connection, seq: u64) -> Result<Timestamp, StoreError> {
    let now = Timestamp::now();
    let Some(newest) = seq.checked_sub(1) else {
        return Ok(now);
    };
    let select = "SELECT recorded_at FROM event WHERE organization = ?1 AND seq = ?2";
    let text: Option<String> = connection
        .query_row(
            select,
            params![ORGANIZATION, column::integer(newest)],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed("read the newest event"))?;
    let newest_at = text.and_then(|text| text.parse::<Timestamp>().ok());
    newest_at
        .map(|newest_at| newest_at.max(now))
        .ok_or_else(|| changed(newest, "recorded_at is no moment"))
}

fn insert(transaction: &Transaction<'_>, stored: &Stored) -> Result<(), StoreError> {
    let insert = "INSERT INTO event (organization, seq, format, kind, occurred_at, recorded_at, subjects, body_sha256, attachments)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut statement = transaction
        .prepare_cached(insert)
        .map_err(failed("append an event"))?;
    statement
        .execute(params![
            ORGANIZATION,
            column::integer(stored.seq),
            column::integer(stored.format),
            stored.kind,
            stored.occurred_at,
            stored.recorded_at,
            stored.subjects,
            stored.body_sha256.as_bytes(),
            stored.attachments,
        ])
        .map_err(failed("append an event"))?;
    Ok(())
}

/// Makes the event findable by each of its keys.
pub(crate) fn index(connection: &Connection, seq: u64, keys: &[Key]) -> Result<(), StoreError> {
    let insert = "INSERT INTO event_key (organization, key, seq) VALUES (?1, ?2, ?3)";
    let mut statement = connection
        .prepare_cached(insert)
        .map_err(failed("index an event"))?;
    for key in keys {
        statement
            .execute(params![ORGANIZATION, key.as_str(), column::integer(seq)])
            .map_err(failed("index an event"))?;
    }
    Ok(())
}

/// The events from `from_seq` on that the filter lets through, each compared with its leaf in the log.
pub(crate) fn read(
    connection: &Connection,
    filter: &EventFilter,
    from_seq: u64,
    limit: usize,
) -> Result<Page<Event>, StoreError> {
    let mut statement = connection
        .prepare_cached(&select(filter))
        .map_err(failed("look for events"))?;
    let from_seq = column::integer(from_seq);
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let keys: Vec<&str> = filter.keys.iter().map(Key::as_str).collect();
    let mut parameters: Vec<&dyn ToSql> = vec![&ORGANIZATION, &from_seq, &wanted];
    parameters.extend(keys.iter().map(|key| key as &dyn ToSql));
    let rows = statement
        .query_map(&parameters[..], Stored::from_row)
        .map_err(failed("look for events"))?;
    let mut items = Vec::new();
    for stored in rows {
        let stored = stored.map_err(failed("read an event"))?;
        if items.len() == limit {
            let next = Some(stored.seq);
            return Ok(Page { items, next });
        }
        items.push(anchored(connection, stored)?);
    }
    Ok(Page { items, next: None })
}

/// The event of a row that fits its leaf in the log.
fn anchored(connection: &Connection, stored: Stored) -> Result<Event, StoreError> {
    if log::node(connection, 0, stored.seq)? != stored.leaf_hash() {
        let what = "its columns do not fit its hash in the log";
        return Err(changed(stored.seq, what));
    }
    stored.read()
}

/// The statement whose parameters are the organization, the first place, the most rows, and the keys of
/// the filter.
fn select(filter: &EventFilter) -> String {
    let by_keys: Vec<String> = (0..filter.keys.len())
        .map(|at| {
            let place = at + 4;
            format!(
                "JOIN event_key AS key{at} ON key{at}.organization = event.organization
                 AND key{at}.seq = event.seq AND key{at}.key = ?{place}"
            )
        })
        .collect();
    let by_keys = by_keys.join(" ");
    let kinds: Vec<String> = filter
        .kinds
        .iter()
        .map(|kind| format!("'{kind}'"))
        .collect();
    let of_kinds = if kinds.is_empty() {
        String::new()
    } else {
        format!("AND kind IN ({})", kinds.join(", "))
    };
    format!(
        "SELECT {COLUMNS} FROM event {by_keys}
         WHERE event.organization = ?1 AND event.seq >= ?2 {of_kinds}
         ORDER BY event.seq LIMIT ?3"
    )
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Digest;

    use super::Stored;

    #[test]
    fn a_list_that_is_none_is_not_the_empty_one() {
        let leaf = |subjects: &str, attachments: &str| {
            let stored = Stored {
                seq: 0,
                format: 3,
                kind: "note.test".to_owned(),
                occurred_at: String::new(),
                recorded_at: String::new(),
                subjects: subjects.to_owned(),
                body_sha256: Digest::of(b"body"),
                attachments: attachments.to_owned(),
            };
            stored.leaf_hash()
        };
        for none in ["", "[", "[ ]", "null"] {
            assert_ne!(leaf("[]", none), leaf("[]", "[]"), "{none}");
            assert_ne!(leaf(none, "[]"), leaf("[]", "[]"), "{none}");
        }
    }
}
