//! Ruby gems.

use crate::family::{CHECK_BY_OTHER_MEANS, Family};
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Ruby lockfile",
    ecosystem: None,
    parsers: &[],
    unread_locks: &["**/{Gemfile.lock,gems.locked}"],
    unread_manifests: &["**/{Gemfile,gems.rb,*.gemspec}"],
    fix: CHECK_BY_OTHER_MEANS,
    resolve: lockfiles::resolve,
};
