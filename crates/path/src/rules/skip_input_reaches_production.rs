use std::collections::BTreeSet;

use plimsoll_model::{Finding, Severity};

use super::gate_skippable::{destination, severity};
use super::{Check, Rule};
use crate::choices::Key;
use crate::diagram::Variable;
use crate::prove::{Proof, Proofs, name_environment};
use crate::reading::Chosen;
use crate::story::story;

/// `path/skip-input-reaches-production`.
pub(super) static RULE: Rule = Rule {
    name: "skip-input-reaches-production",
    severity: Severity::High,
    what: "Whoever starts the pipeline by hand can choose an input with which a deployment runs although a check did \
           not pass before it.",
    why: "A switch meant for an emergency becomes the way that is taken every day. It leaves no trace but the input of \
         a run, and asks nobody.",
    fix: "Take the input away, or let it reach no deployment: ask for the check's result where you deploy.",
    examples: &[(
        "github-actions",
        "```yaml\ndeploy:\n  needs: test\n  if: needs.test.result == 'success'\n```",
    )],
    check: Check::Runs(check),
};

fn check(proofs: &mut Proofs) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for proof in proofs.list() {
        let bypass = proof.bypass.as_ref();
        let Some((bypass, input)) = bypass.and_then(|bypass| Some((bypass, bypass.input?))) else {
            continue;
        };
        let environment = name_environment(proofs.pipeline, &proof.deployment);
        if seen.insert((environment.clone(), proof.gate)) {
            findings.extend(finding(proofs, proof, &bypass.chosen, input, &environment));
        }
    }
    findings
}

fn finding(
    proofs: &Proofs,
    proof: &Proof,
    chosen: &Chosen,
    input: Variable,
    environment: &str,
) -> Option<Finding> {
    let (_, _, command) = proofs.pipeline.command(&proof.deployment)?;
    let choice = proofs.reading.choices.of(input)?;
    let Key::Input { trigger, name } = &choice.key else {
        return None;
    };
    let value = &choice.values[chosen.value(choice.variable)];
    let (gate, place) = (proof.gate, destination(environment));
    let message = format!(
        "with the input {name} = {value} `{}` runs {place}although no {gate} has passed",
        command.label
    );
    let pipeline = proofs.pipeline;
    let mut inputs = pipeline.inputs.iter();
    let declared = inputs
        .find(|input| input.name == *name && pipeline.triggers[input.trigger].name == *trigger)?;
    let fix =
        format!("take the input `{name}` away, or let the deployment need a successful {gate}");
    let mut finding = RULE.finding(severity(environment), message, &declared.location, &fix);
    finding.places.push(command.location.clone().into());
    finding.trace = story(&proofs.reading, chosen, &proof.deployment, gate);
    Some(finding)
}
