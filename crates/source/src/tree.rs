use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_model::TreePath;

/// Read-only files, pushed in one walk.
pub trait Tree: Sync {
    /// Calls `sink` once for each file whose path `claims` accepts, from several threads and in no
    /// order. A file over `max_bytes` is announced, never read, and so is what is no regular file.
    fn walk(
        &self,
        max_bytes: u64,
        claims: &(dyn Fn(&TreePath) -> bool + Sync),
        sink: &(dyn Fn(TreePath, Content) + Sync),
    );
}

/// What a walk could get of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The whole file.
    Bytes(Vec<u8>),
    /// It is larger than the walk may read.
    TooLarge {
        /// Its size.
        size_bytes: u64,
    },
    /// It is a link, which is not followed, or a pipe, socket or device.
    NotRegular,
    /// It is there and cannot be read; or, for a folder, cannot be entered.
    Unreadable {
        /// Why, by the system's own word.
        reason: String,
    },
}

/// Calls `each` once for each item, on as many threads as there are processors, each with its own
/// context.
pub(crate) fn in_parallel<T: Sync, C>(
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
