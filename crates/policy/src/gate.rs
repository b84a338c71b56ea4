use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_model::{
    Baseline, Finding, Gap, Inspection, Inspector, Outcome, Over, Place, Ran, Reason, ReasonDoc,
    Threshold, Verdict,
};

use crate::reasons::{GATE_DENIED, GATE_PASSED, GATE_UNCHECKED, WAIVER_IDLE};
use crate::{GapRule, GateRule, Mode, NewSince, Policy, Waiver};

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
    /// It would deny, but its gate only reports.
    Reported,
    /// It would deny, but stood already at a commit that the policy names, and passes until a day.
    Older(NewSince),
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
    /// What each gate came to, by the inspector's id.
    pub gates: BTreeMap<String, Outcome>,
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
    /// Judges what the inspectors saw. Pure: `ran` says which of them saw anything, `baselines` which of it
    /// stood at the commits that the policy names, `now` which waivers and which of those commits still
    /// count.
    pub fn gate(
        &self,
        inspection: &Inspection,
        ran: &[Ran],
        baselines: &[Baseline],
        now: Timestamp,
    ) -> Judgement {
        let findings: Vec<_> = inspection
            .findings
            .iter()
            .map(|finding| self.judge(finding, baselines, now))
            .collect();
        let gaps: Vec<_> = inspection
            .gaps
            .iter()
            .map(|gap| self.judge_gap(gap, Strictness::AsConfigured, now))
            .collect();
        let tallies = count(inspection, &findings, &gaps);
        let gates = self.tell_gates(tallies, ran, now);
        let told = gates.iter();
        let outcomes = told.map(|(inspector, reason)| (inspector.clone(), reason.outcome));
        let outcomes = outcomes.collect();
        let mut reasons: Vec<_> = gates.into_iter().map(|(_, reason)| reason).collect();
        reasons.extend(self.lowered(inspection.findings.iter()));
        reasons.extend(self.idle_waivers(inspection, now));
        Judgement {
            verdict: Verdict::of(reasons),
            findings,
            gaps,
            gates: outcomes,
        }
    }

    /// What each gate says of its inspector's tally, by the inspector's id.
    fn tell_gates(
        &self,
        mut tallies: BTreeMap<&str, Tally>,
        ran: &[Ran],
        now: Timestamp,
    ) -> Vec<(String, Reason)> {
        let mut reasons = Vec::new();
        for (inspector, rule) in self.gate.rules() {
            let ran = ran.iter().find(|ran| ran.inspector == inspector.id);
            let tally = tallies.remove(inspector.id);
            // A probe that nobody started, a tool whose report nobody brought: neither is asked for here.
            if ran.is_none() && tally.is_none() && inspector.over != Over::Tree {
                continue;
            }
            let tally = tally.unwrap_or_default().of_run(inspector, ran, rule);
            let reason = tally.reason(inspector.gate_key, rule, now);
            reasons.push((inspector.id.to_owned(), reason));
        }
        // What is said in the name of an inspector that this build lacks counts as well.
        for (stranger, tally) in tallies {
            let reason = tally.reason(stranger, self.gate.rule(stranger), now);
            reasons.push((stranger.to_owned(), reason));
        }
        reasons
    }

    /// Judges one finding.
    pub(crate) fn judge(
        &self,
        finding: &Finding,
        baselines: &[Baseline],
        now: Timestamp,
    ) -> Disposition {
        let rule = self.gate.rule(finding.rule.inspector());
        if let Some(waiver) = self.waiver(now, |waiver| waiver.is_about(finding)) {
            return Disposition::Waived(waiver.clone());
        }
        let unfixed =
            rule.only_fixed && finding.fix.as_ref().is_none_or(|fix| fix.version.is_none());
        if unfixed || !rule.fail_on.denies(self.severity(finding)) {
            return Disposition::Below;
        }
        if rule.mode == Mode::Report {
            return Disposition::Reported;
        }
        match rule.mode.new_since(now) {
            Some(since) if stood_at(since, finding, baselines) => Disposition::Older(since.clone()),
            Some(_) | None => Disposition::Denies,
        }
    }

    /// Judges one gap. What is not checked is neither new nor old, so only a gate that does nothing but
    /// report lets it be.
    pub(crate) fn judge_gap(
        &self,
        gap: &Gap,
        strictness: Strictness,
        now: Timestamp,
    ) -> Disposition {
        if let Some(waiver) = self.waiver(now, |waiver| waiver.is_about_gap(gap)) {
            return Disposition::Waived(waiver.clone());
        }
        let reports = self.gate.rule(gap.id.inspector()).mode == Mode::Report;
        match (strictness, self.gaps.rule(gap.kind)) {
            (Strictness::AsConfigured, _) if reports => Disposition::Reported,
            (Strictness::AsConfigured, GapRule::Warn) => Disposition::Warns,
            (Strictness::AsConfigured, GapRule::Deny) | (Strictness::EveryGap, _) => {
                Disposition::Denies
            }
        }
    }

    /// The first waiver that still counts and is about something.
    fn waiver(&self, now: Timestamp, is_about: impl Fn(&Waiver) -> bool) -> Option<&Waiver> {
        self.waivers
            .iter()
            .find(|waiver| !waiver.has_expired(now) && is_about(waiver))
    }

    /// One line for each waiver that does nothing: it has expired, or there is nothing that it is about.
    fn idle_waivers(&self, inspection: &Inspection, now: Timestamp) -> Vec<Reason> {
        let waivers = self.waivers.iter();
        let idle = waivers.filter_map(|waiver| {
            let (what, hint) = idle(waiver, &find_match(waiver, inspection), now)?;
            let path = waiver.path.as_ref();
            let path = path.map_or_else(String::new, |path| format!(" in {path}"));
            let message = format!("{}{path} (owner {}) {what}", waiver.id, waiver.owner);
            Some(WAIVER_IDLE.reason("waiver", message).with_hint(hint))
        });
        idle.collect()
    }
}

