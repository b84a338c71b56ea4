//! The decision whether a release may enter an environment. Every requirement yields one reason,
//! proven or not; what no believed evidence speaks about is unknown, and unknown does not pass.

mod approval;
mod inspection;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use plimsoll_model::{
    About, Answers, Body, Claim, DeploymentOutcome, Evidence, EvidenceKind, Outcome, OwnId,
    Provenance, Reason, ReasonDoc, Service, Signatory, Subject, Verdict,
};

use crate::reasons::{
    BEFORE_BY_NOBODY, FAILED_BEFORE, HEALTHY_BEFORE, NEVER_BEFORE, NOT_APPLICABLE, NOTHING_SHIPPED,
    ORIGIN_DIRTY, ORIGIN_SIGNED, ORIGIN_UNSIGNED, POLICY_TRUSTED, POLICY_UNTRUSTED,
    ROLLED_BACK_BEFORE,
};
use crate::{EnvironmentSettings, Policy, Requirement};

/// What is to be decided.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The environment to enter.
    pub environment: &'a EnvironmentSettings,
    /// The service that the release belongs to.
    pub service: &'a Service,
    /// The release.
    pub release: &'a OwnId,
    /// All that it ships. What is required must hold for each.
    pub subjects: &'a [Subject],
    /// Who asks: whose key signed the request, or whom the door that took it knows.
    pub requester: &'a Signatory,
    /// Whether the policy is a trusted base, not the inspected tree's own.
    pub policy_trusted: bool,
    /// All evidence about the subjects, their sources and the release, in the order in which the ledger
    /// took it in; signatures verified. A clock that was set back does not make old evidence new.
    pub evidence: &'a [Evidence],
    /// The present.
    pub now: Timestamp,
}

impl Policy {
    /// Decides over evidence. Pure; an error in evidence is a reason against, never a way through. What
    /// is required of a release is required of each of its subjects, and the worst counts.
    pub fn decide(&self, request: &Request<'_>) -> Verdict {
        let cases = self.cases(request);
        let Some(whole) = cases.first() else {
            return Verdict::of(vec![
                NOTHING_SHIPPED.reason("release", "the release ships nothing"),
            ]);
        };
        let environment = request.environment;
        let mut reasons = vec![whole.policy_reason()];
        reasons.extend(worst(&cases, Case::origin_reason));
        let required = environment.requires.iter();
        reasons.extend(required.filter_map(|requirement| require(&cases, *requirement)));
        let after = environment.after.as_deref();
        reasons.extend(after.map(|after| whole.after(after)));
        let rules = environment.approvals.iter();
        reasons.extend(rules.map(|rule| whole.approvals(rule)));
        Verdict::of(reasons)
    }

    fn cases<'a>(&'a self, request: &'a Request<'a>) -> Vec<Case<'a>> {
        request
            .subjects
            .iter()
            .map(|subject| Case {
                policy: self,
                request,
                subject,
                origin: origin(subject, request.evidence),
            })
            .collect()
    }

    /// Why an approval by this signatory could never count for the environment, or `None` when it may.
    pub fn refuses_approval(&self, request: &Request<'_>, approver: &Signatory) -> Option<String> {
        let cases = self.cases(request);
        let Some(case) = cases.first() else {
            return Some("the release ships nothing".to_owned());
        };
        let rules = &request.environment.approvals;
        if rules.is_empty() {
            return Some(format!(
                "environment `{}` asks for no approval",
                request.environment.name
            ));
        }
        let refusals = rules.iter().map(|rule| case.refusal(rule, approver));
        let all: Option<Vec<String>> = refusals.collect();
        all.and_then(|refusals| refusals.into_iter().next())
    }
}

/// The request as far as one of the release's subjects goes.
#[derive(Clone)]
struct Case<'a> {
    policy: &'a Policy,
    request: &'a Request<'a>,
    subject: &'a Subject,
    origin: Option<(&'a Evidence, &'a Provenance)>,
}

impl<'a> Case<'a> {
    fn policy_reason(&self) -> Reason {
        if self.request.policy_trusted {
            let message = format!("trusted, {}", self.policy.identity());
            POLICY_TRUSTED.reason("policy", message)
        } else {
            let message = "untrusted tree: the inspected tree controls its own verdict";
            POLICY_UNTRUSTED.reason("policy", message)
        }
    }

