use super::loose::text_number;
use crate::Value;

/// An expression of a workflow, as far as `docs/github-actions.md` ("Expressions") reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// `'text'`, a number, `true`, `false`, `null`.
    Literal(Value),
    /// A context path, its parts in lower case.
    Path(Vec<String>),
    /// A status function.
    Status(Status),
    /// `!a`.
    Not(Box<Expression>),
    /// `a && b`: an operand.
    And(Box<Expression>, Box<Expression>),
    /// `a || b`: an operand.
    Or(Box<Expression>, Box<Expression>),
    /// `a == b`, or `a != b` when negated; with its text in case it cannot be told.
    Equal {
        left: Box<Expression>,
        right: Box<Expression>,
        negated: bool,
        text: String,
    },
    /// Anything else, by its text: true or false.
    Unknown(String),
    /// A text around `${{ … }}`, which is never empty and so always true.
    Text(String),
}

/// The status functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failure,
    Always,
    Cancelled,
}

/// How deep parentheses and negations are read.
const MAX_DEPTH: usize = 64;

/// Words and signs of one expression; a chain of `||` nests once for each.
const MAX_TOKENS: usize = 1_000;

impl Expression {
    /// Reads the text of an `if`, with or without `${{ … }}` around all of it. What cannot be read
    /// is one unknown. Anything beside `${{ … }}`, be it the line break at the end of a block, makes a
    /// text of it.
    pub(super) fn parse(text: &str) -> Self {
        let inner = match text
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
        {
            Some(inner) if !inner.contains("${{") => inner.trim(),
            Some(_) if is_only_expressions(text) => return Self::Unknown(text.to_owned()),
            None if !text.contains("${{") => text.trim(),
            Some(_) | None => return Self::Text(text.trim().to_owned()),
        };
        let unknown = || Self::Unknown(inner.to_owned());
        let Some(tokens) = tokens(inner) else {
            return unknown();
        };
        let mut parser = Parser {
            text: inner,
            tokens,
            at: 0,
            depth: 0,
        };
        match parser.or() {
            Some(expression) if parser.at == parser.tokens.len() => expression,
            Some(_) | None => unknown(),
        }
    }

    /// What it may come to: both operands of `&&` and `||`, else itself.
    pub(super) fn operands(&self) -> Vec<&Self> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => [a.operands(), b.operands()].concat(),
            Self::Literal(_)
            | Self::Path(_)
            | Self::Status(_)
            | Self::Not(_)
            | Self::Equal { .. }
            | Self::Text(_)
            | Self::Unknown(_) => vec![self],
        }
    }

    /// Whether it asks how the step with this id ended.
    pub(super) fn asks_step(&self, id: &str) -> bool {
        match self {
            Self::Path(parts) => parts.len() == 3 && parts[0] == "steps" && parts[1] == id,
            Self::Not(inner) => inner.asks_step(id),
            Self::And(a, b) | Self::Or(a, b) => a.asks_step(id) || b.asks_step(id),
            Self::Equal { left, right, .. } => left.asks_step(id) || right.asks_step(id),
            Self::Unknown(text) | Self::Text(text) => {
                text.to_lowercase().contains(&format!("steps.{id}."))
            }
            Self::Literal(_) | Self::Status(_) => false,
        }
    }

    /// Whether a status function stands anywhere in it.
    pub(super) fn has_status(&self) -> bool {
        match self {
            Self::Status(_) => true,
            Self::Literal(_) | Self::Path(_) => false,
            Self::Not(inner) => inner.has_status(),
            Self::And(a, b) | Self::Or(a, b) => a.has_status() || b.has_status(),
            Self::Equal { left, right, .. } => left.has_status() || right.has_status(),
            Self::Unknown(text) | Self::Text(text) => names_status(text),
        }
    }
}

/// `${{ a }}${{ b }}` may come to nothing.
fn is_only_expressions(text: &str) -> bool {
    let mut parts = text.split("${{");
    parts.next() == Some("")
        && parts.all(|part| part.trim_end_matches(' ').len() == part.len() && part.ends_with("}}"))
}

fn names_status(text: &str) -> bool {
    let text: String = text.to_lowercase().split_whitespace().collect();
    ["success(", "failure(", "always(", "cancelled("]
        .iter()
        .any(|name| text.contains(name))
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Literal(Value),
    Name(String),
    /// One of the operators and brackets.
    Sign(&'static str),
}

struct Placed {
    token: Token,
    start: usize,
    end: usize,
}

const SIGNS: [&str; 14] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",",
];

