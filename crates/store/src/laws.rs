//! What must hold of the history, whatever keeps it. A dialect reads what it has inside its
//! transaction and writes the change that the laws came to; it judges nothing itself.
//!
//! 0. The first event, and no other, says that the ledger begins.
//! 1. An event's keys name all that its body is about.
//! 2. One name is one release of a service, and one id is one release.
//! 3. A deployment is of a release of the same service, with that release's subjects.
//! 4. One deployment at a time is open in a service's environment; what is not open has no steps, no
//!    undoing and no end.
//! 5. What is said to run fits how the deployment ended.
//! 6. Where a lease was ever taken in the ledger, each step presents the newest number. Before it has
//!    expired, only whoever presents that number takes it anew.

use std::collections::BTreeSet;

use jiff::Timestamp;
use plimsoll_model::{DeploymentOutcome, Key, OwnId, Service};

use crate::{
    Current, DeploymentFinished, DeploymentStarted, Event, EventKind, Fact, Kind, Lease,
    LeaseTaken, OpenDeployment, Release, ReleaseCreated, StoreError,
};

/// The history so far, as far as the laws ask about it.
pub(crate) trait History {
    fn release(&self, id: &OwnId) -> Result<Option<Release>, StoreError>;
    fn release_named(&self, service: &Service, name: &str) -> Result<Option<Release>, StoreError>;
    fn current(&self, at: Place<'_>) -> Result<Option<Current>, StoreError>;
    fn open_deployment(&self, at: Place<'_>) -> Result<Option<OpenDeployment>, StoreError>;
    fn lease(&self, at: Place<'_>) -> Result<Option<Lease>, StoreError>;
}

/// An environment of a service.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) service: &'a Service,
    pub(crate) environment: &'a str,
}

/// The envelope of the event that tells the fact.
pub(crate) struct Envelope<'a> {
    pub(crate) seq: u64,
    pub(crate) recorded_at: Timestamp,
    pub(crate) keys: &'a [Key],
}

/// What follows from a lawful fact.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    None,
    /// A new release.
    Created(Release),
    /// A deployment opens.
    Opened(OpenDeployment),
    /// The open deployment of that environment ends, and this runs now.
    Ended(Current),
    /// The lease of that environment is this one.
    Leased(Lease),
}

/// Insists that an event of this kind may stand at this place.
pub(crate) fn require_place(seq: u64, kind: &Kind) -> Result<(), StoreError> {
    let begins = kind.known() == Some(EventKind::LedgerCreated);
    match (seq, begins) {
        (0, true) | (1.., false) => Ok(()),
        (0, false) => Err(StoreError::NotBegun),
        (1.., true) => Err(StoreError::EventChanged {
            seq,
            what: "a ledger begins once".to_owned(),
        }),
    }
}

/// What follows from the fact, or which law it breaks.
pub(crate) fn judge(
    history: &impl History,
    envelope: &Envelope<'_>,
    fact: &Fact,
) -> Result<Change, StoreError> {
    if let Some(key) = fact.keys().iter().find(|key| !envelope.keys.contains(key)) {
        return Err(StoreError::UnnamedKey { key: key.clone() });
    }
    follow(history, envelope, fact)
}

/// What follows from a fact whose event names all that it is about.
fn follow(
    history: &impl History,
    envelope: &Envelope<'_>,
    fact: &Fact,
) -> Result<Change, StoreError> {
    match fact {
        Fact::LedgerCreated(_) => Ok(Change::None),
        Fact::ReleaseCreated(fact) => create(history, envelope.seq, fact),
        Fact::PromotionRequested(fact) => {
            require_release(history, &fact.service, &fact.release).map(|_| Change::None)
        }
        Fact::DeploymentStarted(fact) => open(history, envelope.seq, fact),
        Fact::DeploymentStep(fact) => {
            let at = place(&fact.service, &fact.environment);
            go_on(history, at, (&fact.deployment, &fact.release), fact.fence)
        }
        Fact::RollbackStarted(fact) | Fact::RollbackFinished(fact) => {
            let at = place(&fact.service, &fact.environment);
            go_on(history, at, (&fact.deployment, &fact.release), fact.fence)
        }
        Fact::DeploymentFinished(fact) => finish(history, envelope.seq, fact),
        Fact::LeaseTaken(fact) => take_lease(history, envelope, fact),
    }
}

/// Whether an event may change a decision that was made before it came, by its body as far as it is
/// there: it names what the decision is about, it names nothing and so may mean everything, or this build
/// does not understand it.
pub(crate) fn disturbs(event: &Event, body: Option<&[u8]>, about: &[Key]) -> bool {
    let is_understood = match event.kind.known() {
        Some(kind) => body.is_none_or(|body| Fact::is_understood(kind, body)),
        None if event.kind.may_speak_against() => false,
        None => return false,
    };
    let mut named = event
        .keys
        .iter()
        .filter(|key| key.kind() != Key::ORGANIZATION)
        .peekable();
    !is_understood || named.peek().is_none() || named.any(|key| about.contains(key))
}

pub(crate) fn place<'a>(service: &'a Service, environment: &'a str) -> Place<'a> {
    Place {
        service,
        environment,
    }
}

