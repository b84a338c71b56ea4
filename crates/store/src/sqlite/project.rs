//! Projections: what follows from the facts, kept up with each event and rebuilt from all of them.

use plimsoll_model::{DeploymentOutcome, Digest, OwnId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, Transaction, params};

use super::{ORGANIZATION, blob, column, event, failed};
use crate::{
    Current, DeploymentFinished, DeploymentStarted, EventFilter, Fact, OpenDeployment, Release,
    ReleaseCreated, Running, StoreError,
};

/// The tables that [`rebuild`] makes anew.
pub(crate) const TABLES: [&str; 3] = ["release", "current", "open_deployment"];

/// Brings the projections up to the event `seq`, or says why the fact does not fit the history.
pub(crate) fn apply(
    transaction: &Transaction<'_>,
    seq: u64,
    fact: &Fact,
) -> Result<(), StoreError> {
    match fact {
        Fact::ReleaseCreated(fact) => add_release(transaction, seq, fact),
        Fact::DeploymentStarted(fact) => open(transaction, seq, fact),
        Fact::DeploymentStep(fact) => {
            require_open(transaction, &fact.environment, &fact.deployment).map(|_| ())
        }
        Fact::DeploymentFinished(fact) => finish(transaction, seq, fact),
        Fact::Opaque => Ok(()),
    }
}

/// Drops the projections and makes them anew from the events.
pub(crate) fn rebuild(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        transaction
            .execute(&format!("DELETE FROM {table}"), [])
            .map_err(failed("drop a projection"))?;
    }
    for event in event::read(transaction, &EventFilter::default())? {
        if Fact::is_read_from(event.kind) {
            let body = blob::require(transaction, &event.body_sha256)?;
            apply(transaction, event.seq, &Fact::read(event.kind, &body)?)?;
        }
    }
    Ok(())
}

/// Every row of a projection, for comparison.
pub(crate) fn rows(connection: &Connection, table: &str) -> Result<Vec<Vec<Value>>, StoreError> {
    let failed = || failed("read a projection");
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))
        .map_err(failed())?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|column| row.get(column)).collect()
    });
    rows.map_err(failed())?
        .collect::<Result<_, _>>()
        .map_err(failed())
}

pub(crate) fn release(connection: &Connection, id: &OwnId) -> Result<Option<Release>, StoreError> {
    let select =
        "SELECT id, name, artifact, created_seq FROM release WHERE organization = ?1 AND id = ?2";
    let row = connection
        .query_row(select, [ORGANIZATION, id.as_str()], read_release)
        .optional();
    row.map_err(broken("release"))
}

pub(crate) fn releases(connection: &Connection) -> Result<Vec<Release>, StoreError> {
    let select = "SELECT id, name, artifact, created_seq FROM release WHERE organization = ?1 ORDER BY created_seq";
    list(connection, "release", select, [ORGANIZATION], read_release)
}

pub(crate) fn current(
    connection: &Connection,
    environment: &str,
) -> Result<Option<Current>, StoreError> {
    let select = "SELECT environment, running_release, running_artifact, healthy_release, healthy_artifact, outcome, seq
                  FROM current WHERE organization = ?1 AND environment = ?2";
    let row = connection
        .query_row(select, [ORGANIZATION, environment], read_current)
        .optional();
    row.map_err(broken("current"))
}

pub(crate) fn currents(connection: &Connection) -> Result<Vec<Current>, StoreError> {
    let select = "SELECT environment, running_release, running_artifact, healthy_release, healthy_artifact, outcome, seq
                  FROM current WHERE organization = ?1 ORDER BY environment";
    list(connection, "current", select, [ORGANIZATION], read_current)
}

pub(crate) fn open_deployments(connection: &Connection) -> Result<Vec<OpenDeployment>, StoreError> {
    let select = "SELECT environment, deployment, release, artifact, previous, seq
                  FROM open_deployment WHERE organization = ?1 ORDER BY environment";
    list(
        connection,
        "open_deployment",
        select,
        [ORGANIZATION],
        read_open,
    )
}

fn add_release(
    transaction: &Transaction<'_>,
    seq: u64,
    fact: &ReleaseCreated,
) -> Result<(), StoreError> {
    if release(transaction, &fact.release)?.is_some() {
        return Err(StoreError::ReleaseExists {
            release: fact.release.clone(),
        });
    }
    let insert = "INSERT INTO release (organization, id, name, artifact, created_seq) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = params![
        ORGANIZATION,
        fact.release.as_str(),
        fact.name,
        fact.artifact.as_bytes(),
        column::integer(seq)
    ];
    transaction
        .execute(insert, row)
        .map_err(failed("project a release"))?;
    Ok(())
}

fn open(
    transaction: &Transaction<'_>,
    seq: u64,
    fact: &DeploymentStarted,
) -> Result<(), StoreError> {
    let release = release(transaction, &fact.release)?;
    let release = release.ok_or_else(|| StoreError::NoRelease {
        release: fact.release.clone(),
    })?;
    if release.artifact != fact.artifact {
        let (recorded, named) = (release.artifact, fact.artifact);
        return Err(StoreError::OtherArtifact {
            release: release.id,
            recorded,
            named,
        });
    }
    if let Some(open) = open_in(transaction, &fact.environment)? {
        return Err(StoreError::DeploymentOpen {
            environment: open.environment,
            deployment: open.deployment,
        });
    }
    let insert = "INSERT INTO open_deployment (organization, environment, deployment, release, artifact, previous, seq)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = params![
        ORGANIZATION,
        fact.environment,
        fact.deployment.as_str(),
        fact.release.as_str(),
        fact.artifact.as_bytes(),
        fact.previous.as_ref().map(Digest::as_bytes),
        column::integer(seq),
    ];
    transaction
        .execute(insert, row)
        .map_err(failed("project a deployment"))?;
    Ok(())
}

