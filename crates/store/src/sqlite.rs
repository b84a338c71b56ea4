//! The ledger in one SQLite file: write-ahead log, one writer, SQL by hand.

mod blob;
mod column;
mod event;
mod log;
mod project;
mod projection;
mod verify;

use std::cmp::Ordering;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_model::{Digest, OwnId, Service};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::laws::{self, Place};
use crate::merkle;
use crate::store::{Expected, Head, SavedCheckpoint, Seal};
use crate::{
    Current, Event, EventFilter, Lease, NewEvent, OpenDeployment, Page, Release, Report, StoreError,
};

const SCHEMA: &str = include_str!("sqlite/schema.sql");
/// Marks the file as a ledger of Plimsoll's, in SQLite's header: "Plim".
const APPLICATION_ID: i64 = 0x506c_696d;
const LAYOUT: i64 = 3;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The one organization of a single team.
const ORGANIZATION: &str = "default";

/// An open file. Threads take turns; processes are kept apart by SQLite's locks.
pub(crate) struct Sqlite(Mutex<Connection>);

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
        if is_empty(&connection).map_err(failed)? {
            create(&mut connection).map_err(failed)?;
        }
        Self::over(connection, path)
    }

    pub(crate) fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path, OpenFlags::empty());
        let opened = Self::over(
            connection.map_err(|source| StoreError::Open {
                path: path.to_owned(),
                source,
            })?,
            path,
        )?;
        if log::size(&opened.connection())? == 0 {
            return Err(StoreError::NotBegun);
        }
        Ok(opened)
    }

    fn over(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        check_layout(&connection, path)?;
        configure(&connection).map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source,
        })?;
        if let Some(kind) = event::first_kind(&connection)? {
            laws::require_place(0, &kind)?;
        }
        Ok(Self(Mutex::new(connection)))
    }

    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        blob::get(&self.connection(), digest)
    }

    pub(crate) fn delete_blob(&self, digest: &Digest) -> Result<(), StoreError> {
        self.write(|transaction| blob::delete(transaction, digest))
    }

    pub(crate) fn append(
        &self,
        events: &[NewEvent],
        expected: Option<Expected<'_>>,
        seal: Seal<'_>,
    ) -> Result<Head, StoreError> {
        self.write(|transaction| append(transaction, events, expected, seal))
    }

    pub(crate) fn events(
        &self,
        filter: &EventFilter,
        from_seq: u64,
        limit: usize,
    ) -> Result<Page<Event>, StoreError> {
        let work =
            |transaction: &Transaction<'_>| event::read(transaction, filter, from_seq, limit);
        // Without keys they are read from the truth alone, also where nothing can be made of it.
        if filter.keys.is_empty() {
            self.read(work)
        } else {
            self.read_projections(work)
        }
    }

    pub(crate) fn head(&self) -> Result<Head, StoreError> {
        self.read(|transaction| log::head(transaction))
    }

    pub(crate) fn leaf(&self, seq: u64) -> Result<Digest, StoreError> {
        log::node(&self.connection(), 0, seq)
    }

    pub(crate) fn newest_checkpoint(&self) -> Result<Option<SavedCheckpoint>, StoreError> {
        self.read(|transaction| log::newest_checkpoint(transaction))
    }

    pub(crate) fn checkpoints(
        &self,
        from_size: u64,
        limit: usize,
    ) -> Result<Page<SavedCheckpoint>, StoreError> {
        self.read(|transaction| log::checkpoints(transaction, from_size, limit))
    }

    pub(crate) fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Vec<Digest>, StoreError> {
        self.read(|transaction| log::prove(transaction, size, merkle::inclusion_ranges(seq, size)?))
    }

    pub(crate) fn consistency_proof(
        &self,
        size1: u64,
        size2: u64,
    ) -> Result<Vec<Digest>, StoreError> {
        self.read(|transaction| {
            log::prove(
                transaction,
                size2,
                merkle::consistency_ranges(size1, size2)?,
            )
        })
    }

    pub(crate) fn release(&self, id: &OwnId) -> Result<Option<Release>, StoreError> {
        self.read_projections(|transaction| project::release(transaction, id))
    }

    pub(crate) fn release_named(
        &self,
        service: &Service,
        name: &str,
    ) -> Result<Option<Release>, StoreError> {
        self.read_projections(|transaction| project::release_named(transaction, service, name))
    }

    pub(crate) fn releases(
        &self,
        service: &Service,
        from_seq: u64,
        limit: usize,
    ) -> Result<Page<Release>, StoreError> {
        self.read_projections(|transaction| {
            project::releases(transaction, service, from_seq, limit)
        })
    }

    pub(crate) fn current(&self, at: Place<'_>) -> Result<Option<Current>, StoreError> {
        self.read_projections(|transaction| project::current(transaction, at))
    }

    pub(crate) fn open_deployment(
        &self,
        at: Place<'_>,
    ) -> Result<Option<OpenDeployment>, StoreError> {
        self.read_projections(|transaction| project::open_deployment(transaction, at))
    }

    pub(crate) fn lease(&self, at: Place<'_>) -> Result<Option<Lease>, StoreError> {
        self.read_projections(|transaction| project::lease(transaction, at))
    }

    pub(crate) fn rebuild(&self) -> Result<(), StoreError> {
        self.write(projection::rebuild)
    }

    pub(crate) fn verify(&self) -> Report {
        // What cannot be made anew is compared as it is.
        let made_anew = self.write(projection::bring_up);
        verify::verify(&mut self.connection(), made_anew.err())
    }

    /// A thread that panicked inside a transaction left none behind: it was rolled back on its way out.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` alone, and keeps all of it or nothing.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("begin to write"))?;
        let done = work(&transaction)?;
        transaction.commit().map_err(failed("commit"))?;
        Ok(done)
    }

    /// Runs `work` on one state of the ledger, whatever others append meanwhile.
    fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(failed("begin to read"))?;
        work(&transaction)
    }

    /// Runs `work` on one state of the ledger with its projections at the head. Another build may have
    /// made them otherwise, or appended without them.
    fn read_projections<T>(
        &self,
        work: impl Fn(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(done) = self.read(|transaction| {
            let is_current = projection::is_current(transaction)?;
            is_current.then(|| work(transaction)).transpose()
        })? {
            return Ok(done);
        }
        self.write(|transaction| {
            projection::bring_up(transaction)?;
            work(transaction)
        })
    }
}

