//! Node.js packages of npm and of the package managers that share its registry.

mod folder;
mod npm_address;
mod npm_needs;
mod npm_nested;
mod package_json;
mod package_lock;
mod resolution;

use plimsoll_model::{EcosystemRules, exact_name};

use crate::family::Family;
use crate::semantic_version;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Node.js lockfile",
    ecosystem: Some(&ECOSYSTEM),
    parsers: &[&package_lock::PARSER, &package_json::PARSER],
    unread_locks: &["**/{yarn.lock,pnpm-lock.yaml,bun.lock,bun.lockb,npm-shrinkwrap.yaml}"],
    unread_manifests: &[],
    fix: FIX,
    resolve: resolution::resolve,
};

static ECOSYSTEM: EcosystemRules = EcosystemRules {
    name: "npm",
    purl_type: "npm",
    namespace_end: Some('/'),
    normalize: exact_name,
    version_key: semantic_version::key,
};

const FIX: &str = "run `npm install --package-lock-only` and commit package-lock.json";
