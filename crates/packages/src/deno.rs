//! Deno modules.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Deno lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/deno.lock"],
    unread_manifests: &[],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
