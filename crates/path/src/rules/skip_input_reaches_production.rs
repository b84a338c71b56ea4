use std::collections::BTreeSet;

use plimsoll_model::{Finding, Severity};

use super::gate_skippable::{destination, severity};
use super::{Check, Rule};
use crate::case::{Bypass, Case};
use crate::reading::Key;
use crate::story::story;

/// `path/skip-input-reaches-production`.
pub(super) static RULE: Rule = Rule {
    name: "skip-input-reaches-production",
    severity: Severity::High,
    what: "Whoever starts the workflow by hand can choose an input with which a deployment runs although a check did \
           not pass before it.",
    why: "A switch meant for an emergency becomes the way that is taken every day. It leaves no trace but the input of \
         a run, and asks nobody.",
    fix: "Take the input away, or let it reach no deployment: ask for the check's result where you deploy.\n\n\
           ```yaml\ndeploy:\n  needs: test\n  if: needs.test.result == 'success'\n```",
    check: Check::Runs(check),
};

fn check(case: &mut Case) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let first = |bypass: &&Bypass| {
        bypass.input.is_some() && seen.insert((bypass.environment.clone(), bypass.gate))
    };
    let bypasses: Vec<&Bypass> = case.bypasses.iter().filter(first).collect();
    bypasses
        .into_iter()
        .filter_map(|bypass| finding(case, bypass))
        .collect()
}

fn finding(case: &Case, bypass: &Bypass) -> Option<Finding> {
    let (_, _, command) = case.workflow.command(&bypass.deployment)?;
    let choice = case.reading.choices.of(bypass.input?)?;
    let Key::Input { name, .. } = &choice.key else {
        return None;
    };
    let value = &choice.values[bypass.chosen.value(choice.variable)];
    let (gate, place) = (bypass.gate, destination(&bypass.environment));
    let message = format!(
        "with the input {name} = {value} `{}` runs {place}although no {gate} has passed",
        command.label
    );
    let declared = case
        .workflow
        .inputs
        .iter()
        .find(|input| input.name.to_lowercase() == *name)?;
    let fix =
        format!("take the input `{name}` away, or let the deployment need a successful {gate}");
    let mut finding = RULE.finding(
        severity(&bypass.environment),
        message,
        &declared.location,
        &fix,
    );
    finding.places.push(command.location.clone().into());
    finding.trace = story(&case.reading, &bypass.chosen, &bypass.deployment, gate);
    Some(finding)
}