/// Appends events unless something came between that a decision rests on, and seals the head that they lead to.
fn append(
    transaction: &Transaction<'_>,
    events: &[NewEvent],
    expected: Option<Expected<'_>>,
    seal: Seal<'_>,
) -> Result<Head, StoreError> {
    projection::bring_up(transaction)?;
    let before = log::head(transaction)?;
    if let Some(expected) = expected
        && event::is_disturbed(transaction, expected, &before)?
    {
        return Err(StoreError::Conflict {
            expected: expected.head.size,
            found: before.size,
        });
    }
    if events.is_empty() {
        return Ok(before);
    }
    for event in events {
        event::append(transaction, event)?;
    }
    let head = log::head(transaction)?;
    projection::advance(transaction, head.size)?;
    let note = seal(&head).map_err(StoreError::Seal)?;
    log::save_checkpoint(transaction, &head, &note)?;
    Ok(head)
}

fn connect(path: &Path, create: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE
        | create;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let header =
        "SELECT (SELECT count(*) FROM sqlite_schema) + (SELECT application_id FROM pragma_application_id)
                  + (SELECT user_version FROM pragma_user_version)";
    connection.query_row(header, [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Lays out an empty file, unless another process has just done so.
fn create(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        projection::create(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
    }
    transaction.commit()
}

fn check_layout(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let failed = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    if pragma("application_id").map_err(failed)? != APPLICATION_ID {
        return Err(StoreError::NotALedger {
            path: path.to_owned(),
        });
    }
    let found = pragma("user_version").map_err(failed)?;
    let (path, known) = (path.to_owned(), LAYOUT);
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(StoreError::OlderLayout { path, found, known }),
        Ordering::Greater => Err(StoreError::NewerLayout { path, found, known }),
    }
}

/// Every commit reaches the disk before it counts, since an entry is written before its action. The
/// schema of the file is not trusted to run code.
fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(())
}

fn failed(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}
