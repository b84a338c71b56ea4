use plimsoll_model::{Finding, Severity};

use super::{Check, Rule};
use crate::pipeline::{Job, Step};
use crate::prove::Proofs;

/// `path/echo-only-gate`.
pub(super) static RULE: Rule = Rule {
    name: "echo-only-gate",
    severity: Severity::High,
    what: "A step or job is named like a check, an approval or a notification, and its commands only print.",
    why: "The log says that tests passed, that somebody approved, that a message was sent. None of it happened, and \
         the next reader believes it.",
    fix: "Run the tool, or take the step away until there is one. An approval belongs to the environment's protection \
           rules, not to a log line.",
    examples: &[(
        "github-actions",
        "```yaml\n- name: Security scan\n  run: gitleaks detect --source .\n```",
    )],
    check: Check::Runs(check),
};

/// Words that promise a check, an approval or a notification.
const PROMISES: &str = "test tests scan scanning sast dast audit vulnerability vulnerabilities verify verification \
                        approve approval approvals sign signing signoff gate notify notification notifications smoke \
                        security compliance healthcheck";

/// Words of steps that print for people on purpose, and of jobs that only wait for others.
const ANNOUNCEMENTS: &str = "print show display summary summarize echo log info debug skip skipped report result \
                             results output outputs list set status comment url version hello start starting run \
                             message success succeeded passed all done complete completed required";

fn check(proofs: &mut Proofs) -> Vec<Finding> {
    proofs.pipeline.jobs.iter().flat_map(judge).collect()
}

fn judge(job: &Job) -> Vec<Finding> {
    let steps: Vec<&Step> = job.steps.iter().filter(|step| only_prints(step)).collect();
    let named: Vec<Finding> = steps
        .iter()
        .filter(|step| step.name.as_deref().is_some_and(promises))
        .map(|step| {
            let title = step.title();
            let message =
                format!("the step `{title}` only prints: nothing is checked, asked or sent");
            RULE.finding(
                severity(&title),
                message,
                &step.location,
                "run the tool that does it, or remove the step",
            )
        })
        .collect();
    let works = |step: &&Step| !only_prints(step) && !prepares(step);
    let hollow = !steps.is_empty() && !job.steps.iter().any(|step| works(&step));
    let name = job.name.as_deref().unwrap_or(&job.id);
    if !named.is_empty() || !hollow || !(promises(name) || promises(&job.id)) {
        return named;
    }
    let message = format!(
        "the job `{}` only prints: nothing is checked, asked or sent",
        job.id
    );
    vec![RULE.finding(
        severity(name),
        message,
        &job.location,
        "run the tool that does it, or remove the job",
    )]
}

/// A step of one or more commands, none of which does more than show text.
fn only_prints(step: &Step) -> bool {
    let commands = &step.script.commands;
    let prints = commands
        .iter()
        .all(|command| command.prints || command.label == "exit 0");
    step.tool.is_none()
        && !step.foreign
        && step.script.unread.is_empty()
        && step.script.hidden.is_empty()
        && prints
        && !commands.is_empty()
}

/// Tools that only fetch what others would work with.
fn prepares(step: &Step) -> bool {
    step.tool.is_some_and(|tool| tool.prepares)
}

fn promises(name: &str) -> bool {
    let name = name.to_lowercase();
    let words: Vec<&str> = name
        .split(|char: char| !char.is_ascii_alphanumeric())
        .collect();
    let has = |list: &str| list.split_whitespace().any(|word| words.contains(&word));
    has(PROMISES) && !has(ANNOUNCEMENTS)
}

/// An unsent message is less than an unmade check.
fn severity(name: &str) -> Severity {
    if name.to_lowercase().contains("notif") {
        Severity::Medium
    } else {
        Severity::High
    }
}
