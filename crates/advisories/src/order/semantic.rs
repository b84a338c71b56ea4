use std::cmp::Ordering;

/// A version in the order of Semantic Versioning 2.0.0 §11.
///
/// Read leniently, as advisories are written: a leading `v` or `=`, leading zeros and missing minor
/// or patch numbers are accepted, and numbers have no upper bound. Build metadata does not order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SemanticVersion<'a> {
    release: [&'a str; 3],
    prerelease: &'a str,
}

impl<'a> SemanticVersion<'a> {
    /// Reads a version; `None` for anything else, among it ranges, tags and a fourth number.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_start_matches('=').trim_start();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let without_build = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, prerelease) = match without_build.split_once('-') {
            Some((core, prerelease)) => (core, Some(prerelease)),
            None => (without_build, None),
        };
        if prerelease.is_some_and(|prerelease| !prerelease.split('.').all(is_identifier)) {
            return None;
        }
        let mut release = ["0"; 3];
        for (index, number) in core.split('.').enumerate() {
            if !is_number(number) {
                return None;
            }
            *release.get_mut(index)? = number;
        }
        Some(Self {
            release,
            prerelease: prerelease.unwrap_or(""),
        })
    }
}

impl Ord for SemanticVersion<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = self.release.iter().zip(other.release);
        numbers
            .map(|(left, right)| compare_numbers(left, right))
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| compare_prereleases(self.prerelease, other.prerelease))
    }
}

impl PartialOrd for SemanticVersion<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SemanticVersion<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SemanticVersion<'_> {}

/// Orders two runs of digits by value, whatever their length.
pub(super) fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn compare_prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut lefts, mut rights) = (left.split('.'), right.split('.'));
    loop {
        match (lefts.next(), rights.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => {
                let ordering = compare_identifiers(left, right);
                if ordering.is_ne() {
                    return ordering;
                }
            }
        }
    }
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (is_number(left), is_number(right)) {
        (true, true) => compare_numbers(left, right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
