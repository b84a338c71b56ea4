//! One small ledger with something of everything, for the tests that damage it.

use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{DeploymentOutcome, Digest, OwnId, Service, Subject};
use plimsoll_store::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, EventKind, Fact, Head, LeaseTaken,
    LedgerCreated, NewEvent, ReleaseCreated, StepState, Store, StoreError,
};

/// Two releases; the first runs in production, the second was rolled back and is on its way again.
/// A first event with a document beside it, a deleted body, a lease, and a checkpoint for each append.
pub(crate) fn ledger(path: &Path) -> Store {
    let store = Store::open(path).unwrap();
    let mut first = NewEvent::of(&created(), moment());
    first.attachments = vec![b"the public key of a sealer".to_vec()];
    let bundle = event(EventKind::EvidenceRecorded, b"{\"bundle\": 2}");
    append(&store, &[first, bundle]).unwrap();
    store.delete_blob(&Digest::of(b"{\"bundle\": 2}")).unwrap();
    tell(&store, &release("one"));
    tell(&store, &started("d1", "one", None));
    tell(&store, &step("d1", "one"));
    tell(
        &store,
        &finished("d1", "one", DeploymentOutcome::Healthy, Some("one")),
    );
    tell(&store, &release("two"));
    tell(&store, &started("d2", "two", Some("one")));
    tell(
        &store,
        &finished("d2", "two", DeploymentOutcome::RolledBack, Some("one")),
    );
    append(
        &store,
        &[event(EventKind::PolicyDecided, b"{\"outcome\": \"allow\"}")],
    )
    .unwrap();
    tell(&store, &lease("first", 1, moment()));
    tell(&store, &started("d3", "two", Some("one")));
    store
}

/// Appends events under a seal that a test can tell again.
pub(crate) fn append(store: &Store, events: &[NewEvent]) -> Result<Head, StoreError> {
    store.append(events, None, &|head| Ok(note(head.size)))
}

pub(crate) fn note(size: u64) -> String {
    format!("ledger.example\n{size}\nsigned\n")
}

/// Appends the event of a fact.
pub(crate) fn tell(store: &Store, fact: &Fact) {
    append(store, &[NewEvent::of(fact, moment())]).unwrap();
}

pub(crate) fn event(kind: EventKind, body: &[u8]) -> NewEvent {
    NewEvent {
        kind,
        keys: vec![subject("one").key()],
        occurred_at: moment(),
        body: body.to_vec(),
        attachments: Vec::new(),
    }
}

/// The fact with which the ledger begins.
pub(crate) fn created() -> Fact {
    Fact::LedgerCreated(LedgerCreated {
        origin: "ledger.example".to_owned(),
        sealers: vec![Digest::of(b"the public key of a sealer")],
    })
}

pub(crate) fn service() -> Service {
    "shop".parse().unwrap()
}

pub(crate) fn release(name: &str) -> Fact {
    Fact::ReleaseCreated(ReleaseCreated {
        service: service(),
        release: OwnId::new(name),
        name: format!("shop-{name}"),
        subjects: vec![subject(name)],
    })
}

pub(crate) fn started(deployment: &str, release: &str, previous: Option<&str>) -> Fact {
    Fact::DeploymentStarted(DeploymentStarted {
        deployment: OwnId::new(deployment),
        service: service(),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        subjects: vec![subject(release)],
        previous: previous.map(OwnId::new),
        fence: None,
    })
}

pub(crate) fn step(deployment: &str, release: &str) -> Fact {
    Fact::DeploymentStep(DeploymentStep {
        deployment: OwnId::new(deployment),
        service: service(),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        step: "health".to_owned(),
        state: StepState::Succeeded,
        detail: "200 after 3 tries".to_owned(),
        fence: None,
    })
}

pub(crate) fn finished(
    deployment: &str,
    release: &str,
    outcome: DeploymentOutcome,
    healthy: Option<&str>,
) -> Fact {
    Fact::DeploymentFinished(DeploymentFinished {
        deployment: OwnId::new(deployment),
        service: service(),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        outcome,
        healthy: healthy.map(OwnId::new),
        fence: None,
    })
}

/// A lease of an environment in which nothing else happens, free until now.
pub(crate) fn lease(holder: &str, fence: u64, expires_at: Timestamp) -> Fact {
    renewed(holder, fence, None, expires_at)
}

/// The same lease, taken by whoever presents the number `renews`.
pub(crate) fn renewed(
    holder: &str,
    fence: u64,
    renews: Option<u64>,
    expires_at: Timestamp,
) -> Fact {
    Fact::LeaseTaken(LeaseTaken {
        service: service(),
        environment: "canary".to_owned(),
        holder: holder.to_owned(),
        fence,
        renews,
        expires_at,
    })
}

pub(crate) fn subject(name: &str) -> Subject {
    Subject::Artifact {
        sha256: Digest::of(name.as_bytes()),
    }
}

pub(crate) fn moment() -> Timestamp {
    "2026-11-22T09:30:00.5Z".parse().unwrap()
}
