//! `[[rule]]`: what the policy makes of the severity of single rules.

use std::collections::BTreeMap;

use plimsoll_model::{Finding, Reason, RuleId, Severity};
use serde::Deserialize;

use crate::Policy;
use crate::reasons::RULE_LOWERED;

/// The severity that a rule has here, in place of the one that it has in this build.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleOverride {
    /// The rule.
    pub id: RuleId,
    /// How bad its findings are here.
    pub severity: Severity,
    /// Why.
    pub reason: String,
}

impl Policy {
    /// How bad a finding is by this policy.
    pub fn severity(&self, finding: &Finding) -> Severity {
        let own = self
            .lookup(&finding.rule)
            .map_or(finding.severity, |rule| rule.severity);
        let raised = self.raised.iter().filter(|rule| rule.id == finding.rule);
        raised.map(|rule| rule.severity).fold(own, Severity::max)
    }

    fn lookup(&self, id: &RuleId) -> Option<&RuleOverride> {
        self.rules.iter().find(|rule| rule.id == *id)
    }

    /// One line for each rule of which findings are taken for less than they are.
    pub(crate) fn lowered<'a>(&self, findings: impl Iterator<Item = &'a Finding>) -> Vec<Reason> {
        let mut lowered: BTreeMap<(&RuleId, Severity, Severity), usize> = BTreeMap::new();
        for finding in findings {
            let here = self.severity(finding);
            if here < finding.severity {
                *lowered
                    .entry((&finding.rule, finding.severity, here))
                    .or_insert(0) += 1;
            }
        }
        let reasons = lowered.into_iter().map(|((id, from, to), count)| {
            let why = self.lookup(id).map_or("", |rule| &rule.reason);
            let findings = crate::gate::plural(count, "finding");
            let message = format!("{findings} of {id} taken for {to} instead of {from}: {why}");
            RULE_LOWERED.reason("rule", message)
        });
        reasons.collect()
    }
}
