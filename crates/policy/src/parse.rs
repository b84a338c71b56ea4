//! `plimsoll.toml` as text: read by serde, then checked where it takes more than one key to judge.

mod check;
mod words;

use std::sync::Arc;

use jiff::civil::Date;
use plimsoll_model::{Class, Digest, EvidenceKind, Fault, Inspector, LineIndex};
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer};
use toml::de::{DeTable, DeValue};

pub use check::KnownIds;

use crate::identity::{self, Identity};
use crate::settings::TomlDate;
use crate::{Policy, Requirement};

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

/// The text of a policy and its name, for errors.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    text: Arc<str>,
    origin: Arc<str>,
}

/// The rows of the registers that a policy is read by: this build's inspectors and kinds of evidence.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The inspectors, in the order of their register.
    pub inspectors: &'a [&'static Inspector],
    /// The kinds of evidence, in the order of their register.
    pub evidence: &'a [&'static EvidenceKind],
}

impl Default for Source {
    fn default() -> Self {
        Self {
            text: Arc::from(""),
            origin: Arc::from("defaults"),
        }
    }
}

impl Policy {
    /// Reads `plimsoll.toml`; `origin` names it in errors, the rows are those of this build, whose gates,
    /// requirements and tables it may name.
    pub fn parse(text: &str, origin: &str, rows: Rows<'_>) -> Result<Self, PolicyError> {
        let source = Source {
            text: Arc::from(text),
            origin: Arc::from(origin),
        };
        plimsoll_syntax::toml::check_depth(text).map_err(|error| {
            source.error_at(error.offset, error.message, "write it flatter".to_owned())
        })?;
        let mut policy = source.read(rows)?;
        policy.source = source;
        policy.resolve(rows);
        Ok(policy)
    }

    /// Refuses rule tables and waivers for ids that nothing reports.
    pub fn require_known_ids(&self, known: &KnownIds<'_>) -> Result<(), PolicyError> {
        let Err(fault) = check::check_ids(self, known) else {
            return Ok(());
        };
        let document = DeTable::parse(&self.source.text);
        let document = document.map_err(|error| self.source.refuse(&error, &[]))?;
        Err(self.source.locate(document.get_ref(), fault))
    }

    /// The policy that holds where none is written.
    pub fn defaults(rows: Rows<'_>) -> Self {
        let mut policy = Self::default();
        policy.resolve(rows);
        policy
    }

    /// What the policy states in an inspector's own table, read into the inspector's own shape; of a
    /// policy without the table, and of an inspector without one, what an empty table means.
    pub fn settings<T: DeserializeOwned>(&self, table: Option<&str>) -> Result<T, PolicyError> {
        let refuse = |error| self.source.refuse(&error, &[]);
        let mut document = DeTable::parse(&self.source.text).map_err(refuse)?;
        let value = table.and_then(|table| document.get_mut().remove(table));
        let value =
            value.unwrap_or_else(|| toml::Spanned::new(0..0, DeValue::Table(DeTable::new())));
        T::deserialize(toml::de::ValueDeserializer::from(value)).map_err(refuse)
    }

    /// Whether the policy states an inspector's own table, which may bring rules along.
    pub fn states(&self, table: &str) -> bool {
        DeTable::parse(&self.source.text)
            .is_ok_and(|document| document.get_ref().contains_key(table))
    }

    /// Fills in what follows from the rows.
    fn resolve(&mut self, rows: Rows<'_>) {
        self.gate.resolve(rows.inspectors);
        for environment in &mut self.environments {
            let stated = environment.stated_requires.as_deref();
            environment.requires = Requirement::all(rows);
            environment
                .requires
                .retain(|requirement| requirement.is_stated(stated, rows));
        }
    }
}

impl Requirement {
    /// Whether an environment asks for it that states these words, or none.
    fn is_stated(self, stated: Option<&[String]>, rows: Rows<'_>) -> bool {
        if let Some(words) = stated {
            return words.iter().any(|word| word == self.as_str());
        }
        match self {
            Self::Claim { answers, .. } => answers.required_by_default,
            Self::Inspection { inspector, .. } => rows
                .inspectors
                .iter()
                .any(|row| row.id == inspector && row.required_by_default),
            Self::Signature => false,
        }
    }
}

