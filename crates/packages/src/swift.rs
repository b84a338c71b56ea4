//! Swift packages.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Swift lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/{Package.resolved,Cartfile.resolved}"],
    unread_manifests: &["**/Package.swift"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
