use std::cmp::Ordering;
use std::str::FromStr;

/// A run of this many digits may be too large for a PEP 440 reader; such a version has no order here
/// rather than a wrong one.
const DIGITS_MAX: usize = 19;

/// A version in PyPI's order: PEP 440, and below all of those the versions that PEP 440 does not
/// read, in the order that setuptools gave them before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PythonVersion {
    /// Sorts before every PEP 440 version.
    Legacy(Vec<LegacyPart>),
    /// Read by PEP 440.
    Standard(pep440_rs::Version),
}

impl PythonVersion {
    /// Reads a version; `None` for an empty one and for numbers too large to be compared.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(version) = pep440_rs::Version::from_str(text) {
            return Some(Self::Standard(version));
        }
        let longest = text
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .max();
        if text.is_empty() || longest.is_none_or(|longest| longest >= DIGITS_MAX) {
            return None;
        }
        Some(Self::Legacy(legacy_parts(&text.to_ascii_lowercase())))
    }
}

/// One part of a version in the older order. A final marker ends every version, so that what is
/// named before `final` is a prerelease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LegacyPart {
    /// A word, with `c` for every kind of release candidate and `@` for `dev`.
    Word(String),
    /// A number.
    Number(u64),
}

impl LegacyPart {
    fn rank(&self) -> (bool, &str, u64) {
        match self {
            Self::Word(word) => (false, word, 0),
            Self::Number(number) => (true, "", *number),
        }
    }
}

impl Ord for LegacyPart {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for LegacyPart {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