impl Source {
    /// What the text states, checked, without what follows from the rows.
    fn read(&self, rows: Rows<'_>) -> Result<Policy, PolicyError> {
        let inspectors = rows.inspectors.iter();
        let tables: Vec<&str> = inspectors.filter_map(|row| row.settings).collect();
        let refuse = |error| self.refuse(&error, &tables);
        let document = DeTable::parse(&self.text).map_err(refuse)?;
        let mut rest = document.clone();
        for table in &tables {
            rest.get_mut().remove(*table);
        }
        let mut policy = Policy::deserialize(toml::Deserializer::from(rest)).map_err(refuse)?;
        let stated = toml::from_str(&self.text).map_err(refuse)?;
        check::check(&policy, rows).map_err(|fault| self.locate(document.get_ref(), fault))?;
        policy.identity = Some(Identity {
            sha256: identity::digest(&stated),
            file_sha256: Some(Digest::of(self.text.as_bytes())),
        });
        Ok(policy)
    }

    fn refuse(&self, error: &toml::de::Error, tables: &[&str]) -> PolicyError {
        let message = error.message().to_owned();
        let hint = words::hint(&message, tables);
        let at = error.span().map_or(0, |span| span.start);
        self.error_at(at, message, hint)
    }

    fn locate(&self, document: &DeTable<'_>, fault: check::Flaw) -> PolicyError {
        let at = check::offset(document, &fault.at);
        self.error_at(at, fault.message, fault.hint)
    }

