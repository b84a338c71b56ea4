//! C and C++ packages of Conan.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Conan lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/conan.lock"],
    unread_manifests: &["**/conanfile.txt"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