    fn origin_reason(&self) -> Reason {
        let Some((evidence, provenance)) = self.origin else {
            let message = format!(
                "no configured builder signed where {} comes from",
                self.subject.short()
            );
            return ORIGIN_UNSIGNED.reason("signature", message);
        };
        let builder = &provenance.builder;
        let reason = if provenance.dirty {
            let message =
                format!("builder `{builder}` built it from a work tree with uncommitted changes");
            ORIGIN_DIRTY.reason("signature", message)
        } else {
            let message = format!(
                "builder `{builder}` built it from {}",
                provenance.source.short()
            );
            ORIGIN_SIGNED.reason("signature", message)
        };
        reason.resting_on([evidence.id])
    }

    /// What a configured builder said last, about the source and about what ships itself. Both count:
    /// a good word about the one does not hide a bad one about the other.
    fn believed<T>(
        &self,
        about: About,
        read: impl Fn(&'a Body) -> Option<T>,
    ) -> Vec<(&'a Evidence, T)> {
        let Request {
            subjects, evidence, ..
        } = self.request;
        let found = match about {
            About::Release => {
                let of_all = evidence
                    .iter()
                    .filter(|evidence| is_about_all(evidence, subjects));
                [find_signed(of_all, &read), None]
            }
            About::One => {
                let origin = self.origin.map(|(_, provenance)| &provenance.source);
                let of_source = origin.and_then(|source| {
                    let of_source = evidence.iter().filter(|evidence| names(evidence, source));
                    find_signed(of_source, &read)
                });
                let own = evidence.iter();
                let own = own.filter(|evidence| names(evidence, self.subject));
                [of_source, find_signed(own, &read)]
            }
        };
        found.into_iter().flatten().collect()
    }

    /// The answer of one kind of evidence to its requirement.
    fn claimed(&self, kind: &EvidenceKind, answers: &Answers) -> Reason {
        let about = answers.requirement;
        let claims = self.believed(kind.about, |body| claim_of(body, kind));
        let reasons = claims.into_iter().map(|(evidence, claim)| {
            let reason = claim.reason.reason(about, &claim.message);
            reason.resting_on([evidence.id])
        });
        worst_of(reasons).unwrap_or_else(|| title_reason(answers.absent, about))
    }

    /// The last deployment counts, whoever recorded it: a failure that a stranger recorded must not
    /// leave an older success standing.
    fn after(&self, after: &str) -> Reason {
        let first = format!("promote it to {after} first");
        let Some((_, evidence, outcome)) = self.last_deployment(after) else {
            let message = format!("it was not deployed to {after}");
            return NEVER_BEFORE.reason("after", message).with_hint(first);
        };
        let reason = match (&evidence.signed_by, outcome) {
            (Signatory::Unknown(key), _) => {
                let message = format!(
                    "its last deployment to {after} was recorded by key {}, which is nobody's",
                    key.short()
                );
                let hint = format!("promote it to {after} again under a key of the policy");
                BEFORE_BY_NOBODY.reason("after", message).with_hint(hint)
            }
            (_, DeploymentOutcome::Healthy) => {
                HEALTHY_BEFORE.reason("after", format!("healthy in {after}"))
            }
            (_, DeploymentOutcome::RolledBack) => {
                let message = format!("it was rolled back in {after}");
                ROLLED_BACK_BEFORE.reason("after", message).with_hint(first)
            }
            (_, DeploymentOutcome::Failed) => {
                let message = format!("its last deployment to {after} did not become healthy");
                FAILED_BEFORE.reason("after", message).with_hint(first)
            }
        };
        reason.resting_on([evidence.id])
    }

    /// The last deployment of the release to an environment: its place in the evidence, and its end.
    fn last_deployment(
        &self,
        environment: &str,
    ) -> Option<(usize, &'a Evidence, DeploymentOutcome)> {
        let evidence = self.request.evidence.iter().enumerate().rev();
        evidence
            .filter(|(_, evidence)| is_about_all(evidence, self.request.subjects))
            .find_map(|(at, evidence)| {
                let Body::Deployment(record) = &evidence.body else {
                    return None;
                };
                let ours = record.service == *self.request.service
                    && record.release == *self.request.release
                    && record.environment == environment;
                ours.then_some((at, evidence, record.outcome))
            })
    }
}

/// What a requirement comes to: asked of each subject that it can be asked of, or of the release as a
/// whole. Nothing for a signature, which is always asked.
fn require(cases: &[Case<'_>], requirement: Requirement) -> Option<Reason> {
    match requirement {
        Requirement::Signature => None,
        Requirement::Inspection {
            inspector,
            gate_key,
        } => worst(cases, |case| case.inspection(gate_key, inspector)),
        Requirement::Claim { kind, answers } => {
            let applies = cases.iter().filter(|case| (answers.applies)(case.subject));
            let mut cases: Vec<_> = applies.cloned().collect();
            if kind.about == About::Release {
                cases.truncate(1);
            }
            let reason = worst(&cases, |case| case.claimed(kind, answers));
            let not_met = || title_reason(&NOT_APPLICABLE, answers.requirement);
            Some(reason.unwrap_or_else(not_met))
        }
    }
}

/// What the reasons about each subject come to: the worst of them, which names its subject when there
/// are several.
fn worst<'a>(cases: &[Case<'a>], judge: impl Fn(&Case<'a>) -> Reason) -> Option<Reason> {
    let reasons = cases.iter().map(|case| {
        let mut reason = judge(case);
        if cases.len() > 1 {
            reason.message = format!("{}: {}", case.subject.short(), reason.message);
        }
        reason
    });
    let mut worst = worst_of(reasons)?;
    if cases.len() > 1 && worst.outcome == Outcome::Allow {
        worst.message = format!("each of {}; {}", cases.len(), worst.message);
    }
    Some(worst)
}

/// The worst of several reasons about one thing, the first of equals. It rests on all that is as bad.
fn worst_of(reasons: impl Iterator<Item = Reason>) -> Option<Reason> {
    reasons.reduce(|worst, other| match other.outcome.cmp(&worst.outcome) {
        Ordering::Greater => other,
        Ordering::Equal => worst.resting_on(other.evidence),
        Ordering::Less => worst,
    })
}

fn claim_of<'a>(body: &'a Body, kind: &EvidenceKind) -> Option<&'a Claim> {
    match body {
        Body::Claim(claim) if claim.kind == kind => Some(claim),
        _ => None,
    }
}

