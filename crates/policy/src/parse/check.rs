//! What the parser cannot see of a policy by itself: names that stand for something elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{Inspector, RuleId, Severity, is_name};
use toml::de::{DeTable, DeValue};

use super::words;
use crate::{ApprovalRule, Policy, Requirement, Rows};

/// What is wrong with a policy, and where.
pub(super) struct Flaw {
    pub(super) at: Vec<Step>,
    pub(super) message: String,
    pub(super) hint: String,
}

/// One step from a table to what stands in it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The value of a key.
    Key(&'static str),
    /// An item of a list, from 0.
    Item(usize),
    /// A key by itself.
    Name(String),
}

use Step::{Item, Key, Name};

fn flaw(at: &[Step], message: impl Into<String>, hint: impl Into<String>) -> Flaw {
    Flaw {
        at: at.to_vec(),
        message: message.into(),
        hint: hint.into(),
    }
}

/// The first byte of what these steps lead to, or of the last thing on the way that is there.
pub(super) fn offset(document: &DeTable<'_>, at: &[Step]) -> usize {
    let mut offset = 0;
    let mut table = Some(document);
    let mut value = None;
    for step in at {
        let found = match step {
            Name(name) => {
                let keys = table.into_iter().flat_map(DeTable::keys);
                let key = keys.into_iter().find(|key| key.get_ref() == name);
                return key.map_or(offset, |key| key.span().start);
            }
            Key(key) => table.and_then(|table| table.get(*key)),
            Item(at) => value.and_then(|value: &DeValue<'_>| value.get(*at)),
        };
        let Some(found) = found else { return offset };
        offset = found.span().start;
        value = Some(found.get_ref());
        table = found.get_ref().as_table();
    }
    offset
}

/// Refuses a policy that contradicts itself, or names what nobody has.
pub(super) fn check(policy: &Policy, rows: Rows<'_>) -> Result<(), Flaw> {
    check_gate(policy, rows.inspectors)?;
    check_rules(policy)?;
    check_waivers(policy)?;
    check_environments(policy, rows)?;
    let people = policy.people.iter().map(|person| person.id.as_str());
    check_unique("person", "id", people)?;
    check_emails(policy)?;
    let builders = policy.builders.iter().map(|builder| builder.id.as_str());
    check_unique("builder", "id", builders)
}

fn check_gate(policy: &Policy, inspectors: &[&'static Inspector]) -> Result<(), Flaw> {
    for (key, stated) in &policy.gate.stated {
        let at = [Key("gate"), Name(key.clone())];
        let Some(row) = inspectors.iter().find(|row| row.gate_key == key) else {
            let hint = words::instead(key, &words::gate_keys(inspectors));
            return Err(flaw(&at, format!("unknown gate `{key}`"), hint));
        };
        if stated.states_max_age() && row.ages.is_none() {
            return Err(flaw(
                &at,
                format!("the gate `{key}` judges by no data that grows old"),
                "remove max_age_days",
            ));
        }
    }
    Ok(())
}

fn check_rules(policy: &Policy) -> Result<(), Flaw> {
    for (at, rule) in policy.rules.iter().enumerate() {
        if rule.severity == Severity::Unknown {
            return Err(flaw(
                &[Key("rule"), Item(at), Key("severity")],
                format!("nobody can set the severity of `{}` to unknown", rule.id),
                "write low, medium, high or critical",
            ));
        }
        if rule.reason.trim().is_empty() {
            return Err(flaw(
                &[Key("rule"), Item(at), Key("reason")],
                format!("the rule table for `{}` has an empty reason", rule.id),
                "say why its severity is another one here",
            ));
        }
    }
    check_unique(
        "rule",
        "id",
        policy.rules.iter().map(|rule| rule.id.as_str()),
    )
}

fn check_waivers(policy: &Policy) -> Result<(), Flaw> {
    for (at, waiver) in policy.waivers.iter().enumerate() {
        for (key, text) in [("reason", &waiver.reason), ("owner", &waiver.owner)] {
            if text.trim().is_empty() {
                return Err(flaw(
                    &[Key("waiver"), Item(at), Key(key)],
                    format!("the waiver for `{}` has an empty {key}", waiver.id),
                    "say why the exception is safe and who answers for it",
                ));
            }
        }
    }
    Ok(())
}

/// What is known of ids.
pub struct KnownIds<'a> {
    /// Whether it is the id of a rule.
    pub is_rule: &'a dyn Fn(&RuleId) -> bool,
    /// Whether it is the id of a kind of gap.
    pub is_gap: &'a dyn Fn(&RuleId) -> bool,
    /// The id that is most like one that is neither, where one is like it at all.
    pub nearest: &'a dyn Fn(&RuleId) -> Option<RuleId>,
}

/// Refuses ids that nothing reports: such a table would never match, and whoever wrote it relies on it.
pub(super) fn check_ids(policy: &Policy, known: &KnownIds<'_>) -> Result<(), Flaw> {
    for (at, rule) in policy.rules.iter().enumerate() {
        if !(known.is_rule)(&rule.id) {
            return Err(unknown_id("rule", at, &rule.id, known));
        }
    }
    for (at, waiver) in policy.waivers.iter().enumerate() {
        if !(known.is_rule)(&waiver.id) && !(known.is_gap)(&waiver.id) {
            return Err(unknown_id("waiver", at, &waiver.id, known));
        }
    }
    Ok(())
}

fn unknown_id(table: &'static str, at: usize, id: &RuleId, known: &KnownIds<'_>) -> Flaw {
    let message = if (known.is_gap)(id) {
        format!("`{id}` is a kind of gap, which has no severity")
    } else {
        format!("no rule and no gap of this build has the id `{id}`")
    };
    let hint = match (known.nearest)(id) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`plimsoll explain` lists the ids of this build".to_owned(),
    };
    flaw(&[Key(table), Item(at), Key("id")], message, hint)
}

