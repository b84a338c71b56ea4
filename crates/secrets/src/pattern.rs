use std::collections::BTreeSet;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};

use crate::dialect::Expression;

/// A rule's expression: outlined when its keyword first occurs, compiled when it may match.
#[derive(Debug)]
pub(crate) struct Pattern {
    expression: Expression,
    outline: OnceLock<Outline>,
    regex: OnceLock<Option<Regex>>,
}

/// What an expression says of its matches without being compiled.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// When every match holds a keyword and is bounded: the length of the longest match, in bytes.
    /// Then a search of the windows that reach so far on both sides of each keyword finds exactly
    /// what a search of the whole file finds.
    pub(crate) reach: Option<usize>,
    /// Bytes that every match holds. No letters: an expression may fold their case.
    demands: BTreeSet<u8>,
}

impl Outline {
    /// Whether a match may lie in this part of the text.
    pub(crate) fn admits(&self, part: &[u8]) -> bool {
        self.demands.iter().all(|byte| part.contains(byte))
    }
}

impl Pattern {
    /// The pattern of an expression.
    pub(crate) fn new(expression: Expression) -> Self {
        Self {
            expression,
            outline: OnceLock::new(),
            regex: OnceLock::new(),
        }
    }

    /// What its matches have in common. `keywords` are the rule's, in lower case, and the same at each
    /// call.
    pub(crate) fn outline(&self, keywords: &[String]) -> &Outline {
        self.outline
            .get_or_init(|| outline(self.expression.text(), keywords).unwrap_or_default())
    }

    /// The expression, compiled; `None` when it is larger than the matcher may grow, `bytes_max`, which
    /// is the same at each call.
    pub(crate) fn regex(&self, bytes_max: usize) -> Option<&Regex> {
        let compile = |text| {
            RegexBuilder::new(text)
                .unicode(false)
                .size_limit(bytes_max)
                .build()
                .ok()
        };
        self.regex
            .get_or_init(|| compile(self.expression.text()))
            .as_ref()
    }
}

/// An expression that cannot be outlined has the outline that says nothing.
fn outline(text: &str, keywords: &[String]) -> Option<Outline> {
    let ast = ast::parse::Parser::new().parse(text).ok()?;
    let demands = demands(&ast);
    if keywords.is_empty() || !holds_keyword(&ast, keywords) {
        return Some(Outline {
            reach: None,
            demands,
        });
    }
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build();
    let longest = parser.parse(text).ok()?.properties().maximum_len();
    Some(Outline {
        reach: longest.filter(|longest| *longest <= LONGEST_REACH_BYTES),
        demands,
    })
}

/// The bytes that every match of the expression holds, as far as its literals say.
fn demands(ast: &Ast) -> BTreeSet<u8> {
    match ast {
        Ast::Group(group) => demands(&group.ast),
        Ast::Alternation(any) => {
            let branches = any.asts.iter().map(demands);
            branches
                .reduce(|left, right| &left & &right)
                .unwrap_or_default()
        }
        Ast::Repetition(repetition) if occurs(&repetition.op.kind) => demands(&repetition.ast),
        Ast::Concat(parts) => parts.asts.iter().flat_map(demands).collect(),
        Ast::Literal(literal) => {
            let byte = u8::try_from(literal.c)
                .ok()
                .filter(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic());
            byte.into_iter().collect()
        }
        Ast::Repetition(_)
        | Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Dot(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => BTreeSet::new(),
    }
}

/// Whether every match of the expression holds one of the keywords, as far as its literals say.
fn holds_keyword(ast: &Ast, keywords: &[String]) -> bool {
    match ast {
        Ast::Group(group) => holds_keyword(&group.ast, keywords),
        Ast::Alternation(any) => any
            .asts
            .iter()
            .all(|branch| holds_keyword(branch, keywords)),
        Ast::Repetition(repetition) => {
            occurs(&repetition.op.kind) && holds_keyword(&repetition.ast, keywords)
        }
        Ast::Concat(parts) => {
            parts.asts.iter().any(|part| holds_keyword(part, keywords))
                || run_holds(&parts.asts, keywords)
        }
        Ast::Literal(_) => run_holds(std::slice::from_ref(ast), keywords),
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Dot(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => false,
    }
}

/// Whether literals that stand side by side spell a keyword.
fn run_holds(parts: &[Ast], keywords: &[String]) -> bool {
    let spelled: String = parts
        .iter()
        .map(|part| match part {
            Ast::Literal(literal) if literal.c.is_ascii() => literal.c.to_ascii_lowercase(),
            _ => '\u{0}',
        })
        .collect();
    keywords
        .iter()
        .any(|keyword| !keyword.is_empty() && spelled.contains(keyword.as_str()))
}

fn occurs(kind: &ast::RepetitionKind) -> bool {
    match kind {
        ast::RepetitionKind::OneOrMore => true,
        ast::RepetitionKind::ZeroOrOne | ast::RepetitionKind::ZeroOrMore => false,
        ast::RepetitionKind::Range(
            ast::RepetitionRange::Exactly(least)
            | ast::RepetitionRange::AtLeast(least)
            | ast::RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

const LONGEST_REACH_BYTES: usize = 64 << 10;
