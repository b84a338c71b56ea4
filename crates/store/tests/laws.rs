//! What must hold of the history, whoever writes and however many at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod sample;

use plimsoll_model::{DeploymentOutcome, Digest, Key, OwnId, Service};
use plimsoll_store::{EventKind, Expected, Fact, NewEvent, Rollback, Store, StoreError};
use sample::{
    append, created, event, finished, lease, ledger, moment, release, renewed, service, started,
    step, subject, tell,
};

#[test]
fn facts_that_break_a_law_are_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let head = store.head().unwrap();
    let refuse = |expected: &str, broken: NewEvent| {
        // The first event of the batch is fine, and must not stay behind.
        let batch = [event(EventKind::PolicyDecided, b"{}"), broken];
        let error = append(&store, &batch).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(store.head().unwrap(), head, "{expected}: half of it stayed");
    };
    let healthy = DeploymentOutcome::Healthy;
    let back = DeploymentOutcome::RolledBack;
    let mut same_name = release("three");
    let mut elsewhere = started("d4", "one", None);
    let mut other_bytes = elsewhere.clone();
    let mut nothing = release("four");
    if let (Fact::ReleaseCreated(name), Fact::ReleaseCreated(nothing)) =
        (&mut same_name, &mut nothing)
    {
        name.name = "shop-one".to_owned();
        nothing.subjects.clear();
    }
    if let (Fact::DeploymentStarted(elsewhere), Fact::DeploymentStarted(bytes)) =
        (&mut elsewhere, &mut other_bytes)
    {
        elsewhere.service = "other".parse().unwrap();
        bytes.subjects = vec![subject("two")];
    }
    for (expected, fact) in [
        ("there is already a release `shop-one`", release("one")),
        ("there is already a release `shop-one`", same_name),
        ("must ship at least one", nothing),
        ("has no release three", started("d4", "three", None)),
        ("has no release three", started("d4", "one", Some("three"))),
        ("service `other` has no release one", elsewhere),
        ("still open", started("d4", "one", None)),
        ("is not what release one ships", other_bytes),
        ("not open", step("d2", "two")),
        ("not open", step("d3", "one")),
        ("not open", Fact::RollbackStarted(rollback("d2", "two"))),
        ("not open", Fact::RollbackFinished(rollback("d3", "one"))),
        ("not open", finished("d2", "two", healthy, Some("two"))),
        ("not open", finished("d3", "one", healthy, Some("one"))),
        (
            "does not fit what",
            finished("d3", "two", healthy, Some("one")),
        ),
        ("does not fit what", finished("d3", "two", healthy, None)),
        (
            "does not fit what",
            finished("d3", "two", back, Some("two")),
        ),
        (
            "does not fit what",
            finished("d3", "two", DeploymentOutcome::Failed, Some("one")),
        ),
    ] {
        refuse(expected, NewEvent::of(&fact, moment()));
    }
    refuse(
        "not that of an event `release.created`",
        event(EventKind::ReleaseCreated, b"{\"name\": \"x\"}"),
    );
    let mut unnamed = NewEvent::of(&release("three"), moment());
    unnamed.keys.remove(0);
    refuse("do not name service:shop", unnamed);
    let mut unwritable = event(EventKind::PolicyDecided, b"{}");
    unwritable.keys.push(Key::environment("a\nb"));
    refuse("cannot be about this", unwritable);
    assert_eq!(store.verify().faults, []);
}

