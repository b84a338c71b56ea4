//! Elixir packages.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "an Elixir lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/mix.lock"],
    unread_manifests: &["**/mix.exs"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
