//! What a rule finds, a gap leaves unchecked or a reason says, why it matters and what to do. The words
//! live in the rows of the registers.

use plimsoll_model::{GapKind, Outcome, RuleDoc, RuleId, Severity};

use crate::register;

/// The documentation of a rule, gap or reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its id.
    pub id: RuleId,
    /// What it is an id of.
    pub subject: Explained,
    /// What it finds, what is not checked, or what is the case.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What to do; empty when nothing needs doing.
    pub fix: String,
}

/// What an id is the id of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explained {
    /// A rule, with its severity at its worst.
    Rule(Severity),
    /// A gap of this kind.
    Gap(GapKind),
    /// A reason of verdicts, with what it makes of what was asked for.
    Reason(Outcome),
}

/// The documentation of a rule, gap or reason, or `None` for an id that no report of this build prints.
pub fn explain(id: &RuleId) -> Option<Explanation> {
    if let Some(rule) = register::find_rule(id) {
        return Some(explain_rule(id.clone(), rule));
    }
    if let Some(reason) = register::find_reason(id) {
        return Some(Explanation {
            id: id.clone(),
            subject: Explained::Reason(reason.outcome),
            title: reason.title.to_owned(),
            why: reason.why.to_owned(),
            fix: reason.fix.to_owned(),
        });
    }
    let gap = register::find_gap(id)?;
    Some(Explanation {
        id: id.clone(),
        subject: Explained::Gap(gap.kind),
        title: gap.title.to_owned(),
        why: gap.why.to_owned(),
        fix: gap.fix.to_owned(),
    })
}

/// Every rule, gap and reason that can be listed, and one entry for each family of rules that cannot.
pub fn explain_all() -> Vec<Explanation> {
    let families = register::inspectors().iter().filter_map(|row| {
        let family = row.family?;
        let rule = RuleDoc {
            name: family.pattern.into(),
            severity: Severity::Unknown,
            title: family.title.into(),
            why: family.why.into(),
            fix: family.fix.into(),
        };
        Some(explain_rule(RuleId::new(row.id, family.pattern), rule))
    });
    register::ids()
        .filter_map(|id| explain(&id))
        .chain(families)
        .collect()
}

fn explain_rule(id: RuleId, rule: RuleDoc) -> Explanation {
    Explanation {
        id,
        subject: Explained::Rule(rule.severity),
        title: rule.title.into_owned(),
        why: rule.why.into_owned(),
        fix: rule.fix.into_owned(),
    }
}
