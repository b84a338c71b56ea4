//! The rows of the projections: written with each event, read by whoever asks.

use plimsoll_model::{DeploymentOutcome, OwnId, Service, Subject};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::{ORGANIZATION, column, failed};
use crate::laws::{Change, History, Place};
use crate::{Current, Lease, OpenDeployment, Page, Release, StoreError};

/// The projections of a ledger, inside a transaction.
pub(crate) struct Projections<'a>(pub(crate) &'a Connection);

impl History for Projections<'_> {
    fn release(&self, id: &OwnId) -> Result<Option<Release>, StoreError> {
        release(self.0, id)
    }

    fn release_named(&self, service: &Service, name: &str) -> Result<Option<Release>, StoreError> {
        release_named(self.0, service, name)
    }

    fn current(&self, at: Place<'_>) -> Result<Option<Current>, StoreError> {
        current(self.0, at)
    }

    fn open_deployment(&self, at: Place<'_>) -> Result<Option<OpenDeployment>, StoreError> {
        open_deployment(self.0, at)
    }

    fn lease(&self, at: Place<'_>) -> Result<Option<Lease>, StoreError> {
        lease(self.0, at)
    }
}

impl Projections<'_> {
    /// Writes what the laws came to.
    pub(crate) fn apply(&self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::None => Ok(()),
            Change::Created(release) => self.insert_release(&release),
            Change::Opened(open) => self.insert_open(&open),
            Change::Ended(current) => {
                self.delete_open(&current)?;
                self.replace_current(&current)
            }
            Change::Leased(lease) => self.replace_lease(&lease),
        }
    }

    pub(crate) fn insert_release(&self, release: &Release) -> Result<(), StoreError> {
        let row = params![
            ORGANIZATION,
            release.id.as_str(),
            release.service.as_str(),
            release.name,
            write_subjects(&release.subjects),
            column::integer(release.created_seq)
        ];
        self.write(
            "INSERT INTO release (organization, id, service, name, subjects, created_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            row,
        )
    }

    pub(crate) fn insert_open(&self, open: &OpenDeployment) -> Result<(), StoreError> {
        let row = params![
            ORGANIZATION,
            open.service.as_str(),
            open.environment,
            open.deployment.as_str(),
            open.release.as_str(),
            open.previous.as_ref().map(OwnId::as_str),
            column::integer(open.seq),
        ];
        self.write(
            "INSERT INTO open_deployment (organization, service, environment, deployment, release, previous, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            row,
        )
    }

    fn delete_open(&self, ended: &Current) -> Result<(), StoreError> {
        let key = params![ORGANIZATION, ended.service.as_str(), ended.environment];
        self.write(
            "DELETE FROM open_deployment WHERE organization = ?1 AND service = ?2 AND environment = ?3",
            key,
        )
    }

    pub(crate) fn replace_current(&self, current: &Current) -> Result<(), StoreError> {
        let row = params![
            ORGANIZATION,
            current.service.as_str(),
            current.environment,
            current.running.as_ref().map(OwnId::as_str),
            current.last_healthy.as_ref().map(OwnId::as_str),
            outcome_text(current.outcome),
            column::integer(current.seq)
        ];
        self.write(
            "INSERT OR REPLACE INTO current (organization, service, environment, running, last_healthy, outcome, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            row,
        )
    }

    pub(crate) fn replace_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let row = params![
            ORGANIZATION,
            lease.service.as_str(),
            lease.environment,
            lease.holder,
            column::integer(lease.fence),
            lease.expires_at.to_string(),
            column::integer(lease.seq)
        ];
        self.write(
            "INSERT OR REPLACE INTO lease (organization, service, environment, holder, fence, expires_at, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            row,
        )
    }

    fn write(&self, sql: &str, row: impl Params) -> Result<(), StoreError> {
        let written = self
            .0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(row));
        written.map(drop).map_err(failed("project an event"))
    }
}

const RELEASE: &str = "SELECT id, service, name, subjects, created_seq FROM release";
const CURRENT: &str =
    "SELECT service, environment, running, last_healthy, outcome, seq FROM current";
const OPEN: &str =
    "SELECT service, environment, deployment, release, previous, seq FROM open_deployment";
const LEASE: &str = "SELECT service, environment, holder, fence, expires_at, seq FROM lease";
const AT: &str = "WHERE organization = ?1 AND service = ?2 AND environment = ?3";

pub(crate) fn release(connection: &Connection, id: &OwnId) -> Result<Option<Release>, StoreError> {
    let select = format!("{RELEASE} WHERE organization = ?1 AND id = ?2");
    let key = [ORGANIZATION, id.as_str()];
    one(connection, "release", &select, key, read_release)
}

pub(crate) fn release_named(
    connection: &Connection,
    service: &Service,
    name: &str,
) -> Result<Option<Release>, StoreError> {
    let select = format!("{RELEASE} WHERE organization = ?1 AND service = ?2 AND name = ?3");
    let key = [ORGANIZATION, service.as_str(), name];
    one(connection, "release", &select, key, read_release)
}

