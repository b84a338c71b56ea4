use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};

/// A rule's expression, compiled when its keyword first occurs.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As `dialect::translate` gives it.
    text: String,
    compiled: OnceLock<Option<Compiled>>,
}

/// An expression ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) regex: Regex,
    /// When every match holds a keyword and is bounded: the length of the longest match, in bytes.
    /// Then a search of the windows that reach so far on both sides of each keyword finds exactly
    /// what a search of the whole file finds.
    pub(crate) reach: Option<usize>,
}

impl Pattern {
    /// Takes an expression that `dialect::translate` has read.
    pub(crate) fn new(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// The expression, compiled; `None` when it is larger than the matcher may grow. `keywords` are
    /// the rule's, in lower case, and the same at each call.
    pub(crate) fn compiled(&self, keywords: &[String]) -> Option<&Compiled> {
        self.compiled.get_or_init(|| compile(&self.text, keywords)).as_ref()
    }
}

fn compile(text: &str, keywords: &[String]) -> Option<Compiled> {
    let regex = RegexBuilder::new(text).unicode(false).size_limit(SIZE_LIMIT_BYTES).build().ok()?;
    Some(Compiled { regex, reach: reach(text, keywords) })
}

fn reach(text: &str, keywords: &[String]) -> Option<usize> {
    let ast = ast::parse::Parser::new().parse(text).ok()?;
    if keywords.is_empty() || !holds_keyword(&ast, keywords) {
        return None;
    }
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let longest = parser.parse(text).ok()?.properties().maximum_len()?;
    (longest <= LONGEST_REACH_BYTES).then_some(longest)
}

/// Whether every match of the expression holds one of the keywords, as far as its literals say.
fn holds_keyword(ast: &Ast, keywords: &[String]) -> bool {
    match ast {
        Ast::Group(group) => holds_keyword(&group.ast, keywords),
        Ast::Alternation(any) => any.asts.iter().all(|branch| holds_keyword(branch, keywords)),
        Ast::Repetition(repetition) => {
            occurs(&repetition.op.kind) && holds_keyword(&repetition.ast, keywords)
        }
        Ast::Concat(parts) => {
            parts.asts.iter().any(|part| holds_keyword(part, keywords)) || run_holds(&parts.asts, keywords)
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
    keywords.iter().any(|keyword| !keyword.is_empty() && spelled.contains(keyword.as_str()))
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

const SIZE_LIMIT_BYTES: usize = 64 << 20;
const LONGEST_REACH_BYTES: usize = 64 << 10;
