use plimsoll_model::TreePath;
use regex::bytes::{RegexSet, RegexSetBuilder};

/// The patterns over paths that rules and allowlists name by number.
#[derive(Debug)]
pub(crate) struct PathPatterns(RegexSet);

/// Which path patterns match one path.
pub(crate) struct PathMatches(regex::bytes::SetMatches);

/// The number of a pattern in [`PathPatterns`].
pub(crate) type PathId = usize;

impl PathPatterns {
    /// Compiles patterns as `Expression::text` gives them; `None` when together they are too large.
    pub(crate) fn new(patterns: &[String]) -> Option<Self> {
        RegexSetBuilder::new(patterns)
            .unicode(false)
            .size_limit(SIZE_LIMIT_BYTES)
            .build()
            .ok()
            .map(Self)
    }

    /// Which of them match `path`.
    pub(crate) fn matches(&self, path: &TreePath) -> PathMatches {
        PathMatches(self.0.matches(path.as_str().as_bytes()))
    }
}

impl PathMatches {
    /// Whether any of these patterns matches.
    pub(crate) fn any(&self, ids: &[PathId]) -> bool {
        ids.iter().any(|id| self.0.matched(*id))
    }
}

const SIZE_LIMIT_BYTES: usize = 64 << 20;
