use std::error::Error;
use std::path::PathBuf;

use plimsoll_model::{Address, Fault as _, Masks, TreePath};
use plimsoll_source::{Body, File, Metadata};

use super::load;
use crate::{Rules, RulesError};

fn shared(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/gitleaks")
        .join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("SKIPPED: {name}, because ../shared/data/gitleaks is absent\n"),
        )
        .unwrap();
    }
    text
}

fn refused(text: &str) -> String {
    let error: RulesError = Rules::from_gitleaks(text, "rules.toml").expect_err(text);
    let source = error
        .source()
        .map(|source| format!(" | {source}"))
        .unwrap_or_default();
    let fix = error.hint().map(|fix| format!("; fix: {fix}"));
    format!("{error}{source}{}", fix.unwrap_or_default())
}

fn found(rules: &Rules, path: &str, text: &str) -> Vec<(String, String)> {
    let (address, masks) = (Address::new(TreePath::new(path)), Masks::default());
    let file = File::text(&address, text, &masks);
    let hits = rules.extract(&file).hits.into_iter();
    hits.map(|hit| (hit.rule, text[hit.span.start..hit.span.end].to_owned()))
        .collect()
}

fn check(toml: &str, path: &str, text: &str, secrets: &[&str]) {
    let rules = Rules::from_gitleaks(toml, "rules.toml").expect(toml);
    let found: Vec<String> = found(&rules, path, text)
        .into_iter()
        .map(|(_, secret)| secret)
        .collect();
    assert_eq!(found, secrets, "{toml}\n{path}: {text}");
}

#[test]
fn the_whole_public_rule_file_loads_and_compiles() {
    let Some(text) = shared("gitleaks.toml") else {
        return;
    };
    let set = load(&text, "gitleaks.toml", || {
        unreachable!("it extends nothing")
    })
    .unwrap();
    assert_eq!(set.rules.len(), 222);
    assert_eq!(
        set.rules
            .iter()
            .filter(|rule| rule.pattern.is_none())
            .count(),
        1,
        "pkcs12-file"
    );
    let rules = Rules::from_gitleaks(&text, "gitleaks.toml").unwrap();
    for rule in &set.rules {
        assert!(
            rule.pattern
                .iter()
                .all(|pattern| pattern.regex(rules.regex_bytes_max()).is_some()),
            "{}",
            rule.id
        );
        for list in &rule.allowlists {
            assert!(list.compiled().is_some(), "{}", rule.id);
        }
    }
    assert!(set.allowlists.iter().all(|list| list.compiled().is_some()));
}

#[test]
fn the_extended_dialect_is_refused_by_its_keys() {
    let Some(text) = shared("betterleaks.toml") else {
        return;
    };
    let message = refused(&text);
    assert!(
        message.contains("rules.toml, line 20: the top level has the key `betterleaksMinVersion`"),
        "{message}"
    );
}

#[test]
fn what_is_not_done_is_refused_with_its_place() {
    let rule = "[[rules]]\nid = 'a'\nregex = 'a'\n";
    let cases = [
        (
            "prefilter = 'x'".to_owned(),
            "line 1: the top level has the key `prefilter`",
        ),
        (
            "rulez = 1".to_owned(),
            "line 1: the top level has the key `rulez`, which the gitleaks dialect does not know",
        ),
        (
            format!("{rule}filter = 'x'"),
            "line 4: rule `a` has the key `filter`, which belongs to the extended dialect",
        ),
        (
            format!("{rule}validate = 'x'"),
            "line 4: rule `a` has the key `validate`",
        ),
        (
            format!("{rule}entropi = 3"),
            "line 4: rule `a` has the key `entropi`",
        ),
        (
            format!("{rule}[[rules.required]]\nid = 'b'"),
            "rule `a` has the key `required`",
        ),
        (
            format!("{rule}[[rules.allowlists]]\npath = ['x']"),
            "line 5: rule `a`, [allowlists]",
        ),
        (
            format!("{rule}[[rules.allowlists]]\ndescription = 'x'"),
            "the allowlist has no condition",
        ),
        (
            format!("{rule}[[rules.allowlists]]\ncondition = 'XOR'\npaths = ['x']"),
            "`condition` is not known",
        ),
        (
            format!("{rule}[[rules.allowlists]]\nregexTarget = 'file'\nregexes = ['x']"),
            "`regexTarget` is not known",
        ),
        (
            format!("{rule}[rules.allowlist]\npaths = ['x']\n[[rules.allowlists]]\npaths = ['y']"),
            "both `allowlist`",
        ),
        (
            format!("{rule}keywords = 'k'"),
            "line 4: rule `a`: `keywords` is a string; fix: write a list of strings",
        ),
        (
            format!("{rule}entropy = 'high'"),
            "`entropy` is a string; fix: write a number",
        ),
        (
            format!("{rule}secretGroup = 1"),
            "`secretGroup` is 1, but the regex has 0 groups",
        ),
        (
            "[[rules]]\nregex = 'a'".to_owned(),
            "line 2: [rules]: a rule has no `id`",
        ),
        (
            "[[rules]]\nid = 'a'".to_owned(),
            "rule `a`: the rule has neither `regex` nor `path`",
        ),
        (
            "[[rules]]\nid = 'a'\nregex = '(?=x)'".to_owned(),
            "line 3: rule `a`: `regex` holds a regular expression",
        ),
        (format!("{rule}{rule}"), "rule `a`: the id stands twice"),
        (
            format!("{rule}[[allowlists]]\ntargetRules = ['b']\npaths = ['x']"),
            "`targetRules` names `b`",
        ),
        (
            "[extend]\nurl = 'https://rules.example'".to_owned(),
            "line 2: [extend] has the key `url`",
        ),
        (
            "[extend]\npath = 'base.toml'".to_owned(),
            "line 2: [extend] has the key `path`",
        ),
        (
            "title = ".to_owned(),
            "rules.toml, line 1: the secret rules are not TOML",
        ),
    ];
    for (text, part) in cases {
        let message = refused(&text);
        assert!(message.contains(part), "{text}\n{message}");
    }
}

