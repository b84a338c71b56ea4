//! Bazel modules.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Bazel lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/MODULE.bazel.lock"],
    unread_manifests: &[],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
