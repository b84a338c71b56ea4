use std::fmt;

use zeroize::Zeroizing;

/// A password to a key file. It is wiped when dropped and shows eight asterisks in `Debug`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the password over; an empty one is allowed, as cosign allows it.
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    /// Whether it protects nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(********)")
    }
}