    fn error_at(&self, offset: usize, message: String, hint: String) -> PolicyError {
        let position = LineIndex::new(&self.text).position(offset);
        PolicyError {
            origin: self.origin.to_string(),
            line: position.line,
            column: position.column,
            message,
            hint,
        }
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
    use serde::Deserialize;

    use crate::test_rows::{COMMIT, ROWS, policy};
    use crate::{KnownIds, Mode, Policy, PolicyError};

    fn error(text: &str) -> String {
        told(&Policy::parse(text, "plimsoll.toml", ROWS).unwrap_err())
    }

    fn told(error: &PolicyError) -> String {
        format!("{error}\nhint: {}", error.hint)
    }

    #[test]
    fn what_a_policy_leaves_out_comes_from_the_rows() {
        let defaults = Policy::defaults(ROWS);
        for gate in [&policy("").gate, &defaults.gate] {
            assert_eq!(gate.rule("secret").fail_on, Threshold::Any);
            assert_eq!(gate.rule("secret").max_age_days, None);
            assert_eq!(gate.rule("dependency").max_age_days, Some(7));
            assert_eq!(gate.rule("telepathy").fail_on, Threshold::Any);
        }
        assert_eq!(policy("# nothing\n").sha256(), defaults.sha256());
        let environment = "[[environment]]\nname = \"a\"\ndeploy = { kind = \"process\", run = [] }\nhealth = { http = \"http://127.0.0.1:1/\" }\n";
        let required = |text: &str| -> Vec<&str> {
            let requires = &policy(text).environments[0].requires;
            requires.iter().map(|each| each.as_str()).collect()
        };
        assert_eq!(required(environment), ["tests", "dependencies"]);
        let stated = format!("{environment}requires = [\"sbom\", \"path\", \"sbom\"]\n");
        let stated = stated.replace("health", "# health").replace(
            "requires",
            "health = { http = \"http://127.0.0.1:1/\" }\nrequires",
        );
        assert_eq!(required(&stated), ["sbom", "path"]);
    }

    #[test]
    fn every_form_of_a_gate_is_read() {
        let gate = policy(&format!(
            "[gate]\nsecrets = \"low\"\ndependencies = {{ only_fixed = true, mode = \"report\" }}\n\
             path = {{ mode = {{ new_since = \"{COMMIT}\", until = 2027-01-31, owner = \"sre\" }} }}\n"
        ))
        .gate;
        assert_eq!(gate.rule("secret").fail_on, Threshold::Low);
        let dependencies = gate.rule("dependency");
        assert!(dependencies.only_fixed && dependencies.mode == Mode::Report);
        assert_eq!(dependencies.fail_on, Threshold::High);
        let moment = |text: &str| text.parse().unwrap();
        let mode = &gate.rule("path").mode;
        let since = mode.new_since(moment("2027-01-31T23:59:59Z")).unwrap();
        assert_eq!(
            (since.commit.as_str(), since.owner.as_str()),
            (COMMIT, "sre")
        );
        assert_eq!(mode.new_since(moment("2027-02-01T00:00:00Z")), None);
    }

    #[test]
    fn an_inspector_reads_its_own_table() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Own {
            rules: String,
        }
        impl Default for Own {
            fn default() -> Self {
                Self {
                    rules: "ours".to_owned(),
                }
            }
        }
        let read = |text: &str| policy(text).settings::<Own>(Some("secrets"));
        assert_eq!(read("").unwrap().rules, "ours");
        assert_eq!(
            read("secrets.rules = \"theirs\"\n").unwrap().rules,
            "theirs"
        );
        let error = told(&read("\n[secrets]\nrule = \"x\"\n").unwrap_err());
        assert!(error.starts_with("plimsoll.toml:3:1: "), "{error}");
        assert!(error.contains("did you mean `rules`?"), "{error}");
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
            ("[gaps]\nstal = \"warn\"\n", "plimsoll.toml:2:", "`stale`"),
            ("[secret]\n", "plimsoll.toml:1:", "did you mean `secrets`?"),
            (
                "[gate]\npath = { max_age_days = 3 }\n",
                "plimsoll.toml:2:",
                "judges by no data",
            ),
            (
                "[gate]\npath = { mode = \"reprot\" }\n",
                "plimsoll.toml:2:",
                "did you mean `report`?",
            ),
            (
                "[gate]\npath = { mode = { new_since = \"main\", until = 2027-01-31, owner = \"sre\" } }\n",
                "plimsoll.toml:2:",
                "git rev-parse main",
            ),
            (
                "[gate]\npath = { mode = { new_since = \"c0ffee0000000000000000000000000000000000\", until = 2027-01-31 } }\n",
                "plimsoll.toml:2:",
                "owner",
            ),
            (
                "[[waiver]]\nid = \"secret/x\"\npath = \"a/[\"\nreason = \"r\"\nowner = \"sre\"\nexpires = 2026-12-31\n",
                "plimsoll.toml:3:",
                "neither a path nor a glob",
            ),
            (
                "[[rule]]\nid = \"path/x\"\nseverity = \"unknown\"\nreason = \"r\"\n",
                "plimsoll.toml:3:",
                "low, medium, high or critical",
            ),
            (
                "[[rule]]\nid = \"path/x\"\nseverity = \"low\"\nreason = \"r\"\n[[rule]]\nid = \"path/x\"\nseverity = \"high\"\nreason = \"r\"\n",
                "plimsoll.toml:6:",
                "two rule tables",
            ),
            (
                "service = \"../shop\"\n",
                "plimsoll.toml:1:",
                "cannot name a service",
            ),
            (
                "\n[[waiver]]\nid = \"secret/x\"\nreason = \" \"\nowner = \"sre\"\nexpires = 2026-12-31\n",
                "plimsoll.toml:4:",
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
    fn an_id_that_nothing_reports_is_refused() {
        let known = KnownIds {
            is_rule: &|id| id.as_str() == "secret/x",
            is_gap: &|id| id.as_str() == "secret/gap",
            nearest: &|_| "secret/x".parse().ok(),
        };
        let waiver = |id: &str| {
            let waiver = format!(
                "[[waiver]]\nreason = \"{id}\"\nid = \"{id}\"\nowner = \"sre\"\nexpires = 2026-12-31\n"
            );
            policy(&waiver).require_known_ids(&known)
        };
        let rule = |id: &str| {
            let rule = format!("[[rule]]\nid = \"{id}\"\nseverity = \"low\"\nreason = \"r\"\n");
            policy(&rule).require_known_ids(&known)
        };
        for accepted in [waiver("secret/x"), waiver("secret/gap"), rule("secret/x")] {
            assert!(accepted.is_ok());
        }
        let refused = told(&waiver("secrt/x").unwrap_err());
        assert!(refused.starts_with("plimsoll.toml:3:6: "), "{refused}");
        assert!(refused.contains("did you mean `secret/x`?"), "{refused}");
        let gap = told(&rule("secret/gap").unwrap_err());
        assert!(gap.contains("a kind of gap"), "{gap}");
    }

    #[test]
    fn an_environment_must_follow_one_that_exists() {
        let environment = |name: &str, after: &str| {
            format!(
                "[[environment]]\nname = \"{name}\"\n{after}deploy = {{ kind = \"process\", run = [\"{{artifact}}\"] }}\nhealth = {{ http = \"http://127.0.0.1:1/\" }}\n"
            )
        };
        assert!(Policy::parse(&environment("a", ""), "p", ROWS).is_ok());
        assert!(error(&environment("../a", "")).contains("cannot name an environment"));
        assert!(
            error(&environment("a", "after = \"b\"\n")).contains("not an environment above it")
        );
        assert!(
            error(&(environment("a", "") + &environment("a", "")))
                .contains("two environment tables")
        );
        for (word, hint) in [
            ("secret", "did you mean `secrets`?"),
            ("probe", "this build has no `probe`"),
        ] {
            let text = environment("a", &format!("requires = [\"tests\",\n\"{word}\"]\n"));
            let error = error(&text);
            assert!(
                error.starts_with("plimsoll.toml:4:1: ") && error.contains(hint),
                "{error}"
            );
        }
        let kubernetes = environment("a", "").replace("process", "kubernetes");
        assert!(
            error(&kubernetes).contains("this build has no `kubernetes`"),
            "{}",
            error(&kubernetes)
        );
    }
}
