//! Dart packages.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Dart lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/pubspec.lock"],
    unread_manifests: &["**/pubspec.yaml"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
