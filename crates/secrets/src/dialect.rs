//! From the regular expressions of the gitleaks dialect (RE2 syntax) to those of `regex`.
//!
//! In RE2 `\w`, `\d`, `\s`, `\b` know ASCII only, while `.`, negated classes and `\p` stand for
//! whole characters. The result is meant for a byte-oriented `regex` with Unicode off; the parts
//! that need it switch Unicode on for themselves. Letter case is folded for ASCII only.

use std::sync::OnceLock;

use regex_syntax::ast::{self, Ast, parse::Parser};

/// An expression of the dialect, and the same as `regex` takes it.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    written: String,
    translated: OnceLock<String>,
}

impl Expression {
    /// An expression that somebody wrote: it is translated at once, so that its error has a place.
    pub(crate) fn read(written: &str) -> Result<Self, Box<regex_syntax::Error>> {
        let translated = OnceLock::from(translate(written)?);
        Ok(Self {
            written: written.to_owned(),
            translated,
        })
    }

    /// An expression of ours, which the tests translate: it costs nothing until it is needed.
    pub(crate) fn embedded(written: &str) -> Self {
        Self {
            written: written.to_owned(),
            translated: OnceLock::new(),
        }
    }

    /// The expression in the syntax of `regex` with Unicode off.
    pub(crate) fn text(&self) -> &str {
        self.translated
            .get_or_init(|| translate(&self.written).expect("the embedded rules are tested"))
    }
}

/// The same expression in the syntax of `regex` with Unicode off.
fn translate(pattern: &str) -> Result<String, Box<regex_syntax::Error>> {
    let pattern = &without_ambiguity(pattern);
    let ast = Parser::new()
        .parse(pattern)
        .map_err(|error| Box::new(error.into()))?;
    let edits = match ast::visit(
        &ast,
        Edits {
            pattern,
            list: Vec::new(),
        },
    ) {
        Ok(edits) => edits,
        Err(never) => match never {},
    };
    let translated = apply(pattern, edits);
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(&translated)
        .map_err(Box::new)?;
    Ok(translated)
}

/// Escapes what RE2 takes literally and `regex` gives a meaning: braces that are no repetition,
/// brackets and set operators inside a class, `\<` and `\>`.
fn without_ambiguity(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    // How many bytes of the class have been read; `None` outside a class.
    let mut class: Option<usize> = None;
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, class.is_some());
        let token = &rest[..length];
        match (first, class) {
            ('\\', _) if token == r"\<" || token == r"\>" => out.push_str(&token[1..]),
            ('[', None) => {
                class = Some(0);
                out.push_str(token);
                rest = &rest[length..];
                continue;
            }
            (']', Some(1..)) => {
                class = None;
                out.push_str(token);
                rest = &rest[length..];
                continue;
            }
            ('{', None) if length == 1 => out.push_str(r"\{"),
            ('[', Some(_)) if length == 1 => out.push_str(r"\["),
            ('&' | '~', Some(_)) => out.extend(['\\', first]),
            ('-', Some(_)) if out.ends_with('-') && !out.ends_with(r"\-") => out.push_str(r"\-"),
            _ => out.push_str(token),
        }
        class = class.map(|read| read + length);
        rest = &rest[length..];
    }
    out
}

/// The length of what belongs together at the start of `rest`: an escape, the opening of a class, a
/// named class, a repetition, or one character.
fn token_length(rest: &str, in_class: bool) -> usize {
    let one = rest.chars().next().map_or(0, char::len_utf8);
    let through = |end: &str| rest.find(end).map(|at| at + end.len());
    match (rest.as_bytes()[0], in_class) {
        (b'\\', _) => match rest.as_bytes().get(1) {
            Some(b'x' | b'p' | b'P') if rest[2..].starts_with('{') => through("}").unwrap_or(one),
            Some(_) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            None => one,
        },
        (b'[', false) if rest.starts_with("[^") => 2,
        (b'[', true) if rest.starts_with("[:") => through(":]").unwrap_or(one),
        (b'{', false) => repetition_length(rest).unwrap_or(one),
        _ => one,
    }
}

/// The length of `{n}`, `{n,}` or `{n,m}`.
fn repetition_length(rest: &str) -> Option<usize> {
    let inner = &rest[1..rest.find('}')?];
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(inner.len() + 2)
}

/// How many groups an expression captures.
pub(crate) fn groups(expression: &Expression) -> usize {
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build();
    parser
        .parse(expression.text())
        .map_or(0, |hir| hir.properties().explicit_captures_len())
}

/// Replacements of byte ranges of the pattern, in the order in which they were met.
struct Edits<'a> {
    pattern: &'a str,
    list: Vec<(std::ops::Range<usize>, &'static str)>,
}

