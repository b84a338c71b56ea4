//! Documents with the place of every part: YAML and TOML as one tree of nodes, shell as a tree of
//! statements.
//!
//! It gives structure and spans (bytes of the text that was parsed), never meaning: what a key or a
//! command stands for is the inspectors' matter. Size, depth and the growth of aliases are bounded.

mod document;
pub mod shell;
pub mod toml;
pub mod yaml;

pub use document::{Node, Value};

/// A text does not follow its language, or is nested deeper or grows larger than is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct SyntaxError {
    /// The byte where reading stopped.
    pub offset: usize,
    /// What was wrong, in the parser's words; quotes no more of the text than a key.
    pub message: String,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
        }
    }
}

/// How deep a document or a script may be nested.
pub(crate) const MAX_DEPTH: usize = 128;
