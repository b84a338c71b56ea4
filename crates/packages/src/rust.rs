//! Rust packages of Cargo.

mod cargo_facts;
mod cargo_lock;
mod cargo_packages;
mod cargo_toml;
mod resolution;
mod scopes;
mod vendored;

use plimsoll_model::{EcosystemRules, exact_name};

pub(crate) use self::cargo_facts::CargoFacts;
use crate::family::Family;
use crate::semantic_version;

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Rust lockfile",
    ecosystem: Some(&ECOSYSTEM),
    parsers: &[&cargo_lock::PARSER, &cargo_toml::PARSER, &vendored::PARSER],
    unread_locks: &[],
    unread_manifests: &[],
    fix: FIX,
    resolve: resolution::resolve,
};

static ECOSYSTEM: EcosystemRules = EcosystemRules {
    name: "crates.io",
    purl_type: "cargo",
    namespace_end: None,
    normalize: exact_name,
    version_key: semantic_version::key,
};

const FIX: &str = "run `cargo generate-lockfile` and commit Cargo.lock";
