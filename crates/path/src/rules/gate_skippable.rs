use std::collections::BTreeSet;

use plimsoll_model::{Finding, Severity};

use super::{Check, Rule};
use crate::prove::{Bypass, Proof, Proofs, name_environment};
use crate::story::story;

/// `path/gate-skippable`.
pub(super) static RULE: Rule = Rule {
    name: "gate-skippable",
    severity: Severity::High,
    what: "A deployment can run although a check of the same pipeline did not pass before it: it was skipped, it \
           failed, or nothing made the deployment wait for it. The finding shows a run in which that happens.",
    why: "A check that can be gone around does not protect what ships. Green then means that nobody looked.",
    fix: "Make the deployment need the check, and take away the condition that lets it run all the same. Where it has to \
           run behind failures, ask for the result of the check.",
    examples: &[(
        "github-actions",
        "```yaml\ndeploy:\n  needs: [test, scan]        # and no `if: always()`\n  if: github.ref == 'refs/heads/main'\n```\n\n\
         Where `always()` is needed, ask for the result: `if: always() && needs.test.result == 'success'`.",
    )],
    check: Check::Runs(check),
};

fn check(proofs: &mut Proofs) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for proof in proofs.list() {
        let Some(bypass) = proof
            .bypass
            .as_ref()
            .filter(|bypass| bypass.input.is_none())
        else {
            continue;
        };
        let environment = name_environment(proofs.pipeline, &proof.deployment);
        if seen.insert((environment.clone(), proof.gate)) {
            findings.extend(finding(proofs, proof, bypass, &environment));
        }
    }
    findings
}

fn finding(proofs: &Proofs, proof: &Proof, bypass: &Bypass, environment: &str) -> Option<Finding> {
    let (job, _, command) = proofs.pipeline.command(&proof.deployment)?;
    let (gate, place) = (proof.gate, destination(environment));
    let message = format!(
        "`{}` can run {place}although no {gate} has passed before it",
        command.label
    );
    let fix = format!(
        "let job `{}` need the {gate}, and run only when it succeeded",
        job.id
    );
    let mut finding = RULE.finding(severity(environment), message, &command.location, &fix);
    finding.trace = story(&proofs.reading, &bypass.chosen, &proof.deployment, gate);
    Some(finding)
}

/// A deployment is taken for one to production unless its environment is known to be a lesser one.
pub(super) fn severity(environment: &str) -> Severity {
    match environment {
        "staging" | "preview" | "development" | "test" => Severity::Medium,
        _ => Severity::High,
    }
}

/// `in production ` before the rest of a sentence.
pub(super) fn destination(environment: &str) -> String {
    if environment.is_empty() {
        String::new()
    } else {
        format!("in {environment} ")
    }
}
