//! One small ledger with something of everything, for the tests that damage it.

use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::{DeploymentOutcome, Digest, OwnId, Subject};
use plimsoll_store::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, EventKind, NewEvent, ReleaseCreated,
    StepState, Store,
};
use serde::Serialize;

/// Two releases; the first runs in production, the second was rolled back and is on its way again.
/// A document without an event, a deleted body and two checkpoints.
pub(crate) fn ledger(path: &Path) -> Store {
    let store = Store::open(path).unwrap();
    store
        .put_blob(b"a document that a statement names")
        .unwrap();
    let bundle = |body: &[u8]| event(EventKind::EvidenceRecorded, body);
    let recorded = store
        .append(&[bundle(b"{\"bundle\": 1}"), bundle(b"{\"bundle\": 2}")])
        .unwrap();
    store.delete_blob(&recorded[1].body_sha256).unwrap();
    fact(&store, EventKind::ReleaseCreated, &release("one"));
    fact(
        &store,
        EventKind::DeploymentStarted,
        &started("d1", "one", None),
    );
    fact(&store, EventKind::DeploymentStep, &step("d1"));
    fact(
        &store,
        EventKind::DeploymentFinished,
        &finished("d1", "one", DeploymentOutcome::Healthy, Some("one")),
    );
    checkpoint(&store);
    fact(&store, EventKind::ReleaseCreated, &release("two"));
    fact(
        &store,
        EventKind::DeploymentStarted,
        &started("d2", "two", Some("one")),
    );
    fact(
        &store,
        EventKind::DeploymentFinished,
        &finished("d2", "two", DeploymentOutcome::RolledBack, Some("one")),
    );
    store
        .append(&[event(EventKind::PolicyDecided, b"{\"outcome\": \"allow\"}")])
        .unwrap();
    fact(
        &store,
        EventKind::DeploymentStarted,
        &started("d3", "two", Some("one")),
    );
    checkpoint(&store);
    store
}

pub(crate) fn fact(store: &Store, kind: EventKind, body: &impl Serialize) {
    store.append_body(kind, &subject(), moment(), body).unwrap();
}

pub(crate) fn event(kind: EventKind, body: &[u8]) -> NewEvent {
    NewEvent {
        kind,
        subject: subject(),
        occurred_at: moment(),
        body: body.to_vec(),
    }
}

pub(crate) fn release(name: &str) -> ReleaseCreated {
    ReleaseCreated {
        release: OwnId::new(name),
        name: format!("shop {name}"),
        artifact: artifact(name),
    }
}

pub(crate) fn started(
    deployment: &str,
    release: &str,
    previous: Option<&str>,
) -> DeploymentStarted {
    DeploymentStarted {
        deployment: OwnId::new(deployment),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        artifact: artifact(release),
        previous: previous.map(artifact),
    }
}

pub(crate) fn step(deployment: &str) -> DeploymentStep {
    DeploymentStep {
        deployment: OwnId::new(deployment),
        environment: "production".to_owned(),
        step: "health".to_owned(),
        state: StepState::Succeeded,
        detail: "200 after 3 tries".to_owned(),
    }
}

pub(crate) fn finished(
    deployment: &str,
    release: &str,
    outcome: DeploymentOutcome,
    healthy: Option<&str>,
) -> DeploymentFinished {
    DeploymentFinished {
        deployment: OwnId::new(deployment),
        release: OwnId::new(release),
        environment: "production".to_owned(),
        artifact: artifact(release),
        outcome,
        healthy: healthy.map(artifact),
    }
}

pub(crate) fn artifact(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

pub(crate) fn subject() -> Subject {
    Subject::Artifact {
        sha256: artifact("one"),
    }
}

pub(crate) fn moment() -> Timestamp {
    "2026-11-22T09:30:00.5Z".parse().unwrap()
}

pub(crate) fn checkpoint(store: &Store) {
    let head = store.head().unwrap();
    store
        .save_checkpoint(
            head.size,
            &head.root,
            &format!("ledger.example\n{}\nsigned\n", head.size),
        )
        .unwrap();
}
