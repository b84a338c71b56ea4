//! Whoever changes the file is found: by cell, by row, by history and by raw byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod sample;

use std::path::{Path, PathBuf};

use plimsoll_store::{EventFilter, EventKind, Report, Store, StoreError};
use plimsoll_trial as trial;
use rusqlite::Connection;
use rusqlite::types::Value;
use sample::{append, created, event, ledger, service, tell};

/// How far the projections are. What is said wrongly there makes them be made anew.
const PROJECTION: &str = "projection";

#[test]
fn every_changed_cell_is_found() {
    let bench = Bench::new();
    let before = bench.report(&bench.original);
    assert_eq!(
        (before.faults.as_slice(), before.deleted.len()),
        ([].as_slice(), 1)
    );
    let mut found = 0;
    for table in &tables(&bench.original) {
        let (columns, rows) = rows(&bench.original, table);
        assert!(!rows.is_empty(), "the sample has no row in {table}");
        for row in &rows {
            for (at, column) in columns.iter().enumerate() {
                for value in others(&row[at]) {
                    let copy = bench.copy();
                    if !set(&copy, table, &columns, row, column, &value) {
                        continue;
                    }
                    let deleted = (table.as_str(), column.as_str(), &value)
                        == ("blob", "bytes", &Value::Null);
                    let seen = bench.is_seen(&copy, |report| {
                        deleted && report.deleted.len() == 2 || table == PROJECTION
                    });
                    assert!(
                        seen,
                        "{table}.{column} of {row:?} became {value:?}, and nobody saw it"
                    );
                    found += 1;
                }
            }
        }
    }
    assert!(found > 500, "only {found} changes were tried");
}

#[test]
fn every_missing_row_is_found() {
    let bench = Bench::new();
    let unseen = |table: &str| {
        let (columns, rows) = rows(&bench.original, table);
        rows.iter()
            .filter(|row| table != PROJECTION && bench.is_sound_without(table, &columns, row))
            .count()
    };
    for table in &tables(&bench.original) {
        // Checkpoints that a later one covers can go unseen: somebody else must keep them.
        let expected = if table == "checkpoint" { 10 } else { 0 };
        assert_eq!(unseen(table), expected, "{table}");
    }
}

#[test]
fn a_clean_cut_is_found_by_the_checkpoint_alone() {
    let bench = Bench::new();
    let cut = |checkpoints: &str| {
        let copy = bench.copy();
        without_triggers(&copy, |raw| {
            raw.execute_batch(
                "DELETE FROM event WHERE seq >= 9; DELETE FROM event_key WHERE seq >= 9;
                 DELETE FROM node WHERE (position + 1) << level > 9;",
            )
            .unwrap();
            raw.execute_batch(checkpoints).unwrap();
        });
        Store::open(&copy).unwrap().rebuild().unwrap();
        bench.report(&copy)
    };
    let faults = cut("").faults;
    assert!(!faults.is_empty());
    for fault in faults {
        assert!(fault.to_string().contains("the end was cut off"), "{fault}");
    }
    assert_eq!(cut("DELETE FROM checkpoint WHERE size > 9").faults, []);
}

#[test]
fn a_history_written_anew_is_found_by_the_checkpoint_alone() {
    let bench = Bench::new();
    let rewritten = bench.folder.path().join("rewritten.db");
    let store = Store::open(&rewritten).unwrap();
    tell(&store, &created());
    for number in 1..12_u8 {
        append(&store, &[event(EventKind::PolicyDecided, &[number])]).unwrap();
    }
    assert_eq!(store.verify().faults, []);
    let raw = Connection::open(&rewritten).unwrap();
    raw.execute("ATTACH ?1 AS original", [bench.original.to_str().unwrap()])
        .unwrap();
    raw.execute_batch(
        "INSERT OR REPLACE INTO checkpoint SELECT * FROM original.checkpoint WHERE size = 6",
    )
    .unwrap();
    let faults = store.verify().faults;
    assert!(!faults.is_empty());
    assert!(
        faults
            .iter()
            .all(|fault| fault.what.contains("no longer lead to the root")),
        "{faults:?}"
    );
}