fn tokens(text: &str) -> Option<Vec<Placed>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next()?;
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, len) = if first == '\'' {
            quoted(rest)?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else if first == '.' || first == '*' {
            (Token::Sign(if first == '.' { "." } else { "*" }), 1)
        } else {
            bare(rest)?
        };
        if tokens.len() == MAX_TOKENS {
            return None;
        }
        tokens.push(Placed {
            token,
            start: at,
            end: at + len,
        });
        at += len;
    }
    Some(tokens)
}

/// A text in single quotes; two of them stand for one.
fn quoted(rest: &str) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut at = 1;
    loop {
        let end = at + rest[at..].find('\'')?;
        value.push_str(&rest[at..end]);
        if !rest[end + 1..].starts_with('\'') {
            return Some((Token::Literal(Value::Text(value)), end + 1));
        }
        value.push('\'');
        at = end + 2;
    }
}

fn bare(rest: &str) -> Option<(Token, usize)> {
    let signed = rest.starts_with(['-', '+']);
    let number = signed || rest.starts_with(|char: char| char.is_ascii_digit());
    let belongs = |char: char| {
        char.is_ascii_alphanumeric()
            || matches!(char, '_' | '-')
            || (number && matches!(char, '.' | '+'))
    };
    let len = rest.find(|char| !belongs(char)).unwrap_or(rest.len());
    let word = &rest[..len];
    let token = match word {
        "" => return None,
        "true" => Token::Literal(Value::Bool(true)),
        "false" => Token::Literal(Value::Bool(false)),
        "null" => Token::Literal(Value::Null),
        _ if number => {
            let value = text_number(word);
            if value.is_nan() {
                return None;
            }
            Token::Literal(Value::Number(value))
        }
        _ => Token::Name(word.to_lowercase()),
    };
    Some((token, len))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Placed { token: Token::Sign(next), .. }) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn text_from(&self, first: usize) -> String {
        let (start, end) = (self.tokens[first].start, self.tokens[self.at - 1].end);
        self.text[start..end].to_owned()
    }

    fn or(&mut self) -> Option<Expression> {
        let mut left = self.and()?;
        while self.sign("||") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Expression> {
        let mut left = self.equality()?;
        while self.sign("&&") {
            left = Expression::And(Box::new(left), Box::new(self.equality()?));
        }
        Some(left)
    }

    fn equality(&mut self) -> Option<Expression> {
        let first = self.at;
        let mut left = self.relation()?;
        loop {
            let negated = if self.sign("==") {
                false
            } else if self.sign("!=") {
                true
            } else {
                return Some(left);
            };
            let right = Box::new(self.relation()?);
            left = Expression::Equal {
                left: Box::new(left),
                right,
                negated,
                text: self.text_from(first),
            };
        }
    }

    /// Comparisons by size are beyond the grammar.
    fn relation(&mut self) -> Option<Expression> {
        let first = self.at;
        let mut left = self.unary()?;
        while ["<=", ">=", "<", ">"].iter().any(|sign| self.sign(sign)) {
            self.unary()?;
            left = Expression::Unknown(self.text_from(first));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let expression = if self.sign("!") {
            Expression::Not(Box::new(self.unary()?))
        } else if self.sign("(") {
            let first = self.at - 1;
            let inner = self.or()?;
            if !self.sign(")") {
                return None;
            }
            self.selected(inner, first)?
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Some(expression)
    }

    fn primary(&mut self) -> Option<Expression> {
        let first = self.at;
        self.at += 1;
        match self.tokens.get(first)?.token.clone() {
            Token::Literal(value) => Some(Expression::Literal(value)),
            Token::Sign(_) => None,
            Token::Name(name) => {
                let expression = if self.sign("(") {
                    self.call(&name, first)?
                } else {
                    Expression::Path(vec![name])
                };
                self.selected(expression, first)
            }
        }
    }

    fn call(&mut self, name: &str, first: usize) -> Option<Expression> {
        let mut arguments = 0;
        while !self.sign(")") {
            if arguments > 0 && !self.sign(",") {
                return None;
            }
            self.or()?;
            arguments += 1;
        }
        let status = match name {
            "success" => Some(Status::Success),
            "failure" => Some(Status::Failure),
            "always" => Some(Status::Always),
            "cancelled" => Some(Status::Cancelled),
            _ => None,
        };
        let status = status.filter(|_| arguments == 0).map(Expression::Status);
        Some(status.unwrap_or_else(|| Expression::Unknown(self.text_from(first))))
    }

    /// `.name` extends a path; an index, a star and a part of anything else are beyond the grammar.
    fn selected(&mut self, mut expression: Expression, first: usize) -> Option<Expression> {
        loop {
            if self.sign(".") {
                self.at += 1;
                match (&self.tokens.get(self.at - 1)?.token, &mut expression) {
                    (Token::Name(name), Expression::Path(parts)) => parts.push(name.clone()),
                    (Token::Name(_) | Token::Sign("*"), _) => {
                        expression = Expression::Unknown(self.text_from(first));
                    }
                    (Token::Literal(_) | Token::Sign(_), _) => return None,
                }
            } else if self.sign("[") {
                if !self.sign("*") {
                    self.or()?;
                }
                if !self.sign("]") {
                    return None;
                }
                expression = Expression::Unknown(self.text_from(first));
            } else {
                return Some(expression);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;

    fn shown(expression: &Expression) -> String {
        match expression {
            Expression::Literal(value) => value.to_string(),
            Expression::Path(parts) => parts.join("."),
            Expression::Status(status) => format!("{status:?}"),
            Expression::Not(a) => format!("not({})", shown(a)),
            Expression::And(a, b) => format!("and({}, {})", shown(a), shown(b)),
            Expression::Or(a, b) => format!("or({}, {})", shown(a), shown(b)),
            Expression::Equal {
                left,
                right,
                negated,
                ..
            } => {
                format!(
                    "{}({}, {})",
                    if *negated { "ne" } else { "eq" },
                    shown(left),
                    shown(right)
                )
            }
            Expression::Unknown(text) => format!("?{text}?"),
            Expression::Text(text) => format!("text({text})"),
        }
    }

    #[test]
    fn the_grammar_is_read_and_the_rest_is_unknown() {
        for (text, expected) in [
            ("${{ always() }}", "Always"),
            (
                "!cancelled() && Inputs.Skip != 'it''s'",
                "and(not(Cancelled), ne(inputs.skip, 'it's'))",
            ),
            ("a || b && c == 1.5", "or(a, and(b, eq(c, 1.5)))"),
            ("(a || b) && !c", "and(or(a, b), not(c))"),
            (
                "always() && contains(github.ref, 'x, )')",
                "and(Always, ?contains(github.ref, 'x, )')?)",
            ),
            ("fromJSON(a).b == true", "eq(?fromJSON(a).b?, true)"),
            ("github['ref'] == 'x'", "eq(?github['ref']?, 'x')"),
            ("a.*.b", "?a.*.b?"),
            ("a > 1 && b", "and(?a > 1?, b)"),
            (
                "needs.my-job.result == 'success'",
                "eq(needs.my-job.result, 'success')",
            ),
            ("${{ a }} && b", "text(${{ a }} && b)"),
            ("${{ a }} ${{ b }}", "text(${{ a }} ${{ b }})"),
            ("${{ a }}${{ b }}", "?${{ a }}${{ b }}?"),
            ("${{ a }}\n", "text(${{ a }})"),
            (" ${{ a }}", "text(${{ a }})"),
            ("a &&\nb\n", "and(a, b)"),
            ("a &&", "?a &&?"),
            ("'open", "?'open?"),
            ("-1 == 0x1f", "eq(-1, 31)"),
            ("true", "true"),
        ] {
            assert_eq!(shown(&Expression::parse(text)), expected, "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(9000), ")".repeat(9000));
        assert!(matches!(Expression::parse(&deep), Expression::Unknown(_)));
        for sign in ["||", "&&", "==", "<"] {
            let long = vec!["a.b"; 100_000].join(sign);
            assert!(
                matches!(Expression::parse(&long), Expression::Unknown(_)),
                "{sign}"
            );
        }
    }

    #[test]
    fn a_status_function_is_seen_anywhere() {
        for (text, expected) in [
            ("a && (b || failure())", true),
            ("contains(x, Always ())", true),
            ("${{ success() }} && x", true),
            ("steps.success.outcome", false),
        ] {
            assert_eq!(Expression::parse(text).has_status(), expected, "{text}");
        }
    }
}
