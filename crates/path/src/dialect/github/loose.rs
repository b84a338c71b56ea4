//! What values are worth to each other in the expression language of GitHub Actions.

use crate::Value;

impl Value {
    /// Whether a condition with this value is met: all but `false`, `0`, `''` and null.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// `==` of the expression language: texts without case, unlike types as numbers.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            _ => same_number(self.number(), other.number()),
        }
    }

    /// The number that this value equals; `None` when it equals none.
    pub(super) fn as_number(&self) -> Option<f64> {
        Some(self.number()).filter(|number| !number.is_nan())
    }

    /// The text that this value equals.
    pub(super) fn equal_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => u8::from(*value).to_string(),
            Self::Number(_) | Self::Text(_) => self.as_text(),
        }
    }

    /// The value as text, as `github.event.inputs` gives it.
    pub(super) fn as_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) => text_number(text.trim()),
        }
    }
}

#[expect(
    clippy::float_cmp,
    reason = "the expression language compares numbers exactly"
)]
fn same_number(a: f64, b: f64) -> bool {
    a == b
}

/// The number a text stands for; NaN when it stands for none, 0 when it is empty.
pub(super) fn text_number(text: &str) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).map_or(f64::NAN, f64::from);
    }
    let decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if decimal {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use crate::Value::{self, Bool, Null, Number};

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn equality_is_loose_as_documented() {
        for (a, b, equal) in [
            (text("A"), text("a"), true),
            (Bool(true), text("true"), false),
            (Bool(true), text("1"), true),
            (Bool(false), text(""), true),
            (Null, text(""), true),
            (Null, Bool(false), true),
            (Null, Number(0.0), true),
            (Number(16.0), text("0x10"), true),
            (Number(1.0), text("one"), false),
            (text("nan"), Number(f64::NAN), false),
        ] {
            assert_eq!(a.equals(&b), equal, "{a} == {b}");
            assert_eq!(b.equals(&a), equal, "{b} == {a}");
        }
    }
}
