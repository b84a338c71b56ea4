//! From the parser's concrete tree to statements.

use plimsoll_model::Span;
use tree_sitter::{Node, Parser};

use super::{Arm, Assignment, Branch, Command, Kind, Redirection, Script, Statement, Word};
use crate::SyntaxError;
use crate::shell::read::precedence::{Piece, and_or, last_command, take_bangs};
use crate::shell::read::word::{expression_spans, literal};

mod precedence;
mod word;

/// The longest script that is read.
const MAX_BYTES: usize = 1 << 20;

/// How deep the parser's tree may go; a chain of `&&` nests once for each.
const MAX_TREE_DEPTH: usize = 400;

/// Words that never name a command; where one seems to, the parser has lost its way.
const RESERVED: [&str; 17] = [
    "{", "}", "!", "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done",
    "case", "in", "esac", "function",
];

/// Reads a script. What the parser could not make out is named in [`Script::unread`].
pub fn parse(text: &str) -> Result<Script, SyntaxError> {
    if text.len() > MAX_BYTES {
        return Err(SyntaxError::new(
            MAX_BYTES,
            format!("a script longer than {MAX_BYTES} bytes"),
        ));
    }
    let expressions = expression_spans(text);
    let mut blanked = blank(text, &expressions);
    let bangs = take_bangs(&mut blanked);
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_bash::LANGUAGE.into())
        .map_err(|_| SyntaxError::new(0, "the shell grammar does not fit the parser"))?;
    let tree = parser
        .parse(&blanked, None)
        .ok_or_else(|| SyntaxError::new(0, "the parser gave up"))?;
    let unread = unread(tree.root_node());
    let mut reader = Reader {
        text,
        expressions,
        bangs,
        unread,
    };
    let statements = reader.statements(&children(tree.root_node()), 0)?;
    Ok(Script {
        statements,
        unread: reader.unread,
    })
}

fn blank(text: &str, expressions: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in expressions {
        bytes[span.start..span.end].fill(b'_');
    }
    String::from_utf8(bytes).expect("expressions begin and end between characters")
}

/// Where the parser found no structure, or made up a token that is not there.
fn unread(root: Node) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            spans.push(span(node));
        } else if node.has_error() {
            open.extend(children(node));
        }
    }
    spans.reverse();
    spans
}

struct Reader<'a> {
    text: &'a str,
    expressions: Vec<Span>,
    bangs: Vec<(usize, usize)>,
    unread: Vec<Span>,
}

type Read<T> = Result<T, SyntaxError>;

