//! Conditions by the words of the file, before it is known what they come to.

use super::expression::Expression;
use crate::pipeline::Said;

/// A job and its steps by the words of the file.
pub(super) struct Written {
    pub(super) id: String,
    pub(super) words: Words,
    pub(super) steps: Vec<WrittenStep>,
}

/// A step by the words of the file.
pub(super) struct WrittenStep {
    pub(super) id: Option<String>,
    pub(super) words: Words,
}

/// What a job or step says about when it runs and what its failure does.
pub(super) struct Words {
    pub(super) condition: Option<Asked>,
    pub(super) tolerance: Option<Lenient>,
}

/// An `if`.
pub(super) struct Asked {
    pub(super) expression: Expression,
    pub(super) said: Said,
}

/// A `continue-on-error` that is not plainly false.
pub(super) struct Lenient {
    pub(super) said: Said,
    /// The expression on which it depends.
    pub(super) text: Option<String>,
}