fn check_environments(policy: &Policy, rows: Rows<'_>) -> Result<(), Flaw> {
    let mut names = BTreeSet::new();
    for (at, environment) in policy.environments.iter().enumerate() {
        let name = &environment.name;
        let here = |key| vec![Key("environment"), Item(at), Key(key)];
        if !is_name(name) {
            // It stands in paths and in keys of the ledger.
            return Err(flaw(
                &here("name"),
                format!("`{name}` cannot name an environment"),
                "use letters, digits, `.`, `_` and `-`, at most 100, and begin with a letter or digit",
            ));
        }
        if let Some(after) = &environment.after
            && !names.contains(after.as_str())
        {
            return Err(flaw(
                &here("after"),
                format!(
                    "environment `{name}` comes after `{after}`, which is not an environment above it"
                ),
                "write [[environment]] tables in the order in which releases pass them",
            ));
        }
        if !names.insert(name.as_str()) {
            return Err(twice("environment", name, &here("name")));
        }
        if let Some(words) = &environment.stated_requires {
            check_requires(words, &here("requires"), rows)?;
        }
        for (number, rule) in environment.approvals.iter().enumerate() {
            let mut here = here("approval");
            here.push(Item(number));
            check_approval(policy, name, rule, here)?;
        }
    }
    Ok(())
}

fn check_requires(words: &[String], at: &[Step], rows: Rows<'_>) -> Result<(), Flaw> {
    let known: Vec<&str> = Requirement::all(rows)
        .iter()
        .map(|known| known.as_str())
        .collect();
    for (number, word) in words.iter().enumerate() {
        if !known.contains(&word.as_str()) {
            let mut at = at.to_vec();
            at.push(Item(number));
            let hint = words::instead(word, &known);
            return Err(flaw(&at, format!("unknown requirement `{word}`"), hint));
        }
    }
    Ok(())
}

fn check_approval(
    policy: &Policy,
    environment: &str,
    rule: &ApprovalRule,
    mut at: Vec<Step>,
) -> Result<(), Flaw> {
    let group = &rule.group;
    if rule.count == 0 {
        at.push(Key("count"));
        return Err(flaw(
            &at,
            format!("environment `{environment}` asks for 0 approvals of group `{group}`"),
            "write count = 1 or more, or remove the [[environment.approval]] table",
        ));
    }
    let people = policy.people.iter();
    let members = people
        .filter(|person| person.groups.contains(group))
        .count();
    if members < rule.count as usize {
        at.push(Key("group"));
        return Err(flaw(
            &at,
            format!(
                "environment `{environment}` asks for {} approvals of group `{group}`, which has {members} people",
                rule.count
            ),
            format!("add groups = [\"{group}\"] to enough [[person]] tables"),
        ));
    }
    Ok(())
}

/// An address of two people would let one of them pass for the other.
fn check_emails(policy: &Policy) -> Result<(), Flaw> {
    let mut owners = BTreeMap::new();
    for (at, person) in policy.people.iter().enumerate() {
        for (number, email) in person.emails.iter().enumerate() {
            let owner = owners
                .entry(email.to_ascii_lowercase())
                .or_insert(&person.id);
            if *owner != &person.id {
                let (first, second) = (owner, &person.id);
                return Err(flaw(
                    &[Key("person"), Item(at), Key("emails"), Item(number)],
                    format!("`{email}` is an address of both `{first}` and `{second}`"),
                    "give each address to one [[person]]",
                ));
            }
        }
    }
    Ok(())
}

fn check_unique<'a>(
    table: &'static str,
    key: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if !seen.insert(name) {
            return Err(twice(table, name, &[Key(table), Item(at), Key(key)]));
        }
    }
    Ok(())
}

fn twice(table: &str, name: &str, at: &[Step]) -> Flaw {
    flaw(
        at,
        format!("there are two {table} tables `{name}`"),
        "write one of each name",
    )
}
