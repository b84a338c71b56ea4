//! The one table of commands. A new tool is one row.

use crate::Capability;
use crate::Capability::{
    Build, DependencyScan, Deploy, ImageScan, Notify, Push, Sbom, SecretScan, Sign, StaticAnalysis,
    Test, Verify,
};

/// A kind of command line.
pub(super) struct Row {
    pub(super) capability: Capability,
    /// The program's name, then its sub-commands in order (options may stand between); `a|b` is
    /// either, `a*` begins so, `--flag` or `--flag=value` must be there, and `!--flag` and `!a` must not.
    pub(super) pattern: &'static str,
}

const fn row(capability: Capability, pattern: &'static str) -> Row {
    Row {
        capability,
        pattern,
    }
}

/// What command lines are for.
pub(super) const COMMANDS: &[Row] = &[
    row(Test, "cargo test|t|nextest|llvm-cov|tarpaulin !--no-run"),
    row(Test, "cross test"),
    row(Test, "npm|pnpm|yarn|bun test|t|tst"),
    row(Test, "npm|pnpm|yarn|bun run|run-script test|test:*|tests"),
    row(Test, "yarn test:*"),
    row(
        Test,
        "jest|vitest|mocha|ava|karma|tox|nox|pytest|py.test|rspec|phpunit|ctest|gotestsum !--collect-only !--co !--listTests !--list-tests",
    ),
    row(
        Test,
        "playwright|ng|deno|dart|flutter|swift|mix|sbt|lein|zig|stack|cabal test !--list",
    ),
    row(Test, "cypress run"),
    row(Test, "python|python3 -m=pytest"),
    row(Test, "python|python3 -m=unittest"),
    row(Test, "python|python3 setup.py test"),
    row(Test, "python|python3 manage.py test"),
    row(
        Test,
        "go test !-run=^$ !-run=NONE !-run=None !-test.run=^$ !-test.run=NONE !-test.run=None",
    ),
    row(Test, "dotnet test"),
    row(
        Test,
        "mvn|mvnw test|verify|integration-test|install !-DskipTests !-Dmaven.test.skip",
    ),
    row(
        Test,
        "mvn|mvnw clean test|verify|integration-test|install !-DskipTests !-Dmaven.test.skip",
    ),
    row(Test, "gradle|gradlew test|check|build !-x=test"),
    row(Test, "gradle|gradlew clean test|check|build !-x=test"),
    row(
        Test,
        "make|just|task|rake|ant test|tests|check|unit-test*|integration-test*|test-*|spec",
    ),
    row(Test, "bazel|bazelisk test"),
    row(Test, "composer|bundle test"),
    row(Test, "rails|artisan test"),
    row(Test, "php artisan test"),
    row(Test, "xcodebuild test"),
    row(SecretScan, "gitleaks|betterleaks detect|dir|git|protect"),
    row(
        SecretScan,
        "trufflehog|detect-secrets|detect-secrets-hook|ggshield|noseyparker|talisman",
    ),
    row(SecretScan, "git-secrets --scan|--scan-history"),
    row(SecretScan, "git secrets --scan|--scan-history"),
    row(SecretScan, "plimsoll check"),
    row(StaticAnalysis, "plimsoll check"),
    row(StaticAnalysis, "semgrep|opengrep"),
    row(
        StaticAnalysis,
        "bandit|gosec|brakeman|njsscan|bearer|zizmor|checkov|tfsec|terrascan|kics|sonar-scanner",
    ),
    row(StaticAnalysis, "codeql database analyze"),
    row(StaticAnalysis, "snyk code test"),
    row(StaticAnalysis, "trivy config"),
    row(DependencyScan, "plimsoll check"),
    row(DependencyScan, "cargo audit"),
    row(DependencyScan, "cargo deny check"),
    row(
        DependencyScan,
        "npm|pnpm|yarn|bun|composer audit !signatures",
    ),
    row(DependencyScan, "yarn npm audit"),
    row(DependencyScan, "bundle audit|bundle-audit"),
    row(
        DependencyScan,
        "bundle-audit|bundler-audit|pip-audit|safety|osv-scanner|govulncheck|dependency-check*|audit-ci",
    ),
    row(DependencyScan, "snyk test"),
    row(
        DependencyScan,
        "trivy fs|filesystem|repo|repository|rootfs|sbom",
    ),
    row(DependencyScan, "grype dir:*|sbom:*|."),
    row(DependencyScan, "dotnet list package --vulnerable"),
    row(ImageScan, "trivy image|i"),
    row(ImageScan, "grype !dir:*"),
    row(ImageScan, "docker scout cves|quickview"),
    row(ImageScan, "docker scan"),
    row(ImageScan, "snyk container test"),
    row(ImageScan, "dockle|clair-scanner|anchore-cli|twistcli"),
    row(
        Sbom,
        "syft|cdxgen|cyclonedx-py|cyclonedx-npm|cyclonedx-gomod",
    ),
    row(Sbom, "cargo cyclonedx|sbom|auditable"),
    row(Sbom, "plimsoll sbom"),
    row(Sbom, "trivy image|fs --format=cyclonedx|--format=spdx-json"),
    row(Sign, "cosign sign|sign-blob|attest|attest-blob"),
    row(Sign, "plimsoll sign"),
    row(Sign, "notation sign"),
    row(Sign, "gpg|gpg2 --detach-sign|--sign|--clearsign|-b"),
    row(
        Verify,
        "cosign verify|verify-blob|verify-attestation|verify-blob-attestation",
    ),
    row(Verify, "plimsoll verify"),
    row(Verify, "notation verify"),
    row(Verify, "slsa-verifier verify-artifact|verify-image"),
    row(Verify, "gh attestation verify"),
    row(Build, "docker|podman|nerdctl build"),
    row(Build, "docker buildx build|bake"),
    row(Build, "docker compose build"),
    row(Build, "docker-compose|buildah|img build|bud"),
    row(Build, "cargo build"),
    row(Build, "go build"),
    row(Build, "pack build"),
    row(Push, "docker buildx build|bake --push"),
    row(Push, "docker build --push"),
    row(Push, "docker|podman|nerdctl|buildah|crane push"),
    row(Push, "docker image push"),
    row(Push, "docker compose push"),
    row(Push, "docker-compose push"),
    row(Push, "skopeo|crane|regctl copy|cp"),
    row(Push, "pack build --publish"),
    row(Push, "ko build|publish"),
    row(Deploy, "plimsoll promote"),
    row(
        Deploy,
        "kubectl|oc apply|create|replace|patch|set !--dry-run",
    ),
    row(Deploy, "kubectl|oc rollout restart|undo"),
    row(Deploy, "kustomize apply"),
    row(Deploy, "helm upgrade|install !--dry-run"),
    row(Deploy, "helmfile|skaffold apply|sync|deploy|run"),
    row(Deploy, "argocd app sync|set"),
    row(Deploy, "flux reconcile"),
    row(Deploy, "terraform|tofu|terragrunt apply"),
    row(Deploy, "pulumi up|update"),
    row(Deploy, "cdk|sam|serverless|sls|copilot|amplify deploy"),
    row(Deploy, "aws ecs update-service|run-task"),
    row(Deploy, "aws lambda update-function-code|publish-version"),
    row(
        Deploy,
        "aws cloudformation deploy|update-stack|create-stack",
    ),
    row(Deploy, "aws s3 sync"),
    row(Deploy, "aws deploy create-deployment"),
    row(Deploy, "aws elasticbeanstalk update-environment"),
    row(Deploy, "eb deploy"),
    row(Deploy, "gcloud run|app|functions deploy"),
    row(Deploy, "gcloud run services replace|update"),
    row(
        Deploy,
        "az webapp|functionapp|containerapp deploy|deployment|update|up|create",
    ),
    row(
        Deploy,
        "fly|flyctl|vercel|netlify|firebase|wrangler|railway|surge deploy|up",
    ),
    row(Deploy, "vercel --prod"),
    row(Deploy, "heroku container:release"),
    row(Deploy, "ansible-playbook|cap|nomad|kamal|dokku"),
    row(Deploy, "docker stack deploy"),
    row(Deploy, "docker service update"),
    row(Deploy, "ssh|scp|rsync|sftp|lftp"),
    row(Deploy, "cargo publish !--dry-run"),
    row(Deploy, "npm|pnpm|yarn|bun|lerna publish !--dry-run"),
    row(Deploy, "twine upload"),
    row(
        Deploy,
        "poetry|uv|flit|hatch|maturin publish|upload !--dry-run",
    ),
    row(Deploy, "gem push"),
    row(Deploy, "dotnet nuget push"),
    row(Deploy, "nuget push"),
    row(Deploy, "mvn|mvnw deploy|release:perform"),
    row(Deploy, "mvn|mvnw clean deploy"),
    row(Deploy, "gradle|gradlew publish*|uploadArchives"),
    row(Deploy, "goreleaser release !--snapshot"),
    row(Deploy, "gh release create|upload"),
    row(Deploy, "helm push"),
    row(Deploy, "semantic-release !--dry-run"),
    row(
        Deploy,
        "make|just|task|rake|ant deploy|deploy-*|deploy:*|publish",
    ),
    row(
        Deploy,
        "npm|pnpm|yarn|bun run|run-script deploy|deploy:*|publish",
    ),
    row(Deploy, "yarn|pnpm deploy:*"),
    row(Notify, "slack-notify|sendmail|mail"),
];

