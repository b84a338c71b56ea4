use plimsoll_model::{Finding, Severity};

use super::{Check, Rule};
use crate::Capability;
use crate::pipeline::{Job, Least, Permissions, Pipeline};

/// `path/over-broad-permissions`.
pub(super) static RULE: Rule = Rule {
    name: "over-broad-permissions",
    severity: Severity::High,
    what: "A job does not say what its token may do, so that the default of the repository decides, or it asks for \
           everything.",
    why: "Every action and every dependency of a build can use the job's token. With the default it may rewrite the \
         source, the releases and the pipelines themselves.",
    fix: "State the least for the whole pipeline, and more only in the job that needs it.",
    examples: &[(
        "github-actions",
        "```yaml\npermissions:\n  contents: read\n\njobs:\n  publish:\n    permissions:\n      contents: read\n      packages: write\n```",
    )],
    check: Check::File(check),
};

fn check(pipeline: &Pipeline) -> Vec<Finding> {
    let mut findings = Vec::new();
    let all = std::iter::once(&pipeline.permissions)
        .chain(pipeline.jobs.iter().map(|job| &job.permissions));
    for permissions in all {
        if let Permissions::Everything(said) = permissions {
            let message = format!("`{}` lets every step change everything", said.text);
            findings.push(RULE.finding(
                Severity::High,
                message,
                &said.location,
                "state each permission that is needed",
            ));
        }
    }
    let open: Vec<&Job> = match pipeline.permissions {
        Permissions::Missing => pipeline
            .jobs
            .iter()
            .filter(|job| job.permissions == Permissions::Missing)
            .collect(),
        Permissions::Everything(_) | Permissions::Stated => Vec::new(),
    };
    if let Some(least) = &pipeline.least {
        findings.extend(missing(pipeline, &open, least));
    }
    findings
}

/// One finding for all jobs that state nothing; worse where the workflow ships something.
fn missing(pipeline: &Pipeline, open: &[&Job], least: &Least) -> Option<Finding> {
    let first = open.first()?;
    let ships = pipeline.commands().any(|(_, job, _, command)| {
        command.can(Capability::Push)
            || command.can(Capability::Deploy)
            || job.environment.is_some()
    });
    let names: Vec<String> = open
        .iter()
        .take(5)
        .map(|job| format!("`{}`", job.id))
        .collect();
    let more = if open.len() > names.len() {
        ", …"
    } else {
        ""
    };
    let (noun, verb) = if open.len() == 1 {
        ("the job", "states")
    } else {
        ("the jobs", "state")
    };
    let message = format!(
        "{noun} {}{more} {verb} no `{}`, so the token has the default's",
        names.join(", "),
        least.key
    );
    let severity = if ships {
        Severity::High
    } else {
        Severity::Medium
    };
    Some(RULE.finding(severity, message, &first.location, &least.fix))
}
