//! The order of `Gem::Version`: runs of digits and of letters, where a word makes a prerelease and what
//! is missing counts as zero.

use plimsoll_model::VersionKey;

// What stands at one place of a version, in the order in which it compares. Where one version ends,
// another may go on with zeros; whether it is the later one is decided by what follows them.
const WORD: u8 = 0;
const ZERO_BEFORE_WORD: u8 = 1;
const END: u8 = 2;
const ZERO_BEFORE_NUMBER: u8 = 3;
const NUMBER: u8 = 4;

/// The key of a version; `None` for what `RubyGems` calls malformed.
pub(crate) fn key(text: &str) -> Option<VersionKey> {
    let text = text.trim();
    if !is_well_formed(text) {
        return None;
    }
    let release = text.replace('-', ".pre.");
    let segments = canonical(&segments(&release));
    let mut key = VersionKey::new();
    for (index, segment) in segments.iter().enumerate() {
        key = match segment {
            Segment::Word(word) => key.rank(WORD).text(word),
            Segment::Number("") => key.rank(zero(&segments[index..])),
            Segment::Number(digits) => key.rank(NUMBER).number(digits),
        };
    }
    Some(key.rank(END))
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Word(&'a str),
    /// Without leading zeros, so that zero is empty.
    Number(&'a str),
}

impl Segment<'_> {
    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(""))
    }
}

/// `[0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?`, or nothing, which means zero.
fn is_well_formed(text: &str) -> bool {
    let (release, prerelease) = match text.split_once('-') {
        Some((release, prerelease)) => (release, Some(prerelease)),
        None => (text, None),
    };
    let first = release.split('.').next().unwrap_or(release);
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_tail = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !part.is_empty() && part.bytes().all(fits)
    };
    text.is_empty()
        || first.bytes().all(|byte| byte.is_ascii_digit())
            && release.split('.').all(is_part)
            && prerelease.is_none_or(|prerelease| prerelease.split('.').all(is_tail))
}

fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != is_digit)
                .unwrap_or(rest.len());
            let (run, tail) = rest.split_at(end);
            segments.push(if is_digit {
                Segment::Number(run.trim_start_matches('0'))
            } else {
                Segment::Word(run)
            });
            rest = tail;
        }
    }
    segments
}

/// Without the zeros at the end of the release, and without those at the end of the whole.
fn canonical<'a>(segments: &[Segment<'a>]) -> Vec<Segment<'a>> {
    let words_from = segments
        .iter()
        .position(|segment| matches!(segment, Segment::Word(_)))
        .unwrap_or(segments.len());
    let (release, prerelease) = segments.split_at(words_from);
    [release, prerelease].map(without_last_zeros).concat()
}

fn without_last_zeros<'s, 'a>(segments: &'s [Segment<'a>]) -> &'s [Segment<'a>] {
    let last = segments.iter().rposition(|segment| !segment.is_zero());
    &segments[..last.map_or(0, |last| last + 1)]
}

/// The rank of the zero that a canonical version goes on with.
fn zero(rest: &[Segment<'_>]) -> u8 {
    match rest.iter().find(|segment| !segment.is_zero()) {
        Some(Segment::Word(_)) => ZERO_BEFORE_WORD,
        Some(Segment::Number(_)) | None => ZERO_BEFORE_NUMBER,
    }
}
