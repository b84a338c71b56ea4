use std::collections::BTreeMap;
use std::sync::LazyLock;

use plimsoll_model::{Address, LineIndex, Masks, Span, TreePath};
use plimsoll_source::File;
use proptest::prelude::*;

use crate::lines::positions;
use crate::{Facts, Rules, Unchecked, conclude};

fn extract(rules: &Rules, text: &str) -> Facts {
    rules.extract(&File::text(
        &Address::new(TreePath::new("a/b")),
        text,
        &Masks::default(),
    ))
}

fn shown(facts: &Facts, text: &str) -> Vec<(String, String)> {
    facts
        .hits
        .iter()
        .map(|hit| {
            (
                hit.rule.clone(),
                text[hit.span.start..hit.span.end].to_owned(),
            )
        })
        .collect()
}

/// Characters that look random and are always the same, so that no credential stands in this file.
fn random(length: usize) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length)
        .map(|at| char::from(letters[(at * at * 7 + at * 13 + 5) % letters.len()]))
        .collect()
}

/// Expressions whose matches depend on what stands before and after them, and on each other.
const EXPRESSIONS: [(&str, &str); 12] = [
    (r"=[ -~]{0,8}tok", "tok"),
    (r"\bkey[a-z]{0,5}=[a-z0-9]{2,6}\b", "key"),
    (r"(?:tok|key)_?x{0,3}$", "key tok"),
    (r"[a-z]{0,12}?(?:key|tok)[a-z]{0,12}", "key tok"),
    (r"^tok.{0,5}", "tok"),
    (r"(?m:^)[ ]{0,2}tok[^k]{1,70}", "tok"),
    (r"(?i)key[^\n]{0,80}tok", "key"),
    (r"tok(?s:.{0,200})key", "tok"),
    (r"tok[a-z ]{0,40}-[a-z1]{1,3}", "tok"),
    (r"key(?:_|=1|-1){1,2}[a-z]{0,20}=", "key"),
    (r"(?:tok=1|key=_)[ \n]?(?:-x)?", "key tok"),
    (r"(?i)(?:-?1{0,2}){2}KEY(?:=a|\x3d1)", "key"),
];

