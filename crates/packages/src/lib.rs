//! Components from lockfiles and manifests: which exact versions ship, and where nothing says so.
//!
//! It reads text alone: no package manager runs, no registry is asked, and no version is compared
//! with an advisory. All that is particular to one ecosystem stands in the row of its family: its
//! readers, which lockfile answers for which manifest, and how names and versions are written. What
//! cannot be read, and what names no exact version, is a gap.

mod bazel;
mod cocoapods;
mod conan;
mod conclude;
mod dart;
mod deno;
mod dotnet;
mod elixir;
mod facts;
mod family;
mod gap;
mod go;
mod haskell;
mod json;
mod jvm;
mod lockfiles;
mod nix;
mod node;
mod parser;
mod php;
mod places;
mod python;
mod r;
mod ruby;
mod rust;
mod semantic_version;
mod swift;
mod tree_path;

pub use conclude::conclude;
pub use facts::Facts;
pub use family::{Claim, claims, ecosystems};
pub use gap::GAPS;
use parser::Parser;
