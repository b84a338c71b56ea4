//! Shell scripts (bash and POSIX sh) as statements.
//!
//! The tree is the parser's, put right where bash reads operators otherwise: `|` binds tighter than
//! `&&` and `||`, and `!` negates a whole pipeline. `${{ … }}` of a workflow counts as part of a word.
//! Nothing is expanded and nothing is run.

use plimsoll_model::Span;

pub use read::parse;

mod read;

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// What could not be read; a caller must not take the statements for the whole script.
    pub unread: Vec<Span>,
}

/// A statement and how it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it is written.
    pub span: Span,
    /// What it does.
    pub kind: Kind,
    /// Whether `&` follows, so that nobody waits for it.
    pub background: bool,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A simple command, or a test.
    Command(Command),
    /// `a | b`, each in a shell of its own.
    Pipeline(Vec<Statement>),
    /// `a && b`.
    And(Box<Statement>, Box<Statement>),
    /// `a || b`.
    Or(Box<Statement>, Box<Statement>),
    /// `! a`.
    Not(Box<Statement>),
    /// `{ a; b; }`.
    Group(Vec<Statement>),
    /// `( a; b )`.
    Subshell(Vec<Statement>),
    /// `if a; then b; elif c; then d; else e; fi`.
    If {
        /// Each condition with its body.
        branches: Vec<Branch>,
        /// The `else` body.
        otherwise: Vec<Statement>,
    },
    /// `while a; do b; done` or `until a; do b; done`.
    While {
        /// Whether the loop goes on while the condition fails.
        until: bool,
        /// The condition and the body.
        branch: Branch,
    },
    /// `for x in words; do a; done`; a `for ((…))` has no words.
    For {
        /// What the variable takes in turn.
        words: Vec<Word>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `case word in pattern) a ;; esac`.
    Case {
        /// The arms in order.
        arms: Vec<Arm>,
    },
    /// `name() { a; }`: defines and does not run.
    Function {
        /// Its name.
        name: String,
        /// What a call runs.
        body: Box<Statement>,
    },
}

/// A condition and what runs for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The statements whose last status decides.
    pub condition: Vec<Statement>,
    /// The body.
    pub body: Vec<Statement>,
}

/// One arm of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Its patterns.
    pub patterns: Vec<Word>,
    /// The body.
    pub body: Vec<Statement>,
}

/// A simple command: assignments, words and redirections. A test `[[ … ]]` or `(( … ))` is a command
/// whose first word is `[[` or `((`, with the rest as one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Where it is written.
    pub span: Span,
    /// `NAME=value` before the words.
    pub assignments: Vec<Assignment>,
    /// The name and the arguments; none when only assignments stand.
    pub words: Vec<Word>,
    /// Redirections and here-documents.
    pub redirections: Vec<Redirection>,
    /// The scripts in `$(…)`, backquotes and `<(…)` among the words and values.
    pub substitutions: Vec<Vec<Statement>>,
}

/// `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; for an array its whole text.
    pub value: Word,
}

/// A word before expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it is written.
    pub span: Span,
    /// Its text as it is written, quotes and expansions included.
    pub written: String,
    /// Its value without quotes; `None` when it depends on an expansion, a glob or `${{ … }}`.
    pub literal: Option<String>,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirection {
    /// `> file`, `2>&1`: the operator and the target.
    File {
        /// `>`, `>>`, `<`, `>&` …
        operator: String,
        /// The file or descriptor; `None` when one is closed.
        target: Option<Word>,
    },
    /// `<<EOF`: the text up to the end mark.
    Here(Span),
    /// `<<< word`.
    HereString(Word),
}