#[test]
fn a_rule_means_what_the_dialect_says() {
    let rule = |more: &str| {
        format!("[[rules]]\nid = 'a'\nregex = 'k-((x)?[a-z]+)'\nkeywords = ['K-']\n{more}")
    };
    check(&rule(""), "f", "k-abc K-def k-xyz", &["abc", "xyz"]);
    check(&rule("secretGroup = 2"), "f", "k-xyz", &["x"]);
    check(&rule("entropy = 1.5"), "f", "k-abab k-abc", &["abc"]);
    check(&rule("path = '\\.env$'"), "a/b.env", "k-abc", &["abc"]);
    check(&rule("path = '\\.env$'"), "a/b.txt", "k-abc", &[]);
    check(&rule("skipReport = true"), "f", "k-abc", &[]);
    check(
        "[[rules]]\nid = 'a'\nregex = 'abc'\nkeywords = ['nowhere']",
        "f",
        "abc",
        &[],
    );
    check("[[rules]]\nid = 'a'\nregex = 'abc'", "f", "abc", &["abc"]);
    check(
        "[[rules]]\nID = 'a'\nRegex = '(\\n+b)c'\nSecretgroup = 1",
        "f",
        "a\nbc",
        &["\nb"],
    );
    check(
        "[[rules]]\nid = 'a'\nregex = '\\s+b\\s'",
        "f",
        "a\nb\n",
        &["b"],
    );
}

#[test]
fn an_allowlist_means_what_the_dialect_says() {
    let list = |lines: &str| {
        format!(
            "[[rules]]\nid = 'a'\nregex = 'k-([a-z]+)'\nkeywords = ['k-']\n[[rules.allowlists]]\n{lines}"
        )
    };
    let text = "say k-abc\nput k-xyz\n";
    check(&list("regexes = ['^ab']"), "f", text, &["xyz"]);
    check(&list("regexes = ['k-']"), "f", text, &["abc", "xyz"]);
    check(
        &list("regexTarget = 'match'\nregexes = ['^k-a']"),
        "f",
        text,
        &["xyz"],
    );
    check(
        &list("regexTarget = 'line'\nregexes = ['^put']"),
        "f",
        text,
        &["abc"],
    );
    check(&list("stopwords = ['BC']"), "f", text, &["xyz"]);
    check(&list("paths = ['^f$']"), "f", text, &[]);
    check(&list("paths = ['^g$']"), "f", text, &["abc", "xyz"]);
    check(
        &list("condition = 'AND'\npaths = ['^f$']\nstopwords = ['bc']"),
        "f",
        text,
        &["xyz"],
    );
    check(
        &list("condition = 'AND'\npaths = ['^g$']\nstopwords = ['bc']"),
        "f",
        text,
        &["abc", "xyz"],
    );
    check(
        &list("condition = '&&'\nregexes = ['^x']\nstopwords = ['bc']"),
        "f",
        text,
        &["abc", "xyz"],
    );
    check(&list("condition = 'AND'\npaths = ['^f$']"), "f", text, &[]);
    check(&list("commits = ['0123']"), "f", text, &["abc", "xyz"]);
    check(
        &list("condition = 'AND'\ncommits = ['0123']\npaths = ['^f$']"),
        "f",
        text,
        &["abc", "xyz"],
    );
    check(
        &list("commits = ['0123']\nstopwords = ['bc']"),
        "f",
        text,
        &["xyz"],
    );
}