pub(crate) fn releases(
    connection: &Connection,
    service: &Service,
    from_seq: u64,
    limit: usize,
) -> Result<Page<Release>, StoreError> {
    let select = format!(
        "{RELEASE} WHERE organization = ?1 AND service = ?2 AND created_seq >= ?3 ORDER BY created_seq LIMIT ?4"
    );
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let from_seq = column::integer(from_seq);
    let key = params![ORGANIZATION, service.as_str(), from_seq, wanted];
    let mut items = list(connection, "release", &select, key, read_release)?;
    let next = items.get(limit).map(|release| release.created_seq);
    items.truncate(limit);
    Ok(Page { items, next })
}

pub(crate) fn current(
    connection: &Connection,
    at: Place<'_>,
) -> Result<Option<Current>, StoreError> {
    let select = format!("{CURRENT} {AT}");
    one(connection, "current", &select, key_of(at), read_current)
}

pub(crate) fn open_deployment(
    connection: &Connection,
    at: Place<'_>,
) -> Result<Option<OpenDeployment>, StoreError> {
    let select = format!("{OPEN} {AT}");
    one(
        connection,
        "open_deployment",
        &select,
        key_of(at),
        read_open,
    )
}

pub(crate) fn lease(connection: &Connection, at: Place<'_>) -> Result<Option<Lease>, StoreError> {
    let select = format!("{LEASE} {AT}");
    one(connection, "lease", &select, key_of(at), read_lease)
}

/// Every row of the projections, in the order of their keys.
pub(crate) struct Rows {
    pub(crate) releases: Vec<Release>,
    pub(crate) currents: Vec<Current>,
    pub(crate) open_deployments: Vec<OpenDeployment>,
    pub(crate) leases: Vec<Lease>,
}

pub(crate) fn rows(connection: &Connection) -> Result<Rows, StoreError> {
    let all = |select: &str, by: &str| format!("{select} WHERE organization = ?1 ORDER BY {by}");
    let (id, place, key) = ("id", "service, environment", [ORGANIZATION]);
    let (open, current) = (all(OPEN, place), all(CURRENT, place));
    Ok(Rows {
        releases: list(connection, "release", &all(RELEASE, id), key, read_release)?,
        currents: list(connection, "current", &current, key, read_current)?,
        open_deployments: list(connection, "open_deployment", &open, key, read_open)?,
        leases: list(connection, "lease", &all(LEASE, place), key, read_lease)?,
    })
}

fn key_of(at: Place<'_>) -> [&str; 3] {
    [ORGANIZATION, at.service.as_str(), at.environment]
}

fn read_release(row: &Row<'_>) -> Result<Release, rusqlite::Error> {
    Ok(Release {
        id: column::own_id(row, 0)?,
        service: column::parsed(row, 1)?,
        name: row.get(2)?,
        subjects: column::word(row, 3, read_subjects)?,
        created_seq: column::number(row, 4)?,
    })
}

fn read_current(row: &Row<'_>) -> Result<Current, rusqlite::Error> {
    Ok(Current {
        service: column::parsed(row, 0)?,
        environment: row.get(1)?,
        running: column::optional_own_id(row, 2)?,
        last_healthy: column::optional_own_id(row, 3)?,
        outcome: column::word(row, 4, read_outcome)?,
        seq: column::number(row, 5)?,
    })
}

fn read_open(row: &Row<'_>) -> Result<OpenDeployment, rusqlite::Error> {
    Ok(OpenDeployment {
        service: column::parsed(row, 0)?,
        environment: row.get(1)?,
        deployment: column::own_id(row, 2)?,
        release: column::own_id(row, 3)?,
        previous: column::optional_own_id(row, 4)?,
        seq: column::number(row, 5)?,
    })
}

fn read_lease(row: &Row<'_>) -> Result<Lease, rusqlite::Error> {
    Ok(Lease {
        service: column::parsed(row, 0)?,
        environment: row.get(1)?,
        holder: row.get(2)?,
        fence: column::number(row, 3)?,
        expires_at: column::parsed(row, 4)?,
        seq: column::number(row, 5)?,
    })
}

/// Subjects as a column holds them: words of the projection's own, apart from any wire format.
fn write_subjects(subjects: &[Subject]) -> String {
    serde_json::to_string(subjects).expect("subjects hold only text")
}

fn read_subjects(text: &str) -> Option<Vec<Subject>> {
    serde_json::from_str(text).ok()
}

const OUTCOMES: [DeploymentOutcome; 3] = [
    DeploymentOutcome::Healthy,
    DeploymentOutcome::RolledBack,
    DeploymentOutcome::Failed,
];

fn outcome_text(outcome: DeploymentOutcome) -> &'static str {
    match outcome {
        DeploymentOutcome::Healthy => "healthy",
        DeploymentOutcome::RolledBack => "rolled-back",
        DeploymentOutcome::Failed => "failed",
    }
}

fn read_outcome(text: &str) -> Option<DeploymentOutcome> {
    OUTCOMES
        .into_iter()
        .find(|outcome| outcome_text(*outcome) == text)
}

fn one<T>(
    connection: &Connection,
    table: &'static str,
    select: &str,
    key: impl Params,
    read: fn(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(select).map_err(broken(table))?;
    statement
        .query_row(key, read)
        .optional()
        .map_err(broken(table))
}

fn list<T>(
    connection: &Connection,
    table: &'static str,
    select: &str,
    key: impl Params,
    read: fn(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(select).map_err(broken(table))?;
    let rows = statement.query_map(key, read).map_err(broken(table))?;
    rows.collect::<Result<_, _>>().map_err(broken(table))
}

fn broken(table: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::ProjectionChanged { table, source }
}
