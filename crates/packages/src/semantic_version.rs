//! The order of Semantic Versioning 2.0.0 §11.
//!
//! Read leniently, as advisories are written: a leading `v` or `=`, leading zeros and missing minor or
//! patch numbers are accepted, and numbers have no upper bound. Build metadata does not order.

use plimsoll_model::VersionKey;

/// What follows the three numbers: a release comes after its prereleases, and a prerelease after those
/// that it goes on from.
const END: u8 = 0;
const NUMBER: u8 = 1;
const WORD: u8 = 2;
const RELEASE: u8 = 3;

/// The key of a version; `None` for anything else, among it ranges, tags and a fourth number.
pub(crate) fn key(text: &str) -> Option<VersionKey> {
    let text = text.trim().trim_start_matches('=').trim_start();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let without_build = text.split_once('+').map_or(text, |(version, _)| version);
    let (core, prerelease) = match without_build.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (without_build, None),
    };
    let key = release(core)?;
    match prerelease {
        None => Some(key.rank(RELEASE)),
        Some(prerelease) => Some(prerelease.split('.').try_fold(key, identifier)?.rank(END)),
    }
}

fn release(core: &str) -> Option<VersionKey> {
    let mut numbers = ["0"; 3];
    for (index, number) in core.split('.').enumerate() {
        if !is_number(number) {
            return None;
        }
        *numbers.get_mut(index)? = number;
    }
    Some(
        numbers
            .into_iter()
            .fold(VersionKey::new(), VersionKey::number),
    )
}

fn identifier(key: VersionKey, text: &str) -> Option<VersionKey> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if is_number(text) {
        Some(key.rank(NUMBER).number(text))
    } else if !text.is_empty() && text.bytes().all(is_word) {
        Some(key.rank(WORD).text(text))
    } else {
        None
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
