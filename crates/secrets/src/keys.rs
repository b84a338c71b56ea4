//! A TOML table that is read key by key; what nobody read is an error.
//!
//! Keys are compared without regard to case, as the dialect's own reader does.

use plimsoll_model::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::dialect::Expression;
use crate::error::{Place, RulesError};

/// A file of rules: its name, for messages, and its text, for line numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    /// Whether it is a file of ours, whose expressions the tests have read.
    pub(crate) embedded: bool,
}

impl<'a> Origin<'a> {
    /// Parses the text as a TOML document.
    pub(crate) fn parse(self) -> Result<DeTable<'a>, RulesError> {
        plimsoll_syntax::toml::parse(self.text).map_err(|error| RulesError::NotToml {
            place: Box::new(self.place(error.offset, "")),
            problem: error.message,
        })
    }

    fn place(self, offset: usize, table: &str) -> Place {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Place {
            origin: self.name.to_owned(),
            line,
            table: table.to_owned(),
        }
    }
}

/// One value with the place where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) key: &'static str,
    pub(crate) span: Span,
}

/// The keys of one table that nobody has read yet.
pub(crate) struct Keys<'a> {
    origin: Origin<'a>,
    place: String,
    start: usize,
    left: Vec<(&'a str, usize, &'a Spanned<DeValue<'a>>)>,
}

impl<'a> Keys<'a> {
    /// All keys of `table`, which starts at byte `start` and which messages call `place`.
    pub(crate) fn new(
        origin: Origin<'a>,
        place: &str,
        start: usize,
        table: &'a DeTable<'a>,
    ) -> Self {
        let entry = |(key, value): (&'a Spanned<_>, &'a _)| {
            let key: &'a Spanned<std::borrow::Cow<'a, str>> = key;
            (key.get_ref().as_ref(), key.span().start, value)
        };
        Self {
            origin,
            place: place.to_owned(),
            start,
            left: table.iter().map(entry).collect(),
        }
    }

    /// Changes what messages call the table, once its id is known.
    pub(crate) fn name(&mut self, place: String) {
        self.place = place;
    }

    /// Takes a string.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<Written>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        self.written(key, value).map(Some)
    }

    /// Takes a list of strings; an absent one is empty.
    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Vec<Written>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.expected(key, value, "a list of strings"))?;
        list.iter().map(|item| self.written(key, item)).collect()
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<f64>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let written = match value.get_ref() {
            DeValue::Float(float) => Some(float.as_str()),
            DeValue::Integer(integer) => Some(integer.as_str()),
            _ => None,
        };
        let number = written
            .and_then(|digits| digits.parse::<f64>().ok())
            .filter(|number| number.is_finite());
        number
            .map(Some)
            .ok_or_else(|| self.expected(key, value, "a number"))
    }

    /// Takes a count from 0.
    pub(crate) fn count(&mut self, key: &'static str) -> Result<Option<usize>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let digits = value
            .get_ref()
            .as_integer()
            .map(toml::de::DeInteger::as_str);
        let count = digits.and_then(|digits| digits.parse().ok());
        count
            .map(Some)
            .ok_or_else(|| self.expected(key, value, "a whole number from 0"))
    }

    /// Takes a truth value; an absent one is false.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<bool, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(false);
        };
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected(key, value, "true or false"))
    }

    /// Takes a table.
    pub(crate) fn table(&mut self, key: &'static str) -> Result<Option<Keys<'a>>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        self.inner(key, value).map(Some)
    }

    /// Takes a list of tables; an absent one is empty.
    pub(crate) fn tables(&mut self, key: &'static str) -> Result<Vec<Keys<'a>>, RulesError> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.expected(key, value, "a list of tables"))?;
        list.iter().map(|item| self.inner(key, item)).collect()
    }

    /// Fails when the key is there, because this build does not do what it asks for.
    pub(crate) fn refuse(
        &mut self,
        key: &'static str,
        reason: &str,
        fix: &str,
    ) -> Result<(), RulesError> {
        match self
            .left
            .iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(key))
        {
            Some((name, start, _)) => Err(self.unwelcome(name, *start, reason, fix)),
            None => Ok(()),
        }
    }

    /// Fails when a key is left that nobody read; `known` is what there is to choose from.
    pub(crate) fn finish(&self, known: &str) -> Result<(), RulesError> {
        match self.left.iter().min_by_key(|(_, start, _)| *start) {
            Some((name, start, _)) => {
                let fix = format!("remove it, or write one of {known}");
                Err(self.unwelcome(name, *start, "the gitleaks dialect does not know", &fix))
            }
            None => Ok(()),
        }
    }

    /// What is wrong with the table itself.
    pub(crate) fn problem(&self, problem: &str, fix: &str) -> RulesError {
        self.problem_at(self.start, problem, fix)
    }

    /// What is wrong with one value of the table.
    pub(crate) fn problem_with(&self, written: &Written, problem: &str, fix: &str) -> RulesError {
        self.problem_at(written.span.start, problem, fix)
    }

    /// The expression, read.
    pub(crate) fn expression(&self, written: &Written) -> Result<Expression, RulesError> {
        if self.origin.embedded {
            return Ok(Expression::embedded(&written.text));
        }
        Expression::read(&written.text).map_err(|source| RulesError::Pattern {
            place: Box::new(self.place_of(written.span.start)),
            key: written.key.to_owned(),
            source,
        })
    }

    fn take(&mut self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        let at = self
            .left
            .iter()
            .position(|(name, ..)| name.eq_ignore_ascii_case(key))?;
        Some(self.left.swap_remove(at).2)
    }

    fn written(
        &self,
        key: &'static str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Written, RulesError> {
        let text = value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.expected(key, value, "a string"))?;
        let span = Span::new(value.span().start, value.span().end);
        Ok(Written {
            text: text.to_owned(),
            key,
            span,
        })
    }

    fn inner(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Result<Keys<'a>, RulesError> {
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.expected(key, value, "a table"))?;
        let place = if self.place.is_empty() {
            format!("[{key}]")
        } else {
            format!("{}, [{key}]", self.place)
        };
        let start = table
            .keys()
            .map(|key| key.span().start)
            .min()
            .unwrap_or(value.span().start);
        Ok(Keys::new(self.origin, &place, start, table))
    }

    fn expected(&self, key: &str, value: &Spanned<DeValue<'_>>, kind: &str) -> RulesError {
        let problem = format!("`{key}` is a {}", value.get_ref().type_str());
        self.problem_at(value.span().start, &problem, &format!("write {kind}"))
    }

    fn problem_at(&self, offset: usize, problem: &str, fix: &str) -> RulesError {
        let place = Box::new(self.place_of(offset));
        RulesError::Value {
            place,
            problem: problem.to_owned(),
            fix: fix.to_owned(),
        }
    }

    fn unwelcome(&self, key: &str, start: usize, reason: &str, fix: &str) -> RulesError {
        let (key, reason, fix) = (key.to_owned(), reason.to_owned(), fix.to_owned());
        RulesError::Key {
            place: Box::new(self.place_of(start)),
            key,
            reason,
            fix,
        }
    }

    fn place_of(&self, offset: usize) -> Place {
        let table = if self.place.is_empty() {
            "the top level"
        } else {
            &self.place
        };
        self.origin.place(offset, table)
    }
}
