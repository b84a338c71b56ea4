//! The configuration page and the template of `plimsoll init` are read by the parser they describe.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its input must stop"
)]

use std::path::Path;

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
        .replace("sha256:…", &digest);
    let policy = Policy::parse(&text, "docs/configuration.md").unwrap();
    assert_eq!(policy.environments.len(), 2);
    assert_eq!(policy.waivers.len(), 1);
}

#[test]
fn the_template_says_what_the_defaults_are() {
    let template = read("crates/cli/src/commands/init.toml");
    let mut policy = Policy::parse(&template, "init.toml").unwrap();
    assert_eq!(policy.advisories.max_age_days.take(), Some(7));
    assert_eq!(policy, Policy::default());
}