fn quoted(words: &str) -> String {
    words
        .split(' ')
        .map(|word| format!("'{word}'"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Each expression as rules of ours, beside the same expression as `regex` takes it.
static EXPRESSION_RULES: LazyLock<Vec<(&str, Rules, regex::Regex)>> = LazyLock::new(|| {
    let both = |(expression, keywords): (&str, &'static str)| {
        let toml = format!(
            "[[rules]]\nid = 'a'\nregex = '{expression}'\nkeywords = [{}]",
            quoted(keywords)
        );
        let rules = Rules::from_gitleaks(&toml, "rules.toml").unwrap();
        let rule = &rules.all[0];
        let outline = rule.pattern.as_ref().unwrap().outline(&rule.keywords);
        assert!(outline.reach.is_some(), "{expression}");
        let ascii = expression.replace(r"\b", r"(?-u:\b)");
        (keywords, rules, regex::Regex::new(&ascii).unwrap())
    };
    EXPRESSIONS.into_iter().map(both).collect()
});

/// What a search of the whole text finds, by code of its own.
fn by_whole_search(regex: &regex::Regex, keywords: &str, text: &str) -> Vec<Span> {
    let lower = text.to_ascii_lowercase();
    if !keywords.split(' ').any(|word| lower.contains(word)) {
        return Vec::new();
    }
    let trim = |found: regex::Match<'_>| {
        let start = found.as_str().len() - found.as_str().trim_start_matches('\n').len();
        let kept = found.as_str().trim_matches('\n').len();
        Span::new(found.start() + start, found.start() + start + kept)
    };
    regex
        .find_iter(text)
        .map(trim)
        .filter(|span| span.start < span.end)
        .collect()
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => proptest::sample::select(vec!["key", "tok", "KEY", "=", "_", "x", " ", "\n", "a", "1", "é", "-"])
            .prop_map(str::to_owned),
        1 => (60..300_usize).prop_map(|length| "z".repeat(length)),
        1 => (60..300_usize).prop_map(|length| "é ".repeat(length / 3)),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_find_what_the_whole_file_holds(text in texts()) {
        for (keywords, rules, regex) in EXPRESSION_RULES.iter() {
            let spans: Vec<Span> = extract(rules, &text).hits.iter().map(|hit| hit.span).collect();
            prop_assert_eq!(spans, by_whole_search(regex, keywords, &text), "{}", regex);
        }
    }

    #[test]
    fn positions_are_those_of_the_line_index(text in texts(), offsets in proptest::collection::vec(0..400_usize, 0..20)) {
        let offsets: Vec<usize> = offsets.into_iter().filter(|offset| *offset <= text.len()).collect();
        let index = LineIndex::new(&text);
        let expected: Vec<_> = offsets.iter().map(|offset| index.position(*offset)).collect();
        prop_assert_eq!(positions(&text, &offsets), expected);
    }
}

#[test]
fn an_unbounded_rule_or_one_whose_keyword_is_elsewhere_gets_the_whole_file() {
    let reach = |expression: &str, keywords: &str| {
        let toml = format!(
            "[[rules]]\nid = 'a'\nregex = '{expression}'\nkeywords = [{}]",
            quoted(keywords)
        );
        let rules = Rules::from_gitleaks(&toml, "rules.toml").unwrap();
        rules.all[0]
            .pattern
            .as_ref()
            .unwrap()
            .outline(&rules.all[0].keywords)
            .reach
    };
    assert_eq!(reach("key[a-z]{3}", "key"), Some(6));
    assert_eq!(reach("key[a-z]+", "key"), None);
    assert_eq!(reach("[a-z]{3}", "key"), None);
    assert_eq!(reach("(?:key|tok)=", "key"), None);
    assert_eq!(reach("(?:key|tok)?=", "key tok"), None);
    assert_eq!(reach("(?:key|tok){1,2}=", "key tok"), Some(7));
    assert_eq!(reach("k[e]y", "key"), None);
}

#[test]
fn a_rule_that_knows_the_shape_goes_before_one_that_guesses() {
    let token = format!("ghp_{}", random(36));
    let text = format!("api_token = \"{token}\"\n");
    let facts = extract(Rules::builtin(), &text);
    assert_eq!(shown(&facts, &text), [("github-pat".to_owned(), token)]);
    let longer = format!("password = \"x-{}-y\"\n", &text[13..53]);
    let facts = extract(Rules::builtin(), &longer);
    assert_eq!(facts.hits.len(), 1);
    let blank = facts.masks().blank(&longer);
    assert!(
        blank.contains("password = \"xxxxx") && !blank.contains("-y"),
        "the guess's bytes stay hidden: {blank}"
    );
}

#[test]
fn a_private_key_is_hidden_whole() {
    let body = format!("{}\n{}\n{}==", random(64), random(64), random(30));
    let text = format!(
        "a: 1\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nb: 2\n"
    );
    let facts = extract(Rules::builtin(), &text);
    assert_eq!(facts.hits.len(), 1);
    assert_eq!((facts.hits[0].start.line, facts.hits[0].end.line), (2, 6));
    let blank = facts.masks().blank(&text);
    assert!(body.lines().all(|line| !blank.contains(line)));
    assert_eq!(blank.replace('x', ""), "a: 1\n\n\n\n\n\nb: 2\n");
}

#[test]
fn one_long_line_takes_linear_time() {
    let rules = Rules::builtin();
    let pair = format!("secret:\"{}\",login password token:\"${{X}}\",", random(24));
    let text = pair.repeat(4_000_000 / pair.len());
    let facts = extract(rules, &text);
    assert_eq!(facts.hits.len(), 1_000);
    let Some(Unchecked::Rest(rest)) = facts.unchecked.first() else {
        panic!("the rest is a gap")
    };
    assert_eq!(rest.line, 1);
    let blank = facts.masks().blank(&text);
    assert!(
        !blank.contains(&random(24)),
        "what was not judged is hidden"
    );
    let inspection = conclude(rules, &BTreeMap::from([(TreePath::new("min.js"), facts)]));
    assert_eq!(
        inspection.gaps[0].id.as_str(),
        "secret/too-many-credentials"
    );
}

#[test]
fn a_value_is_nowhere_in_what_leaves() {
    let rules = Rules::builtin();
    let values = [
        (
            "database-url",
            "postgres://shop:",
            "Canary-4711-zx",
            "@db:5432/shop",
        ),
        (
            "docker-login-password",
            "echo \"",
            "Canary-4711-zx",
            "\" | docker login --password-stdin",
        ),
        (
            "generic-secret",
            "client_secret: '",
            "Canary4711zxQwAsYxEdC",
            "'",
        ),
        ("github-pat", "", &format!("ghp_{}", random(36)), ""),
        (
            "aws-secret-access-key",
            "aws_secret_access_key = ",
            &random(40),
            "",
        ),
    ];
    for (rule, before, value, after) in values {
        let text = format!("{before}{value}{after}\n");
        let facts = extract(rules, &text);
        assert_eq!(shown(&facts, &text), [(rule.to_owned(), value.to_owned())]);
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
        let inspection = conclude(
            rules,
            &BTreeMap::from([(TreePath::new("f"), facts.clone())]),
        );
        assert_eq!(inspection.findings.len(), 1);
        let finding = &inspection.findings[0];
        assert_eq!(finding.rule.as_str(), format!("secret/{rule}"));
        assert_eq!(finding.references[0].id, "CWE-798");
        assert!(
            finding.message.contains("********") && finding.fix.is_some(),
            "{finding:?}"
        );
        let leaving = format!(
            "{facts:?}{json}{inspection:?}{}",
            serde_json::to_string(&inspection).unwrap()
        );
        let secret_part = value.strip_prefix("ghp_").unwrap_or(value);
        assert!(
            !leaving.contains(secret_part) && !leaving.contains(&secret_part[..6]),
            "{leaving}"
        );
        assert!(!facts.masks().blank(&text).contains(&secret_part[..6]));
    }
}

#[test]
fn every_rule_explains_itself() {
    for rule in Rules::builtin().docs() {
        assert!(rule.why.len() > 60 && rule.fix.len() > 40, "{}", rule.name);
        assert!(!rule.title.ends_with('.'), "{}", rule.name);
    }
    let foreign = "[[rules]]\nid = 'r'\nregex = 'x'\n";
    let foreign = Rules::from_gitleaks(foreign, "rules.toml").unwrap().docs();
    assert!(
        !foreign[0].title.is_empty() && !foreign[0].why.is_empty() && !foreign[0].fix.is_empty()
    );
}

#[test]
fn many_large_expressions_share_what_memory_there_is() {
    let unchecked = |count: usize| {
        let rule =
            |at| format!("[[rules]]\nid = 'r{at}'\nregex = 'x(?:[a-z\\p{{L}}]{{50}}){{9}}[0-9]'\n");
        let toml: String = (0..count).map(rule).collect();
        extract(&Rules::from_gitleaks(&toml, "rules.toml").unwrap(), "x1")
            .unchecked
            .len()
    };
    assert_eq!(unchecked(1), 0, "one alone may grow so large");
    assert_eq!(unchecked(100), 100, "a hundred may not");
}
