//! TOML 1.1 documents with spans.

use plimsoll_model::Span;
use toml_edit::{Document, Item, Key, Table, TableLike};

use crate::{Node, SyntaxError, Value};

/// Reads a document; its node is the mapping of the top level. Depth is bounded by the parser.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let document = Document::parse(text).map_err(|error| {
        SyntaxError::new(error.span().map_or(0, |span| span.start), error.message())
    })?;
    Ok(Node {
        span: Span::new(0, text.len()),
        value: table(text, document.as_table()),
    })
}

fn table(text: &str, table: &Table) -> Value {
    let entries = table.iter().filter_map(|(name, item)| {
        let (key, _) = table.get_key_value(name)?;
        Some((key_node(key), node(text, item)))
    });
    Value::Mapping(entries.collect())
}

fn key_node(key: &Key) -> Node {
    Node {
        span: span(key.span()),
        value: Value::String(key.get().to_owned()),
    }
}

fn node(text: &str, item: &Item) -> Node {
    let value = match item {
        Item::None => Value::Null,
        Item::Value(inner) => value(text, inner),
        Item::Table(inner) => table(text, inner),
        Item::ArrayOfTables(tables) => {
            let nodes = tables.iter().map(|inner| Node {
                span: span(inner.span()),
                value: table(text, inner),
            });
            Value::Sequence(nodes.collect())
        }
    };
    Node {
        span: span(item.span()),
        value,
    }
}

fn value(text: &str, inner: &toml_edit::Value) -> Value {
    let written = || {
        inner
            .span()
            .and_then(|range| text.get(range))
            .unwrap_or_default()
            .to_owned()
    };
    match inner {
        toml_edit::Value::String(value) => Value::String(value.value().clone()),
        toml_edit::Value::Integer(_) | toml_edit::Value::Float(_) => Value::Number(written()),
        toml_edit::Value::Boolean(value) => Value::Bool(*value.value()),
        toml_edit::Value::Datetime(value) => Value::String(value.value().to_string()),
        toml_edit::Value::Array(items) => {
            let nodes = items.iter().map(|item| Node {
                span: span(item.span()),
                value: value(text, item),
            });
            Value::Sequence(nodes.collect())
        }
        toml_edit::Value::InlineTable(entries) => {
            let nodes = entries.iter().filter_map(|(name, item)| {
                let (key, _) = TableLike::get_key_value(entries, name)?;
                Some((
                    key_node(key),
                    Node {
                        span: span(item.span()),
                        value: value(text, item),
                    },
                ))
            });
            Value::Mapping(nodes.collect())
        }
    }
}

fn span(range: Option<std::ops::Range<usize>>) -> Span {
    range.map_or(Span::new(0, 0), |range| Span::new(range.start, range.end))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::Value;

    #[test]
    fn values_and_keys_have_their_place() {
        let text = "'é' = 1\n[[package]]\nname = 'a'\nflag = true\n[package.inline]\nx = { y = [1.5, \"z\"] }\n";
        let document = parse(text).unwrap();
        let package = &document.get("package").unwrap().items()[0];
        let (key, name) = package.entry("name").unwrap();
        assert_eq!(&text[key.span.start..key.span.end], "name");
        assert_eq!(&text[name.span.start..name.span.end], "'a'");
        assert_eq!(
            document.get("é").unwrap().value,
            Value::Number("1".to_owned())
        );
        assert_eq!(package.get("flag").unwrap().as_bool(), Some(true));
        let list = package
            .get("inline")
            .unwrap()
            .get("x")
            .unwrap()
            .get("y")
            .unwrap();
        assert_eq!(list.items()[0].value, Value::Number("1.5".to_owned()));
        assert_eq!(
            &text[list.items()[1].span.start..list.items()[1].span.end],
            "\"z\""
        );
    }

    #[test]
    fn bad_documents_say_where() {
        assert_eq!(parse("a = 1\na = 2").unwrap_err().offset, 6);
        assert!(parse(&format!("a = {}1{}", "[".repeat(5000), "]".repeat(5000))).is_err());
    }
}
