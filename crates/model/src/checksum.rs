use std::fmt;

use serde::{Deserialize, Serialize};

/// The digest of a package's archive, as a lockfile states it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was computed.
    pub algorithm: ChecksumAlgorithm,
    /// Lower-case hexadecimal digits, as many as the algorithm gives.
    digits: String,
}

/// How a checksum was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the name of a hash function")]
pub enum ChecksumAlgorithm {
    Sha512,
    Sha384,
    Sha256,
    Sha1,
}

impl ChecksumAlgorithm {
    /// Every algorithm, the strongest first.
    const ALL: [Self; 4] = [Self::Sha512, Self::Sha384, Self::Sha256, Self::Sha1];

    /// The algorithm of this name, as lockfiles write it; `None` for any other name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
    }

    /// Its name as lockfiles write it: `sha512`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha512 => "sha512",
            Self::Sha384 => "sha384",
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
        }
    }

    fn size_bytes(self) -> usize {
        match self {
            Self::Sha512 => 64,
            Self::Sha384 => 48,
            Self::Sha256 => 32,
            Self::Sha1 => 20,
        }
    }
}

impl Checksum {
    /// A checksum from hexadecimal digits; `None` where they are not as many as the algorithm gives.
    pub fn new(algorithm: ChecksumAlgorithm, digits: &str) -> Option<Self> {
        let fits = digits.len() == 2 * algorithm.size_bytes()
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self {
            algorithm,
            digits: digits.to_ascii_lowercase(),
        })
    }

    /// The lower-case hexadecimal digits.
    pub fn digits(&self) -> &str {
        &self.digits
    }
}

/// `algorithm:digits`.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::{Checksum, ChecksumAlgorithm};

    #[test]
    fn only_as_many_digits_as_the_algorithm_gives_are_a_checksum() {
        for (algorithm, digits) in [
            (ChecksumAlgorithm::Sha512, 128),
            (ChecksumAlgorithm::Sha384, 96),
            (ChecksumAlgorithm::Sha256, 64),
            (ChecksumAlgorithm::Sha1, 40),
        ] {
            let checksum = Checksum::new(algorithm, &"A".repeat(digits)).unwrap();
            assert_eq!(checksum.digits(), "a".repeat(digits));
            assert_eq!(Checksum::new(algorithm, &"a".repeat(digits - 2)), None);
            assert_eq!(Checksum::new(algorithm, &"x".repeat(digits)), None);
        }
    }
}
