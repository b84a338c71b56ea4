//! The ledger as its users see it: what is kept, what follows, what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod sample;

use plimsoll_model::{DeploymentOutcome, Digest, Fault as _, Key, OwnId};
use plimsoll_store::{
    Current, Event, EventFilter, EventKind, Fact, Kind, Lease, NewEvent, OpenDeployment, Release,
    Store, StoreError, merkle,
};
use sample::{
    append, created, event, finished, ledger, moment, note, release, service, subject, tell,
};

#[test]
fn what_is_appended_is_read_again_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(ledger(&path));
    let store = Store::open(&path).unwrap();
    let events = all(&store, &EventFilter::default());
    assert_eq!(seqs(&events), (0..12).collect::<Vec<_>>());
    assert_eq!(
        (&events[9].kind, events[9].occurred_at),
        (&Kind::Known(EventKind::PolicyDecided), moment())
    );
    assert_eq!(
        events[9].keys,
        [key_of("organization:default"), subject("one").key()]
    );
    assert_eq!(events[0].keys, [key_of("organization:default")]);
    assert_eq!(store.fact(&events[0]).unwrap(), Some(created()));
    assert_eq!(Fact::LedgerCreated(store.beginning().unwrap()), created());
    assert_eq!(store.body(&events[9]).unwrap(), b"{\"outcome\": \"allow\"}");
    assert_eq!(store.fact(&events[2]).unwrap(), Some(release("one")));
    assert_eq!(store.fact(&events[9]).unwrap(), None);
    assert!(events.is_sorted_by_key(|event| event.recorded_at));
    let document = Digest::of(b"the public key of a sealer");
    assert_eq!(events[0].attachments, [document]);
    assert!(store.blob(&document).unwrap().is_some());
    let checkpoints = |from_size, limit| store.checkpoints(from_size, limit).unwrap();
    let page = checkpoints(3, 2);
    assert_eq!((page.items.len(), page.next), (2, Some(5)));
    assert_eq!(
        store.newest_checkpoint().unwrap(),
        checkpoints(12, 9).items.pop()
    );
    let sealed: Vec<_> = checkpoints(0, 99)
        .items
        .iter()
        .map(|saved| (saved.size, saved.note.clone()))
        .collect();
    assert_eq!(
        sealed,
        (2..=12).map(|size| (size, note(size))).collect::<Vec<_>>()
    );
}

#[test]
fn events_are_found_by_kind_and_by_all_that_they_are_about() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let found = |kinds: &[EventKind], keys: &[&str]| {
        let filter = EventFilter {
            kinds: kinds.to_vec(),
            keys: keys.iter().map(|key| key_of(key)).collect(),
        };
        seqs(&all(&store, &filter))
    };
    assert_eq!(found(&[EventKind::DeploymentStep], &[]), [4]);
    assert_eq!(found(&[], &["release:one"]), [2, 3, 4, 5]);
    assert_eq!(found(&[], &["environment:canary"]), [10]);
    assert_eq!(
        found(&[EventKind::ReleaseCreated], &["service:shop"]),
        [2, 6]
    );
    assert_eq!(found(&[], &["service:other"]), [] as [u64; 0]);
    let both = ["environment:production", "release:two"];
    assert_eq!(found(&[], &both), [7, 8, 11]);
    let bytes = subject("two").key();
    assert_eq!(found(&[], &[bytes.as_str()]), [6, 7, 11]);

    let page = store.events(&EventFilter::default(), 3, 4).unwrap();
    assert_eq!((seqs(&page.items), page.next), (vec![3, 4, 5, 6], Some(7)));
    let page = store.events(&EventFilter::default(), 8, 4).unwrap();
    assert_eq!((page.items.len(), page.next), (4, None));
    let page = store.releases(&service(), 0, 1).unwrap();
    assert_eq!((page.items.len(), page.next), (1, Some(6)));
}

