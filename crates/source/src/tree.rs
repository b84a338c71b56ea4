use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_model::{Address, Digest};

use crate::{Content, Entry, Metadata};

/// Says what is wanted of a file, before it is opened. Asked once for each, from several threads.
pub type Claims<'a> = dyn Fn(&Offer<'_>) -> Wanted + Sync + 'a;

/// A file, before it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// What names it.
    pub address: &'a Address,
    /// What the source says about it.
    pub metadata: &'a Metadata,
    /// What identifies its content, where the source keeps that and proves it whenever it reads.
    pub identity: Option<Identity>,
}

/// What identifies a content that was not read: equal identities are equal contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Digest);

impl Identity {
    /// The identity of the content that has this id among all contents of one kind: of a Git blob its object
    /// id.
    pub fn new(kind: &str, id: &[u8]) -> Self {
        Self(Digest::of_parts(&[kind.as_bytes(), id]))
    }

    /// Its bytes, for a cache key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it is nobody's business.
    No,
    /// What is in it.
    Bytes,
    /// Nothing more: its content is known by its identity.
    Taken,
}

/// Takes one file of a walk. Called from several threads.
pub type Sink<'a> = dyn Fn(Entry) + Sync + 'a;

/// Read-only files, pushed in one walk and opened again by their addresses.
pub trait Tree: Sync {
    /// Calls `sink` once for each file of which `claims` wants the bytes, in no order, and for each folder and file
    /// that cannot be listed. A file over `max_bytes` is announced, never read, and so is what is no
    /// regular file.
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>);

    /// Reads one file again; `None` where the address names none. It may have changed since it was
    /// walked: who rests on what was seen then compares digests.
    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content>;
}

/// Calls `each` once for each item, on as many threads as there are processors, each with its own
/// context.
pub fn in_parallel<T: Sync, C>(
    items: &[T],
    context: impl Fn() -> C + Sync,
    each: impl Fn(&C, &T) + Sync,
) {
    let threads = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(items.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let context = context();
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(&context, item);
                }
            });
        }
    });
}
