//! The decision whether a release may enter an environment. Every requirement yields one reason,
//! proven or not; what no believed evidence speaks about is unknown, and unknown does not pass.

mod approval;
mod inspection;

use std::collections::BTreeSet;

use jiff::Timestamp;
use plimsoll_model::{
    Body, DeploymentOutcome, Evidence, Outcome, OwnId, Provenance, Reason, Service, Signatory,
    Subject, Verdict,
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
    /// Who asks; believed because they signed.
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
            return Verdict::of(vec![unknown(
                "release",
                "the release ships nothing".to_owned(),
                "create a release with at least one file or image",
            )]);
        };
        let mut reasons = vec![whole.policy_reason()];
        reasons.push(worst(&cases, Case::origin_reason));
        reasons.extend(
            request
                .environment
                .requires
                .iter()
                .filter(|requirement| **requirement != Requirement::Signature)
                .map(|requirement| worst(&cases, |case| case.requirement(*requirement))),
        );
        reasons.extend(
            request
                .environment
                .after
                .as_deref()
                .map(|after| whole.after(after)),
        );
        reasons.extend(
            request
                .environment
                .approvals
                .iter()
                .map(|rule| whole.approvals(rule)),
        );
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
struct Case<'a> {
    policy: &'a Policy,
    request: &'a Request<'a>,
    subject: &'a Subject,
    origin: Option<(&'a Evidence, &'a Provenance)>,
}

impl<'a> Case<'a> {
    fn policy_reason(&self) -> Reason {
        if self.request.policy_trusted {
            allow("policy", format!("trusted, {}", self.policy.identity()))
        } else {
            unknown(
                "policy",
                "untrusted tree: the inspected tree controls its own verdict".to_owned(),
                "pass the trusted policy: --policy FILE@sha256:…",
            )
        }
    }

    fn origin_reason(&self) -> Reason {
        match self.origin {
            None => unknown(
                "signature",
                format!(
                    "no configured builder signed where {} comes from",
                    self.subject.short()
                ),
                "build it with `plimsoll attest build` under the key of a [[builder]] of the policy",
            ),
            Some((_, provenance)) if provenance.dirty => unknown(
                "signature",
                format!(
                    "builder `{}` built it from a work tree with uncommitted changes",
                    provenance.builder
                ),
                "commit the changes and build again",
            ),
            Some((_, provenance)) => allow(
                "signature",
                format!(
                    "builder `{}` built it from {}",
                    provenance.builder,
                    provenance.source.short()
                ),
            ),
        }
    }

    fn requirement(&self, requirement: Requirement) -> Reason {
        match requirement {
            Requirement::Tests => self.tests(),
            Requirement::Inspection {
                inspector,
                gate_key,
            } => self.inspection(gate_key, inspector),
            Requirement::Sbom => self.sbom(),
            Requirement::Signature => self.origin_reason(),
        }
    }

