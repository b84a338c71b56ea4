//! The configuration page and the template of `plimsoll init` are read by the parser they describe,
//! and the page lists every key that the parser knows.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its input must stop"
)]

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_engine::{PolicySource, load_base, rows};
use plimsoll_model::Fault as _;
use plimsoll_policy::Policy;

fn read(path: &str) -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(path),
    )
    .unwrap()
}

#[test]
fn the_documented_configuration_is_valid() {
    let page = read("docs/configuration.md");
    let fenced = page
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let staging = "[[environment]]\nname = \"staging\"\ndeploy = { kind = \"process\", run = [\"{artifact}\"] }\n\
                   health = { http = \"http://127.0.0.1:8080/\" }\n\n[[environment]]              # in";
    let digest = plimsoll_model::Digest::of(b"x").to_string();
    let text = fenced
        .replace("[[environment]]              # in", staging)
        .replace("sha256:…", &digest)
        .replace("COMMIT", &"c0ffee".repeat(7)[..40]);
    let policy = Policy::parse(&text, "docs/configuration.md", rows()).unwrap();
    assert_eq!(policy.environments.len(), 2);
    assert_eq!(policy.waivers.len(), 1);
}

#[test]
fn the_template_says_what_the_defaults_are() {
    let template = read("crates/cli/src/commands/init.toml");
    let policy = Policy::parse(&template, "init.toml", rows()).unwrap();
    let defaults = Policy::defaults(rows());
    let rules = |policy: &Policy| -> Vec<_> {
        let rules = policy.gate.rules();
        rules
            .map(|(inspector, rule)| (inspector.id, rule.clone()))
            .collect()
    };
    assert_eq!(rules(&policy), rules(&defaults));
    for kind in plimsoll_model::GapKind::ALL {
        assert_eq!(policy.gaps.rule(kind), defaults.gaps.rule(kind));
    }
}

/// The keys that are known where `PROBE` stands in a policy: the parser lists them when it meets one
/// that it does not know.
fn known_keys(policy: &str) -> BTreeSet<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), policy.replace("PROBE", "zzzz")).unwrap();
    let source = PolicySource::File {
        path: file.path().to_owned(),
        sha256: None,
    };
    let error = load_base(&source, Path::new(".")).unwrap_err();
    let error = error.hint().unwrap_or_default();
    let listed = error
        .rsplit_once("the words known here are ")
        .unwrap_or_else(|| panic!("{policy}\n{error}"));
    listed.1.trim().split(", ").map(str::to_owned).collect()
}

#[test]
fn the_page_lists_every_key_that_the_parser_knows_and_no_other() {
    let environment = "[[environment]]\nname = \"a\"\ndeploy = { kind = \"process\", run = [] }\nhealth = { http = \"\" }\n";
    let probes = [
        ("", "PROBE = 1\n".to_owned()),
        ("gate.", "[gate]\nPROBE = \"high\"\n".to_owned()),
        ("gate.KEY.", "[gate]\npath = { PROBE = 1 }\n".to_owned()),
        (
            "gate.KEY.mode.",
            "[gate]\npath = { mode = { PROBE = 1 } }\n".to_owned(),
        ),
        ("gaps.", "[gaps]\nPROBE = \"deny\"\n".to_owned()),
        ("secrets.", "[secrets]\nPROBE = 1\n".to_owned()),
        ("advisories.", "[advisories]\nPROBE = 1\n".to_owned()),
        ("rule.", "[[rule]]\nPROBE = 1\n".to_owned()),
        ("waiver.", "[[waiver]]\nPROBE = 1\n".to_owned()),
        ("person.", "[[person]]\nPROBE = 1\n".to_owned()),
        ("builder.", "[[builder]]\nPROBE = 1\n".to_owned()),
        ("environment.", format!("{environment}PROBE = 1\n")),
        (
            "environment.deploy.",
            environment.replace("run = []", "run = [], PROBE = 1"),
        ),
        (
            "environment.health.",
            environment.replace("http = \"\"", "PROBE = 1"),
        ),
        (
            "environment.approval.",
            format!("{environment}[[environment.approval]]\nPROBE = 1\n"),
        ),
    ];
    // The kind of a target says which keys it has, so that it is not among them.
    let mut known = BTreeSet::from(["environment.deploy.kind".to_owned()]);
    for (prefix, policy) in probes {
        known.extend(
            known_keys(&policy)
                .into_iter()
                .map(|key| format!("{prefix}{key}")),
        );
    }
    let page = read("docs/configuration.md");
    let listed: BTreeSet<String> = page
        .split_once("## Every key")
        .unwrap()
        .1
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(key, _)| key.to_owned())
        .collect();
    assert_eq!(listed, known);
}
