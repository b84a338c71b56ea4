use plimsoll_model::{Finding, Severity, TraceStep};

use super::Rule;
use crate::case::{Case, Neutralised, Why};
use crate::workflow::Tolerance;
use crate::{Capability, script};

/// `path/gate-cannot-fail`.
pub(super) static RULE: Rule = Rule {
    name: "gate-cannot-fail",
    severity: Severity::High,
    what: "A check runs, and whatever it finds the job goes on: `|| true`, a pipe without `pipefail`, \
           `continue-on-error`, or a flag such as `--exit-code 0`.",
    why: "The check is there to be seen and stops nothing. A report that nobody has to act on is not a gate.",
    mend: "Let the failure through. Where findings have to be tolerated for a while, name them in the tool's own list \
           of exceptions with an end date, instead of tolerating all.\n\n\
           ```yaml\n- run: trivy image --exit-code 1 --severity HIGH,CRITICAL \"$IMAGE\"\n```",
    check,
};

fn check(case: &mut Case) -> Vec<Finding> {
    case.neutralised.iter().filter_map(|each| finding(case, each)).collect()
}

fn finding(case: &Case, each: &Neutralised) -> Option<Finding> {
    let (job, step, command) = case.workflow.command(&each.gate)?;
    let gate = gate_of(command)?;
    let place = |tolerance: &Tolerance| match tolerance {
        Tolerance::Yes(location) => location.clone(),
        Tolerance::No | Tolerance::Unknown(_) => command.location.clone(),
    };
    let (because, at, fix) = match each.why {
        Why::ExitZero => {
            ("a flag makes it report success", command.location.clone(), "let the tool fail on findings")
        }
        Why::StepContinues => {
            ("`continue-on-error` passes over it", place(&step.tolerance), "take `continue-on-error` away")
        }
        Why::JobContinues => (
            "its job's `continue-on-error` passes over it",
            place(&job.tolerance),
            "take `continue-on-error` away",
        ),
        Why::ReportsOnly => (
            "it reports success whatever it finds unless it is told otherwise",
            command.location.clone(),
            "tell the scanner to fail on findings: `--exit-code 1`, `--fail-on high`, `--error`",
        ),
        Why::Shell => (
            "the shell drops its status",
            command.location.clone(),
            "let its status be the script's: no `|| true`, no `&`, `set -o pipefail` before a pipe",
        ),
    };
    let message = format!("the {gate} `{}` stops nothing when it fails: {because}", command.label);
    // Where the findings are uploaded, code scanning can still stop a merge.
    let uploads = job
        .steps
        .iter()
        .filter_map(|step| step.uses.as_deref())
        .any(|uses| uses.starts_with("github/codeql-action/upload-sarif"));
    let severity = match (each.why, uploads) {
        (Why::ReportsOnly, true) => return None,
        (Why::ReportsOnly, false) | (_, true) => Severity::Medium,
        (_, false) => Severity::High,
    };
    let mut finding = RULE.finding(severity, message, &command.location, fix);
    if at != command.location {
        finding.locations.push(at.clone());
    }
    finding.trace = vec![
        TraceStep { message: format!("`{}` fails", command.label), location: Some(command.location.clone()) },
        TraceStep { message: format!("{because}, so job `{}` goes on", job.id), location: Some(at) },
    ];
    Some(finding)
}

fn gate_of(command: &script::Command) -> Option<Capability> {
    command.capabilities.iter().copied().find(|capability| capability.is_gate())
}
