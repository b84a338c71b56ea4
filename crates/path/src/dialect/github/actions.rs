//! The actions of GitHub's marketplace that are known, and what their inputs make of them. A new action is one row.

use crate::Capability;
use crate::Capability::{
    Approve, Build, DependencyScan, Deploy, ImageScan, Notify, Push, Sbom, SecretScan, Sign,
    StaticAnalysis,
};
use crate::recognise::{Recognised, each_once, image_name};

/// Judges an action by `owner/name` and its inputs.
pub(super) fn recognise(uses: &str, with: &[(String, String)]) -> Recognised {
    let name = uses.split('@').next().unwrap_or(uses).to_lowercase();
    let value = |key: &str| {
        with.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    };
    let rows: Vec<&Action> = ACTIONS
        .iter()
        .filter(|row| {
            name == row.name
                || name
                    .strip_prefix(row.name)
                    .is_some_and(|rest| rest.starts_with('/'))
        })
        .filter(|row| row.with.iter().all(|condition| meets(*condition, &value)))
        .collect();
    let capabilities = each_once(rows.iter().map(|row| row.capability));
    let exits_zero = !capabilities.is_empty()
        && ACTION_EXIT_ZERO
            .iter()
            .any(|(key, zero)| value(key).is_some_and(|value| value.trim() == *zero));
    let image = ["image-ref", "image", "tags"]
        .iter()
        .find_map(|key| value(key))
        .map(str::trim)
        .and_then(image_name);
    let reports_only = ACTION_REPORTS_ONLY
        .iter()
        .any(|(action, key)| name == *action && value(key).is_none());
    Recognised {
        capabilities,
        exits_zero,
        reports_only,
        image,
    }
}

/// Whether the action only fetches what others would work with.
pub(super) fn prepares(uses: &str) -> bool {
    uses.starts_with("actions/checkout")
        || uses.starts_with("actions/setup-")
        || uses.starts_with("actions/cache")
}

/// Whether the action hands findings to code scanning, which can still stop a merge.
pub(super) fn uploads_findings(uses: &str) -> bool {
    uses.starts_with("github/codeql-action/upload-sarif")
}

fn meets<'a>(condition: With, value: &impl Fn(&str) -> Option<&'a str>) -> bool {
    match condition {
        With::Is(key, wanted) => value(key).is_some_and(|value| wanted.contains(&value.trim())),
        With::Missing(key) => value(key).is_none(),
        // An expression may come to true, so it counts as true.
        With::MayBeTrue(key) => value(key).is_some_and(|value| value.trim() != "false"),
        With::Contains(key, part) => value(key).is_some_and(|value| value.contains(part)),
    }
}

/// An action with what its inputs must be.
struct Action {
    capability: Capability,
    /// `owner/name` or `owner/name/folder`, in lower case.
    name: &'static str,
    with: &'static [With],
}

