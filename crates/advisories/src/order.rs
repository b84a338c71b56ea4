//! The version order of each ecosystem that Plimsoll can judge: crates.io, npm and PyPI.
//!
//! An ecosystem without an order here is not guessed at; its components become gaps.

mod python;
mod semantic;

use std::cmp::Ordering;

use plimsoll_model::Ecosystem;

use python::PythonVersion;
use semantic::SemanticVersion;

use crate::ecosystem::split;

/// A version longer than this is not a version, and parsing it would only cost time.
const VERSION_MAX_BYTES: usize = 256;

/// Compares two versions as their ecosystem does.
///
/// `None` when the ecosystem has no order here or a version cannot be read in it; versions that are
/// written alike are equal in every ecosystem. Orders: Semantic Versioning 2.0.0 §11 for crates.io
/// and npm, PEP 440 with the older setuptools order for PyPI.
pub fn order(ecosystem: &Ecosystem, left: &str, right: &str) -> Option<Ordering> {
    let order = Order::of(split(ecosystem.as_str()).base)?;
    if left == right {
        return Some(Ordering::Equal);
    }
    Some(order.parse(left)?.cmp(&order.parse(right)?))
}

/// How an ecosystem orders its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Semantic Versioning 2.0.0 §11.
    Semantic,
    /// PEP 440, and setuptools' older order for what PEP 440 does not read.
    Python,
}

impl Order {
    /// The order of an ecosystem, by its OSV name without a release.
    pub(crate) fn of(base: &str) -> Option<Self> {
        match base {
            Ecosystem::CRATES_IO | Ecosystem::NPM => Some(Self::Semantic),
            Ecosystem::PYPI => Some(Self::Python),
            _ => None,
        }
    }

    /// Reads a version, or `None` when it has no place in this order.
    pub(crate) fn parse(self, text: &str) -> Option<ParsedVersion<'_>> {
        if text.len() > VERSION_MAX_BYTES {
            return None;
        }
        match self {
            Self::Semantic => SemanticVersion::parse(text).map(ParsedVersion::Semantic),
            Self::Python => PythonVersion::parse(text).map(ParsedVersion::Python),
        }
    }
}

/// A version that was read; compare only versions that one [`Order`] read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ParsedVersion<'a> {
    /// Read by [`Order::Semantic`].
    Semantic(SemanticVersion<'a>),
    /// Read by [`Order::Python`].
    Python(PythonVersion),
}

#[cfg(test)]
mod tests;
