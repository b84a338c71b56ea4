//! The projections in memory: made anew from the events alone, to be compared with what is stored.

use std::collections::BTreeMap;

use plimsoll_model::{OwnId, Service};

use crate::laws::{Change, History, Place};
use crate::{Current, Lease, OpenDeployment, Release, StoreError};

type ByPlace<T> = BTreeMap<(Service, String), T>;

/// What the events so far come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) releases: BTreeMap<OwnId, Release>,
    pub(crate) currents: ByPlace<Current>,
    pub(crate) open_deployments: ByPlace<OpenDeployment>,
    pub(crate) leases: ByPlace<Lease>,
    ids: BTreeMap<(Service, String), OwnId>,
}

impl Replay {
    pub(crate) fn apply(&mut self, change: Change) {
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
