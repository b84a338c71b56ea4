//! Packages of `CocoaPods`.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a CocoaPods lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/Podfile.lock"],
    unread_manifests: &["**/Podfile"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
