//! The rules of Plimsoll itself: one file of data each, with its documentation and its examples.

use plimsoll_model::Severity;

use crate::RulesError;
use crate::gitleaks::{self, RuleSet};
use crate::keys::{Keys, Origin};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each file, in the order of the names.
        pub(crate) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../rules/", $name, ".toml")))),*];
    };
}

files![
    "aws-access-key-id",
    "aws-secret-access-key",
    "azure-storage-key",
    "basic-auth-url",
    "crates-io-token",
    "database-url",
    "digitalocean-token",
    "docker-hub-pat",
    "docker-login-password",
    "gcp-api-key",
    "generic-secret",
    "github-app-token",
    "github-fine-grained-pat",
    "github-pat",
    "gitlab-token",
    "jwt",
    "npm-token",
    "private-key",
    "pypi-token",
    "sendgrid-token",
    "slack-token",
    "slack-webhook",
    "stripe-secret-key",
    "twilio-credential",
    "vault-token",
];

/// All of them.
pub(crate) fn load() -> RuleSet {
    let mut set = RuleSet::default();
    for (name, text) in FILES {
        read(name, text, &mut set).expect("the embedded rules are tested");
    }
    set
}

/// Reads one file into `set`. Its examples are for the tests.
fn read(name: &str, text: &str, set: &mut RuleSet) -> Result<(), RulesError> {
    let origin = Origin {
        name,
        text,
        embedded: true,
    };
    let document = origin.parse()?;
    let mut keys = Keys::new(origin, "", 0, &document);
    let mut required = |key: &'static str| -> Result<String, RulesError> {
        let written = keys.text(key)?;
        let missing = || keys.problem(&format!("`{key}` is missing"), "every rule of ours has it");
        written
            .map(|written| written.text.trim().to_owned())
            .ok_or_else(missing)
    };
    let (title, why, fix) = (required("title")?, required("why")?, required("fix")?);
    let severity = required("severity")?;
    let severity: Severity = severity.parse().map_err(|_| {
        keys.problem(
            "the severity is not known",
            "write low, medium, high or critical",
        )
    })?;
    keys.texts("match")?;
    keys.texts("no_match")?;
    let table = keys
        .table("rule")?
        .ok_or_else(|| keys.problem("[rule] is missing", "add it"))?;
    let draft = gitleaks::draft(table, &mut set.paths)?;
    keys.finish("title, severity, why, fix, match, no_match, rule")?;
    let mut rule = draft.finish()?;
    (rule.title, rule.severity, rule.why, rule.fix) = (title, severity, why, fix);
    set.rules.push(rule);
    Ok(())
}

#[cfg(test)]
mod tests;
