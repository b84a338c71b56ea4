//! Advisories in the OSV format: import them, keep them in a compact mapped database, and match
//! components against it by each ecosystem's own version order, which the caller states.
//!
//! [`import`] turns an OSV zip, folder or bucket into one `<ecosystem>.plimdb` a file, replaced
//! atomically; [`Database`] maps those files and answers in microseconds. A version is matched as the
//! OSV schema evaluates it (`versions` or `ranges`), never by CPE. What cannot be decided is a gap:
//! an ecosystem without a database, a database that is too old, a version without an order, a record
//! nobody could read.
//!
//! It knows no clock and no environment: the moment is passed in. The only network it touches is the
//! bucket that the caller names to [`import`].

mod block;
mod bucket;
mod compile;
mod database;
mod ecosystem;
mod file;
mod flaw;
mod format;
mod import;
mod inspect;
mod intake;
mod mapped;
mod rating;
mod record;
mod spans;

pub use database::{Database, Identity, OpenError};
pub use import::{
    ImportError, ImportOptions, Imported, ImportedDatabase, Limits, Progress, Source, Unreadable,
    import,
};
pub use inspect::{FAMILY, GAPS, STALE_DATABASE};
