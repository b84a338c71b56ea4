use std::error::Error as _;
use std::path::PathBuf;

use jiff::Timestamp;
use plimsoll_model::{Class, Digest, Fault, Key, OwnId, Service};

use crate::EventKind;
use crate::merkle::ProofError;
use crate::store::MAX_BLOB_BYTES;

/// The ledger could not do what was asked, or refuses to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened as a database.
    #[error("cannot open the ledger {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is a database of something else.
    #[error("{} is a database, but no ledger", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// The file is of an earlier build. Nothing is migrated.
    #[error(
        "the ledger {} has layout {found}, which this build no longer reads; it reads layout {known}",
        path.display()
    )]
    OlderLayout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        found: i64,
        /// The layout that is read.
        known: i64,
    },
    /// The file is of a later build. It is refused whole: what this build cannot read may be the word
    /// against.
    #[error(
        "the ledger {} has layout {found}, which is newer than layout {known} that this build reads, so nothing of it is read",
        path.display()
    )]
    NewerLayout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        found: i64,
        /// The layout that is read.
        known: i64,
    },
    /// What the ledger is, and who seals it, is not said.
    #[error("the ledger does not begin with `ledger.created`, so nothing of it is read")]
    NotBegun,
    /// Something was appended since the head that the caller's decision rests on.
    #[error(
        "the ledger had {expected} events when this was decided and has {found} now, so nothing was appended"
    )]
    Conflict {
        /// The events that the caller knew.
        expected: u64,
        /// The events that are there.
        found: u64,
    },
    /// The head could not be sealed, so nothing was appended.
    #[error("the ledger's new head cannot be signed, so nothing was appended")]
    Seal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An event would be about something that cannot be written as a key.
    #[error("an event cannot be about this")]
    Key(#[from] plimsoll_model::KeyError),
    /// An event would be about too much.
    #[error("an event about {count} things cannot be appended; at most {most} are taken")]
    TooManyKeys {
        /// How many it names.
        count: usize,
        /// How many it may.
        most: usize,
    },
    /// An event's keys leave out something that its body is about.
    #[error("the event's keys do not name {key}, which its body is about")]
    UnnamedKey {
        /// What is left out.
        key: Key,
    },
    /// The database refused.
    #[error("cannot {operation} in the ledger's database")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// Larger than [`MAX_BLOB_BYTES`].
    #[error(
        "a body of {bytes} bytes is too large for the ledger; at most {MAX_BLOB_BYTES} are taken"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The stored bytes are not the ones that were put.
    #[error("the stored bytes of {digest} were changed: they are {found} now")]
    BlobChanged {
        /// The digest under which they are stored.
        digest: Digest,
        /// The digest that they have.
        found: Digest,
    },
    /// The bytes were there and were deleted; they do not come back.
    #[error("the bytes of {digest} were deleted from the ledger")]
    BlobDeleted {
        /// Their digest.
        digest: Digest,
    },
    /// An event cannot be told without these bytes, or nobody stored them.
    #[error(
        "the bytes of {digest} cannot be deleted: they are absent, or an event cannot be read without them"
    )]
    BlobKept {
        /// Their digest.
        digest: Digest,
    },
    /// A stored event, or what belongs to it, is not what was appended.
    #[error("event {seq} of the ledger was changed: {what}")]
    EventChanged {
        /// Its place.
        seq: u64,
        /// What does not fit.
        what: String,
    },
    /// A hash of the log is absent or is no hash.
    #[error("the log's hash at level {level}, position {position} is absent or broken")]
    NodeChanged {
        /// The level; zero holds the events' own hashes.
        level: u32,
        /// The place in the level.
        position: u64,
    },
    /// A projection's row is broken; projections can be rebuilt.
    #[error("the ledger's projection `{table}` cannot be read")]
    ProjectionChanged {
        /// The table.
        table: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// The body is not what that kind of event holds.
    #[error("the body is not that of an event `{kind}`")]
    Body {
        /// The kind.
        kind: EventKind,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The release's name or id is taken.
    #[error("there is already a release `{name}` of service `{service}`, {release}")]
    ReleaseExists {
        /// The service.
        service: Service,
        /// The name of the release that is there.
        name: String,
        /// Its id.
        release: OwnId,
    },
    /// A release would ship nothing, or one thing twice.
    #[error("the release `{name}` must ship at least one file or image, and each only once")]
    ReleaseSubjects {
        /// Its name.
        name: String,
    },
    /// Nobody made the release, or it is another service's.
    #[error("service `{service}` has no release {release} in the ledger")]
    NoRelease {
        /// The service.
        service: Service,
        /// The id.
        release: OwnId,
    },
    /// The release ships something else.
    #[error("what is said to be deployed is not what release {release} ships")]
    OtherSubjects {
        /// The release.
        release: OwnId,
    },
    /// One deployment at a time goes into an environment.
    #[error("the deployment {deployment} of service `{service}` is still open in `{environment}`")]
    DeploymentOpen {
        /// The service.
        service: Service,
        /// The environment.
        environment: String,
        /// The deployment that is open.
        deployment: OwnId,
    },
    /// The deployment did not start here, or has ended.
    #[error(
        "the deployment {deployment} of this release of service `{service}` is not open in `{environment}`"
    )]
    NoOpenDeployment {
        /// The service.
        service: Service,
        /// The environment.
        environment: String,
        /// The deployment that was named.
        deployment: OwnId,
    },
    /// Somebody else has the lease.
    #[error("`{environment}` may be changed by {holder} alone until {until}")]
    LeaseHeld {
        /// The environment.
        environment: String,
        /// Who has it.
        holder: String,
        /// Until when.
        until: Timestamp,
    },
    /// The lease under which this was to happen is not the newest.
    #[error(
        "the lease of `{environment}` has gone to somebody else: number {} was presented, the newest is {}",
        number(*presented),
        number(*newest)
    )]
    Fence {
        /// The environment.
        environment: String,
        /// The number that was presented.
        presented: Option<u64>,
        /// The newest number.
        newest: Option<u64>,
    },
    /// What is said to run does not fit how the deployment ended.
    #[error("the deployment {deployment} ended in a way that does not fit what is said to run now")]
    Outcome {
        /// The deployment.
        deployment: OwnId,
    },
    /// The checkpoint is not one of this log.
    #[error("the checkpoint over {size} events does not fit the ledger")]
    Checkpoint {
        /// Its size.
        size: u64,
    },
    /// Such a proof cannot be made.
    #[error("the ledger cannot prove this")]
    Proof(#[from] ProofError),
}