impl Reader<'_> {
    /// Reads the statements among these siblings; keywords and separators between them are skipped.
    fn statements(&mut self, nodes: &[Node], depth: usize) -> Read<Vec<Statement>> {
        let mut statements: Vec<Statement> = Vec::new();
        for node in nodes {
            if node.kind() == "&" {
                if let Some(last) = statements.last_mut() {
                    last.background = true;
                }
            } else if node.is_named() && is_statement(*node) {
                statements.push(self.statement(*node, depth)?);
            }
        }
        Ok(statements)
    }

    fn statement(&mut self, node: Node, depth: usize) -> Read<Statement> {
        let mut pieces = Vec::new();
        self.pieces(node, depth, &mut pieces)?;
        and_or(pieces, span(node))
    }

    fn pieces(&mut self, node: Node, depth: usize, out: &mut Vec<Piece>) -> Read<()> {
        if depth > MAX_TREE_DEPTH {
            return Err(SyntaxError::new(
                node.start_byte(),
                "a script nested too deep",
            ));
        }
        match node.kind() {
            "list" | "pipeline" => {
                for child in children(node) {
                    match operator(child) {
                        Some(piece) => out.push(piece),
                        None if is_statement(child) => self.pieces(child, depth + 1, out)?,
                        None => {}
                    }
                }
            }
            "negated_command" => {
                out.push(Piece::Bang(node.start_byte()));
                for child in children(node)
                    .into_iter()
                    .filter(|child| is_statement(*child))
                {
                    self.pieces(child, depth + 1, out)?;
                }
            }
            "redirected_statement" => self.redirected(node, depth, out)?,
            _ => {
                let bang = self
                    .bangs
                    .iter()
                    .find(|(statement, _)| *statement == node.start_byte());
                out.extend(bang.map(|(_, bang)| Piece::Bang(*bang)));
                out.push(Piece::Statement(self.simple(node, depth)?));
            }
        }
        Ok(())
    }

    fn redirected(&mut self, node: Node, depth: usize, out: &mut Vec<Piece>) -> Read<()> {
        match node.child_by_field_name("body") {
            Some(body) => self.pieces(body, depth + 1, out)?,
            None => out.push(Piece::Statement(command(empty(span(node))))),
        }
        for redirect in children(node)
            .into_iter()
            .filter(|child| child.kind().ends_with("_redirect"))
        {
            let read = self.redirection(redirect);
            let substitutions = self.substitutions(redirect, depth)?;
            let mut words = Vec::new();
            for child in fields(redirect, "argument") {
                words.push(self.word(child));
            }
            if let Some(command) = last_command(out) {
                command.redirections.extend(read);
                command.substitutions.extend(substitutions);
                command.words.extend(words);
            }
            self.after_here(redirect, depth, out)?;
        }
        Ok(())
    }

    /// What stands behind `<<EOF` on its line belongs, for the parser, to the here-document.
    fn after_here(&mut self, redirect: Node, depth: usize, out: &mut Vec<Piece>) -> Read<()> {
        if redirect.kind() != "heredoc_redirect" {
            return Ok(());
        }
        for child in children(redirect) {
            if child.kind() == "pipeline" {
                self.pieces(child, depth + 1, out)?;
            } else if let Some(piece) = operator(child) {
                out.push(piece);
            } else if is_statement(child) {
                self.pieces(child, depth + 1, out)?;
            } else if child.kind().ends_with("_redirect") {
                let read = self.redirection(child);
                if let Some(command) = last_command(out) {
                    command.redirections.extend(read);
                }
            }
        }
        Ok(())
    }

    fn simple(&mut self, node: Node, depth: usize) -> Read<Statement> {
        let kind = match node.kind() {
            "subshell" => Kind::Subshell(self.statements(&children(node), depth + 1)?),
            "compound_statement" if node.child(0).is_some_and(|first| first.kind() == "{") => {
                Kind::Group(self.statements(&children(node), depth + 1)?)
            }
            "if_statement" => self.conditional(node, depth)?,
            "while_statement" => {
                let until = node.child(0).is_some_and(|first| first.kind() == "until");
                let (bodies, head): (Vec<_>, Vec<_>) = children(node)
                    .into_iter()
                    .partition(|child| child.kind() == "do_group");
                let condition = self.statements(&head, depth + 1)?;
                Kind::While {
                    until,
                    branch: Branch {
                        condition,
                        body: self.bodies(&bodies, depth)?,
                    },
                }
            }
            "for_statement" | "c_style_for_statement" => {
                let words = fields(node, "value")
                    .into_iter()
                    .map(|word| self.word(word))
                    .collect();
                Kind::For {
                    words,
                    body: self.bodies(&fields(node, "body"), depth)?,
                }
            }
            "case_statement" => self.case(node, depth)?,
            "function_definition" => {
                let name = node
                    .child_by_field_name("name")
                    .map(|name| self.written(name));
                let body = node.child_by_field_name("body");
                let (Some(name), Some(body)) = (name, body) else {
                    return Ok(self.give_up(node));
                };
                Kind::Function {
                    name,
                    body: Box::new(self.statement(body, depth + 1)?),
                }
            }
            _ => Kind::Command(self.command(node, depth)?),
        };
        Ok(Statement {
            span: span(node),
            kind,
            background: false,
        })
    }

    fn give_up(&mut self, node: Node) -> Statement {
        self.unread.push(span(node));
        command(empty(span(node)))
    }

    fn bodies(&mut self, bodies: &[Node], depth: usize) -> Read<Vec<Statement>> {
        let mut statements = Vec::new();
        for body in bodies {
            statements.extend(self.statements(&children(*body), depth + 1)?);
        }
        Ok(statements)
    }

    fn conditional(&mut self, node: Node, depth: usize) -> Read<Kind> {
        let mut branches = vec![self.branch(node, depth)?];
        let mut otherwise = Vec::new();
        for child in children(node) {
            match child.kind() {
                "elif_clause" => branches.push(self.branch(child, depth)?),
                "else_clause" => otherwise = self.statements(&children(child), depth + 1)?,
                _ => {}
            }
        }
        if branches.len() > MAX_TREE_DEPTH {
            return Err(SyntaxError::new(
                node.start_byte(),
                "an `if` of too many branches",
            ));
        }
        Ok(Kind::If {
            branches,
            otherwise,
        })
    }

    fn branch(&mut self, node: Node, depth: usize) -> Read<Branch> {
        let all = children(node);
        let then = all
            .iter()
            .position(|child| child.kind() == "then")
            .unwrap_or(all.len());
        let condition = self.statements(&all[..then], depth + 1)?;
        let rest: Vec<Node> = all[then..]
            .iter()
            .copied()
            .filter(|child| !matches!(child.kind(), "elif_clause" | "else_clause"))
            .collect();
        Ok(Branch {
            condition,
            body: self.statements(&rest, depth + 1)?,
        })
    }

    fn case(&mut self, node: Node, depth: usize) -> Read<Kind> {
        let mut arms = Vec::new();
        for child in children(node) {
            if child.kind() == "case_item" {
                let patterns = fields(child, "value")
                    .into_iter()
                    .map(|word| self.word(word))
                    .collect();
                arms.push(Arm {
                    patterns,
                    body: self.statements(&children(child), depth + 1)?,
                });
            }
        }
        Ok(Kind::Case { arms })
    }

    fn command(&mut self, node: Node, depth: usize) -> Read<Command> {
        let mut command = empty(span(node));
        let all = children(node);
        match node.kind() {
            "test_command" | "compound_statement" => command.words = self.test(&all),
            "declaration_command" | "unset_command" => {
                command.words = all.iter().map(|child| self.word(*child)).collect();
            }
            "variable_assignment" => command.assignments.push(self.assignment(node)),
            _ => {
                for child in &all {
                    match child.kind() {
                        "variable_assignment" => command.assignments.push(self.assignment(*child)),
                        kind if kind.ends_with("_redirect") => {
                            command.redirections.extend(self.redirection(*child));
                        }
                        _ if child.is_error() || child.is_missing() => {}
                        "comment" | "subshell" => {}
                        _ => command.words.push(self.word(*child)),
                    }
                }
            }
        }
        let name = command
            .words
            .first()
            .map_or("", |word| word.written.as_str());
        if RESERVED.contains(&name) {
            self.unread.push(command.span);
        }
        command.substitutions = self.substitutions(node, depth)?;
        Ok(command)
    }

    /// A test is its bracket and, as one word, what stands inside.
    fn test(&self, all: &[Node]) -> Vec<Word> {
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Vec::new();
        };
        let inside = Span::new(first.end_byte(), last.start_byte());
        let written = self.text[inside.start..inside.end].to_owned();
        vec![
            self.word(*first),
            Word {
                span: inside,
                written,
                literal: None,
            },
        ]
    }

    fn assignment(&self, node: Node) -> Assignment {
        let name = node
            .child_by_field_name("name")
            .map(|name| self.written(name))
            .unwrap_or_default();
        let value = if let Some(value) = node.child_by_field_name("value") {
            self.word(value)
        } else {
            let end = Span::new(node.end_byte(), node.end_byte());
            Word {
                span: end,
                written: String::new(),
                literal: Some(String::new()),
            }
        };
        Assignment { name, value }
    }

    fn redirection(&self, node: Node) -> Vec<Redirection> {
        match node.kind() {
            "file_redirect" => {
                let target = node
                    .child_by_field_name("destination")
                    .map(|word| self.word(word));
                let descriptor = node.child_by_field_name("descriptor").map(|node| node.id());
                let sign = children(node)
                    .into_iter()
                    .find(|child| !child.is_named() && Some(child.id()) != descriptor);
                let operator = sign
                    .map(|child| child.kind().to_owned())
                    .unwrap_or_default();
                vec![Redirection::File { operator, target }]
            }
            "herestring_redirect" => children(node)
                .into_iter()
                .filter(|child| child.is_named() && child.kind() != "file_descriptor")
                .map(|word| Redirection::HereString(self.word(word)))
                .collect(),
            _ => children(node)
                .into_iter()
                .filter(|child| child.kind() == "heredoc_body")
                .map(|body| Redirection::Here(span(body)))
                .collect(),
        }
    }

    /// The scripts that run while the words of this node are expanded.
    fn substitutions(&mut self, node: Node, depth: usize) -> Read<Vec<Vec<Statement>>> {
        if depth > MAX_TREE_DEPTH {
            return Err(SyntaxError::new(
                node.start_byte(),
                "a script nested too deep",
            ));
        }
        let mut found = Vec::new();
        for child in children(node) {
            match child.kind() {
                "command_substitution" | "process_substitution" => {
                    found.push(self.statements(&children(child), depth + 1)?);
                }
                // The statements behind `<<EOF` are read as statements.
                _ if node.kind() == "heredoc_redirect" && is_statement(child) => {}
                _ if child.child_count() > 0 => found.extend(self.substitutions(child, depth + 1)?),
                _ => {}
            }
        }
        Ok(found)
    }

    fn word(&self, node: Node) -> Word {
        Word {
            span: span(node),
            written: self.written(node),
            literal: literal(node, self.text, &self.expressions),
        }
    }

    fn written(&self, node: Node) -> String {
        self.text[node.start_byte()..node.end_byte()].to_owned()
    }
}

fn operator(node: Node) -> Option<Piece> {
    match node.kind() {
        "|" | "|&" => Some(Piece::Pipe),
        "&&" => Some(Piece::And),
        "||" => Some(Piece::Or),
        _ => None,
    }
}

fn is_statement(node: Node) -> bool {
    matches!(
        node.kind(),
        "redirected_statement"
            | "variable_assignment"
            | "variable_assignments"
            | "command"
            | "declaration_command"
            | "unset_command"
            | "test_command"
            | "negated_command"
            | "for_statement"
            | "c_style_for_statement"
            | "while_statement"
            | "if_statement"
            | "case_statement"
            | "pipeline"
            | "list"
            | "compound_statement"
            | "function_definition"
            | "subshell"
    )
}

fn empty(span: Span) -> Command {
    Command {
        span,
        assignments: Vec::new(),
        words: Vec::new(),
        redirections: Vec::new(),
        substitutions: Vec::new(),
    }
}

fn command(command: Command) -> Statement {
    Statement {
        span: command.span,
        kind: Kind::Command(command),
        background: false,
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    node.children_by_field_name(name, &mut node.walk())
        .filter(Node::is_named)
        .collect()
}

fn span(node: Node) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

#[cfg(test)]
mod tests;