fn create(history: &impl History, seq: u64, fact: &ReleaseCreated) -> Result<Change, StoreError> {
    let taken = match history.release(&fact.release)? {
        Some(release) => Some(release),
        None => history.release_named(&fact.service, &fact.name)?,
    };
    if let Some(taken) = taken {
        return Err(StoreError::ReleaseExists {
            service: taken.service,
            name: taken.name,
            release: taken.id,
        });
    }
    let distinct: BTreeSet<_> = fact.subjects.iter().collect();
    if fact.subjects.is_empty() || distinct.len() != fact.subjects.len() {
        return Err(StoreError::ReleaseSubjects {
            name: fact.name.clone(),
        });
    }
    Ok(Change::Created(Release {
        id: fact.release.clone(),
        service: fact.service.clone(),
        name: fact.name.clone(),
        subjects: fact.subjects.clone(),
        created_seq: seq,
    }))
}

fn open(history: &impl History, seq: u64, fact: &DeploymentStarted) -> Result<Change, StoreError> {
    let at = place(&fact.service, &fact.environment);
    require_fence(history, at, fact.fence)?;
    let release = require_release(history, &fact.service, &fact.release)?;
    if release.subjects != fact.subjects {
        return Err(StoreError::OtherSubjects {
            release: release.id,
        });
    }
    if let Some(previous) = &fact.previous {
        require_release(history, &fact.service, previous)?;
    }
    if let Some(open) = history.open_deployment(at)? {
        return Err(StoreError::DeploymentOpen {
            service: open.service,
            environment: open.environment,
            deployment: open.deployment,
        });
    }
    Ok(Change::Opened(OpenDeployment {
        service: fact.service.clone(),
        environment: fact.environment.clone(),
        deployment: fact.deployment.clone(),
        release: fact.release.clone(),
        previous: fact.previous.clone(),
        seq,
    }))
}

/// An open deployment of this release goes on, under the newest lease.
fn go_on(
    history: &impl History,
    at: Place<'_>,
    (deployment, release): (&OwnId, &OwnId),
    fence: Option<u64>,
) -> Result<Change, StoreError> {
    require_fence(history, at, fence)?;
    require_open(history, at, deployment, release).map(|_| Change::None)
}

fn finish(
    history: &impl History,
    seq: u64,
    fact: &DeploymentFinished,
) -> Result<Change, StoreError> {
    let at = place(&fact.service, &fact.environment);
    require_fence(history, at, fact.fence)?;
    let open = require_open(history, at, &fact.deployment, &fact.release)?;
    let fits = match fact.outcome {
        DeploymentOutcome::Healthy => fact.healthy.as_ref() == Some(&fact.release),
        DeploymentOutcome::RolledBack => fact.healthy.is_some() && fact.healthy == open.previous,
        DeploymentOutcome::Failed => fact.healthy.is_none(),
    };
    if !fits {
        return Err(StoreError::Outcome {
            deployment: fact.deployment.clone(),
        });
    }
    let before = history
        .current(at)?
        .and_then(|current| current.last_healthy);
    Ok(Change::Ended(Current {
        service: fact.service.clone(),
        environment: fact.environment.clone(),
        running: fact.healthy.clone(),
        last_healthy: fact.healthy.clone().or(before),
        outcome: fact.outcome,
        seq,
    }))
}

fn take_lease(
    history: &impl History,
    envelope: &Envelope<'_>,
    fact: &LeaseTaken,
) -> Result<Change, StoreError> {
    let newest = history.lease(place(&fact.service, &fact.environment))?;
    if let Some(held) = &newest
        && fact.renews.is_none()
        && held.expires_at > envelope.recorded_at
    {
        return Err(StoreError::LeaseHeld {
            environment: held.environment.clone(),
            holder: held.holder.clone(),
            until: held.expires_at,
        });
    }
    let newest = newest.map(|lease| lease.fence);
    // Whoever goes on under a number that is not the newest was overtaken, also when the lease that
    // overtook it has expired.
    let is_overtaken = fact.renews.is_some() && fact.renews != newest;
    if is_overtaken || fact.fence != newest.unwrap_or(0) + 1 {
        return Err(StoreError::Fence {
            environment: fact.environment.clone(),
            presented: fact.renews.or(Some(fact.fence)),
            newest,
        });
    }
    Ok(Change::Leased(Lease {
        service: fact.service.clone(),
        environment: fact.environment.clone(),
        holder: fact.holder.clone(),
        fence: fact.fence,
        expires_at: fact.expires_at,
        seq: envelope.seq,
    }))
}

/// Whoever was overtaken presents an old number, also when it does not know so yet.
fn require_fence(
    history: &impl History,
    at: Place<'_>,
    presented: Option<u64>,
) -> Result<(), StoreError> {
    let newest = history.lease(at)?.map(|lease| lease.fence);
    if presented == newest {
        return Ok(());
    }
    Err(StoreError::Fence {
        environment: at.environment.to_owned(),
        presented,
        newest,
    })
}

fn require_release(
    history: &impl History,
    service: &Service,
    id: &OwnId,
) -> Result<Release, StoreError> {
    let release = history.release(id)?;
    release
        .filter(|release| release.service == *service)
        .ok_or_else(|| StoreError::NoRelease {
            service: service.clone(),
            release: id.clone(),
        })
}

fn require_open(
    history: &impl History,
    at: Place<'_>,
    deployment: &OwnId,
    release: &OwnId,
) -> Result<OpenDeployment, StoreError> {
    let open = history.open_deployment(at)?;
    open.filter(|open| (&open.deployment, &open.release) == (deployment, release))
        .ok_or_else(|| StoreError::NoOpenDeployment {
            service: at.service.clone(),
            environment: at.environment.to_owned(),
            deployment: deployment.clone(),
        })
}
