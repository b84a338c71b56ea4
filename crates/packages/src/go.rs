//! Go modules.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Go module file",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/{go.mod,Gopkg.lock,glide.lock}"],
    unread_manifests: &["**/go.sum"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