impl Edits<'_> {
    fn wrap_start(&mut self, span: &ast::Span) {
        self.list
            .push((span.start.offset..span.start.offset, "(?u:"));
    }

    fn wrap_end(&mut self, span: &ast::Span) {
        self.list.push((span.end.offset..span.end.offset, ")"));
    }

    /// Whether a bracketed class stands for more than single ASCII characters.
    fn beyond_ascii(&self, class: &ast::ClassBracketed) -> bool {
        let written = &self.pattern[class.span.start.offset..class.span.end.offset];
        let wide = [r"\p", r"\P", r"\W", r"\D", r"\S", "[:^", r"\x{"];
        class.negated || !written.is_ascii() || wide.iter().any(|part| written.contains(part))
    }
}

impl ast::Visitor for Edits<'_> {
    type Output = Vec<(std::ops::Range<usize>, &'static str)>;
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.list)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::Dot(span) => self.wrap_start(span),
            Ast::ClassUnicode(class) => self.wrap_start(&class.span),
            Ast::ClassPerl(class) => self.list.push((range(&class.span), perl(class).alone)),
            Ast::ClassBracketed(class) if self.beyond_ascii(class) => self.wrap_start(&class.span),
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::Dot(span) => self.wrap_end(span),
            Ast::ClassUnicode(class) => self.wrap_end(&class.span),
            Ast::ClassBracketed(class) if self.beyond_ascii(class) => self.wrap_end(&class.span),
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), Self::Err> {
        if let ast::ClassSetItem::Perl(class) = item {
            self.list.push((range(&class.span), perl(class).bracketed));
        }
        Ok(())
    }
}

/// How a Perl class is written out: as an expression of its own, and as a part of a bracketed class.
struct Written {
    alone: &'static str,
    bracketed: &'static str,
}

fn perl(class: &ast::ClassPerl) -> Written {
    let (alone, bracketed) = match (&class.kind, class.negated) {
        (ast::ClassPerlKind::Digit, false) => ("[0-9]", "0-9"),
        (ast::ClassPerlKind::Space, false) => (r"[\t\n\x0C\r ]", r"\t\n\x0C\r "),
        (ast::ClassPerlKind::Word, false) => ("[0-9A-Za-z_]", "0-9A-Za-z_"),
        (ast::ClassPerlKind::Digit, true) => ("(?u:[^0-9])", "[:^digit:]"),
        (ast::ClassPerlKind::Space, true) => (r"(?u:[^\t\n\x0C\r ])", "[:^space:]"),
        (ast::ClassPerlKind::Word, true) => ("(?u:[^0-9A-Za-z_])", "[:^word:]"),
    };
    Written { alone, bracketed }
}

fn range(span: &ast::Span) -> std::ops::Range<usize> {
    span.start.offset..span.end.offset
}

fn apply(pattern: &str, mut edits: Vec<(std::ops::Range<usize>, &'static str)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(pattern.len() + 8 * edits.len());
    let mut at = 0;
    for (range, replacement) in edits {
        out.push_str(&pattern[at..range.start]);
        out.push_str(replacement);
        at = range.end;
    }
    out.push_str(&pattern[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::translate;

    fn check(pattern: &str, text: &str, matched: Option<&str>) {
        let translated = translate(pattern).unwrap();
        let regex = regex::bytes::RegexBuilder::new(&translated)
            .unicode(false)
            .build()
            .unwrap();
        let found = regex
            .find(text.as_bytes())
            .map(|found| std::str::from_utf8(found.as_bytes()).unwrap());
        assert_eq!(found, matched, "{pattern} became {translated}");
    }

    #[test]
    fn re2_means_what_it_means_in_go() {
        check(r"^.$", "é", Some("é"));
        check(r"^[^a]$", "é", Some("é"));
        check(r"^[^\w]{1}$", "é", Some("é"));
        check(r"^\W$", "é", Some("é"));
        check(r"\w+", "éa1_é", Some("a1_"));
        check(r"[\w.]+", "éa.é", Some("a."));
        check(r"\ba", "éa", Some("a"));
        check(r"\d", "٣", None);
        check(r"[\d]", "٣", None);
        check(r"\s", "\u{b}", None);
        check(r"[äöü]+", "xöüx", Some("öü"));
        check(r"\p{L}+", "1é1", Some("é"));
        check(r"(?i)k", "\u{212a}", None);
        check(r"\$?{{[^}]+}}", "a${{b}}", Some("${{b}}"));
        check(r"a{2}{x}", "aa{x}", Some("aa{x}"));
        check(r"[^[]+", "a[b", Some("a"));
        check(r"[]a]+", "b]a]", Some("]a]"));
        check(r"[^]]+", "]b]", Some("b"));
        check(r"[+--]+", "a+,-b", Some("+,-"));
        check(r"[a&&b]+", "x&&a", Some("&&a"));
        check(r"\<[[:alpha:]]\>", "<b>", Some("<b>"));
        check(r"(?s:.)(.)[^\S](?i:X)", "\né x", Some("\né x"));
    }

    #[test]
    fn look_around_is_refused() {
        assert!(translate(r"(?=a)").is_err());
        assert!(translate(r"(a)\1").is_err());
    }
}