#[test]
fn the_projections_say_what_runs_and_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let one = Some(OwnId::new("one"));
    let production = Current {
        service: service(),
        environment: "production".to_owned(),
        running: one.clone(),
        last_healthy: one.clone(),
        outcome: DeploymentOutcome::RolledBack,
        seq: 8,
    };
    let current = |environment: &str| store.current(&service(), environment).unwrap();
    assert_eq!(current("production"), Some(production.clone()));
    assert_eq!(current("staging"), None);
    let open = OpenDeployment {
        service: service(),
        environment: "production".to_owned(),
        deployment: OwnId::new("d3"),
        release: OwnId::new("two"),
        previous: one,
        seq: 11,
    };
    let is_open = || store.open_deployment(&service(), "production").unwrap();
    assert_eq!(is_open(), Some(open));
    let one = Release {
        id: OwnId::new("one"),
        service: service(),
        name: "shop-one".to_owned(),
        subjects: vec![subject("one")],
        created_seq: 2,
    };
    assert_eq!(
        store.release(&OwnId::new("one")).unwrap(),
        Some(one.clone())
    );
    let named = store.release_named(&service(), "shop-one").unwrap();
    assert_eq!(named, Some(one));
    let first = Lease {
        service: service(),
        environment: "canary".to_owned(),
        holder: "first".to_owned(),
        fence: 1,
        expires_at: moment(),
        seq: 10,
    };
    assert_eq!(store.lease(&service(), "canary").unwrap(), Some(first));

    tell(
        &store,
        &finished("d3", "two", DeploymentOutcome::Failed, None),
    );
    let failed = Current {
        running: None,
        outcome: DeploymentOutcome::Failed,
        seq: 12,
        ..production
    };
    assert_eq!(current("production"), Some(failed));
    assert_eq!(is_open(), None);
}

#[test]
fn rebuilt_projections_are_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let store = ledger(&path);
    assert_eq!(store.verify().faults, []);
    for table in [
        "event_key",
        "release",
        "current",
        "open_deployment",
        "lease",
    ] {
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.execute_batch(&format!("DELETE FROM {table}")).unwrap();
        assert!(!store.verify().is_sound(), "an emptied {table} went unseen");
        store.rebuild().unwrap();
        assert_eq!(store.verify().faults, [], "{table}");
    }
}

/// Another build may bring projections of its own, and make known ones otherwise; neither is tampering.
#[test]
fn what_another_build_projects_is_told_or_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(ledger(&path));
    let raw = rusqlite::Connection::open(&path).unwrap();
    let content = |table: &str| -> Vec<String> {
        let select = format!("SELECT json_array(name, version, size) FROM {table}");
        let select = select.replace(
            "json_array(name, version, size) FROM release",
            "json_array(id, service, name, subjects, created_seq) FROM release",
        );
        let mut statement = raw.prepare(&select).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let before = (content("release"), content("projection"));
    raw.execute_batch(
        "CREATE TABLE outbox (id TEXT PRIMARY KEY, sent INTEGER) STRICT;
         CREATE INDEX outbox_by_sent ON outbox (sent);
         INSERT INTO outbox VALUES ('n1', 0);
         INSERT INTO projection VALUES ('outbox', 3, 2);
         DROP TABLE release;
         CREATE TABLE release (id TEXT, wings INTEGER) STRICT;
         UPDATE projection SET version = 7 WHERE name = 'release';
         DELETE FROM event_key WHERE seq > 3;
         UPDATE projection SET size = 4 WHERE name = 'event_key';",
    )
    .unwrap();
    let store = Store::open_existing(&path).unwrap();
    let report = store.verify();
    assert_eq!(report.faults, []);
    assert_eq!(report.unknown_tables, ["outbox"]);
    assert_eq!(content("release"), before.0);
    let mut after = content("projection");
    after.retain(|row| !row.contains("outbox"));
    assert_eq!(after, before.1);

    // The other build appends while this one is at work, and leaves its projections behind.
    raw.execute_batch("DELETE FROM release; UPDATE projection SET size = 3 WHERE name = 'release'")
        .unwrap();
    assert!(
        store
            .release_named(&service(), "shop-one")
            .unwrap()
            .is_some()
    );
    raw.execute_batch("DELETE FROM lease; UPDATE projection SET size = 3 WHERE name = 'lease'")
        .unwrap();
    append(&store, &[event(EventKind::PolicyDecided, b"{}")]).unwrap();
    assert_eq!(store.verify().faults, []);
    assert_eq!(
        content("projection")
            .iter()
            .filter(|row| row.ends_with(",13]"))
            .count(),
        before.1.len()
    );
    raw.execute_batch("CREATE TRIGGER later AFTER INSERT ON event BEGIN DELETE FROM outbox; END")
        .unwrap();
    assert!(
        !store.verify().is_sound(),
        "a trigger on the truth is no projection"
    );
}

#[test]
fn a_ledger_says_how_it_began_and_is_refused_whole_without() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let store = Store::open(&path).unwrap();
    let unbegun = |error: StoreError| assert!(matches!(error, StoreError::NotBegun), "{error}");
    unbegun(store.beginning().unwrap_err());
    unbegun(Store::open_existing(&path).err().unwrap());
    let other = event(EventKind::PolicyDecided, b"{}");
    unbegun(append(&store, std::slice::from_ref(&other)).unwrap_err());
    tell(&store, &created());
    let again = append(&store, &[NewEvent::of(&created(), moment())]);
    assert!(
        matches!(again, Err(StoreError::EventChanged { .. })),
        "{again:?}"
    );
    append(&store, &[other]).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(
        "DROP TRIGGER event_is_not_updated; UPDATE event SET kind = 'policy.decided' WHERE seq = 0",
    )
    .unwrap();
    unbegun(Store::open(&path).err().unwrap());
    unbegun(Store::open_existing(&path).err().unwrap());
}

