//! What `${{ … }}` may bring into a script, as far as the file states it: an operator there makes
//! another script of it.

use std::collections::BTreeSet;

use plimsoll_syntax::{Node, Value as Yaml};

use super::read::KEYS;

/// Values of one job, and different expressions of one script, that are looked at.
const MAX_STATED: usize = 2_000;
const MAX_EXPRESSIONS: usize = 256;

/// A context path in lower case and a text that it may be.
pub(super) type Stated = Vec<(String, String)>;

/// What `inputs` of the workflow may be by its own words.
pub(super) fn inputs(on: &Node, stated: &mut Stated) {
    for event in ["workflow_dispatch", "workflow_call"] {
        let declared = on.get(event).and_then(|event| event.get("inputs"));
        for (key, input) in declared.map_or(&[][..], Node::entries) {
            let name = key.as_str().expect(KEYS);
            for said in ["default", "options"]
                .iter()
                .filter_map(|said| input.get(said))
            {
                texts(said, &format!("inputs.{name}").to_lowercase(), stated);
            }
        }
    }
}

/// What `env` and `matrix` may be by the words of the workflow, a job or a step.
pub(super) fn of(node: &Node, stated: &mut Stated) {
    if let Some(env) = node.get("env") {
        texts(env, "env", stated);
    }
    if let Some(matrix) = node
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"))
    {
        texts(matrix, "matrix", stated);
    }
}

fn texts(node: &Node, path: &str, stated: &mut Stated) {
    match &node.value {
        Yaml::Sequence(items) => items.iter().for_each(|item| texts(item, path, stated)),
        Yaml::Mapping(entries) => {
            for (key, value) in entries {
                match key.as_str().expect(KEYS) {
                    "include" if path == "matrix" => texts(value, path, stated),
                    name => texts(value, &format!("{path}.{name}").to_lowercase(), stated),
                }
            }
        }
        Yaml::String(text) => stated.push((path.to_owned(), text.clone())),
        Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) => {}
    }
}

/// Where an expression stands in a script that may bring an operator into it. Past the bounds each may.
pub(super) fn operator(script: &str, stated: &Stated) -> Option<usize> {
    let mut plain = BTreeSet::new();
    for (at, inside) in expressions(script) {
        if plain.contains(inside) {
            continue;
        }
        if plain.len() == MAX_EXPRESSIONS || stated.len() > MAX_STATED || brings(inside, stated) {
            return Some(at);
        }
        plain.insert(inside);
    }
    None
}

/// Looks at the literals of an expression, then at each value that it names, and so on.
fn brings(expression: &str, stated: &Stated) -> bool {
    let mut seen = vec![false; stated.len()];
    let mut open = vec![expression];
    while let Some(expression) = open.pop() {
        if expression.split('\'').skip(1).step_by(2).any(is_operator) {
            return true;
        }
        let names = expression
            .to_lowercase()
            .replace("['", ".")
            .replace("']", "");
        for (at, (path, text)) in stated.iter().enumerate() {
            if seen[at] || !is_named(&names, path) {
                continue;
            }
            seen[at] = true;
            if is_operator(outside(text).trim()) {
                return true;
            }
            open.extend(expressions(text).into_iter().map(|(_, inside)| inside));
        }
    }
    false
}

/// A text without what stands in `${{ … }}`.
fn outside(text: &str) -> String {
    let mut parts = text.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |outside, part| {
        outside + part.split_once("}}").map_or(part, |(_, rest)| rest)
    })
}

fn is_named(expression: &str, path: &str) -> bool {
    let word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    expression
        .match_indices(path)
        .any(|(at, _)| !expression[at + path.len()..].starts_with(word))
}

/// Whether a text in a command makes more than one of it.
fn is_operator(text: &str) -> bool {
    text.contains(['|', '&', ';', '`', '\n']) || text.contains("$(")
}

/// The insides of all `${{ … }}`, each with the place of its beginning.
fn expressions(text: &str) -> Vec<(usize, &str)> {
    let starts = text.match_indices("${{").map(|(at, _)| at);
    starts
        .filter_map(|at| Some((at, text[at + 3..].split_once("}}")?.0)))
        .collect()
}
