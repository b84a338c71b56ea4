//! The rules of the release path; each holds its own documentation.

use std::borrow::Cow;
use std::sync::LazyLock;

use plimsoll_model::{Finding, Fix, Location, RuleDoc, RuleId, Severity};

use crate::pipeline::Pipeline;
use crate::prove::Proofs;

mod echo_only_gate;
mod gate_cannot_fail;
mod gate_skippable;
mod over_broad_permissions;
mod push_before_scan;
mod skip_input_reaches_production;

/// A rule and what people should know about it.
#[derive(Debug)]
pub struct Rule {
    /// Its id without `path/`.
    pub name: &'static str,
    /// How bad a finding of it is at its worst.
    pub severity: Severity,
    /// What it finds.
    pub what: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// How to fix it, whatever the dialect.
    pub fix: &'static str,
    /// The fix in a dialect, by its id.
    pub examples: &'static [(&'static str, &'static str)],
    pub(crate) check: Check,
}

/// What a rule judges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// What the file says by itself, however complex its runs are.
    File(fn(&Pipeline) -> Vec<Finding>),
    /// What happens in its runs.
    Runs(fn(&mut Proofs) -> Vec<Finding>),
}

static RULES: [&Rule; 6] = [
    &gate_skippable::RULE,
    &gate_cannot_fail::RULE,
    &echo_only_gate::RULE,
    &push_before_scan::RULE,
    &over_broad_permissions::RULE,
    &skip_input_reaches_production::RULE,
];

/// Every rule of this inspector.
pub fn rules() -> &'static [&'static Rule] {
    &RULES
}

/// Their documentation.
pub(crate) fn docs() -> &'static [RuleDoc] {
    static DOCS: LazyLock<Vec<RuleDoc>> = LazyLock::new(|| RULES.map(doc).to_vec());
    &DOCS
}

fn doc(rule: &Rule) -> RuleDoc {
    RuleDoc {
        name: Cow::Borrowed(rule.name),
        severity: rule.severity,
        title: Cow::Borrowed(rule.what),
        why: Cow::Borrowed(rule.why),
        fix: Cow::Owned(write_fix(rule)),
    }
}

/// The fix, then what it looks like in each dialect.
fn write_fix(rule: &Rule) -> String {
    let mut text = rule.fix.to_owned();
    for (dialect, example) in rule.examples {
        text.extend(["\n\nIn ", dialect, ":\n\n", example]);
    }
    text
}

impl Rule {
    /// Its public id.
    pub fn id(&self) -> RuleId {
        RuleId::new("path", self.name)
    }

    pub(crate) fn finding(
        &self,
        severity: Severity,
        message: String,
        at: &Location,
        fix: &str,
    ) -> Finding {
        let mut finding = Finding::new(self.id(), severity, message, at.clone());
        finding.fix = Some(Fix {
            message: fix.to_owned(),
            version: None,
        });
        finding
    }
}
