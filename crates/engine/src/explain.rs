//! What a rule finds, why it matters and how to fix it. The words live with the rules.

use plimsoll_model::RuleId;

use crate::mask::OUR_RULES;

/// A rule's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it finds.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// How to fix it.
    pub fix: String,
}

/// The documentation of a rule, or `None` for an id that this build does not have.
pub fn explain(rule: &RuleId) -> Option<Explanation> {
    match rule.inspector() {
        "secret" => OUR_RULES.explain(rule.name()).map(|rule| Explanation {
            title: rule.title.to_owned(),
            why: rule.why.to_owned(),
            fix: rule.fix.to_owned(),
        }),
        "path" => {
            let rule = plimsoll_path::rules()
                .iter()
                .find(|known| known.id() == *rule)?;
            Some(Explanation {
                title: rule.what.to_owned(),
                why: rule.why.to_owned(),
                fix: rule.fix.to_owned(),
            })
        }
        "dependency" => Some(Explanation {
            title: format!("a component has the known flaw {}", rule.name()),
            why: "the locked version is in the range that the advisory names as affected"
                .to_owned(),
            fix: "raise the version to the one that fixes it, lock it, and check again".to_owned(),
        }),
        _ => None,
    }
}

/// The ids of all rules that have documentation of their own.
pub fn rule_ids() -> Vec<RuleId> {
    let path = plimsoll_path::rules().iter().map(|rule| rule.id());
    OUR_RULES.ids().chain(path).collect()
}