#[test]
fn global_allowlists_speak_of_all_rules_or_of_those_they_name() {
    let rules =
        "[[rules]]\nid = 'a'\nregex = 'a-[a-z]+'\n[[rules]]\nid = 'b'\nregex = 'b-[a-z]+'\n";
    let text = "a-one b-one";
    check(
        &format!("{rules}[[allowlists]]\nregexes = ['one']"),
        "f",
        text,
        &[],
    );
    check(
        &format!("{rules}[[allowlists]]\nregexes = ['one']\ntargetRules = ['a']"),
        "f",
        text,
        &["b-one"],
    );
    let old = Rules::from_gitleaks(
        &format!("{rules}[allowlist]\npaths = ['^vendor/']"),
        "rules.toml",
    )
    .unwrap();
    assert!(old.claims(&TreePath::new("src/a")) && !old.claims(&TreePath::new("vendor/a")));
    assert!(found(&old, "vendor/a", text).is_empty());
    let with_words = format!(
        "{rules}[[allowlists]]\ncondition = 'AND'\npaths = ['^vendor/']\nstopwords = ['zzz']"
    );
    let with_words = Rules::from_gitleaks(&with_words, "rules.toml").unwrap();
    assert!(
        with_words.claims(&TreePath::new("vendor/a")),
        "the path alone does not decide"
    );
    assert_eq!(found(&with_words, "vendor/a", text).len(), 2);
}

#[test]
fn extending_the_default_means_the_rules_of_plimsoll() {
    let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5");
    let ids = |toml: &str| -> Vec<String> {
        let rules = Rules::from_gitleaks(toml, "rules.toml").unwrap();
        found(&rules, "f", &format!("t = {token} own-1"))
            .into_iter()
            .map(|(rule, _)| rule)
            .collect()
    };
    let own = "[[rules]]\nid = 'own'\nregex = 'own-[0-9]'";
    assert_eq!(ids(own), ["own"]);
    assert_eq!(
        ids(&format!("{own}\n[extend]\nuseDefault = true")),
        ["github-pat", "own"]
    );
    assert!(
        ids("[extend]\nuseDefault = true\ndisabledRules = ['github-pat', 'of-another-tool']")
            .is_empty()
    );
    let over = "[extend]\nuseDefault = true\n[[rules]]\nid = 'github-pat'\n[[rules.allowlists]]\nstopwords = ['ghp_aB3']";
    assert!(
        ids(over).is_empty(),
        "the allowlist is added to the rule of ours"
    );
    let elsewhere = "[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = ['of-another-tool']\npaths = ['f']";
    assert_eq!(ids(elsewhere), ["github-pat"]);
}

#[test]
fn a_rule_of_the_path_alone_needs_no_text() {
    let toml = "[[rules]]\nid = 'a'\npath = '\\.env$'\nregex = 'a'\n[[rules]]\nid = 'key-file'\npath = '\\.p12$'";
    let rules = Rules::from_gitleaks(toml, "rules.toml").unwrap();
    let extract = |path: &str| {
        rules.extract(&File {
            address: &Address::new(TreePath::new(path)),
            metadata: &Metadata::UNKNOWN,
            body: Body::Bytes(b"\0"),
        })
    };
    let by_path = extract("x/a.p12");
    assert_eq!(by_path.hits.len(), 1);
    assert!(by_path.masks().is_empty());
    assert!(extract("x/a.env").hits.is_empty());
}

#[test]
fn the_digest_follows_the_text() {
    let rules = |toml: &str| Rules::from_gitleaks(toml, "rules.toml").unwrap().sha256();
    let (one, two) = (
        "[[rules]]\nid = 'a'\nregex = 'a'",
        "[[rules]]\nid = 'a'\nregex = 'b'",
    );
    assert_eq!(rules(one), rules(one));
    assert_ne!(rules(one), rules(two));
    assert_ne!(
        rules("[extend]\nuseDefault = true"),
        Rules::builtin().sha256()
    );
}
