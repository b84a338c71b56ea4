use plimsoll_model::{Finding, Location, Severity, TraceStep};

use super::{Check, Rule};
use crate::Capability;
use crate::pipeline::{Job, Step, Tolerance};
use crate::prove::{Neutralised, Proofs, Why};
use crate::shell::Command;

/// `path/gate-cannot-fail`.
pub(super) static RULE: Rule = Rule {
    name: "gate-cannot-fail",
    severity: Severity::High,
    what: "A check runs, and whatever it finds the job goes on: `|| true`, a pipe without `pipefail`, \
           a tolerance of its step or job, or a flag such as `--exit-code 0`.",
    why: "The check is there to be seen and stops nothing. A report that nobody has to act on is not a gate.",
    fix: "Let the failure through. Where findings have to be tolerated for a while, name them in the tool's own list \
           of exceptions with an end date, instead of tolerating all.",
    examples: &[(
        "github-actions",
        "```yaml\n- run: trivy image --exit-code 1 --severity HIGH,CRITICAL \"$IMAGE\"\n```\n\n\
         without `continue-on-error`.",
    )],
    check: Check::Runs(check),
};

fn check(proofs: &mut Proofs) -> Vec<Finding> {
    proofs
        .neutralised
        .iter()
        .filter_map(|each| finding(proofs, each))
        .collect()
}

fn finding(proofs: &Proofs, each: &Neutralised) -> Option<Finding> {
    let (job, step, command) = proofs.pipeline.command(&each.gate)?;
    let gate = gate_of(command)?;
    let at = match each.why {
        Why::StepContinues => place(step.tolerance.as_ref(), command),
        Why::JobContinues => place(job.tolerance.as_ref(), command),
        Why::ExitZero | Why::ReportsOnly | Why::Shell => &command.location,
    };
    let (because, fix) = reason(each.why, job, step);
    let message = format!(
        "the {gate} `{}` stops nothing when it fails: {because}",
        command.label
    );
    let mut finding = RULE.finding(severity(each.why, job)?, message, &command.location, &fix);
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

fn place<'a>(tolerance: Option<&'a Tolerance>, command: &'a Command) -> &'a Location {
    tolerance.map_or(&command.location, |tolerance| &tolerance.said.location)
}

/// The words that pass over a failure.
fn words(tolerance: Option<&Tolerance>) -> &str {
    tolerance.map_or("", |tolerance| &tolerance.said.text)
}

fn reason(why: Why, job: &Job, step: &Step) -> (String, String) {
    let (because, fix) = match why {
        Why::ExitZero => (
            "a flag makes it report success",
            "let the tool fail on findings",
        ),
        Why::StepContinues => {
            let words = words(step.tolerance.as_ref());
            return (
                format!("`{words}` passes over it"),
                format!("take `{words}` away"),
            );
        }
        Why::JobContinues => {
            let words = words(job.tolerance.as_ref());
            return (
                format!("its job's `{words}` passes over it"),
                format!("take `{words}` away"),
            );
        }
        Why::ReportsOnly => (
            "it reports success whatever it finds unless it is told otherwise",
            "tell the scanner to fail on findings: `--exit-code 1`, `--fail-on high`, `--error`",
        ),
        Why::Shell => (
            "the shell drops its status",
            "let its status be the script's: no `|| true`, no `&`, `set -o pipefail` before a pipe",
        ),
    };
    (because.to_owned(), fix.to_owned())
}

/// Where the findings are uploaded, code scanning can still stop a merge; a scanner that was never
/// told to fail is then no finding.
fn severity(why: Why, job: &Job) -> Option<Severity> {
    let mut tools = job.steps.iter().filter_map(|step| step.tool);
    let uploads = tools.any(|tool| tool.uploads_findings);
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
