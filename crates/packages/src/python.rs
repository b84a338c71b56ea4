//! Python distributions of PyPI.

mod logical_line;
mod pip_option;
mod pyproject;
mod requirement;
mod requirements;
mod requirements_facts;
mod requirements_gaps;
mod setup_py;
mod version;

use plimsoll_model::EcosystemRules;

pub(crate) use self::requirements_facts::Requirements;
use crate::family::Family;
use crate::lockfiles::{self, Files, Resolution};

pub(crate) static FAMILY: Family = Family {
    lockfile: "a Python lockfile",
    ecosystem: Some(&ECOSYSTEM),
    parsers: &[
        &requirements::PARSER,
        &requirements::INPUT_PARSER,
        &pyproject::PARSER,
        &setup_py::PARSER,
    ],
    unread_locks: &[
        "**/{poetry.lock,uv.lock,pdm.lock,Pipfile.lock,pylock.toml,pylock.*.toml,conda-lock.yml}",
    ],
    unread_manifests: &["**/Pipfile"],
    fix: FIX,
    resolve,
};

static ECOSYSTEM: EcosystemRules = EcosystemRules {
    name: "PyPI",
    purl_type: "pypi",
    namespace_end: None,
    normalize: requirement::normalize,
    version_key: version::key,
};

const FIX: &str = "pin every package exactly, for example with `pip-compile --generate-hashes`, and commit the result as requirements.txt";

fn resolve(family: &Family, files: &Files<'_>) -> Resolution {
    let mut resolution = lockfiles::resolve(family, files);
    resolution
        .gaps
        .extend(requirements_gaps::requirements_gaps(files));
    resolution.declared = requirements_gaps::declared(files);
    resolution
}