#[test]
fn a_lease_is_taken_when_it_is_free_and_fences_off_whoever_had_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let try_to = |fact: Fact| {
        let appended = append(&store, &[NewEvent::of(&fact, moment())]);
        appended.map(drop).map_err(|error| error.to_string())
    };
    let start = |fence: Option<u64>| {
        let mut fact = started("d4", "two", None);
        if let Fact::DeploymentStarted(fact) = &mut fact {
            fact.environment = "canary".to_owned();
            fact.fence = fence;
        }
        fact
    };
    // The first holder's time is over.
    assert!(
        try_to(lease("second", 1, later))
            .unwrap_err()
            .contains("number 1")
    );
    try_to(lease("second", 2, later)).unwrap();
    let refused = try_to(lease("first", 3, later)).unwrap_err();
    assert!(refused.contains("by second alone until"), "{refused}");
    for old in [None, Some(1), Some(3)] {
        let refused = try_to(start(old)).unwrap_err();
        assert!(refused.contains("has gone to somebody else"), "{refused}");
    }
    try_to(start(Some(2))).unwrap();
    let undo = |fence: Option<u64>| {
        let mut fact = rollback("d4", "two");
        fact.environment = "canary".to_owned();
        fact.fence = fence;
        fact
    };
    for fact in [Fact::RollbackStarted, Fact::RollbackFinished] {
        let refused = try_to(fact(undo(Some(1)))).unwrap_err();
        assert!(refused.contains("has gone to somebody else"), "{refused}");
        try_to(fact(undo(Some(2)))).unwrap();
    }
    // Another job of the same name has not the number of the first, and whoever has it gets another.
    let refused = try_to(lease("second", 3, later)).unwrap_err();
    assert!(refused.contains("by second alone until"), "{refused}");
    assert!(try_to(renewed("second", 3, Some(1), later)).is_err());
    try_to(renewed("second", 3, Some(2), later)).unwrap();
    assert!(try_to(start(Some(2))).is_err());
    // Given back, it is free; whoever had it does not go on by its old number.
    try_to(renewed("second", 4, Some(3), jiff::Timestamp::now())).unwrap();
    assert!(try_to(renewed("second", 5, Some(3), later)).is_err());
    try_to(lease("third", 5, later)).unwrap();
    assert_eq!(store.verify().faults, []);
}

#[test]
fn services_have_names_and_deployments_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let other: Service = "other".parse().unwrap();
    let mut created = release("three");
    let mut begun = started("d4", "three", None);
    let mut ended = finished("d4", "three", DeploymentOutcome::Healthy, Some("three"));
    if let (
        Fact::ReleaseCreated(created),
        Fact::DeploymentStarted(begun),
        Fact::DeploymentFinished(ended),
    ) = (&mut created, &mut begun, &mut ended)
    {
        created.name = "shop-one".to_owned();
        created.service = other.clone();
        begun.service = other.clone();
        ended.service = other.clone();
    }
    // The other service's `shop-one`, while a deployment of this one is open in `production`.
    let before = store.current(&service(), "production").unwrap();
    for fact in [&created, &begun, &ended] {
        tell(&store, fact);
    }
    let named = store.release_named(&other, "shop-one").unwrap().unwrap();
    assert_eq!(named.id, OwnId::new("three"));
    assert_eq!(store.current(&service(), "production").unwrap(), before);
    let current = store.current(&other, "production").unwrap().unwrap();
    assert_eq!(current.running, Some(OwnId::new("three")));
    let open = store.open_deployment(&service(), "production").unwrap();
    assert_eq!(open.unwrap().deployment, OwnId::new("d3"));
    assert_eq!(store.releases(&other, 0, 9).unwrap().items.len(), 1);
}

#[test]
fn of_eight_creators_of_one_name_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    tell(&Store::open(&path).unwrap(), &created());
    let ready = std::sync::Barrier::new(8);
    let create = |number: usize| {
        let store = Store::open(&path).unwrap();
        let mut fact = release(&format!("id-{number}"));
        if let Fact::ReleaseCreated(fact) = &mut fact {
            fact.name = "1.0.0".to_owned();
        }
        ready.wait();
        append(&store, &[NewEvent::of(&fact, moment())])
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let creators: Vec<_> = (0..8)
            .map(|number| scope.spawn(move || create(number)))
            .collect();
        creators
            .into_iter()
            .map(|creator| creator.join().unwrap())
            .collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for refused in lost {
        assert!(
            matches!(&refused, Err(StoreError::ReleaseExists { name, .. }) if name == "1.0.0"),
            "{refused:?}"
        );
    }
    let store = Store::open(&path).unwrap();
    assert_eq!(store.releases(&service(), 0, 9).unwrap().items.len(), 1);
    assert_eq!(store.head().unwrap().size, 2);
}

