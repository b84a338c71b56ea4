/// A version's place in the order of its ecosystem: two keys of one ecosystem compare as their versions
/// do.
///
/// A key is a row of parts, and the first part that differs decides. Where one version can end and
/// another go on, a rank stands for the end as well, so that the order says which of the two is the
/// later one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionKey(Vec<u8>);

impl VersionKey {
    /// The key without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what comes before or after other kinds of parts.
    #[must_use]
    pub fn rank(mut self, rank: u8) -> Self {
        self.0.push(rank);
        self
    }

    /// Adds a number of any size, written in decimal digits; leading zeros do not count.
    #[must_use]
    pub fn number(mut self, digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        // The longer of two numbers without leading zeros is the greater one.
        let length = u16::try_from(digits.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(digits.as_bytes());
        self
    }

    /// Adds a text, which compares by its bytes; a text comes before every longer one that begins with
    /// it.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(1);
            }
        }
        self.0.extend([0, 0]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::VersionKey;

    #[test]
    fn numbers_compare_by_value_and_texts_by_bytes() {
        let number = |digits| VersionKey::new().number(digits);
        assert!(number("9") < number("10"));
        assert_eq!(number("007"), number("7"));
        assert!(number("0") < number("1"));
        assert!(number("99999999999999999999998") < number("99999999999999999999999"));
        let text = |text, rank| VersionKey::new().text(text).rank(rank);
        assert!(text("a", 9) < text("ab", 0));
        assert!(text("a", 9) < text("a\0", 0));
        assert!(text("a", 0) < text("a", 1));
    }
}
