//! Files of rules in the gitleaks dialect (TOML, as of gitleaks 8.30).
//!
//! A file is taken whole or refused with the key that this build does not do. Commits in allowlists
//! are taken and never hold, as in a scan of a folder: a tree has no commit.

use std::sync::OnceLock;

use plimsoll_model::Severity;

use crate::RulesError;
use crate::allowlist::{Allowlist, Condition, Target};
use crate::dialect::Expression;
use crate::keys::{Keys, Origin, Written};
use crate::paths::PathId;
use crate::pattern::Pattern;
use crate::rule::Rule;

/// The longest keyword that is taken; the longest of gitleaks' own rules has about 30 bytes.
const MAX_KEYWORD_BYTES: usize = 256;

/// Rules and allowlists with the patterns over paths that they name by number.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) allowlists: Vec<Allowlist>,
    pub(crate) paths: Vec<String>,
}

/// A rule as it is written: what is absent may come from the rule of the same id that it extends.
pub(crate) struct Draft<'a> {
    id: String,
    description: Option<String>,
    pattern: Option<Expression>,
    secret_group: Option<usize>,
    entropy: Option<f64>,
    keywords: Vec<String>,
    path: Option<PathId>,
    allowlists: Vec<Allowlist>,
    skip: bool,
    /// Its table, for errors that only the whole file can show.
    keys: Keys<'a>,
}

/// Reads a file of rules; `default` is what `extend.useDefault` adds to.
pub(crate) fn load(
    text: &str,
    origin: &str,
    default: impl FnOnce() -> RuleSet,
) -> Result<RuleSet, RulesError> {
    let origin = Origin {
        name: origin,
        text,
        embedded: false,
    };
    let document = origin.parse()?;
    let mut keys = Keys::new(origin, "", 0, &document);
    refuse_extended(&mut keys)?;
    for key in ["title", "description", "minVersion"] {
        keys.text(key)?;
    }
    let mut set = extended(&mut keys, default)?;
    let extends = !set.rules.is_empty();
    let mut drafts = Vec::new();
    for rule in keys.tables("rules")? {
        drafts.push(draft(rule, &mut set.paths)?);
    }
    let inherited = set.rules.len();
    for draft in drafts {
        apply(&mut set.rules, draft, inherited)?;
    }
    global_allowlists(&mut keys, &mut set, extends)?;
    keys.finish("title, description, minVersion, extend, rules, allowlists")?;
    Ok(set)
}

/// Reads one rule and finishes its table.
pub(crate) fn draft<'a>(
    mut keys: Keys<'a>,
    paths: &mut Vec<String>,
) -> Result<Draft<'a>, RulesError> {
    let id = id(&mut keys)?;
    refuse_extended(&mut keys)?;
    keys.refuse(
        "required",
        "makes the rule depend on another; this build does not do that, and the rule alone would report more",
        "remove the rule, or write one expression that holds both parts",
    )?;
    let description = keys.text("description")?.map(|written| written.text);
    let pattern = keys
        .text("regex")?
        .filter(|written| !written.text.is_empty());
    let pattern = pattern
        .map(|written| keys.expression(&written))
        .transpose()?;
    let secret_group = secret_group(&mut keys, pattern.as_ref())?;
    let entropy = keys.number("entropy")?;
    let keywords = keywords(&mut keys)?;
    let path = keys
        .text("path")?
        .filter(|written| !written.text.is_empty());
    let path = path
        .map(|written| {
            keys.expression(&written)
                .map(|path| number(paths, path.text()))
        })
        .transpose()?;
    keys.texts("tags")?;
    let skip = keys.flag("skipReport")?;
    let allowlists = allowlists(&mut keys, paths)?
        .into_iter()
        .map(|(list, _)| list)
        .collect();
    keys.finish(
        "id, description, path, regex, secretGroup, entropy, keywords, tags, skipReport, allowlists",
    )?;
    Ok(Draft {
        id,
        description,
        pattern,
        secret_group,
        entropy,
        keywords,
        path,
        allowlists,
        skip,
        keys,
    })
}

