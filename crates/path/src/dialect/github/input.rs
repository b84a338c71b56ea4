//! Inputs of `workflow_dispatch` and `workflow_call`.

use plimsoll_model::Location;
use plimsoll_syntax::Node;

use super::loose::text_number;
use crate::Value;

/// An input of a workflow that people or other workflows start.
pub(super) struct Declared {
    /// The place of the event among those of `on`.
    pub(super) trigger: usize,
    /// In lower case.
    pub(super) name: String,
    pub(super) kind: InputKind,
    pub(super) default: Option<Value>,
    pub(super) location: Location,
}

/// The `type:` of an input.
pub(super) enum InputKind {
    Boolean,
    Choice(Vec<String>),
    Number,
    Text,
}

impl InputKind {
    /// Reads the type of a declared input; without one it is text.
    pub(super) fn read(input: &Node) -> Self {
        match input.get("type").and_then(Node::as_str) {
            Some("boolean") => Self::Boolean,
            Some("number") => Self::Number,
            Some("choice") => {
                let options = input.get("options").map_or(&[][..], Node::items);
                Self::Choice(options.iter().filter_map(Node::scalar).collect())
            }
            Some(_) | None => Self::Text,
        }
    }

    /// Reads the value that the input has when nobody chooses one.
    pub(super) fn read_default(&self, input: &Node) -> Option<Value> {
        let text = input.get("default")?.scalar()?;
        match self {
            Self::Boolean => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
            Self::Number => Some(text_number(&text))
                .filter(|number| !number.is_nan())
                .map(Value::Number),
            Self::Choice(_) | Self::Text => Some(Value::Text(text)),
        }
    }
}