#[test]
fn a_decision_on_an_old_head_is_refused_and_a_seal_that_fails_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(&folder.path().join("ledger.db"));
    let read = store.head().unwrap();
    let decided = [event(EventKind::PolicyDecided, b"{\"decided\": 1}")];
    append(
        &store,
        &[event(EventKind::EvidenceRecorded, b"the word against")],
    )
    .unwrap();
    let about = [subject("one").key()];
    let expected = |head| Expected {
        head,
        about: &about,
    };
    let refused = store.append(&decided, Some(expected(read)), &|_| Ok(String::new()));
    assert!(
        matches!(
            refused,
            Err(StoreError::Conflict {
                expected: 12,
                found: 13
            })
        ),
        "{refused:?}"
    );
    let now = store.head().unwrap();
    let unsealed = store.append(&decided, Some(expected(now)), &|_| Err("no key".into()));
    assert!(matches!(unsealed, Err(StoreError::Seal(_))), "{unsealed:?}");
    assert_eq!(store.head().unwrap(), now);
    let sealed = std::cell::Cell::new(None);
    let head = store
        .append(&decided, Some(expected(now)), &|head| {
            sealed.set(Some(*head));
            Ok("note".to_owned())
        })
        .unwrap();
    assert_eq!((head.size, sealed.get()), (14, Some(head)));
    assert_eq!(store.verify().faults, []);
}

/// Whatever another service does leaves a decision alone. What the own one does, what names nothing and
/// what may mean anything does not.
#[test]
fn a_decision_is_disturbed_by_what_may_change_it() {
    let about = [Key::service(&service()), subject("one").key()];
    let other = |kind: EventKind, body: &[u8], keys: &[Key]| {
        let mut event = event(kind, body);
        event.keys = keys.to_vec();
        event
    };
    let elsewhere = Key::service(&"other".parse().unwrap());
    let mut created = release("three");
    let mut own = release("four");
    if let (Fact::ReleaseCreated(created), Fact::ReleaseCreated(own)) = (&mut created, &mut own) {
        created.service = "other".parse().unwrap();
        own.subjects = vec![subject("five")];
    }
    let mut later = NewEvent::of(&created, moment());
    later.body.pop();
    later.body.extend_from_slice(b",\"until\":\"friday\"}");
    let evidence = EventKind::EvidenceRecorded;
    for (event, disturbs) in [
        (
            other(evidence, b"1", &[elsewhere, subject("two").key()]),
            false,
        ),
        (NewEvent::of(&created, moment()), false),
        (NewEvent::of(&own, moment()), true),
        (other(evidence, b"2", &about[1..]), true),
        (other(evidence, b"3", &[]), true),
        (later, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = ledger(&folder.path().join("ledger.db"));
        let expected = Expected {
            head: store.head().unwrap(),
            about: &about,
        };
        append(&store, std::slice::from_ref(&event)).unwrap();
        let decided = [other(EventKind::PolicyDecided, b"{}", &about)];
        let appended = store.append(&decided, Some(expected), &|_| Ok("note".to_owned()));
        assert_eq!(appended.is_err(), disturbs, "{event:?}: {appended:?}");
        let mut elsewhere = expected;
        elsewhere.head.root = Digest::of(b"another history");
        let elsewhere = store.append(&decided, Some(elsewhere), &|_| Ok(String::new()));
        assert!(
            matches!(elsewhere, Err(StoreError::Conflict { .. })),
            "{elsewhere:?}"
        );
    }
}

fn rollback(deployment: &str, release: &str) -> Rollback {
    Rollback {
        deployment: OwnId::new(deployment),
        service: service(),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        to: Some(OwnId::new("one")),
        fence: None,
    }
}
