//! The projections in memory: made anew from the events alone, to be stored or compared with what is.

use std::collections::BTreeMap;

use plimsoll_model::{Key, OwnId, Service};

use crate::fact::is_read_from;
use crate::laws::{self, Change, Envelope, History, Place};
use crate::report::{NotUnderstood, UnknownEvent};
use crate::{Current, Event, Fact, Lease, OpenDeployment, Release, StoreError};

type ByPlace<T> = BTreeMap<(Service, String), T>;

/// What the events so far come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) releases: BTreeMap<OwnId, Release>,
    pub(crate) currents: ByPlace<Current>,
    pub(crate) open_deployments: ByPlace<OpenDeployment>,
    pub(crate) leases: ByPlace<Lease>,
    /// What is not understood, in order.
    pub(crate) unknown: Vec<UnknownEvent>,
    ids: BTreeMap<(Service, String), OwnId>,
}

impl Replay {
    /// Takes in the next event with its body as far as it is there. What this build does not understand
    /// counts for nothing and is kept in mind. Errors when a law is broken.
    pub(crate) fn take(&mut self, event: &Event, body: Option<&[u8]>) -> Result<(), StoreError> {
        laws::require_place(event.seq, &event.kind)?;
        let Some(kind) = event.kind.known() else {
            self.doubt(event, NotUnderstood::Kind);
            return Ok(());
        };
        if !is_read_from(kind) {
            return Ok(());
        }
        let body = body.ok_or(StoreError::BlobDeleted {
            digest: event.body_sha256,
        })?;
        match Fact::read_whole(kind, body) {
            Ok(None) => Ok(()),
            Ok(Some((fact, fields))) => {
                if !fields.is_empty() {
                    self.doubt(event, NotUnderstood::Fields(fields));
                }
                self.follow(event, &fact)
            }
            Err(error) => {
                self.doubt(event, NotUnderstood::Body(error.with_causes()));
                Ok(())
            }
        }
    }

    /// Takes in what a fact comes to. A law that it breaks by what came after something that is not
    /// understood proves nothing.
    fn follow(&mut self, event: &Event, fact: &Fact) -> Result<(), StoreError> {
        let envelope = Envelope {
            seq: event.seq,
            recorded_at: event.recorded_at,
            keys: &event.keys,
        };
        let broken = match laws::judge(self, &envelope, fact) {
            Ok(change) => {
                self.apply(change);
                return Ok(());
            }
            Err(broken) => broken,
        };
        let Some(seq) = self.find_doubt(event) else {
            return Err(broken);
        };
        if seq < event.seq {
            let law = broken.with_causes();
            self.doubt(event, NotUnderstood::Follows { seq, law });
        }
        Ok(())
    }

    fn doubt(&mut self, event: &Event, what: NotUnderstood) {
        self.unknown.push(UnknownEvent {
            seq: event.seq,
            kind: event.kind.clone(),
            keys: event.keys.clone(),
            what,
        });
    }

    /// The newest event that is not understood and names some of what this one names.
    fn find_doubt(&self, event: &Event) -> Option<u64> {
        let is_shared = |key: &Key| key.kind() != Key::ORGANIZATION && event.keys.contains(key);
        let mut newest_first = self.unknown.iter().rev();
        newest_first
            .find(|doubt| doubt.may_speak_against() && doubt.keys.iter().any(is_shared))
            .map(|doubt| doubt.seq)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Created(release) => {
                let name = (release.service.clone(), release.name.clone());
                self.ids.insert(name, release.id.clone());
                self.releases.insert(release.id.clone(), release);
            }
            Change::Opened(open) => {
                let at = (open.service.clone(), open.environment.clone());
                self.open_deployments.insert(at, open);
            }
            Change::Ended(current) => {
                let at = (current.service.clone(), current.environment.clone());
                self.open_deployments.remove(&at);
                self.currents.insert(at, current);
            }
            Change::Leased(lease) => {
                let at = (lease.service.clone(), lease.environment.clone());
                self.leases.insert(at, lease);
            }
        }
    }
}

impl History for Replay {
    fn release(&self, id: &OwnId) -> Result<Option<Release>, StoreError> {
        Ok(self.releases.get(id).cloned())
    }

    fn release_named(&self, service: &Service, name: &str) -> Result<Option<Release>, StoreError> {
        let id = self.ids.get(&(service.clone(), name.to_owned()));
        Ok(id.and_then(|id| self.releases.get(id)).cloned())
    }

    fn current(&self, at: Place<'_>) -> Result<Option<Current>, StoreError> {
        Ok(self.currents.get(&key(at)).cloned())
    }

    fn open_deployment(&self, at: Place<'_>) -> Result<Option<OpenDeployment>, StoreError> {
        Ok(self.open_deployments.get(&key(at)).cloned())
    }

    fn lease(&self, at: Place<'_>) -> Result<Option<Lease>, StoreError> {
        Ok(self.leases.get(&key(at)).cloned())
    }
}

fn key(at: Place<'_>) -> (Service, String) {
    (at.service.clone(), at.environment.to_owned())
}
