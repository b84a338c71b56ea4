use plimsoll_source::{File, TextFile};

use crate::{Facts, gap};

/// The reader of one format.
pub(crate) struct Parser {
    /// The files it reads, as globs over whole tree paths.
    pub(crate) globs: &'static [&'static str],
    pub(crate) read: fn(&TextFile<'_>) -> Facts,
}

/// A larger file is a gap: no lockfile that people work with comes near it.
const MAX_BYTES: usize = 64 << 20;

/// Reads one file. Never fails and never panics: what cannot be read is a gap.
pub(crate) fn extract(file: &File<'_>, read: impl Fn(&TextFile<'_>) -> Facts) -> Facts {
    let Some(file) = &file.as_text() else {
        return Facts::gap(gap::no_text(&file.address.path));
    };
    if file.text.len() > MAX_BYTES {
        return Facts::gap(gap::too_large(file.path, file.text.len(), MAX_BYTES));
    }
    let mut facts = read(file);
    if let Some(span) = file.masks.spans().first() {
        facts
            .gaps
            .push(gap::masked(file.location(*span), file.masks.spans().len()));
    }
    facts
}