/// The tally of each inspector in whose name something was found or not checked, by its id.
fn count<'a>(
    inspection: &'a Inspection,
    findings: &[Disposition],
    gaps: &[Disposition],
) -> BTreeMap<&'a str, Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for (finding, made) in inspection.findings.iter().zip(findings) {
        let tally = tallies.entry(finding.rule.inspector()).or_default();
        tally.count_finding(made);
    }
    for (gap, made) in inspection.gaps.iter().zip(gaps) {
        let tally = tallies.entry(gap.id.inspector()).or_default();
        tally.count_gap(made);
    }
    tallies
}

/// How much of what was seen a waiver is about.
enum Match<'a> {
    Whole,
    /// Of a component that is also locked elsewhere, at this place for one.
    Part(&'a Place),
    Nothing,
}

fn find_match<'a>(waiver: &Waiver, inspection: &'a Inspection) -> Match<'a> {
    let findings = &inspection.findings;
    let is_whole = findings.iter().any(|finding| waiver.is_about(finding))
        || inspection.gaps.iter().any(|gap| waiver.is_about_gap(gap));
    if is_whole {
        return Match::Whole;
    }
    let mut left_out = findings
        .iter()
        .filter_map(|finding| waiver.place_left_out(finding));
    left_out.next().map_or(Match::Nothing, Match::Part)
}

/// Why a waiver does nothing, and what to do about that; `None` when it is at work.
fn idle(waiver: &Waiver, matched: &Match<'_>, now: Timestamp) -> Option<(String, &'static str)> {
    let expires = waiver.expires.0;
    match (waiver.has_expired(now), matched) {
        (true, Match::Whole | Match::Part(_)) => Some((
            format!("expired on {expires} and no longer counts"),
            "fix what it was about, or have it renewed in the trusted policy",
        )),
        (true, Match::Nothing) => Some((
            format!("expired on {expires} and matched nothing"),
            "remove it from the policy",
        )),
        (false, Match::Nothing) => {
            Some(("matched nothing".to_owned(), "remove it from the policy"))
        }
        (false, Match::Part(place)) => Some((
            format!("does not hold all places of the finding, which also stands at {place}"),
            "fix it there, or let the path hold each place: path = \"{a,b}\"",
        )),
        (false, Match::Whole) => None,
    }
}

/// Whether the finding stood at the commit that the gate names. Only a comparison with that very commit
/// says so.
fn stood_at(since: &NewSince, finding: &Finding, baselines: &[Baseline]) -> bool {
    baselines
        .iter()
        .any(|baseline| baseline.commit == since.commit && baseline.has(finding))
}

/// How much of what one inspector saw ended how.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    findings_denied: usize,
    findings_reported: usize,
    findings_older: usize,
    gaps_denied: usize,
    gaps_warned: usize,
    gaps_reported: usize,
    waived: usize,
    looked: Looked,
}

/// What the inspector looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Looked {
    /// Something that its rules judge; or it is not known, as of a stranger.
    #[default]
    AtSomething,
    /// Nothing that its rules judge.
    AtNothing,
    /// It did not run, and its gate asks for it.
    NotAtAll,
    /// At nothing, because it did not run, which nobody asked of it.
    NotAsked,
}

impl Tally {
    /// The tally of an inspector that ran so, or did not.
    fn of_run(self, inspector: &Inspector, ran: Option<&Ran>, rule: &GateRule) -> Self {
        let is_asked = inspector.over == Over::Tree
            && rule.fail_on != Threshold::Off
            && rule.mode != Mode::Report;
        let looked = match ran {
            Some(ran) if ran.seen.is_nothing() => Looked::AtNothing,
            None if is_asked => Looked::NotAtAll,
            None => Looked::NotAsked,
            Some(_) => Looked::AtSomething,
        };
        Self { looked, ..self }
    }

