use jiff::Timestamp;
use jiff::tz::TimeZone;
use plimsoll_model::{
    Finding, Gap, Inspection, Inspector, Outcome, Place, Reason, RuleId, Threshold, Verdict,
};

use crate::{GapRule, Policy, Waiver};

/// What the gate makes of one finding or gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It denies.
    Denies,
    /// It is a gap that only warns: the verdict is not clean.
    Warns,
    /// It stays below the threshold, or nobody has fixed it and the gate asks for fixed ones only.
    Below,
    /// A waiver lets it pass until a day.
    Waived(Waiver),
}

/// The verdict of a gate with what it made of each finding and gap, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One for each finding.
    pub findings: Vec<Disposition>,
    /// One for each gap.
    pub gaps: Vec<Disposition>,
}

/// How strictly gaps are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// As `[gaps]` says: for `plimsoll check`.
    AsConfigured,
    /// Every gap without a waiver counts as not proven: for environments.
    EveryGap,
}

impl Policy {
    /// Judges what the inspectors saw. Pure: `now` decides which waivers still count.
    pub fn gate(
        &self,
        inspection: &Inspection,
        inspectors: &[&Inspector],
        now: Timestamp,
    ) -> Judgement {
        let findings: Vec<_> = inspection
            .findings
            .iter()
            .map(|finding| self.judge(finding, now))
            .collect();
        let gaps: Vec<_> = inspection
            .gaps
            .iter()
            .map(|gap| self.judge_gap(gap, Strictness::AsConfigured, now))
            .collect();
        let reasons = inspectors.iter().map(|inspector| {
            let own = |id: &RuleId| id.inspector() == inspector.id;
            let findings = inspection
                .findings
                .iter()
                .zip(&findings)
                .filter(|(finding, _)| own(&finding.rule));
            let gaps = inspection
                .gaps
                .iter()
                .zip(&gaps)
                .filter(|(gap, _)| own(&gap.id));
            self.reason(
                inspector,
                &findings.map(|(_, made)| made).collect::<Vec<_>>(),
                &gaps.map(|(_, made)| made).collect::<Vec<_>>(),
            )
        });
        Judgement {
            verdict: Verdict::of(reasons.collect()),
            findings,
            gaps,
        }
    }

    /// Judges one finding.
    pub(crate) fn judge(&self, finding: &Finding, now: Timestamp) -> Disposition {
        let rule = self.gate.rule(finding.rule.inspector());
        if let Some(waiver) = self.waiver(&finding.rule, finding.places.first(), now) {
            return Disposition::Waived(waiver.clone());
        }
        let unfixed =
            rule.only_fixed && finding.fix.as_ref().is_none_or(|fix| fix.version.is_none());
        if rule.fail_on.denies(finding.severity) && !unfixed {
            Disposition::Denies
        } else {
            Disposition::Below
        }
    }

    /// Judges one gap.
    pub(crate) fn judge_gap(
        &self,
        gap: &Gap,
        strictness: Strictness,
        now: Timestamp,
    ) -> Disposition {
        if let Some(waiver) = self.waiver(&gap.id, gap.place.as_ref(), now) {
            return Disposition::Waived(waiver.clone());
        }
        match (strictness, self.gaps.rule(gap.kind)) {
            (Strictness::AsConfigured, GapRule::Warn) => Disposition::Warns,
            (Strictness::AsConfigured, GapRule::Deny) | (Strictness::EveryGap, _) => {
                Disposition::Denies
            }
        }
    }

    fn waiver(&self, id: &RuleId, place: Option<&Place>, now: Timestamp) -> Option<&Waiver> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let covers = |waiver: &Waiver| match (&waiver.path, place.and_then(Place::file)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(path), Some(location)) => within(location.outer_path().as_str(), path),
        };
        self.waivers
            .iter()
            .find(|waiver| waiver.id == *id && waiver.expires.0 >= today && covers(waiver))
    }

    fn reason(
        &self,
        inspector: &Inspector,
        findings: &[&Disposition],
        gaps: &[&Disposition],
    ) -> Reason {
        let rule = self.gate.rule(inspector.id);
        let count = |list: &[&Disposition], wanted: fn(&Disposition) -> bool| {
            list.iter()
                .filter(|disposition| wanted(disposition))
                .count()
        };
        let denying = |disposition: &Disposition| matches!(disposition, Disposition::Denies);
        let warning = |disposition: &Disposition| matches!(disposition, Disposition::Warns);
        let excused = |disposition: &Disposition| matches!(disposition, Disposition::Waived(_));
        let denied = count(findings, denying);
        let denied_gaps = count(gaps, denying);
        let warned = count(gaps, warning);
        let outcome = if denied + denied_gaps > 0 {
            Outcome::Deny
        } else if warned > 0 {
            Outcome::Unknown
        } else {
            Outcome::Allow
        };
        let mut parts = Vec::new();
        if denied > 0 {
            parts.push(format!(
                "{} at or above `{}`",
                plural(denied, "finding"),
                rule.fail_on
            ));
        }
        if denied_gaps + warned > 0 {
            parts.push(format!(
                "{} not checked",
                plural(denied_gaps + warned, "place")
            ));
        }
        if rule.fail_on == Threshold::Off {
            parts.push("the gate is off".to_owned());
        } else if outcome == Outcome::Allow {
            parts.push(format!("nothing at or above `{}`", rule.fail_on));
        }
        let waived = count(findings, excused) + count(gaps, excused);
        if waived > 0 {
            parts.push(format!("{waived} waived"));
        }
        let hint = match outcome {
            Outcome::Allow => "",
            Outcome::Deny if denied > 0 => {
                "fix the findings above, or ask for a [[waiver]] in the trusted policy"
            }
            Outcome::Deny | Outcome::Unknown => {
                "fix the gaps above, or ask for a [[waiver]] in the trusted policy"
            }
        };
        Reason {
            about: inspector.gate_key.to_owned(),
            outcome,
            message: parts.join(", "),
            hint: hint.to_owned(),
        }
    }
}

