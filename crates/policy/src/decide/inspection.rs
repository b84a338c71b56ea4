//! Inspections: what an inspector saw of the source, judged by the policy of now.

use plimsoll_model::{
    About, Body, Extent, Finding, Gap, GapKind, Inspected, Inspector, Outcome, Ran, Reason, RuleId,
};

use super::{Case, worst_of};
use crate::gate::{self, Strictness};
use crate::reasons::{
    DATA_OUTDATED, FINDINGS_DENY, INSPECTED, NOT_ALL_CHECKED, NOT_INSPECTED, OLD_RULES,
    ONLY_REPORTS, OTHER_POLICY, TREE_DENIED,
};
use crate::{Disposition, Mode};

impl Case<'_> {
    pub(super) fn inspection(&self, about: &str, inspector: &str) -> Reason {
        if self.policy.gate.rule(inspector).mode == Mode::Report {
            let message = "its gate only reports, which proves nothing";
            return ONLY_REPORTS.reason(about, message);
        }
        let is_wanted = |ran: &&Ran| ran.inspector == inspector && ran.scope.covers(&Extent::Root);
        let inspections = self.believed(About::One, |body| match body {
            Body::Inspection(inspected) => {
                let ran = inspected.inspectors.iter().find(is_wanted)?;
                Some((inspected, ran))
            }
            _ => None,
        });
        let reasons = inspections.into_iter().map(|(evidence, (inspected, ran))| {
            let reason = self.judge_inspection(about, inspected, ran);
            reason.resting_on([evidence.id])
        });
        worst_of(reasons).unwrap_or_else(|| {
            NOT_INSPECTED.reason(about, "no signed inspection of all of this source")
        })
    }

    fn judge_inspection(&self, about: &str, inspected: &Inspected, ran: &Ran) -> Reason {
        if let Some(refused) = self.refuse_old_rules(about, ran) {
            return refused;
        }
        if inspected.policy_sha256 != self.policy.sha256() {
            let message = format!(
                "inspected under policy {}, this is {}",
                inspected.policy_sha256.short(),
                self.policy.identity()
            );
            return OTHER_POLICY.reason(about, message);
        }
        self.judge(about, inspected, ran)
    }

    fn row(&self, inspector: &str) -> Option<&'static Inspector> {
        let mut rows = self.policy.gate.rules().map(|(row, _)| row);
        rows.find(|row| row.id == inspector)
    }

    /// Evidence of rules that this build no longer takes the word of.
    fn refuse_old_rules(&self, about: &str, ran: &Ran) -> Option<Reason> {
        let accepts_from = self
            .row(&ran.inspector)
            .map_or(u32::MAX, |row| row.accepts_from);
        (ran.semantics < accepts_from).then(|| {
            let message = format!(
                "inspected by rules of before semantics {accepts_from} (they were {}): inspect again",
                ran.semantics
            );
            OLD_RULES.reason(about, message)
        })
    }

    fn judge(&self, about: &str, inspected: &Inspected, ran: &Ran) -> Reason {
        let tally = self.count(inspected, &ran.inspector);
        if tally.denied > 0 {
            let message = format!("{} findings deny", tally.denied);
            return FINDINGS_DENY.reason(about, message);
        }
        if tally.gaps > 0 {
            let message = format!("{} places were not checked", tally.gaps);
            return NOT_ALL_CHECKED.reason(about, message);
        }
        if let Some(outdated) = self.outdated(about, ran) {
            return outdated;
        }
        if inspected.gates.get(&ran.inspector) == Some(&Outcome::Deny) {
            let message = "the inspected tree's own stricter policy denied";
            return TREE_DENIED.reason(about, message);
        }
        self.pass(about, inspected, ran, tally.older)
    }

    /// What is said of an inspection against which nothing speaks.
    fn pass(&self, about: &str, inspected: &Inspected, ran: &Ran, older: usize) -> Reason {
        let rule = self.policy.gate.rule(&ran.inspector);
        let now = self.request.now;
        let mut parts = vec![gate::nothing_seen(ran, rule, now)];
        if let Some(since) = rule.mode.new_since(now) {
            parts.push(gate::older(older, since));
        }
        let own = findings_of(inspected, &ran.inspector);
        let lowered = self.policy.lowered(own).into_iter();
        parts.extend(lowered.map(|reason| reason.message));
        INSPECTED.reason(about, parts.join("; "))
    }

    /// What speaks against an inspection now, by what one inspector saw.
    fn count(&self, inspected: &Inspected, inspector: &str) -> Tally {
        let mut tally = Tally::default();
        for finding in findings_of(inspected, inspector) {
            let made = self
                .policy
                .judge(finding, &inspected.baselines, self.request.now);
            match made {
                Disposition::Denies => tally.denied += 1,
                Disposition::Older(_) => tally.older += 1,
                Disposition::Warns
                | Disposition::Below
                | Disposition::Waived(_)
                | Disposition::Reported => {}
            }
        }
        let gaps = inspected.gaps.iter();
        let gaps = gaps.filter(|gap| gap.id.inspector() == inspector);
        tally.gaps = gaps.filter(|gap| self.is_unproven(gap)).count();
        tally
    }

    fn is_unproven(&self, gap: &Gap) -> bool {
        let strictness = Strictness::EveryGap;
        self.policy.judge_gap(gap, strictness, self.request.now) == Disposition::Denies
    }

    /// Data that was fresh when the commit was inspected may be too old when the release enters.
    fn outdated(&self, about: &str, ran: &Ran) -> Option<Reason> {
        let max_age = self.policy.gate.rule(&ran.inspector).max_age()?;
        let aging = ran
            .inputs
            .iter()
            .filter_map(|input| Some((input.as_of?, input)));
        let (as_of, oldest) = aging.min_by_key(|(as_of, _)| *as_of)?;
        let age = self.request.now.duration_since(as_of);
        let ages = self.row(&ran.inspector).and_then(|row| row.ages.as_ref());
        let name = ages.map_or("unknown-data", |ages| ages.gap.name);
        let gap = Gap {
            id: RuleId::new(&ran.inspector, name),
            kind: GapKind::Stale,
            place: None,
            message: format!(
                "it was matched against {} that end {} days ago; the policy allows {}",
                oldest.name,
                age.as_hours() / 24,
                max_age.as_hours() / 24
            ),
            fix: "import newer advisories and inspect the commit again".to_owned(),
        };
        let is_old = age > max_age && self.is_unproven(&gap);
        is_old.then(|| DATA_OUTDATED.reason(about, gap.message))
    }
}

/// What one inspector saw, by what it comes to now.
#[derive(Default)]
struct Tally {
    denied: usize,
    older: usize,
    gaps: usize,
}

fn findings_of<'a>(inspected: &'a Inspected, inspector: &str) -> impl Iterator<Item = &'a Finding> {
    let findings = inspected.findings.iter();
    findings.filter(move |finding| finding.rule.inspector() == inspector)
}
