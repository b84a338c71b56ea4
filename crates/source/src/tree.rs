use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_model::Address;

use crate::{Content, Entry, Metadata};

/// Says whether a file is wanted, before it is opened. Asked from several threads.
pub type Claims<'a> = dyn Fn(&Address, &Metadata) -> bool + Sync + 'a;

/// Takes one file of a walk. Called from several threads.
pub type Sink<'a> = dyn Fn(Entry) + Sync + 'a;

/// Read-only files, pushed in one walk and opened again by their addresses.
pub trait Tree: Sync {
    /// Calls `sink` once for each file that `claims` accepts, in no order, and for each folder and file
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
