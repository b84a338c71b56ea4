//! Ruby gems.

mod gemfile_lock;
mod version;

use plimsoll_model::{EcosystemRules, exact_name};

use crate::family::Family;
use crate::lockfiles;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Ruby lockfile",
    ecosystem: Some(&ECOSYSTEM),
    parsers: &[&gemfile_lock::PARSER],
    unread_locks: &[],
    unread_manifests: &["**/{Gemfile,gems.rb,*.gemspec}"],
    fix: FIX,
    resolve: lockfiles::resolve,
};

static ECOSYSTEM: EcosystemRules = EcosystemRules {
    name: "RubyGems",
    purl_type: "gem",
    namespace_end: None,
    normalize: exact_name,
    version_key: version::key,
};

const FIX: &str = "run `bundle lock` and commit Gemfile.lock";