#[test]
fn a_missing_trigger_is_found() {
    let bench = Bench::new();
    let raw = Connection::open(&bench.original).unwrap();
    let refused = raw
        .execute("UPDATE event SET subjects = '[]'", [])
        .unwrap_err()
        .to_string();
    assert!(refused.contains("append-only"), "{refused}");
    assert!(raw.execute("DELETE FROM blob", []).is_err());
    raw.execute_batch("DROP TRIGGER event_is_not_updated")
        .unwrap();
    assert!(!bench.report(&bench.original).is_sound());
}

#[test]
fn a_changed_event_is_refused_when_it_is_read() {
    let bench = Bench::new();
    without_triggers(&bench.original, |raw| {
        raw.execute(
            "UPDATE event SET occurred_at = '2026-11-22T09:30:01Z' WHERE seq = 3",
            [],
        )
        .unwrap();
        raw.execute(
            "UPDATE blob SET bytes = x'00' WHERE bytes = CAST('{\"outcome\": \"allow\"}' AS BLOB)",
            [],
        )
        .unwrap();
    });
    let store = Store::open(&bench.original).unwrap();
    let read = store.events(&EventFilter::default(), 0, 100);
    assert!(
        matches!(read, Err(StoreError::EventChanged { seq: 3, .. })),
        "{read:?}"
    );
    let decided = plimsoll_model::Digest::of(b"{\"outcome\": \"allow\"}");
    let read = store.blob(&decided);
    assert!(
        matches!(read, Err(StoreError::BlobChanged { digest, .. }) if digest == decided),
        "{read:?}"
    );
    let seqs: Vec<_> = store
        .verify()
        .faults
        .iter()
        .filter_map(|fault| fault.seq)
        .collect();
    assert!(seqs.contains(&3) && seqs.contains(&9), "{seqs:?}");
}

#[test]
fn no_changed_byte_of_the_file_changes_what_is_read() {
    let bench = Bench::new();
    let bytes = std::fs::read(&bench.original).unwrap();
    let before = told(&Store::open(&bench.original).unwrap()).unwrap();
    let (mut state, mut refused, mut found, mut same) = (0x2545_f491_4f6c_dd1d_u64, 0_usize, 0, 0);
    let turns = usize::try_from(trial::count(200, 600)).unwrap();
    for turn in 0..turns {
        // A xorshift generator: the same bytes each time. The header's bytes all get their turn.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = if turn < 100 {
            turn
        } else {
            usize::try_from(state >> 8).unwrap() % bytes.len()
        };
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (state & 7);
        let copy = bench.copy();
        std::fs::write(&copy, &changed).unwrap();
        let Ok(store) = Store::open(&copy) else {
            refused += 1;
            continue;
        };
        if !store.verify().is_sound() {
            found += 1;
            continue;
        }
        assert_eq!(
            told(&store).unwrap(),
            before,
            "byte {at} became {} unseen",
            changed[at]
        );
        same += 1;
    }
    assert!(
        refused * 30 > turns && found * 8 > turns && same * 30 > turns,
        "{refused} refused, {found} found, {same} without effect"
    );
    trial::tell(format_args!(
        "{turns} flipped bits: {refused} refused, {found} found, {same} without effect"
    ));
}

/// Everything that the ledger tells, in one text.
fn told(store: &Store) -> Result<String, StoreError> {
    let filter = EventFilter::default();
    let events: Vec<_> = store.all_events(&filter).collect::<Result<_, _>>()?;
    let bodies: Vec<_> = events
        .iter()
        .map(|event| store.blob(&event.body_sha256))
        .collect::<Result<_, _>>()?;
    let rows = (
        store.releases(&service(), 0, usize::MAX)?,
        store.current(&service(), "production")?,
        store.open_deployment(&service(), "production")?,
        store.lease(&service(), "canary")?,
    );
    Ok(format!(
        "{events:?} {bodies:?} {rows:?} {:?} {:?}",
        store.checkpoints(0, usize::MAX)?,
        store.head()?
    ))
}

