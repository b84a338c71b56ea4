use serde::{Deserialize, Serialize};

use crate::Location;
use crate::text::text_newtype;

text_newtype! {
    /// A package ecosystem by its OSV name (`crates.io`, `PyPI`, `npm`). Not a closed set: OSV adds
    /// a name about monthly.
    Ecosystem
}

impl Ecosystem {
    /// Rust crates.
    pub const CRATES_IO: &'static str = "crates.io";
    /// Python distributions.
    pub const PYPI: &'static str = "PyPI";
    /// Node.js packages.
    pub const NPM: &'static str = "npm";

    /// The package-URL type, where this ecosystem has one that Plimsoll writes.
    pub fn purl_type(&self) -> Option<&'static str> {
        match self.as_str() {
            Self::CRATES_IO => Some("cargo"),
            Self::PYPI => Some("pypi"),
            Self::NPM => Some("npm"),
            _ => None,
        }
    }
}

text_newtype! {
    /// A version as its ecosystem writes it; compare only by the ecosystem's own order.
    Version
}

text_newtype! {
    /// A package URL, by the purl specification.
    Purl
}

/// A package that is part of what ships.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Component {
    /// Whose names and versions these are.
    pub ecosystem: Ecosystem,
    /// The name as the ecosystem normalises it.
    pub name: String,
    /// The exact version.
    pub version: Version,
    /// Where it was read.
    pub location: Location,
    /// The SHA-256 or SHA-512 the lockfile states, as `algorithm:hex`.
    pub checksum: Option<String>,
    /// The components it needs, by package URL.
    pub dependencies: Vec<Purl>,
}

impl Component {
    /// The package URL, or `None` for an ecosystem without a purl type.
    pub fn purl(&self) -> Option<Purl> {
        purl(&self.ecosystem, &self.name, &self.version)
    }
}

fn purl(ecosystem: &Ecosystem, name: &str, version: &Version) -> Option<Purl> {
    let kind = ecosystem.purl_type()?;
    let path = match name
        .strip_prefix('@')
        .and_then(|scoped| scoped.split_once('/'))
    {
        Some((scope, name)) => format!("%40{}/{}", encode(scope), encode(name)),
        None => encode(name),
    };
    Some(Purl::new(format!(
        "pkg:{kind}/{path}@{}",
        encode(version.as_str())
    )))
}

/// Percent-encodes everything but the characters the purl specification leaves as they are.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

impl Purl {
    /// The package URL of a package version, or `None` for an ecosystem without a purl type.
    pub fn of(ecosystem: &Ecosystem, name: &str, version: &Version) -> Option<Self> {
        purl(ecosystem, name, version)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ecosystem, Purl, Version};

    #[test]
    fn purls_follow_the_specification() {
        let purl = |ecosystem: &str, name, version| {
            Purl::of(&Ecosystem::new(ecosystem), name, &Version::new(version))
                .unwrap()
                .to_string()
        };
        assert_eq!(
            purl("npm", "@angular/animation", "12.3.1"),
            "pkg:npm/%40angular/animation@12.3.1"
        );
        assert_eq!(
            purl("crates.io", "rand", "0.7.2+b"),
            "pkg:cargo/rand@0.7.2%2Bb"
        );
        assert_eq!(
            Purl::of(&Ecosystem::new("Haiku"), "x", &Version::new("1")),
            None
        );
    }
}