/// A condition on an action's input.
#[derive(Clone, Copy)]
enum With {
    /// It is one of these.
    Is(&'static str, &'static [&'static str]),
    /// It is not given.
    Missing(&'static str),
    /// It is given and not `false`.
    MayBeTrue(&'static str),
    /// It holds this text.
    Contains(&'static str, &'static str),
}

const fn act(capability: Capability, name: &'static str, with: &'static [With]) -> Action {
    Action {
        capability,
        name,
        with,
    }
}

/// What actions are for.
const ACTIONS: &[Action] = &[
    act(SecretScan, "gitleaks/gitleaks-action", &[]),
    act(SecretScan, "trufflesecurity/trufflehog", &[]),
    act(SecretScan, "gitguardian/ggshield-action", &[]),
    act(StaticAnalysis, "github/codeql-action/analyze", &[]),
    act(StaticAnalysis, "semgrep/semgrep-action", &[]),
    act(StaticAnalysis, "returntocorp/semgrep-action", &[]),
    act(StaticAnalysis, "securego/gosec", &[]),
    act(StaticAnalysis, "sonarsource/sonarqube-scan-action", &[]),
    act(StaticAnalysis, "sonarsource/sonarcloud-github-action", &[]),
    act(StaticAnalysis, "bridgecrewio/checkov-action", &[]),
    act(StaticAnalysis, "checkmarx/ast-github-action", &[]),
    act(StaticAnalysis, "checkmarx/kics-github-action", &[]),
    act(StaticAnalysis, "aquasecurity/tfsec-action", &[]),
    act(StaticAnalysis, "zizmorcore/zizmor-action", &[]),
    act(
        StaticAnalysis,
        "aquasecurity/trivy-action",
        &[With::Is("scan-type", &["config"])],
    ),
    act(
        DependencyScan,
        "aquasecurity/trivy-action",
        &[With::Is("scan-type", &["fs", "rootfs", "repo", "sbom"])],
    ),
    act(DependencyScan, "actions/dependency-review-action", &[]),
    act(DependencyScan, "google/osv-scanner-action", &[]),
    act(DependencyScan, "rustsec/audit-check", &[]),
    act(DependencyScan, "actions-rs/audit-check", &[]),
    act(DependencyScan, "embarkstudios/cargo-deny-action", &[]),
    act(DependencyScan, "pypa/gh-action-pip-audit", &[]),
    act(DependencyScan, "golang/govulncheck-action", &[]),
    act(DependencyScan, "snyk/actions", &[]),
    act(
        DependencyScan,
        "anchore/scan-action",
        &[With::Missing("image")],
    ),
    act(
        ImageScan,
        "anchore/scan-action",
        &[With::MayBeTrue("image")],
    ),
    act(
        ImageScan,
        "aquasecurity/trivy-action",
        &[With::Is("scan-type", &["image"])],
    ),
    act(
        ImageScan,
        "aquasecurity/trivy-action",
        &[With::Missing("scan-type")],
    ),
    act(ImageScan, "azure/container-scan", &[]),
    act(ImageScan, "docker/scout-action", &[]),
    act(ImageScan, "snyk/actions/docker", &[]),
    act(ImageScan, "crowdstrike/container-image-scan-action", &[]),
    act(Sbom, "anchore/sbom-action", &[]),
    act(Sbom, "cyclonedx/gh-node-module-generatebom", &[]),
    act(Sign, "actions/attest", &[]),
    act(Sign, "actions/attest-build-provenance", &[]),
    act(Sign, "sigstore/gh-action-sigstore-python", &[]),
    act(Build, "docker/build-push-action", &[]),
    act(Push, "docker/build-push-action", &[With::MayBeTrue("push")]),
    act(
        Push,
        "docker/build-push-action",
        &[With::Contains("outputs", "push=true")],
    ),
    act(Push, "docker/bake-action", &[With::MayBeTrue("push")]),
    act(Push, "redhat-actions/push-to-registry", &[]),
    act(Build, "redhat-actions/buildah-build", &[]),
    act(Deploy, "actions/deploy-pages", &[]),
    act(Deploy, "peaceiris/actions-gh-pages", &[]),
    act(Deploy, "jamesives/github-pages-deploy-action", &[]),
    act(Deploy, "aws-actions/amazon-ecs-deploy-task-definition", &[]),
    act(Deploy, "aws-actions/aws-cloudformation-github-deploy", &[]),
    act(Deploy, "aws-actions/aws-lambda-deploy", &[]),
    act(Deploy, "azure/webapps-deploy", &[]),
    act(Deploy, "azure/functions-action", &[]),
    act(Deploy, "azure/functions-container-action", &[]),
    act(Deploy, "azure/k8s-deploy", &[]),
    act(Deploy, "azure/static-web-apps-deploy", &[]),
    act(Deploy, "azure/container-apps-deploy-action", &[]),
    act(Deploy, "google-github-actions/deploy-cloudrun", &[]),
    act(Deploy, "google-github-actions/deploy-appengine", &[]),
    act(Deploy, "google-github-actions/deploy-cloud-functions", &[]),
    act(Deploy, "cloudflare/wrangler-action", &[]),
    act(Deploy, "cloudflare/pages-action", &[]),
    act(Deploy, "akhileshns/heroku-deploy", &[]),
    act(Deploy, "amondnet/vercel-action", &[]),
    act(Deploy, "nwtgck/actions-netlify", &[]),
    act(Deploy, "firebaseextended/action-hosting-deploy", &[]),
    act(Deploy, "appleboy/ssh-action", &[]),
    act(Deploy, "appleboy/scp-action", &[]),
    act(Deploy, "easingthemes/ssh-deploy", &[]),
    act(Deploy, "redhat-actions/oc-new-app", &[]),
    act(Deploy, "pypa/gh-action-pypi-publish", &[]),
    act(Deploy, "js-devtools/npm-publish", &[]),
    act(Deploy, "softprops/action-gh-release", &[]),
    act(Deploy, "ncipollo/release-action", &[]),
    act(Deploy, "actions/create-release", &[]),
    act(Deploy, "helm/chart-releaser-action", &[]),
    act(
        Deploy,
        "goreleaser/goreleaser-action",
        &[With::Contains("args", "release")],
    ),
    act(Approve, "trstringer/manual-approval", &[]),
    act(Notify, "slackapi/slack-github-action", &[]),
    act(Notify, "8398a7/action-slack", &[]),
    act(Notify, "rtcamp/action-slack-notify", &[]),
    act(Notify, "dawidd6/action-send-mail", &[]),
];

/// Actions that report success whatever they find unless an input is given.
const ACTION_REPORTS_ONLY: &[(&str, &str)] = &[
    ("aquasecurity/trivy-action", "exit-code"),
    ("docker/scout-action", "exit-code"),
];

/// Inputs of actions by which they report success whatever they find.
const ACTION_EXIT_ZERO: &[(&str, &str)] = &[
    ("exit-code", "0"),
    ("soft_fail", "true"),
    ("soft-fail", "true"),
    ("fail-build", "false"),
    ("fail_action", "false"),
    ("fail-on-vuln", "false"),
    ("warn-only", "true"),
];

#[cfg(test)]
mod tests {
    use super::recognise;
    use crate::Capability::{Build, DependencyScan, ImageScan, Push, StaticAnalysis};

    #[test]
    fn actions_are_known_by_name_and_inputs() {
        let judge = |uses: &str, with: &[(&str, &str)]| {
            let with: Vec<_> = with
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            recognise(uses, &with)
        };
        assert_eq!(
            judge("docker/build-push-action@v6", &[]).capabilities,
            [Build]
        );
        assert_eq!(
            judge("docker/build-push-action@v6", &[("push", "false")]).capabilities,
            [Build]
        );
        assert_eq!(
            judge("docker/build-push-action@v6", &[("push", "true")]).capabilities,
            [Build, Push]
        );
        let push = judge(
            "Docker/build-push-action@v6",
            &[("push", "${{ x }}"), ("tags", "app:1")],
        );
        assert_eq!(push.capabilities, [Build, Push]);
        assert_eq!(push.image.as_deref(), Some("app"));
        assert_eq!(
            judge("aquasecurity/trivy-action@0.1", &[("scan-type", "fs")]).capabilities,
            [DependencyScan]
        );
        let trivy = judge(
            "aquasecurity/trivy-action@0.1",
            &[("exit-code", "0"), ("image-ref", "app")],
        );
        assert_eq!(
            (trivy.capabilities, trivy.exits_zero),
            (vec![ImageScan], true)
        );
        assert_eq!(
            judge("github/codeql-action/analyze@v3", &[]).capabilities,
            [StaticAnalysis]
        );
        assert_eq!(judge("github/codeql-action/init@v3", &[]).capabilities, []);
    }
}
