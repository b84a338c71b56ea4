use plimsoll_model::TreePath;

/// Read-only files, pushed in one walk.
pub trait Tree: Sync {
    /// Calls `sink` once for each regular file whose path `claims` accepts, from several threads and
    /// in no order. A file over `max_bytes` is announced, never read.
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
    /// It is there and cannot be read; or, for a folder, cannot be entered.
    Unreadable {
        /// Why, by the system's own word.
        reason: String,
    },
}
