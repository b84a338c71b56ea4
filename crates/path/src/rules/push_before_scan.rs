use plimsoll_model::{Finding, Severity};

use super::{Check, Rule};
use crate::prove::Proofs;
use crate::reading::Chosen;
use crate::story::story;
use crate::{Capability, CommandRef};

/// `path/push-before-scan`.
pub(super) static RULE: Rule = Rule {
    name: "push-before-scan",
    severity: Severity::High,
    what: "An image is pushed to the registry in a run in which the scan of that image had not passed before.",
    why: "From the push on the image can be pulled and deployed by anybody who watches the tag, whatever the scan says \
         later.",
    fix: "Build, scan, then push the same image.",
    examples: &[(
        "github-actions",
        "```yaml\n- run: docker build -t \"$IMAGE\" .\n- run: trivy image --exit-code 1 \"$IMAGE\"\n- run: docker push \"$IMAGE\"\n```\n\n\
         With a build action: `load: true` and `push: false` first, then scan, then push.",
    )],
    check: Check::Runs(check),
};

fn check(proofs: &mut Proofs) -> Vec<Finding> {
    let pipeline = proofs.pipeline;
    let mut findings: Vec<Finding> = Vec::new();
    let pushes = pipeline
        .commands()
        .filter(|(_, _, _, command)| command.can(Capability::Push));
    let mut reported: Vec<Option<String>> = Vec::new();
    for (push, _, _, command) in pushes {
        let about = |image: &Option<String>| {
            image.is_none() || command.image.is_none() || *image == command.image
        };
        let scans =
            |other: &crate::shell::Command| other.can(Capability::ImageScan) && about(&other.image);
        if !pipeline.commands().any(|(_, _, _, other)| scans(other))
            || reported.contains(&command.image)
        {
            continue;
        }
        let ungated = proofs.reading.ungated(&push, &scans);
        if let Some(chosen) = proofs.find_reported(ungated, Capability::ImageScan) {
            reported.push(command.image.clone());
            findings.extend(finding(proofs, &push, &chosen));
        }
    }
    findings
}

fn finding(proofs: &Proofs, push: &CommandRef, chosen: &Chosen) -> Option<Finding> {
    let (_, _, command) = proofs.pipeline.command(push)?;
    let message = format!(
        "`{}` pushes an image whose scan has not passed before",
        command.label
    );
    let fix = "scan the image before it is pushed, and let the push depend on the scan";
    let mut finding = RULE.finding(Severity::High, message, &command.location, fix);
    let scan = proofs
        .pipeline
        .commands()
        .find(|(_, _, _, command)| command.can(Capability::ImageScan));
    finding
        .places
        .extend(scan.map(|(_, _, _, scan)| scan.location.clone().into()));
    finding.trace = story(&proofs.reading, chosen, push, Capability::ImageScan);
    Some(finding)
}
