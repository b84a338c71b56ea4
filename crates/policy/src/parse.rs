use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use plimsoll_model::{Class, Fault, LineIndex, Threshold, is_name};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::settings::TomlDate;
use crate::{GateRule, Policy};

/// A policy cannot be used, so nothing passes.
#[derive(Debug, thiserror::Error)]
#[error("{origin}:{line}:{column}: {message}")]
pub struct PolicyError {
    /// Where the policy was read from.
    pub origin: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Fault for PolicyError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}

impl Policy {
    /// Reads `plimsoll.toml`; `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PolicyError> {
        let policy: Self =
            toml::from_str(text).map_err(|error| toml_error(&error, text, origin))?;
        policy.check().map_err(|(word, message, hint)| {
            let at = text.find(&word).unwrap_or(0);
            located(text, origin, at, message, hint)
        })?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), (String, String, String)> {
        let mut names = BTreeSet::new();
        for environment in &self.environments {
            let name = &environment.name;
            check_name(name)?;
            if let Some(after) = &environment.after
                && !names.contains(after.as_str())
            {
                return Err((
                    after.clone(),
                    format!(
                        "environment `{name}` comes after `{after}`, which is not an environment above it"
                    ),
                    "write [[environment]] tables in the order in which releases pass them"
                        .to_owned(),
                ));
            }
            if !names.insert(name.as_str()) {
                return Err(twice("environment", name));
            }
            for rule in &environment.approvals {
                self.check_approval(name, rule)?;
            }
        }
        unique(
            "person",
            self.people.iter().map(|person| person.id.as_str()),
        )?;
        self.check_emails()?;
        unique(
            "builder",
            self.builders.iter().map(|builder| builder.id.as_str()),
        )?;
        for waiver in &self.waivers {
            if waiver.reason.trim().is_empty() || waiver.owner.trim().is_empty() {
                return Err((
                    waiver.id.to_string(),
                    format!(
                        "the waiver for `{}` has an empty reason or owner",
                        waiver.id
                    ),
                    "say why the exception is safe and who answers for it".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// An address of two people would let one of them pass for the other.
    fn check_emails(&self) -> Result<(), (String, String, String)> {
        let mut owners = BTreeMap::new();
        for person in &self.people {
            for email in &person.emails {
                let owner = owners
                    .entry(email.to_ascii_lowercase())
                    .or_insert(&person.id);
                if *owner != &person.id {
                    return Err((
                        email.clone(),
                        format!(
                            "`{email}` is an address of both `{owner}` and `{}`",
                            person.id
                        ),
                        "give each address to one [[person]]".to_owned(),
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_approval(
        &self,
        environment: &str,
        rule: &crate::ApprovalRule,
    ) -> Result<(), (String, String, String)> {
        if rule.count == 0 {
            return Err((
                "count".to_owned(),
                format!(
                    "environment `{environment}` asks for 0 approvals of group `{}`",
                    rule.group
                ),
                "write count = 1 or more, or remove the [[environment.approval]] table".to_owned(),
            ));
        }
        let members = self
            .people
            .iter()
            .filter(|person| person.groups.contains(&rule.group))
            .count();
        if members < rule.count as usize {
            return Err((
                rule.group.clone(),
                format!(
                    "environment `{environment}` asks for {} approvals of group `{}`, which has {members} people",
                    rule.count, rule.group
                ),
                format!(
                    "add groups = [\"{}\"] to enough [[person]] tables",
                    rule.group
                ),
            ));
        }
        Ok(())
    }
}

/// An environment's name stands in paths and in keys of the ledger.
fn check_name(name: &str) -> Result<(), (String, String, String)> {
    if is_name(name) {
        return Ok(());
    }
    let hint =
        "use letters, digits, `.`, `_` and `-`, at most 100, and begin with a letter or digit";
    Err((
        name.to_owned(),
        format!("`{name}` cannot name an environment"),
        hint.to_owned(),
    ))
}

fn unique<'a>(
    kind: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), (String, String, String)> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(twice(kind, id));
        }
    }
    Ok(())
}

fn twice(kind: &str, name: &str) -> (String, String, String) {
    (
        name.to_owned(),
        format!("there are two {kind} tables `{name}`"),
        "give each its own name".to_owned(),
    )
}

fn toml_error(error: &toml::de::Error, text: &str, origin: &str) -> PolicyError {
    let message = error.message().to_owned();
    let hint = hint(&message);
    located(
        text,
        origin,
        error.span().map_or(0, |span| span.start),
        message,
        hint,
    )
}

fn located(text: &str, origin: &str, offset: usize, message: String, hint: String) -> PolicyError {
    let position = LineIndex::new(text).position(offset);
    PolicyError {
        origin: origin.to_owned(),
        line: position.line,
        column: position.column,
        message,
        hint,
    }
}

/// Inspectors and targets that other builds may have; naming one that this build lacks must not be
/// mistaken for a spelling error, and must never be ignored.
const ABSENT: [&str; 8] = [
    "code",
    "config",
    "licenses",
    "images",
    "image",
    "probe",
    "kubernetes",
    "compose",
];

fn hint(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((unknown, _)) if ABSENT.contains(unknown) => {
            format!("this build has no `{unknown}`; remove the key or use a build that has it")
        }
        Some((unknown, known)) if message.contains("unknown") => known
            .iter()
            .map(|known| (strsim::jaro_winkler(unknown, known), known))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or_else(
                || format!("the keys known here are {}", known.join(", ")),
                |(_, known)| format!("did you mean `{known}`?"),
            ),
        _ => {
            "see the configuration section of the documentation for the form of this key".to_owned()
        }
    }
}

impl<'de> Deserialize<'de> for GateRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GateRuleVisitor)
    }
}

struct GateRuleVisitor;

impl<'de> Visitor<'de> for GateRuleVisitor {
    type Value = GateRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any, low, medium, high, critical, off, or a table { fail_on, only_fixed }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GateRule, E> {
        let fail_on = Threshold::deserialize(de::value::StrDeserializer::new(text))?;
        Ok(GateRule {
            fail_on,
            only_fixed: false,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GateRule, A::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            fail_on: Threshold,
            #[serde(default)]
            only_fixed: bool,
        }
        let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(GateRule {
            fail_on: table.fail_on,
            only_fixed: table.only_fixed,
        })
    }
}

impl<'de> Deserialize<'de> for TomlDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Toml(toml::value::Datetime),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Toml(date) => date.to_string(),
            Written::Text(text) => text,
        };
        text.parse::<Date>().map(TomlDate).map_err(|error| {
            de::Error::custom(format!("`{text}` is not a day; write 2026-12-31 ({error})"))
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Threshold;

    use crate::Policy;

    fn error(text: &str) -> String {
        let error = Policy::parse(text, "plimsoll.toml").unwrap_err();
        format!("{error}\nhint: {}", error.hint)
    }

    #[test]
    fn an_empty_policy_has_the_defaults() {
        let policy = Policy::parse("", "plimsoll.toml").unwrap();
        assert_eq!(policy.gate.secrets.fail_on, Threshold::Any);
        assert_eq!(policy, Policy::default());
    }

    #[test]
    fn both_forms_of_a_gate_are_read() {
        let text = "[gate]\nsecrets = \"low\"\ndependencies = { fail_on = \"critical\", only_fixed = true }\n";
        let gate = Policy::parse(text, "plimsoll.toml").unwrap().gate;
        assert_eq!(gate.secrets.fail_on, Threshold::Low);
        assert!(gate.dependencies.only_fixed);
    }

    #[test]
    fn errors_name_the_place_and_the_fix() {
        let cases = [
            (
                "[gate]\nsecrts = \"any\"\n",
                "plimsoll.toml:2:1: ",
                "did you mean `secrets`?",
            ),
            (
                "[gate]\nconfig = \"high\"\n",
                "plimsoll.toml:2:1: ",
                "this build has no `config`",
            ),
            (
                "[gate]\nsecrets = \"hihg\"\n",
                "plimsoll.toml:2:",
                "did you mean `high`?",
            ),
            ("[gaps]\nstale = \"ignore\"\n", "plimsoll.toml:2:", "warn"),
            (
                "service = \"../shop\"\n",
                "plimsoll.toml:1:",
                "cannot name a service",
            ),
            (
                "\n[[waiver]]\nid = \"secret/x\"\nreason = \" \"\nowner = \"sre\"\nexpires = 2026-12-31\n",
                "plimsoll.toml:3:",
                "who answers",
            ),
            (
                "[[person]]\nid = \"a\"\nemails = [\"x@y\"]\n[[person]]\nid = \"b\"\nemails = [\"X@y\"]\n",
                "plimsoll.toml:6:",
                "one [[person]]",
            ),
            (
                "[[waiver]]\nid = \"secret/x\"\nreason = \"r\"\nowner = \"sre\"\n",
                "plimsoll.toml:1:",
                "expires",
            ),
            (
                "[[waiver]]\nid = \"secret/x\"\nreason = \"r\"\nowner = \"sre\"\nexpires = \"soon\"\n",
                "plimsoll.toml:5:",
                "is not a day",
            ),
        ];
        for (text, place, fix) in cases {
            let error = error(text);
            assert!(error.starts_with(place), "{error}");
            assert!(error.contains(fix), "{error}");
        }
    }

    #[test]
    fn an_environment_must_follow_one_that_exists() {
        let environment = |name: &str, after: &str| {
            format!(
                "[[environment]]\nname = \"{name}\"\n{after}deploy = {{ kind = \"process\", run = [\"{{artifact}}\"] }}\nhealth = {{ http = \"http://127.0.0.1:1/\" }}\n"
            )
        };
        assert!(Policy::parse(&environment("a", ""), "p").is_ok());
        assert!(error(&environment("../a", "")).contains("cannot name an environment"));
        assert!(
            error(&environment("a", "after = \"b\"\n")).contains("not an environment above it")
        );
        assert!(
            error(&(environment("a", "") + &environment("a", "")))
                .contains("two environment tables")
        );
        let kubernetes = environment("a", "").replace("process", "kubernetes");
        assert!(
            error(&kubernetes).contains("this build has no `kubernetes`"),
            "{}",
            error(&kubernetes)
        );
    }
}
