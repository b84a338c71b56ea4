//! The order of PyPI: PEP 440, and below all of those the versions that PEP 440 does not read, in the
//! order that setuptools gave them before it.

use std::str::FromStr;

use pep440_rs::{LocalSegment, PrereleaseKind, Version};
use plimsoll_model::VersionKey;

/// A run of this many digits may be too large for a PEP 440 reader; such a version has no order here
/// rather than a wrong one.
const DIGITS_MAX: usize = 19;

/// The key of a version; `None` for an empty one and for numbers too large to be compared.
pub(crate) fn key(text: &str) -> Option<VersionKey> {
    const LEGACY: u8 = 0;
    const STANDARD: u8 = 1;
    let text = text.trim();
    if let Ok(version) = Version::from_str(text) {
        return Some(standard(VersionKey::new().rank(STANDARD), &version));
    }
    let longest = text
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max();
    if text.is_empty() || longest.is_none_or(|longest| longest >= DIGITS_MAX) {
        return None;
    }
    let key = VersionKey::new().rank(LEGACY);
    let parts = legacy_parts(&text.to_ascii_lowercase());
    Some(parts.iter().fold(key, |key, part| match part {
        LegacyPart::Word(word) => key.rank(0).text(word),
        LegacyPart::Number(number) => key.rank(1).number(&number.to_string()),
    }))
}

/// PEP 440: epoch, release without zeros at its end, prerelease, post-release, development release,
/// local version.
fn standard(key: VersionKey, version: &Version) -> VersionKey {
    const END: u8 = 0;
    const MORE: u8 = 1;
    let release = version.release();
    let significant = release.iter().rposition(|number| *number != 0);
    let release = &release[..significant.map_or(0, |last| last + 1)];
    let mut key = number(key, version.epoch());
    for part in release {
        key = number(key.rank(MORE), *part);
    }
    key = key.rank(END);
    key = match (version.pre(), version.post(), version.dev()) {
        // A development release of the version itself comes before its prereleases.
        (None, None, Some(_)) => key.rank(0),
        (None, _, _) => key.rank(4),
        (Some(pre), _, _) => number(key.rank(prerelease_rank(pre.kind)), pre.number),
    };
    key = match version.post() {
        None => key.rank(0),
        Some(post) => number(key.rank(1), post),
    };
    key = match version.dev() {
        Some(dev) => number(key.rank(0), dev),
        None => key.rank(1),
    };
    let local = version.local().iter();
    local
        .fold(key, |key, segment| match segment {
            LocalSegment::String(text) => key.rank(1).text(text),
            LocalSegment::Number(value) => number(key.rank(2), *value),
        })
        .rank(END)
}

fn prerelease_rank(kind: PrereleaseKind) -> u8 {
    match kind {
        PrereleaseKind::Alpha => 1,
        PrereleaseKind::Beta => 2,
        PrereleaseKind::Rc => 3,
    }
}

fn number(key: VersionKey, number: u64) -> VersionKey {
    key.number(&number.to_string())
}

/// One part of a version in the older order. A final marker ends every version, so that what is
/// named before `final` is a prerelease.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LegacyPart {
    /// A word, with `c` for every kind of release candidate and `@` for `dev`.
    Word(String),
    /// A number.
    Number(u64),
}

const FINAL: &str = "final";
const DASH: &str = "final-";

fn legacy_parts(text: &str) -> Vec<LegacyPart> {
    let mut parts: Vec<LegacyPart> = Vec::new();
    for piece in pieces(text).chain(std::iter::once(FINAL)) {
        let word = match piece {
            "." => continue,
            "pre" | "preview" | "rc" => "c",
            "-" => DASH,
            "dev" => "@",
            other => other,
        };
        if let Ok(number) = word.parse() {
            parts.push(LegacyPart::Number(number));
            continue;
        }
        // A prerelease word takes back the dash before it, and any word the zeros before it.
        if word < FINAL {
            while parts
                .last()
                .is_some_and(|part| matches!(part, LegacyPart::Word(word) if word == DASH))
            {
                parts.pop();
            }
        }
        while parts.last() == Some(&LegacyPart::Number(0)) {
            parts.pop();
        }
        parts.push(LegacyPart::Word(word.to_owned()));
    }
    parts
}

/// Splits into runs of digits, runs of letters, single dots and dashes, and whatever lies between.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let kind = kind_of(first);
        let end = match kind {
            PieceKind::Mark => first.len_utf8(),
            PieceKind::Digits | PieceKind::Letters | PieceKind::Other => {
                rest.find(|c| kind_of(c) != kind).unwrap_or(rest.len())
            }
        };
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Digits,
    Letters,
    Mark,
    Other,
}

fn kind_of(c: char) -> PieceKind {
    match c {
        '0'..='9' => PieceKind::Digits,
        'a'..='z' => PieceKind::Letters,
        '.' | '-' => PieceKind::Mark,
        _ => PieceKind::Other,
    }
}