fn names(evidence: &Evidence, subject: &Subject) -> bool {
    evidence
        .subjects
        .iter()
        .any(|named| named.is_same_as(subject))
}

/// The reason that says no more than its row.
fn title_reason(doc: &ReasonDoc, about: &str) -> Reason {
    let mut letters = doc.title.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let message: String = first.into_iter().chain(letters).collect();
    doc.reason(about, message)
}

/// Whether the statement names exactly what the release ships, in whatever order.
fn is_about_all(evidence: &Evidence, subjects: &[Subject]) -> bool {
    let named: BTreeSet<_> = evidence.subjects.iter().map(Subject::key).collect();
    named == subjects.iter().map(Subject::key).collect()
}

/// The newest provenance of the subject that a configured builder signed under its own name.
fn origin<'a>(
    subject: &Subject,
    evidence: &'a [Evidence],
) -> Option<(&'a Evidence, &'a Provenance)> {
    latest(evidence, |evidence| provenance(subject, evidence))
}

/// What evidence says of the subject's origin, when a configured builder signed it under its own name.
fn provenance<'a>(subject: &Subject, evidence: &'a Evidence) -> Option<&'a Provenance> {
    match (&evidence.body, &evidence.signed_by) {
        (Body::Provenance(provenance), Signatory::Builder(builder))
            if names(evidence, subject) && provenance.builder == *builder =>
        {
            Some(provenance)
        }
        _ => None,
    }
}

/// The evidence that was recorded last among those that `read` accepts.
fn latest<'a, T>(
    evidence: &'a [Evidence],
    read: impl Fn(&'a Evidence) -> Option<T>,
) -> Option<(&'a Evidence, T)> {
    evidence
        .iter()
        .rev()
        .find_map(|evidence| read(evidence).map(|body| (evidence, body)))
}

/// What a configured builder signed last among what `read` accepts.
fn find_signed<'a, T>(
    evidence: impl DoubleEndedIterator<Item = &'a Evidence>,
    read: &impl Fn(&'a Body) -> Option<T>,
) -> Option<(&'a Evidence, T)> {
    let mut signed = evidence
        .rev()
        .filter(|evidence| matches!(evidence.signed_by, Signatory::Builder(_)));
    signed.find_map(|evidence| Some((evidence, read(&evidence.body)?)))
}

fn signatory_name(signatory: &Signatory) -> String {
    match signatory {
        Signatory::Builder(id) | Signatory::Person(id) => id.clone(),
        Signatory::Unknown(key) => format!("key {}", key.short()),
    }
}