fn finish(
    transaction: &Transaction<'_>,
    seq: u64,
    fact: &DeploymentFinished,
) -> Result<(), StoreError> {
    let open = require_open(transaction, &fact.environment, &fact.deployment)?;
    if (&open.release, &open.artifact) != (&fact.release, &fact.artifact) {
        return Err(no_open(&fact.environment, &fact.deployment));
    }
    let before = current(transaction, &fact.environment)?;
    let last_healthy = before.and_then(|before| before.last_healthy);
    let running = running_after(transaction, fact, last_healthy.as_ref())?;
    let last_healthy = running.clone().or(last_healthy);
    let (running, healthy) = (columns(running.as_ref()), columns(last_healthy.as_ref()));
    let upsert =
        "INSERT OR REPLACE INTO current (organization, environment, running_release, running_artifact,
                  healthy_release, healthy_artifact, outcome, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let outcome = outcome_text(fact.outcome);
    let seq = column::integer(seq);
    let row = params![
        ORGANIZATION,
        fact.environment,
        running.0,
        running.1,
        healthy.0,
        healthy.1,
        outcome,
        seq
    ];
    transaction
        .execute(upsert, row)
        .map_err(failed("project what runs"))?;
    let delete = "DELETE FROM open_deployment WHERE organization = ?1 AND environment = ?2";
    transaction
        .execute(delete, [ORGANIZATION, &fact.environment])
        .map_err(failed("close a deployment"))?;
    Ok(())
}

/// What runs by the word of the fact, when that word fits the outcome and the history.
fn running_after(
    transaction: &Transaction<'_>,
    fact: &DeploymentFinished,
    last_healthy: Option<&Running>,
) -> Result<Option<Running>, StoreError> {
    let unfit = || StoreError::Outcome {
        deployment: fact.deployment.clone(),
    };
    match (fact.outcome, fact.healthy) {
        (DeploymentOutcome::Healthy, Some(artifact)) if artifact == fact.artifact => {
            Ok(Some(Running {
                release: fact.release.clone(),
                artifact,
            }))
        }
        (DeploymentOutcome::RolledBack, Some(artifact)) => match last_healthy {
            Some(running) if running.artifact == artifact => Ok(Some(running.clone())),
            _ => newest_release_of(transaction, &artifact)?
                .ok_or_else(unfit)
                .map(Some),
        },
        (DeploymentOutcome::Failed, None) => Ok(None),
        (
            DeploymentOutcome::Healthy | DeploymentOutcome::RolledBack | DeploymentOutcome::Failed,
            _,
        ) => Err(unfit()),
    }
}

fn newest_release_of(
    connection: &Connection,
    artifact: &Digest,
) -> Result<Option<Running>, StoreError> {
    let select = "SELECT id, artifact FROM release WHERE organization = ?1 AND artifact = ?2
                  ORDER BY created_seq DESC LIMIT 1";
    let row = connection.query_row(select, params![ORGANIZATION, artifact.as_bytes()], |row| {
        Ok(Running {
            release: column::own_id(row, 0)?,
            artifact: column::digest(row, 1)?,
        })
    });
    row.optional().map_err(broken("release"))
}

fn open_in(
    connection: &Connection,
    environment: &str,
) -> Result<Option<OpenDeployment>, StoreError> {
    let select = "SELECT environment, deployment, release, artifact, previous, seq
                  FROM open_deployment WHERE organization = ?1 AND environment = ?2";
    let row = connection
        .query_row(select, [ORGANIZATION, environment], read_open)
        .optional();
    row.map_err(broken("open_deployment"))
}

fn require_open(
    connection: &Connection,
    environment: &str,
    deployment: &OwnId,
) -> Result<OpenDeployment, StoreError> {
    let open = open_in(connection, environment)?.filter(|open| open.deployment == *deployment);
    open.ok_or_else(|| no_open(environment, deployment))
}

fn no_open(environment: &str, deployment: &OwnId) -> StoreError {
    StoreError::NoOpenDeployment {
        environment: environment.to_owned(),
        deployment: deployment.clone(),
    }
}

fn columns(running: Option<&Running>) -> (Option<&str>, Option<&[u8; 32]>) {
    (
        running.map(|running| running.release.as_str()),
        running.map(|running| running.artifact.as_bytes()),
    )
}

fn read_release(row: &Row<'_>) -> Result<Release, rusqlite::Error> {
    Ok(Release {
        id: column::own_id(row, 0)?,
        name: row.get(1)?,
        artifact: column::digest(row, 2)?,
        created_seq: column::number(row, 3)?,
    })
}

fn read_current(row: &Row<'_>) -> Result<Current, rusqlite::Error> {
    let running = |release: usize| -> Result<Option<Running>, rusqlite::Error> {
        let artifact = column::optional_digest(row, release + 1)?;
        let release: Option<String> = row.get(release)?;
        Ok(release.zip(artifact).map(|(release, artifact)| Running {
            release: OwnId::new(release),
            artifact,
        }))
    };
    Ok(Current {
        environment: row.get(0)?,
        running: running(1)?,
        last_healthy: running(3)?,
        outcome: column::word(row, 5, read_outcome)?,
        seq: column::number(row, 6)?,
    })
}

fn read_open(row: &Row<'_>) -> Result<OpenDeployment, rusqlite::Error> {
    Ok(OpenDeployment {
        environment: row.get(0)?,
        deployment: column::own_id(row, 1)?,
        release: column::own_id(row, 2)?,
        artifact: column::digest(row, 3)?,
        previous: column::optional_digest(row, 4)?,
        seq: column::number(row, 5)?,
    })
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