impl Draft<'_> {
    /// The rule on its own.
    pub(crate) fn finish(self) -> Result<Rule, RulesError> {
        if self.pattern.is_none() && self.path.is_none() {
            let problem = "the rule has neither `regex` nor `path`";
            return Err(self.keys.problem(problem, "give it one of them"));
        }
        Ok(Rule {
            title: self.description.unwrap_or_else(|| self.id.clone()),
            severity: Severity::Unknown,
            why: String::new(),
            fix: String::new(),
            pattern: self.pattern.map(Pattern::new),
            secret_group: self.secret_group,
            entropy: self.entropy.unwrap_or(0.0),
            keywords: self.keywords,
            path: self.path,
            allowlists: self.allowlists,
            generic: self.id.to_ascii_lowercase().contains("generic"),
            skip: self.skip,
            id: self.id,
        })
    }

    /// Lays what is written over the rule of the same id.
    fn extend(self, rule: &mut Rule) {
        if let Some(description) = self.description {
            rule.title = description;
        }
        if let Some(pattern) = self.pattern {
            rule.pattern = Some(Pattern::new(pattern));
        }
        rule.secret_group = self.secret_group.or(rule.secret_group);
        rule.entropy = self.entropy.unwrap_or(rule.entropy);
        rule.path = self.path.or(rule.path);
        rule.skip |= self.skip;
        rule.keywords.extend(self.keywords);
        rule.allowlists.extend(self.allowlists);
    }
}

/// The rule's id, which from here on names the rule in messages.
fn id(keys: &mut Keys<'_>) -> Result<String, RulesError> {
    let id = keys
        .text("id")?
        .ok_or_else(|| keys.problem("a rule has no `id`", "give it one"))?;
    keys.name(format!("rule `{}`", id.text));
    if id.text.is_empty()
        || id
            .text
            .contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
    {
        return Err(keys.problem_with(
            &id,
            "the `id` has white space or a slash, or is empty",
            "write a-kebab-name",
        ));
    }
    Ok(id.text)
}

/// Adds a rule, or lays it over the one of the same id among the first `inherited`.
fn apply(rules: &mut Vec<Rule>, draft: Draft<'_>, inherited: usize) -> Result<(), RulesError> {
    match rules.iter().position(|rule| rule.id == draft.id) {
        Some(at) if at < inherited => draft.extend(&mut rules[at]),
        Some(_) => {
            let fix = "make one rule of them, or give one another id";
            return Err(draft.keys.problem("the id stands twice", fix));
        }
        None => rules.push(draft.finish()?),
    }
    Ok(())
}

fn extended(keys: &mut Keys<'_>, default: impl FnOnce() -> RuleSet) -> Result<RuleSet, RulesError> {
    let Some(mut extend) = keys.table("extend")? else {
        return Ok(RuleSet::default());
    };
    extend.refuse(
        "url",
        "asks for the network",
        "fetch the file and pin it by digest in the policy",
    )?;
    extend.refuse(
        "path",
        "names another file, which is not read",
        "write the rules of both into one file",
    )?;
    let disabled = extend.texts("disabledRules")?;
    let mut set = if extend.flag("useDefault")? {
        default()
    } else {
        RuleSet::default()
    };
    set.rules
        .retain(|rule| !disabled.iter().any(|id| id.text == rule.id));
    extend.finish("useDefault, disabledRules")?;
    Ok(set)
}

fn global_allowlists(
    keys: &mut Keys<'_>,
    set: &mut RuleSet,
    extends: bool,
) -> Result<(), RulesError> {
    for (list, targets) in allowlists(keys, &mut set.paths)? {
        if targets.is_empty() {
            set.allowlists.push(list);
            continue;
        }
        for target in targets {
            match set.rules.iter_mut().find(|rule| rule.id == target.text) {
                Some(rule) => rule.allowlists.push(list.twin()),
                None if extends => {}
                None => {
                    let problem = format!(
                        "`targetRules` names `{}`, which is no rule of this file",
                        target.text
                    );
                    return Err(keys.problem_with(
                        &target,
                        &problem,
                        "correct the id or remove it",
                    ));
                }
            }
        }
    }
    Ok(())
}

fn allowlists(
    keys: &mut Keys<'_>,
    paths: &mut Vec<String>,
) -> Result<Vec<(Allowlist, Vec<Written>)>, RulesError> {
    let old = keys.table("allowlist")?;
    let new = keys.tables("allowlists")?;
    if old.is_some() && !new.is_empty() {
        return Err(keys.problem(
            "both `allowlist` and `allowlists` are there",
            "move the old one into `allowlists`",
        ));
    }
    old.into_iter()
        .chain(new)
        .map(|table| allowlist(table, paths))
        .collect()
}

