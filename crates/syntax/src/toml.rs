//! TOML that is nested no deeper than is read.
//!
//! The parser bounds its depth by counting what it opens and closes, and while it recovers from an error it
//! closes more than it opened: a document of nothing but errors takes it as deep as the text is long. So
//! the brackets are counted here first, token by token, without recursion.

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::SyntaxError;

/// How deep arrays and inline tables may be nested; the parser itself refuses more than 80.
const MAX_DEPTH: usize = 80;

/// Reads a document into a shape of its own.
pub fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, SyntaxError> {
    check_depth(text)?;
    toml::from_str(text).map_err(|error| told(&error))
}

/// Reads a document into a table whose keys and values know their places.
pub fn parse(text: &str) -> Result<DeTable<'_>, SyntaxError> {
    check_depth(text)?;
    let document = DeTable::parse(text).map_err(|error| told(&error))?;
    Ok(Spanned::into_inner(document))
}

/// Refuses a text whose brackets are nested deeper than is read, for whoever parses it otherwise.
///
/// A closing bracket counts only where it closes the one opened last. The parser returns to no less than
/// that, so that it is never deeper than what is counted here, whatever else is wrong with the text.
pub fn check_depth(text: &str) -> Result<(), SyntaxError> {
    let mut open = Vec::new();
    for token in Source::new(text).lex() {
        let opener = match token.kind() {
            kind @ (TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket) => {
                open.push(kind);
                if open.len() > MAX_DEPTH {
                    let message = format!("nested deeper than {MAX_DEPTH} levels");
                    return Err(SyntaxError::new(token.span().start(), message));
                }
                continue;
            }
            TokenKind::RightSquareBracket => TokenKind::LeftSquareBracket,
            TokenKind::RightCurlyBracket => TokenKind::LeftCurlyBracket,
            _ => continue,
        };
        if open.last() == Some(&opener) {
            open.pop();
        }
    }
    Ok(())
}

fn told(error: &toml::de::Error) -> SyntaxError {
    SyntaxError::new(error.span().map_or(0, |span| span.start), error.message())
}

#[cfg(test)]
mod tests {
    use super::{check_depth, parse};

    #[test]
    fn a_document_is_read_as_deep_as_it_may_be_and_no_deeper() {
        for depth in [0, 1, 79] {
            let nested = |open: &str, close: &str| {
                format!("a = {}0{}\n", open.repeat(depth), close.repeat(depth))
            };
            assert!(parse(&nested("[", "]")).is_ok(), "{depth}");
            assert!(parse(&nested("{a=", "}")).is_ok(), "{depth}");
        }
        let wide = "[[a]]\nb = [\"[\", '{', { c = \"}\" }] # [{\n".repeat(1_000);
        assert!(parse(&wide).is_ok());
        for open in ["[", "{a=", "{=n{}\"", "[{a=", "a = {b = {\n", "{]", "[}"] {
            let error = check_depth(&open.repeat(100_000)).unwrap_err();
            assert!(error.message.contains("deeper than 80"), "{open}: {error}");
        }
    }

    /// Whatever is wrong with a text, the parser goes no deeper than the smallest stack bears.
    #[test]
    fn what_is_let_through_does_not_exhaust_a_stack() {
        let pieces = [
            "{", "}", "[", "]", "=", ",", "n", "\"", "'", "\n", "#", ".", "{}", "={",
        ];
        let mut state: u64 = 7;
        let mut texts = Vec::new();
        for _ in 0..300 {
            let mut pattern = String::new();
            for _ in 0..9 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                pattern.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            texts.push(pattern.repeat(2_000));
        }
        let small = std::thread::Builder::new().stack_size(512 << 10);
        let reader = small.spawn(move || texts.iter().filter(|text| parse(text).is_ok()).count());
        assert!(reader.unwrap().join().unwrap() < 300);
    }
}