/// Command lines that report success whatever they find.
pub(super) const EXIT_ZERO: &[&str] = &[
    "trivy|gitleaks|betterleaks --exit-code=0",
    "docker --exit-code=0",
    "bandit|pip-audit --exit-zero",
    "checkov|tfsec --soft-fail|-s",
    "kics --ignore-on-exit=all",
    "zizmor --no-exit-codes",
    "mvn|mvnw -Dmaven.test.failure.ignore|-Dmaven.test.failure.ignore=true|-fn|--fail-never",
    "make -i|-ik|-ki|--ignore-errors",
    "safety --continue-on-error",
    "gosec -no-fail",
    "brakeman --no-exit-on-warn",
];

/// Scanners that report success whatever they find unless they are told otherwise.
pub(super) const REPORTS_ONLY: &[&str] = &[
    "trivy image|i|fs|filesystem|repo|repository|rootfs|sbom|config !--exit-code",
    "grype !--fail-on !-f",
    "docker scout cves !--exit-code !-e",
    "trufflehog !--fail",
    "semgrep|opengrep scan !--error",
];

/// A command that runs the command behind it.
pub(super) struct Wrapper {
    pub(super) name: &'static str,
    /// How many arguments of its own come first.
    pub(super) arguments: usize,
    /// Its options that take the next word as their value.
    pub(super) with_value: &'static str,
}