struct Bench {
    folder: tempfile::TempDir,
    original: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("original.db");
        drop(ledger(&original));
        Self { folder, original }
    }

    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy.db");
        for leftover in ["copy.db-wal", "copy.db-shm"] {
            let leftover = self.folder.path().join(leftover);
            if leftover.exists() {
                std::fs::remove_file(leftover).unwrap();
            }
        }
        std::fs::copy(&self.original, &copy).unwrap();
        copy
    }

    fn report(&self, path: &Path) -> Report {
        assert!(path.starts_with(self.folder.path()));
        Store::open(path).unwrap().verify()
    }

    /// Whether the change is seen: the file is refused, faults are found, or the report says so otherwise.
    fn is_seen(&self, path: &Path, otherwise: impl Fn(&Report) -> bool) -> bool {
        assert!(path.starts_with(self.folder.path()));
        let Ok(store) = Store::open(path) else {
            return true;
        };
        let report = store.verify();
        !report.is_sound() || otherwise(&report)
    }

    fn is_sound_without(&self, table: &str, columns: &[String], row: &[Value]) -> bool {
        let copy = self.copy();
        without_triggers(&copy, |raw| {
            let delete = format!("DELETE FROM {table} WHERE {}", is_row(columns));
            assert_eq!(
                raw.execute(&delete, rusqlite::params_from_iter(row))
                    .unwrap(),
                1
            );
        });
        !self.is_seen(&copy, |_| false)
    }
}

/// Every table that the file has, so that a new one is damaged as well.
fn tables(path: &Path) -> Vec<String> {
    let raw = Connection::open(path).unwrap();
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let mut statement = raw.prepare(select).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn rows(path: &Path, table: &str) -> (Vec<String>, Vec<Vec<Value>>) {
    let raw = Connection::open(path).unwrap();
    let mut statement = raw.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let rows = statement.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect());
    let rows = rows.unwrap().collect::<Result<_, _>>().unwrap();
    (columns, rows)
}

/// Values near to this one: a flipped bit at the start, in the middle and at the end, and NULL.
fn others(value: &Value) -> Vec<Value> {
    let flipped = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let places = [0, bytes.len() / 2, bytes.len().saturating_sub(1)];
        let flip = |at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            bytes
        };
        places
            .into_iter()
            .filter(|at| *at < bytes.len())
            .map(flip)
            .collect()
    };
    match value {
        Value::Null => vec![Value::Text("x".to_owned()), Value::Blob(vec![7; 32])],
        Value::Integer(number) => vec![Value::Integer(number + 1), Value::Integer(number ^ 0x4000)],
        Value::Real(number) => vec![Value::Real(number + 1.0)],
        Value::Text(text) => {
            let texts = flipped(text.as_bytes())
                .into_iter()
                .map(|bytes| String::from_utf8(bytes).unwrap());
            texts.map(Value::Text).chain([Value::Null]).collect()
        }
        Value::Blob(bytes) => flipped(bytes)
            .into_iter()
            .map(Value::Blob)
            .chain([Value::Null])
            .collect(),
    }
}

/// Changes one cell; false when the table's own rules forbid that value.
fn set(
    path: &Path,
    table: &str,
    columns: &[String],
    row: &[Value],
    column: &str,
    value: &Value,
) -> bool {
    let mut changed = false;
    without_triggers(path, |raw| {
        let place = columns.len() + 1;
        let update = format!(
            "UPDATE {table} SET {column} = ?{place} WHERE {}",
            is_row(columns)
        );
        let values = row.iter().chain([value]);
        changed = raw.execute(&update, rusqlite::params_from_iter(values)) == Ok(1);
    });
    changed
}

fn is_row(columns: &[String]) -> String {
    let each = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{column} IS ?{}", at + 1));
    each.collect::<Vec<_>>().join(" AND ")
}

/// Drops the triggers, lets `work` do what they refuse, and puts them back.
fn without_triggers(path: &Path, work: impl FnOnce(&Connection)) {
    let raw = Connection::open(path).unwrap();
    raw.pragma_update(None, "synchronous", "OFF").unwrap();
    let mut statement = raw
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap();
    let triggers = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let triggers: Vec<(String, String)> = triggers.collect::<Result<_, _>>().unwrap();
    drop(statement);
    for (name, _) in &triggers {
        raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    work(&raw);
    for (_, sql) in &triggers {
        raw.execute_batch(sql).unwrap();
    }
}