fn within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use plimsoll_model::{
        Finding, Fix, Gap, GapKind, Inspection, Inspector, Location, Outcome, Severity, Threshold,
        TreePath,
    };

    use crate::Policy;

    const fn inspector(id: &'static str, gate_key: &'static str) -> Inspector {
        Inspector {
            id,
            gate_key,
            title: "",
            default_gate: Threshold::High,
            semantics: 1,
            accepts_from: 1,
            settings: None,
            rules: || &[],
            family: None,
            gaps: &[],
        }
    }

    static INSPECTORS: [&Inspector; 3] = [
        &inspector("secret", "secrets"),
        &inspector("dependency", "dependencies"),
        &inspector("path", "path"),
    ];

    fn outcome(policy: &str, inspection: &Inspection) -> Outcome {
        let now: Timestamp = "2026-06-30T23:59:59Z".parse().unwrap();
        Policy::parse(policy, "p")
            .unwrap()
            .gate(inspection, &INSPECTORS, now)
            .verdict
            .outcome
    }

    fn finding(rule: &str, severity: Severity, fixed: Option<&str>) -> Inspection {
        let location = Location::file(TreePath::new("a/Cargo.lock"));
        let mut finding = Finding::new(rule.parse().unwrap(), severity, "m", location);
        finding.fix = Some(Fix {
            message: String::new(),
            version: fixed.map(str::to_owned),
        });
        Inspection {
            findings: vec![finding],
            ..Inspection::default()
        }
    }

    fn waiver(expires: &str, path: &str) -> String {
        format!(
            "[[waiver]]\nid = \"dependency/X\"\nreason = \"r\"\nowner = \"o\"\nexpires = {expires}\n{path}"
        )
    }

    #[test]
    fn thresholds_waivers_and_their_expiry() {
        let high = finding("dependency/X", Severity::High, None);
        let cases = [
            ("", &high, Outcome::Deny),
            (
                "[gate]\ndependencies = \"critical\"\n",
                &high,
                Outcome::Allow,
            ),
            (
                "[gate]\ndependencies = \"critical\"\n",
                &finding("dependency/X", Severity::Unknown, None),
                Outcome::Deny,
            ),
            (
                "[gate]\ndependencies = { fail_on = \"low\", only_fixed = true }\n",
                &high,
                Outcome::Allow,
            ),
            (
                "[gate]\ndependencies = { fail_on = \"low\", only_fixed = true }\n",
                &finding("dependency/X", Severity::Low, Some("2")),
                Outcome::Deny,
            ),
            (&waiver("2026-06-30", ""), &high, Outcome::Allow),
            (&waiver("2026-06-29", ""), &high, Outcome::Deny),
            (
                &waiver("2026-12-31", "path = \"a\"\n"),
                &high,
                Outcome::Allow,
            ),
            (
                &waiver("2026-12-31", "path = \"a/Cargo.lock\"\n"),
                &high,
                Outcome::Allow,
            ),
            (
                &waiver("2026-12-31", "path = \"a/C\"\n"),
                &high,
                Outcome::Deny,
            ),
            (
                &waiver("2026-12-31", ""),
                &finding("dependency/Y", Severity::High, None),
                Outcome::Deny,
            ),
            (
                &waiver("2026-12-31", ""),
                &finding("secret/x", Severity::Low, None),
                Outcome::Deny,
            ),
        ];
        for (policy, inspection, expected) in cases {
            assert_eq!(
                outcome(policy, inspection),
                expected,
                "{policy}\n{inspection:?}"
            );
        }
    }

    #[test]
    fn gaps_never_pass_as_clean() {
        for (kind, expected) in [
            (GapKind::Unreadable, Outcome::Deny),
            (GapKind::Stale, Outcome::Deny),
            (GapKind::Unresolved, Outcome::Unknown),
            (GapKind::Unsupported, Outcome::Unknown),
        ] {
            let gap = Gap {
                id: "dependency/x".parse().unwrap(),
                kind,
                place: None,
                message: String::new(),
                fix: String::new(),
            };
            let inspection = Inspection {
                gaps: vec![gap],
                ..Inspection::default()
            };
            assert_eq!(outcome("", &inspection), expected, "{kind:?}");
        }
    }
}