impl StoreError {
    /// The error with its causes, for a report that outlives it.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }
}

fn number(fence: Option<u64>) -> String {
    fence.map_or_else(|| "none".to_owned(), |fence| fence.to_string())
}

impl Fault for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::NotALedger { .. }
            | Self::OlderLayout { .. }
            | Self::NewerLayout { .. }
            | Self::NotBegun => Class::Configuration,
            Self::Open { .. }
            | Self::Database { .. }
            | Self::TooLarge { .. }
            | Self::Seal(_)
            | Self::Key(_)
            | Self::TooManyKeys { .. }
            | Self::UnnamedKey { .. } => Class::Internal,
            Self::Conflict { .. } | Self::DeploymentOpen { .. } | Self::LeaseHeld { .. } => {
                Class::Busy
            }
            Self::NoRelease { .. } => Class::Absent,
            Self::BlobChanged { .. }
            | Self::BlobDeleted { .. }
            | Self::BlobKept { .. }
            | Self::EventChanged { .. }
            | Self::NodeChanged { .. }
            | Self::ProjectionChanged { .. }
            | Self::Body { .. }
            | Self::ReleaseExists { .. }
            | Self::ReleaseSubjects { .. }
            | Self::OtherSubjects { .. }
            | Self::NoOpenDeployment { .. }
            | Self::Fence { .. }
            | Self::Outcome { .. }
            | Self::Checkpoint { .. }
            | Self::Proof(_) => Class::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::OlderLayout { .. } => {
                "keep that ledger with the build that wrote it, and begin a new one in another folder with --state"
            }
            Self::NewerLayout { .. } => {
                "use a build of plimsoll at least as new as the one that wrote it"
            }
            Self::Conflict { .. } => "run the command again",
            Self::ProjectionChanged { .. } => "put back a sound copy of the ledger",
            Self::DeploymentOpen { .. } => {
                "the next `plimsoll promote` or `plimsoll rollback` there settles it"
            }
            Self::LeaseHeld { .. } => "wait for it to finish, then repeat the command",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
