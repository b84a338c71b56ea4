//! Haskell packages.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Haskell lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/{stack.yaml.lock,cabal.project.freeze}"],
    unread_manifests: &[],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
