//! The ledger: append-only events, content-addressed blobs, a Merkle log with signed checkpoints, and
//! projections that are rebuilt from the events.
//!
//! Events and blobs are the truth; every other table can be made anew. The store checks that its own
//! bytes fit together; whether a signature is good, and whose it is, are the engine's questions. An
//! operator who rewrites everything at once, checkpoints included, is found only by a checkpoint that
//! somebody kept elsewhere.

mod error;
mod event;
mod fact;
mod laws;
pub mod merkle;
mod projection;
mod replay;
mod report;
mod sqlite;
mod store;

pub use error::StoreError;
pub use event::{Event, EventFilter, EventKind, EventKindError, Kind, NewEvent, Page};
pub use fact::{
    DeploymentFinished, DeploymentStarted, DeploymentStep, Fact, LeaseTaken, LedgerCreated,
    PromotionRequested, ReleaseCreated, Rollback, StepState,
};
pub use projection::{Current, Lease, OpenDeployment, Release};
pub use report::{Deleted, Fault, NotUnderstood, Report, UnknownEvent};
pub use store::{Events, Expected, Head, MAX_BLOB_BYTES, SavedCheckpoint, Seal, Store};
