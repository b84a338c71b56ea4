//! Approvals: whose word lets a release into an environment, and for how long it counts.
//!
//! An approval is for one deployment. Once the release was deployed there, well or not, the next time
//! needs another word: what failed or was taken back must not return on an old one.

use std::collections::BTreeSet;

use plimsoll_model::{Approval, Body, Evidence, Reason, Signatory};

use super::{Case, is_about_all, provenance, signatory_name};
use crate::reasons::{APPROVED, NOT_APPROVED};
use crate::{ApprovalRule, Role};

impl Case<'_> {
    pub(super) fn approvals(&self, rule: &ApprovalRule) -> Reason {
        let mut approvers = BTreeSet::new();
        let mut refused = BTreeSet::new();
        let mut counted = Vec::new();
        let deployed = self
            .last_deployment(&self.request.environment.name)
            .map(|(at, _, _)| at);
        for (at, evidence, approval) in self.approvals_of_it() {
            let used = deployed.is_some_and(|deployed| at < deployed);
            let used = used.then(|| "an approval that an earlier deployment used up".to_owned());
            let refusal = used.or_else(|| self.stale(approval));
            let refusal = refusal.or_else(|| self.refusal(rule, &evidence.signed_by));
            if let Some(refusal) = refusal {
                refused.insert(refusal);
            } else {
                counted.push(evidence.id);
                approvers.insert(signatory_name(&evidence.signed_by));
            }
        }
        let reason = self.approval_reason(rule, &approvers, &refused);
        reason.resting_on(counted)
    }

    /// The approvals of this release for this environment, with their places in the evidence. An approval
    /// is of the whole release: one that names less of it, or more, is of another.
    fn approvals_of_it(&self) -> impl Iterator<Item = (usize, &Evidence, &Approval)> {
        let request = self.request;
        let evidence = request.evidence.iter().enumerate();
        evidence.filter_map(move |(at, evidence)| {
            let Body::Approval(approval) = &evidence.body else {
                return None;
            };
            let ours = is_about_all(evidence, request.subjects)
                && approval.service == *request.service
                && approval.release == *request.release
                && approval.environment == request.environment.name;
            ours.then_some((at, evidence, approval))
        })
    }

    fn approval_reason(
        &self,
        rule: &ApprovalRule,
        approvers: &BTreeSet<String>,
        refused: &BTreeSet<String>,
    ) -> Reason {
        let names: Vec<&str> = approvers.iter().map(String::as_str).collect();
        if approvers.len() >= rule.count as usize {
            let message = format!(
                "approved by {} for group `{}`",
                names.join(", "),
                rule.group
            );
            return APPROVED.reason("approval", message);
        }
        let mut message = format!(
            "waits for {} of {} from group `{}`",
            rule.count as usize - approvers.len(),
            rule.count,
            rule.group
        );
        for refusal in refused {
            message.push_str("; not counted: ");
            message.push_str(refusal);
        }
        let hint = format!(
            "a member of `{}` runs `plimsoll approve {} --to {}`",
            rule.group, self.request.release, self.request.environment.name
        );
        NOT_APPROVED.reason("approval", message).with_hint(hint)
    }

    fn stale(&self, approval: &Approval) -> Option<String> {
        if approval.expires_at <= self.request.now {
            return Some(format!(
                "an approval that expired at {}",
                approval.expires_at
            ));
        }
        (approval.policy_sha256 != self.policy.sha256()).then(|| {
            format!(
                "an approval given under another policy ({})",
                approval.policy_sha256.short()
            )
        })
    }

    /// Why an approval by this signatory does not count for the rule.
    pub(super) fn refusal(&self, rule: &ApprovalRule, approver: &Signatory) -> Option<String> {
        let person = match approver {
            Signatory::Person(id) => self.policy.person(id),
            Signatory::Builder(id) => return Some(format!("builder `{id}` is not a person")),
            Signatory::Unknown(key) => {
                return Some(format!("key {} belongs to no [[person]]", key.short()));
            }
        };
        let Some(person) = person else {
            return Some(format!("{} is not in the policy", signatory_name(approver)));
        };
        if !person.groups.contains(&rule.group) {
            return Some(format!("`{}` is not in group `{}`", person.id, rule.group));
        }
        rule.exclude
            .iter()
            .find_map(|role| self.excluded(*role, &person.id))
    }

    fn excluded(&self, role: Role, person: &str) -> Option<String> {
        let is = |who: &str| format!("`{person}` is the {who} of this release");
        match role {
            Role::Author => match self.authors() {
                None => Some(
                    "who wrote the commit is not known, so nobody can be told apart".to_owned(),
                ),
                Some(authors) => authors.contains(person).then(|| is(role.as_str())),
            },
            Role::Requester => match self.request.requester {
                Signatory::Unknown(_) => Some(
                    "who asked for the promotion is not known, so nobody can be told apart"
                        .to_owned(),
                ),
                Signatory::Person(id) | Signatory::Builder(id) => {
                    (id == person).then(|| is(role.as_str()))
                }
            },
            Role::Builder => match self.builders() {
                None => Some("who built it is not known, so nobody can be told apart".to_owned()),
                Some(builders) => builders.contains(person).then(|| is(role.as_str())),
            },
        }
    }

    /// Who built each of the subjects; `None` when that is not known of one.
    fn builders(&self) -> Option<BTreeSet<&str>> {
        let evidence = self.request.evidence;
        let subjects = self.request.subjects.iter();
        let origins = subjects.map(|subject| super::origin(subject, evidence));
        origins
            .map(|origin| origin.map(|(_, provenance)| provenance.builder.as_str()))
            .collect()
    }

    /// The people behind every commit that these bytes were built from; `None` when one address
    /// belongs to nobody in the policy, or when it is not known where one of the subjects comes from.
    /// Equal bytes may come from several commits.
    fn authors(&self) -> Option<BTreeSet<&str>> {
        let mut authors = BTreeSet::new();
        for subject in self.request.subjects {
            let mut built = self
                .request
                .evidence
                .iter()
                .filter_map(|evidence| provenance(subject, evidence))
                .peekable();
            built.peek()?;
            for provenance in built {
                if provenance.authors.is_empty() {
                    return None;
                }
                for email in &provenance.authors {
                    authors.insert(self.policy.person_by_email(email)?.id.as_str());
                }
            }
        }
        Some(authors)
    }
}
