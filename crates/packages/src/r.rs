//! R packages.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "an R lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/renv.lock"],
    unread_manifests: &[],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