const fn wrapper(name: &'static str, arguments: usize, with_value: &'static str) -> Wrapper {
    Wrapper {
        name,
        arguments,
        with_value,
    }
}

/// Commands that run the command behind them.
pub(super) const WRAPPERS: &[Wrapper] = &[
    wrapper("sudo", 0, "-u --user -g --group -h -p -C -D -R -T -U"),
    wrapper("doas", 0, "-u -C"),
    wrapper("env", 0, "-u --unset -C --chdir"),
    wrapper("time", 0, "-f -o"),
    wrapper("nice", 0, "-n"),
    wrapper("ionice", 0, "-c -n"),
    wrapper("stdbuf", 0, "-i -o -e"),
    wrapper("nohup", 0, ""),
    wrapper("setsid", 0, ""),
    wrapper("exec", 0, "-a"),
    wrapper("command", 0, ""),
    wrapper("timeout", 1, "-k --kill-after -s --signal"),
    wrapper("xargs", 0, "-I -n -P -L -a -d -E -s"),
    wrapper(
        "xvfb-run",
        0,
        "-n -s -e -f -p -w --server-args --server-num",
    ),
    wrapper("npx", 0, "-p --package"),
    wrapper("bunx", 0, ""),
    wrapper("uvx", 0, "--from --with -p --python"),
    wrapper("pipx run", 0, "--spec"),
    wrapper("pnpm exec", 0, ""),
    wrapper("poetry run", 0, ""),
    wrapper("pipenv run", 0, ""),
    wrapper("hatch run", 0, ""),
    wrapper(
        "uv run",
        0,
        "--with --extra --group -p --python --directory",
    ),
    wrapper("rye run", 0, ""),
    wrapper("bundle exec", 0, ""),
];