#[test]
fn a_clock_that_was_set_back_does_not_take_the_history_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let store = ledger(&path);
    let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DROP TRIGGER event_is_not_updated")
        .unwrap();
    raw.execute(
        "UPDATE event SET recorded_at = ?1 WHERE seq = 11",
        [ahead.to_string()],
    )
    .unwrap();
    append(&store, &[event(EventKind::PolicyDecided, b"{}")]).unwrap();
    let recorded: String = raw
        .query_row("SELECT recorded_at FROM event WHERE seq = 12", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(recorded, ahead.to_string());
}

#[test]
fn deleted_bytes_are_a_gap_and_never_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let events = all(&store, &EventFilter::default());
    let gone = events[1].body_sha256;
    assert_eq!(store.blob(&gone).unwrap(), None);
    assert!(matches!(
        store.body(&events[1]),
        Err(StoreError::BlobDeleted { .. })
    ));
    let again = event(EventKind::EvidenceRecorded, b"{\"bundle\": 2}");
    assert!(matches!(
        append(&store, &[again]),
        Err(StoreError::BlobDeleted { .. })
    ));
    let report = store.verify();
    assert!(report.is_sound());
    let deleted: Vec<_> = report
        .deleted
        .iter()
        .map(|deleted| (deleted.digest, deleted.seqs.clone()))
        .collect();
    assert_eq!(deleted, [(gone, vec![1])]);
    let note = Digest::of(note(6).as_bytes());
    for kept in [events[2].body_sha256, note, Digest::of(b"never put")] {
        assert!(
            matches!(store.delete_blob(&kept), Err(StoreError::BlobKept { .. })),
            "{kept}"
        );
    }
}

#[test]
fn proofs_hold_against_the_saved_roots() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let saved = store.checkpoints(0, 99).unwrap().items;
    let (old, new) = (&saved[4], &saved[10]);
    assert_eq!((old.size, new.size), (6, 12));
    for seq in 0..new.size {
        let proof = store.inclusion_proof(seq, new.size).unwrap();
        assert_eq!(
            merkle::verify_inclusion(&store.leaf(seq).unwrap(), seq, new.size, &proof, &new.root),
            Ok(())
        );
    }
    let proof = store.consistency_proof(old.size, new.size).unwrap();
    assert_eq!(
        merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof),
        Ok(())
    );
    assert!(store.inclusion_proof(0, new.size + 1).is_err());
    assert!(store.consistency_proof(0, new.size).is_err());
}

#[test]
fn writers_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    tell(&Store::open(&path).unwrap(), &created());
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                for number in 0..10_u8 {
                    append(
                        &store,
                        &[event(EventKind::PolicyDecided, &[writer, number])],
                    )
                    .unwrap();
                }
            });
        }
    });
    let store = Store::open(&path).unwrap();
    assert_eq!(store.head().unwrap().size, 41);
    assert_eq!(store.verify().faults, []);
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(
        &text,
        "not a database, and longer than a header of one hundred bytes ".repeat(9),
    )
    .unwrap();
    assert!(matches!(Store::open(&text), Err(StoreError::Open { .. })));
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    assert!(matches!(
        Store::open(&other),
        Err(StoreError::NotALedger { .. })
    ));
    let emptied = folder.path().join("emptied.db");
    drop(ledger(&emptied));
    assert_eq!(Store::open_existing(&emptied).unwrap().verify().faults, []);
    std::fs::write(&emptied, "").unwrap();
    assert!(matches!(
        Store::open_existing(&emptied),
        Err(StoreError::NotALedger { .. })
    ));
    assert!(matches!(
        Store::open_existing(&folder.path().join("absent.db")),
        Err(StoreError::Open { .. })
    ));
}

#[test]
fn another_layout_is_refused_whole_and_says_which_build_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(ledger(&path));
    for (layout, says) in [
        (2, "layout 2, which this build no longer reads"),
        (4, "layout 4, which is newer than layout 3"),
    ] {
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", layout).unwrap();
        for opened in [Store::open(&path), Store::open_existing(&path)] {
            let error = opened.err().unwrap();
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
    }
}

fn all(store: &Store, filter: &EventFilter) -> Vec<Event> {
    store.all_events(filter).collect::<Result<_, _>>().unwrap()
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

fn key_of(text: &str) -> Key {
    text.parse().unwrap()
}