    fn count_finding(&mut self, made: &Disposition) {
        match made {
            Disposition::Denies => self.findings_denied += 1,
            Disposition::Reported => self.findings_reported += 1,
            Disposition::Older(_) => self.findings_older += 1,
            Disposition::Waived(_) => self.waived += 1,
            Disposition::Warns | Disposition::Below => {}
        }
    }

    fn count_gap(&mut self, made: &Disposition) {
        match made {
            Disposition::Denies => self.gaps_denied += 1,
            Disposition::Warns => self.gaps_warned += 1,
            Disposition::Reported => self.gaps_reported += 1,
            Disposition::Waived(_) => self.waived += 1,
            Disposition::Below | Disposition::Older(_) => {}
        }
    }

    fn kind(self) -> &'static ReasonDoc {
        if self.findings_denied + self.gaps_denied > 0 {
            &GATE_DENIED
        } else if self.gaps_warned > 0 || self.looked == Looked::NotAtAll {
            &GATE_UNCHECKED
        } else {
            &GATE_PASSED
        }
    }

    fn reason(self, about: &str, rule: &GateRule, now: Timestamp) -> Reason {
        let reason = self.kind().reason(about, self.message(rule, now));
        reason.with_hint(self.hint(rule))
    }

    fn message(self, rule: &GateRule, now: Timestamp) -> String {
        let mut parts = Vec::new();
        if matches!(self.looked, Looked::NotAtAll | Looked::NotAsked) {
            parts.push("it did not run".to_owned());
        }
        let findings = self.findings_denied + self.findings_reported;
        let gaps = self.gaps_denied + self.gaps_warned + self.gaps_reported;
        if findings > 0 {
            let findings = plural(findings, "finding");
            parts.push(format!("{findings} at or above `{}`", rule.fail_on));
        }
        if gaps > 0 {
            parts.push(format!("{} not checked", plural(gaps, "place")));
        }
        if rule.fail_on == Threshold::Off {
            parts.push("the gate is off".to_owned());
        } else if findings + gaps == 0 && self.looked == Looked::AtSomething {
            parts.push(nothing(rule, now));
        } else if findings + gaps == 0 && self.looked == Looked::AtNothing {
            parts.push(NOTHING_TO_LOOK_AT.to_owned());
        }
        if let Some(since) = rule.mode.new_since(now) {
            parts.push(older(self.findings_older, since));
        }
        if self.waived > 0 {
            parts.push(format!("{} waived", self.waived));
        }
        in_mode(&rule.mode, parts.join(", "), now)
    }

    fn hint(self, rule: &GateRule) -> &'static str {
        match self.kind().outcome {
            Outcome::Allow if rule.mode == Mode::Report => {
                "it proves nothing to an environment before its mode is another one"
            }
            Outcome::Allow => "",
            Outcome::Deny if self.findings_denied > 0 => {
                "fix the findings above, or ask for a [[waiver]] in the trusted policy"
            }
            Outcome::Unknown if self.looked == Looked::NotAtAll => {
                "inspect again with all inspectors"
            }
            Outcome::Deny | Outcome::Unknown => {
                "fix the gaps above, or ask for a [[waiver]] in the trusted policy"
            }
        }
    }
}

fn in_mode(mode: &Mode, message: String, now: Timestamp) -> String {
    match mode {
        Mode::Report => format!("reported only: {message}"),
        Mode::NewSince(since) if since.until.is_over(now) => format!(
            "{message}; what stood already at {:.12} passed until {}",
            since.commit.as_str(),
            since.until.0
        ),
        Mode::Enforce | Mode::NewSince(_) => message,
    }
}

/// What is said of a gate whose inspector had nothing to judge.
const NOTHING_TO_LOOK_AT: &str = "nothing to look at";

/// What is said of a gate whose inspector ran, and under which nothing was found.
pub(crate) fn nothing_seen(ran: &Ran, rule: &GateRule, now: Timestamp) -> String {
    if ran.seen.is_nothing() {
        NOTHING_TO_LOOK_AT.to_owned()
    } else {
        nothing(rule, now)
    }
}

/// What is said of a gate under which nothing was found.
fn nothing(rule: &GateRule, now: Timestamp) -> String {
    let new = if rule.mode.new_since(now).is_some() {
        "new "
    } else {
        ""
    };
    format!("nothing {new}at or above `{}`", rule.fail_on)
}

/// What is said of findings that pass because they are old.
pub(crate) fn older(count: usize, since: &NewSince) -> String {
    format!(
        "{} stood already at {:.12} (owner {}, until {})",
        plural(count, "finding"),
        since.commit.as_str(),
        since.owner,
        since.until.0
    )
}

pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests;
