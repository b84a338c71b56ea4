//! PHP packages of Composer.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a PHP lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/composer.lock"],
    unread_manifests: &["**/composer.json"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