    /// Evidence that a configured builder signed, about the source or the artifact.
    fn believed<T>(&self, read: impl Fn(&'a Body) -> Option<T>) -> Option<(&'a Evidence, T)> {
        let source = self.origin.map(|(_, provenance)| &provenance.source);
        latest(self.request.evidence, |evidence| {
            let about = evidence.subjects.contains(self.subject)
                || source.is_some_and(|source| evidence.subjects.contains(source));
            let signed = matches!(evidence.signed_by, Signatory::Builder(_));
            if about && signed {
                read(&evidence.body)
            } else {
                None
            }
        })
    }

    fn tests(&self) -> Reason {
        let about = Requirement::Tests.as_str();
        let result = self.believed(|body| {
            if let Body::Test(result) = body {
                Some(result)
            } else {
                None
            }
        });
        let hint = "run them with `plimsoll attest test -- COMMAND` under the builder's key";
        let Some((_, result)) = result else {
            return unknown(
                about,
                "no signed test result for this source".to_owned(),
                hint,
            );
        };
        let command = result.command.join(" ");
        match (result.exit_code, result.failed, result.passed) {
            (Some(0), Some(0), Some(passed)) if passed > 0 => {
                allow(about, format!("{passed} passed, 0 failed: `{command}`"))
            }
            (Some(0), Some(0) | None, Some(0) | None) => unknown(
                about,
                format!("`{command}` ended well but shows no test that ran"),
                hint,
            ),
            (Some(0), None, Some(_)) => unknown(
                about,
                format!("`{command}` does not say how many tests failed"),
                hint,
            ),
            (code, failed, _) => {
                let code =
                    code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                let failed = failed.map_or_else(String::new, |failed| format!(", {failed} failed"));
                deny(
                    about,
                    format!("`{command}` ended with {code}{failed}"),
                    "fix the tests",
                )
            }
        }
    }

    fn sbom(&self) -> Reason {
        let about = Requirement::Sbom.as_str();
        let hint = "list it with `plimsoll attest sbom` under the builder's key";
        match self.believed(|body| {
            if let Body::Sbom(sbom) = body {
                Some(sbom)
            } else {
                None
            }
        }) {
            None => unknown(about, "no signed list of components".to_owned(), hint),
            Some((_, sbom)) if sbom.gaps > 0 => unknown(
                about,
                format!("the list of components has {} gaps", sbom.gaps),
                "fix the gaps",
            ),
            Some((_, sbom)) => allow(about, format!("{} components", sbom.components)),
        }
    }

    /// The last deployment counts, whoever recorded it: a failure that a stranger recorded must not
    /// leave an older success standing.
    fn after(&self, after: &str) -> Reason {
        let hint = format!("promote it to {after} first");
        match self.last_deployment(after) {
            Some((
                _,
                Evidence {
                    signed_by: Signatory::Unknown(key),
                    ..
                },
                _,
            )) => unknown(
                "after",
                format!(
                    "its last deployment to {after} was recorded by key {}, which is nobody's",
                    key.short()
                ),
                &format!("promote it to {after} again under a key of the policy"),
            ),
            Some((_, _, DeploymentOutcome::Healthy)) => {
                allow("after", format!("healthy in {after}"))
            }
            Some((_, _, DeploymentOutcome::RolledBack)) => {
                deny("after", format!("it was rolled back in {after}"), &hint)
            }
            Some((_, _, DeploymentOutcome::Failed)) => deny(
                "after",
                format!("its last deployment to {after} did not become healthy"),
                &hint,
            ),
            None => unknown("after", format!("it was not deployed to {after}"), &hint),
        }
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

/// What the reasons about each subject come to: the worst of them, which names its subject when there
/// are several.
fn worst<'a>(cases: &[Case<'a>], judge: impl Fn(&Case<'a>) -> Reason) -> Reason {
    let mut reasons = cases.iter().map(|case| (case.subject, judge(case)));
    let Some((mut subject, mut worst)) = reasons.next() else {
        return unknown("release", "the release ships nothing".to_owned(), "");
    };
    for (other, reason) in reasons {
        if reason.outcome > worst.outcome {
            (subject, worst) = (other, reason);
        }
    }
    if cases.len() > 1 {
        worst.message = format!("{}: {}", subject.short(), worst.message);
        if worst.outcome == Outcome::Allow {
            worst.message = format!("each of {}; {}", cases.len(), worst.message);
        }
    }
    worst
}

/// Whether the statement names exactly what the release ships, in whatever order.
fn is_about_all(evidence: &Evidence, subjects: &[Subject]) -> bool {
    let named: BTreeSet<_> = evidence.subjects.iter().collect();
    named == subjects.iter().collect()
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
            if evidence.subjects.contains(subject) && provenance.builder == *builder =>
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

fn signatory_name(signatory: &Signatory) -> String {
    match signatory {
        Signatory::Builder(id) | Signatory::Person(id) => id.clone(),
        Signatory::Unknown(key) => format!("key {}", key.short()),
    }
}

fn allow(about: &str, message: String) -> Reason {
    Reason {
        about: about.to_owned(),
        outcome: Outcome::Allow,
        message,
        hint: String::new(),
    }
}

fn deny(about: &str, message: String, hint: &str) -> Reason {
    Reason {
        about: about.to_owned(),
        outcome: Outcome::Deny,
        message,
        hint: hint.to_owned(),
    }
}

fn unknown(about: &str, message: String, hint: &str) -> Reason {
    Reason {
        about: about.to_owned(),
        outcome: Outcome::Unknown,
        message,
        hint: hint.to_owned(),
    }
}
