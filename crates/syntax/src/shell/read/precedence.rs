//! How strongly operators bind: the parser's nesting is flattened and bash's precedence applied.

use plimsoll_model::Span;

use crate::SyntaxError;
use crate::shell::{Command, Kind, Statement};

/// Statements and operators in the order of the text, before precedence is applied.
pub(super) enum Piece {
    Statement(Statement),
    Pipe,
    And,
    Or,
    Bang(usize),
}

/// The command that a redirection behind these pieces belongs to.
pub(super) fn last_command(pieces: &mut [Piece]) -> Option<&mut Command> {
    match pieces.last_mut()? {
        Piece::Statement(Statement {
            kind: Kind::Command(command),
            ..
        }) => Some(command),
        Piece::Statement(_) | Piece::Pipe | Piece::And | Piece::Or | Piece::Bang(_) => None,
    }
}

/// Applies bash's precedence: `!` and `|` bind tighter than `&&` and `||`, which are equal and
/// associate to the left.
pub(super) fn and_or(pieces: Vec<Piece>, whole: Span) -> Result<Statement, SyntaxError> {
    let broken = || SyntaxError::new(whole.start, "an operator without a command");
    let mut result: Option<(Statement, bool)> = None;
    let mut pipeline = Pending::default();
    for piece in pieces {
        match piece {
            Piece::Statement(statement) => pipeline.stages.push(statement),
            Piece::Pipe => {}
            Piece::Bang(start) => pipeline.bangs.push(start),
            Piece::And | Piece::Or => {
                let statement = join(result, pipeline.finish().ok_or_else(broken)?);
                result = Some((statement, matches!(piece, Piece::And)));
                pipeline = Pending::default();
            }
        }
    }
    Ok(join(result, pipeline.finish().ok_or_else(broken)?))
}

#[derive(Default)]
struct Pending {
    bangs: Vec<usize>,
    stages: Vec<Statement>,
}

impl Pending {
    fn finish(mut self) -> Option<Statement> {
        let span = Span::new(
            self.stages.first()?.span.start,
            self.stages.last()?.span.end,
        );
        let mut statement = if self.stages.len() == 1 {
            self.stages.pop()?
        } else {
            Statement {
                span,
                kind: Kind::Pipeline(self.stages),
                background: false,
            }
        };
        for start in self.bangs.into_iter().rev() {
            let span = Span::new(start, statement.span.end);
            statement = Statement {
                span,
                kind: Kind::Not(Box::new(statement)),
                background: false,
            };
        }
        Some(statement)
    }
}

fn join(left: Option<(Statement, bool)>, right: Statement) -> Statement {
    let Some((left, and)) = left else {
        return right;
    };
    let span = Span::new(left.span.start, right.span.end);
    let (left, right) = (Box::new(left), Box::new(right));
    let kind = if and {
        Kind::And(left, right)
    } else {
        Kind::Or(left, right)
    };
    Statement {
        span,
        kind,
        background: false,
    }
}

/// The parser knows `!` before simple commands only: before a compound one it is taken away, and
/// put back as a negation of the statement that begins behind it. Gives that byte and the `!`'s.
pub(super) fn take_bangs(text: &mut String) -> Vec<(usize, usize)> {
    const COMPOUND: [&str; 6] = ["{", "if", "while", "until", "for", "case"];
    let mut bangs = Vec::new();
    for (bang, _) in text.match_indices('!') {
        let behind = &text[bang + 1..];
        let word = behind.trim_start_matches([' ', '\t']);
        let spaces = behind.len() - word.len();
        let compound = COMPOUND.iter().any(|start| {
            word.strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(char::is_whitespace))
        });
        let alone = text[..bang]
            .chars()
            .next_back()
            .is_none_or(|char| char.is_whitespace() || ";&|(".contains(char));
        if spaces > 0 && compound && alone {
            bangs.push((bang + 1 + spaces, bang));
        }
    }
    for (_, bang) in &bangs {
        text.replace_range(*bang..=*bang, " ");
    }
    bangs
}
