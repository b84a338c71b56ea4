use plimsoll_model::{Finding, Location, Severity, TraceStep};

use super::{Check, Rule};
use crate::Capability;
use crate::case::{Case, Neutralised, Why};
use crate::script::Command;
use crate::workflow::{Job, Tolerance};

/// `path/gate-cannot-fail`.
pub(super) static RULE: Rule = Rule {
    name: "gate-cannot-fail",
    severity: Severity::High,
    what: "A check runs, and whatever it finds the job goes on: `|| true`, a pipe without `pipefail`, \
           `continue-on-error`, or a flag such as `--exit-code 0`.",
    why: "The check is there to be seen and stops nothing. A report that nobody has to act on is not a gate.",
    fix: "Let the failure through. Where findings have to be tolerated for a while, name them in the tool's own list \
           of exceptions with an end date, instead of tolerating all.\n\n\
           ```yaml\n- run: trivy image --exit-code 1 --severity HIGH,CRITICAL \"$IMAGE\"\n```",
    check: Check::Runs(check),
};

fn check(case: &mut Case) -> Vec<Finding> {
    case.neutralised
        .iter()
        .filter_map(|each| finding(case, each))
        .collect()
}

fn finding(case: &Case, each: &Neutralised) -> Option<Finding> {
    let (job, step, command) = case.workflow.command(&each.gate)?;
    let gate = gate_of(command)?;
    let at = match each.why {
        Why::StepContinues => place(&step.tolerance, command),
        Why::JobContinues => place(&job.tolerance, command),
        Why::ExitZero | Why::ReportsOnly | Why::Shell => &command.location,
    };
    let (because, fix) = reason(each.why);
    let message = format!(
        "the {gate} `{}` stops nothing when it fails: {because}",
        command.label
    );
    let mut finding = RULE.finding(severity(each.why, job)?, message, &command.location, fix);
    if *at != command.location {
        finding.places.push(at.clone().into());
    }
    let then = format!("{because}, so job `{}` goes on", job.id);
    finding.trace = vec![
        TraceStep {
            message: format!("`{}` fails", command.label),
            place: Some(command.location.clone().into()),
        },
        TraceStep {
            message: then,
            place: Some(at.clone().into()),
        },
    ];
    Some(finding)
}

fn place<'a>(tolerance: &'a Tolerance, command: &'a Command) -> &'a Location {
    match tolerance {
        Tolerance::Yes(location) => location,
        Tolerance::No | Tolerance::Unknown(_) => &command.location,
    }
}

fn reason(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::ExitZero => (
            "a flag makes it report success",
            "let the tool fail on findings",
        ),
        Why::StepContinues => (
            "`continue-on-error` passes over it",
            "take `continue-on-error` away",
        ),
        Why::JobContinues => (
            "its job's `continue-on-error` passes over it",
            "take `continue-on-error` away",
        ),
        Why::ReportsOnly => (
            "it reports success whatever it finds unless it is told otherwise",
            "tell the scanner to fail on findings: `--exit-code 1`, `--fail-on high`, `--error`",
        ),
        Why::Shell => (
            "the shell drops its status",
            "let its status be the script's: no `|| true`, no `&`, `set -o pipefail` before a pipe",
        ),
    }
}

/// Where the findings are uploaded, code scanning can still stop a merge; a scanner that was never
/// told to fail is then no finding.
fn severity(why: Why, job: &Job) -> Option<Severity> {
    let mut actions = job.steps.iter().filter_map(|step| step.uses.as_deref());
    let uploads = actions.any(|uses| uses.starts_with("github/codeql-action/upload-sarif"));
    match why {
        Why::ReportsOnly => (!uploads).then_some(Severity::Medium),
        Why::ExitZero | Why::StepContinues | Why::JobContinues | Why::Shell => Some(if uploads {
            Severity::Medium
        } else {
            Severity::High
        }),
    }
}

fn gate_of(command: &Command) -> Option<Capability> {
    command
        .capabilities
        .iter()
        .copied()
        .find(|capability| capability.is_gate())
}
