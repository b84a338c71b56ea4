use std::path::PathBuf;

use plimsoll_model::{Class, Digest, Fault, OwnId};

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
    /// The file is of another version of this program.
    #[error("the ledger {} has layout {found}; this build reads layout {known}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// The layout it has.
        found: i64,
        /// The layout that is read.
        known: i64,
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
    #[error("the ledger's projection `{table}` cannot be read; rebuild the projections")]
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
    /// The release's id is taken.
    #[error("the release {release} exists already")]
    ReleaseExists {
        /// The id.
        release: OwnId,
    },
    /// Nobody made the release.
    #[error("no release {release} is in the ledger")]
    NoRelease {
        /// The id.
        release: OwnId,
    },
    /// The release consists of other bytes.
    #[error("the release {release} is {recorded}, not {named}")]
    OtherArtifact {
        /// The release.
        release: OwnId,
        /// Its bytes by the ledger.
        recorded: Digest,
        /// The bytes that were named.
        named: Digest,
    },
    /// One deployment at a time goes into an environment.
    #[error(
        "the deployment {deployment} is still open in `{environment}`; finish or resume it first"
    )]
    DeploymentOpen {
        /// The environment.
        environment: String,
        /// The deployment that is open.
        deployment: OwnId,
    },
    /// The deployment did not start here, or has ended.
    #[error("the deployment {deployment} of this release is not open in `{environment}`")]
    NoOpenDeployment {
        /// The environment.
        environment: String,
        /// The deployment that was named.
        deployment: OwnId,
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

impl Fault for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::NotALedger { .. } | Self::Layout { .. } => Class::Configuration,
            Self::Open { .. } | Self::Database { .. } | Self::TooLarge { .. } => Class::Internal,
            Self::BlobChanged { .. }
            | Self::BlobDeleted { .. }
            | Self::BlobKept { .. }
            | Self::EventChanged { .. }
            | Self::NodeChanged { .. }
            | Self::ProjectionChanged { .. }
            | Self::Body { .. }
            | Self::ReleaseExists { .. }
            | Self::NoRelease { .. }
            | Self::OtherArtifact { .. }
            | Self::DeploymentOpen { .. }
            | Self::NoOpenDeployment { .. }
            | Self::Outcome { .. }
            | Self::Checkpoint { .. }
            | Self::Proof(_) => Class::Denied,
        }
    }
}
