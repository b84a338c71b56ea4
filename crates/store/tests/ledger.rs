//! The ledger as its users see it: what is kept, what follows, what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod sample;

use plimsoll_model::{DeploymentOutcome, Digest, OwnId};
use plimsoll_store::{
    Current, EventFilter, EventKind, Fact, OpenDeployment, Release, Running, Store, StoreError,
    merkle,
};
use sample::{artifact, event, fact, finished, ledger, moment, release, started, step, subject};

#[test]
fn what_is_appended_is_read_again_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(ledger(&path));
    let store = Store::open(&path).unwrap();
    let events = store.events(&EventFilter::default()).unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        (0..11).collect::<Vec<_>>()
    );
    assert_eq!(
        (events[0].kind, events[0].occurred_at),
        (EventKind::EvidenceRecorded, moment())
    );
    assert_eq!(events[0].subject, subject().key());
    assert_eq!(store.body(&events[0]).unwrap(), b"{\"bundle\": 1}");
    assert_eq!(
        store.fact(&events[2]).unwrap(),
        Fact::ReleaseCreated(release("one"))
    );
    let steps = EventFilter {
        kinds: vec![EventKind::DeploymentStep],
        from_seq: 3,
        ..EventFilter::default()
    };
    let steps = store.events(&steps).unwrap();
    assert_eq!(steps.iter().map(|event| event.seq).collect::<Vec<_>>(), [4]);
    let stranger = EventFilter {
        subject: Some("sha256:00".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(store.events(&stranger).unwrap(), []);
    assert_eq!(
        store
            .checkpoints()
            .unwrap()
            .iter()
            .map(|saved| saved.size)
            .collect::<Vec<_>>(),
        [6, 11]
    );
}

#[test]
fn the_projections_say_what_runs_and_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let running = |name: &str| {
        Some(Running {
            release: OwnId::new(name),
            artifact: artifact(name),
        })
    };
    let production = Current {
        environment: "production".to_owned(),
        running: running("one"),
        last_healthy: running("one"),
        outcome: DeploymentOutcome::RolledBack,
        seq: 8,
    };
    assert_eq!(
        store.current("production").unwrap(),
        Some(production.clone())
    );
    assert_eq!(store.current("staging").unwrap(), None);
    let open = OpenDeployment {
        environment: "production".to_owned(),
        deployment: OwnId::new("d3"),
        release: OwnId::new("two"),
        artifact: artifact("two"),
        previous: Some(artifact("one")),
        seq: 10,
    };
    assert_eq!(store.open_deployments().unwrap(), [open]);
    let one = Release {
        id: OwnId::new("one"),
        name: "shop one".to_owned(),
        artifact: artifact("one"),
        created_seq: 2,
    };
    assert_eq!(store.release(&OwnId::new("one")).unwrap(), Some(one));
    assert_eq!(store.releases().unwrap().len(), 2);

    fact(
        &store,
        EventKind::DeploymentFinished,
        &finished("d3", "two", DeploymentOutcome::Failed, None),
    );
    let after = store.currents().unwrap();
    let failed = Current {
        running: None,
        outcome: DeploymentOutcome::Failed,
        seq: 11,
        ..production
    };
    assert_eq!(after, [failed]);
    assert_eq!(store.open_deployments().unwrap(), []);
}

#[test]
fn rebuilt_projections_are_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let store = ledger(&path);
    let seen = |store: &Store| {
        (
            store.releases().unwrap(),
            store.currents().unwrap(),
            store.open_deployments().unwrap(),
        )
    };
    let before = seen(&store);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DELETE FROM release; DELETE FROM current; DELETE FROM open_deployment")
        .unwrap();
    assert!(
        !store.verify().is_sound(),
        "emptied projections went unseen"
    );
    store.rebuild().unwrap();
    assert_eq!(seen(&store), before);
    assert_eq!(store.verify().faults, []);
}

#[test]
fn facts_that_do_not_fit_the_history_are_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let head = store.head().unwrap();
    let check = |expected: &str, kind: EventKind, body: Vec<u8>| {
        // The first event of the batch is fine, and must not stay behind.
        let batch = [event(EventKind::PolicyDecided, b"{}"), event(kind, &body)];
        let error = store.append(&batch).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(store.head().unwrap(), head, "{expected}: half of it stayed");
    };
    check(
        "exists already",
        EventKind::ReleaseCreated,
        to_json(&release("one")),
    );
    check(
        "no release",
        EventKind::DeploymentStarted,
        to_json(&started("d4", "three", None)),
    );
    check(
        "still open",
        EventKind::DeploymentStarted,
        to_json(&started("d4", "one", None)),
    );
    let mut other_bytes = started("d4", "one", None);
    other_bytes.artifact = artifact("two");
    check(
        "not sha256:",
        EventKind::DeploymentStarted,
        to_json(&other_bytes),
    );
    check("not open", EventKind::DeploymentStep, to_json(&step("d2")));
    let healthy = DeploymentOutcome::Healthy;
    check(
        "not open",
        EventKind::DeploymentFinished,
        to_json(&finished("d2", "two", healthy, Some("two"))),
    );
    check(
        "not open",
        EventKind::DeploymentFinished,
        to_json(&finished("d3", "one", healthy, Some("one"))),
    );
    check(
        "does not fit what",
        EventKind::DeploymentFinished,
        to_json(&finished("d3", "two", healthy, Some("one"))),
    );
    check(
        "does not fit what",
        EventKind::DeploymentFinished,
        to_json(&finished("d3", "two", healthy, None)),
    );
    let back = DeploymentOutcome::RolledBack;
    check(
        "does not fit what",
        EventKind::DeploymentFinished,
        to_json(&finished("d3", "two", back, Some("three"))),
    );
    check(
        "not that of an event `release.created`",
        EventKind::ReleaseCreated,
        b"{\"name\": \"x\"}".to_vec(),
    );
    assert_eq!(store.verify().faults, []);
}

#[test]
fn deleted_bytes_are_a_gap_and_never_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let events = store.events(&EventFilter::default()).unwrap();
    let gone = events[1].body_sha256;
    assert_eq!(store.blob(&gone).unwrap(), None);
    assert!(matches!(
        store.body(&events[1]),
        Err(StoreError::BlobDeleted { .. })
    ));
    assert!(matches!(
        store.put_blob(b"{\"bundle\": 2}"),
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
    let note = Digest::of(b"ledger.example\n6\nsigned\n");
    for kept in [events[2].body_sha256, note, artifact("never put")] {
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
    let saved = store.checkpoints().unwrap();
    let (old, new) = (&saved[0], &saved[1]);
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
    let wrong = store.save_checkpoint(old.size, &new.root, "note");
    assert!(
        matches!(wrong, Err(StoreError::Checkpoint { size: 6 })),
        "{wrong:?}"
    );
    assert!(
        store
            .save_checkpoint(new.size + 1, &new.root, "note")
            .is_err()
    );
}

#[test]
fn writers_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                for number in 0..10_u8 {
                    store
                        .append(&[event(EventKind::PolicyDecided, &[writer, number])])
                        .unwrap();
                }
            });
        }
    });
    let store = Store::open(&path).unwrap();
    assert_eq!(store.head().unwrap().size, 40);
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
    let newer = folder.path().join("newer.db");
    drop(ledger(&newer));
    rusqlite::Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    assert!(matches!(
        Store::open(&newer),
        Err(StoreError::Layout { found: 2, .. })
    ));
}

fn to_json(body: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap()
}
