//! Components from lockfiles and manifests: which exact versions ship, and where nothing says so.
//!
//! It reads text alone: no package manager runs, no registry is asked, and no version is compared
//! with an advisory. What cannot be read, and what names no exact version, is a gap.

mod cargo_lock;
mod cargo_manifest;
mod cargo_packages;
mod cargo_toml;
mod conclude;
mod facts;
mod gap;
mod json;
mod logical_line;
mod npm_address;
mod npm_needs;
mod npm_nested;
mod package_json;
mod package_lock;
mod parser;
mod pip_option;
mod places;
mod pyproject;
mod requirement;
mod requirements;
mod requirements_gaps;
mod setup_py;
mod unread;
mod vendored;

use plimsoll_model::{Inspector, Threshold};

pub use conclude::conclude;
pub use facts::{Facts, Family};
pub use parser::{PARSERS, Parser, claims};
use requirements_gaps::requirements_gaps;

/// The inspector of components against advisories.
pub static INSPECTOR: Inspector = Inspector {
    id: "dependency",
    gate_key: "dependencies",
    default_gate: Threshold::High,
};
