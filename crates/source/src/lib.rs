//! Trees of files to inspect. A tree pushes each file once into a sink; it never writes, never
//! follows a link out of itself, and says what it could not read.
//!
//! It decides nothing: whose file it is (claims) and what is in it are the inspectors' matter.

mod cache;
mod dir;
mod entry;
mod file;
#[cfg(feature = "git")]
mod git;
mod inspector;
mod memory;
mod regular;
mod tree;
mod trees;
mod unread;
mod walker;

pub use cache::{Cache, CacheError};
pub use dir::{Dir, DirError, Versioned};
pub use entry::{Content, Entry, Metadata, Mode, Owner};
pub use file::{Body, File, Text, TextFile};
#[cfg(feature = "git")]
pub use git::{GitError, GitRevision, Repository};
pub use inspector::{Claim, Conclusion, Files, Inspect, Site};
pub use memory::Memory;
pub use tree::{Claims, Identity, Offer, Sink, Tree, Wanted, in_parallel};
pub use trees::{Trees, View};
pub use unread::{EMPTY_TREE, LARGE_FILE, LINKED_FILE, UNREAD, UNREADABLE_FILE};