fn allowlist(
    mut keys: Keys<'_>,
    paths: &mut Vec<String>,
) -> Result<(Allowlist, Vec<Written>), RulesError> {
    keys.text("description")?;
    let condition = condition(&mut keys)?;
    let target = target(&mut keys)?;
    let mut ids = Vec::new();
    for written in keys.texts("paths")? {
        ids.push(number(paths, keys.expression(&written)?.text()));
    }
    let written = keys.texts("regexes")?;
    let regexes = written
        .iter()
        .map(|regex| keys.expression(regex))
        .collect::<Result<_, _>>()?;
    let stopwords = keys
        .texts("stopwords")?
        .into_iter()
        .map(|word| word.text)
        .collect();
    let commits = !keys.texts("commits")?.is_empty();
    let list = Allowlist {
        condition,
        target,
        paths: ids,
        regexes,
        stopwords,
        commits,
        compiled: OnceLock::new(),
    };
    if list.is_empty() {
        return Err(keys.problem(
            "the allowlist has no condition",
            "give it paths, regexes, stopwords or commits",
        ));
    }
    let targets = keys.texts("targetRules")?;
    keys.finish(
        "description, condition, commits, paths, regexTarget, regexes, stopwords, targetRules",
    )?;
    Ok((list, targets))
}

fn condition(keys: &mut Keys<'_>) -> Result<Condition, RulesError> {
    let Some(written) = keys.text("condition")? else {
        return Ok(Condition::Any);
    };
    match written.text.to_ascii_uppercase().as_str() {
        "" | "OR" | "||" => Ok(Condition::Any),
        "AND" | "&&" => Ok(Condition::All),
        _ => Err(keys.problem_with(
            &written,
            "the `condition` is not known",
            "write \"OR\" or \"AND\"",
        )),
    }
}

fn target(keys: &mut Keys<'_>) -> Result<Target, RulesError> {
    let Some(written) = keys.text("regexTarget")? else {
        return Ok(Target::Secret);
    };
    match written.text.as_str() {
        "" | "secret" => Ok(Target::Secret),
        "match" => Ok(Target::Match),
        "line" => Ok(Target::Line),
        _ => Err(keys.problem_with(
            &written,
            "the `regexTarget` is not known",
            "write \"secret\", \"match\" or \"line\"",
        )),
    }
}

fn keywords(keys: &mut Keys<'_>) -> Result<Vec<String>, RulesError> {
    let written = keys.texts("keywords")?;
    written.iter().map(|word| keyword(keys, word)).collect()
}

/// A keyword in lower case. All keywords are searched for at once, which a long one makes slow.
fn keyword(keys: &Keys<'_>, written: &Written) -> Result<String, RulesError> {
    if written.text.len() > MAX_KEYWORD_BYTES {
        let problem = format!("the keyword has {} bytes", written.text.len());
        let fix = format!("write the first {MAX_KEYWORD_BYTES} or fewer of them");
        return Err(keys.problem_with(written, &problem, &fix));
    }
    Ok(written.text.to_ascii_lowercase())
}

fn secret_group(
    keys: &mut Keys<'_>,
    pattern: Option<&Expression>,
) -> Result<Option<usize>, RulesError> {
    let Some(group) = keys.count("secretGroup")?.filter(|group| *group > 0) else {
        return Ok(None);
    };
    let groups = pattern.map_or(0, crate::dialect::groups);
    if group > groups {
        let problem = format!("`secretGroup` is {group}, but the regex has {groups} groups");
        return Err(keys.problem(&problem, "number the group that holds the secret, from 1"));
    }
    Ok(Some(group))
}

fn refuse_extended(keys: &mut Keys<'_>) -> Result<(), RulesError> {
    let reason = "belongs to the extended dialect, whose expressions this build does not evaluate";
    let fix = "write it as keywords, regex, entropy and allowlists, or remove what holds it";
    for key in [
        "betterleaksMinVersion",
        "prefilter",
        "filter",
        "validate",
        "tokenEfficiency",
        "specificity",
    ] {
        keys.refuse(key, reason, fix)?;
    }
    Ok(())
}

fn number(paths: &mut Vec<String>, pattern: &str) -> PathId {
    let at = paths.iter().position(|path| path == pattern);
    at.unwrap_or_else(|| {
        paths.push(pattern.to_owned());
        paths.len() - 1
    })
}

#[cfg(test)]
mod tests;
