use plimsoll_model::{Masks, TreePath};
use plimsoll_source::TextFile;

use super::{Proof, Verdict, prove};
use crate::Pipeline;

mod stages;

fn read(text: &str) -> Pipeline {
    let (path, masks) = (TreePath::new(".github/workflows/x.yml"), Masks::default());
    Pipeline::read(&TextFile {
        path: &path,
        text,
        masks: &masks,
    })
    .unwrap()
}

/// The proofs of a workflow, one a line: `deployment gate: holds` or the cheapest counterexample.
fn proofs(text: &str) -> Vec<String> {
    lines(&read(text))
}

fn lines(pipeline: &Pipeline) -> Vec<String> {
    let line = |proof: &Proof| {
        let verdict = match &proof.verdict {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Unread(location) => format!("not read at {location}"),
            Verdict::Skippable(run) => {
                let inputs: Vec<_> = run
                    .inputs
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let facts: Vec<_> = run
                    .facts
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let failures: Vec<_> = run.failures.iter().map(ToString::to_string).collect();
                let cancelled = run
                    .cancelled
                    .iter()
                    .map(|(job, step)| format!("{job} cancelled at {step}"));
                let before = run
                    .cancelled_before
                    .iter()
                    .map(|job| format!("cancelled before {job}"));
                let cancelled: Vec<_> = cancelled.chain(before).collect();
                let parts = [vec![run.event.clone()], inputs, facts, failures, cancelled].concat();
                parts.join(" ")
            }
        };
        format!("{} {}: {verdict}", proof.deployment, proof.gate)
    };
    prove(pipeline).unwrap().list().iter().map(line).collect()
}

/// A workflow of two jobs, with these lines in place of the usual ones.
fn two_jobs(test: &str, deploy: &str) -> String {
    format!(
        "on: push\njobs:\n  test:\n    runs-on: x\n{test}\n  deploy:\n    runs-on: x\n    needs: test\n{deploy}\n"
    )
}

const TESTS: &str = "    steps:\n      - run: cargo test";
const DEPLOYS: &str = "    steps:\n      - run: kubectl apply -f k8s";

#[test]
fn a_needed_job_holds_and_each_way_around_it_is_found() {
    let deploy = |lines: &str| format!("{lines}\n{DEPLOYS}");
    for (test, deploy, expected) in [
        (TESTS.to_owned(), DEPLOYS.to_owned(), "holds"),
        (
            TESTS.to_owned(),
            deploy("    if: always()"),
            "push test.0.0",
        ),
        (
            TESTS.to_owned(),
            deploy("    if: always() && needs.test.result == 'success'"),
            "holds",
        ),
        (
            format!("    if: github.ref != 'x'\n{TESTS}"),
            deploy("    if: '!failure()'"),
            "push github.ref='x'",
        ),
        (
            format!("    continue-on-error: true\n{TESTS}"),
            DEPLOYS.to_owned(),
            "push test.0.0",
        ),
        (
            format!("{TESTS} || true"),
            DEPLOYS.to_owned(),
            "push test.0.0",
        ),
        (
            format!("{TESTS} | tee log"),
            DEPLOYS.to_owned(),
            "push test.0.0",
        ),
        (
            format!("{TESTS} | tee log\n        shell: bash"),
            DEPLOYS.to_owned(),
            "holds",
        ),
        (format!("{TESTS} || exit 1"), DEPLOYS.to_owned(), "holds"),
        (
            format!("{TESTS}\n        if: github.actor != 'bot'"),
            DEPLOYS.to_owned(),
            "push github.actor='bot'",
        ),
        (
            TESTS.replace("cargo", "|\n          set +e\n          cargo"),
            DEPLOYS.to_owned(),
            "holds",
        ),
        (
            TESTS.replace(
                "cargo test",
                "|\n          set +e\n          cargo test\n          echo $?",
            ),
            DEPLOYS.to_owned(),
            "push test.0.1",
        ),
        (
            TESTS.replace(
                "cargo test",
                "|\n          t() { cargo test; }\n          t",
            ),
            DEPLOYS.to_owned(),
            "holds",
        ),
        (
            TESTS.replace(
                "cargo test",
                "|\n          if ! cargo test; then exit 1; fi\n          echo ok",
            ),
            DEPLOYS.to_owned(),
            "holds",
        ),
    ] {
        let text = two_jobs(&test, &deploy);
        let found = proofs(&text);
        assert_eq!(
            found,
            [format!("deploy.0.{} test: {expected}", 0)],
            "{text}"
        );
    }
}

#[test]
fn a_cancelled_job_runs_what_asks_for_it() {
    for (conditions, expected) in [
        (["success()", "success()"], "holds"),
        (
            ["success()", "always() && steps.a.outcome == 'success'"],
            "holds",
        ),
        (["success()", "'!failure()'"], "push all cancelled at 0"),
        (["success()", "cancelled()"], "push all cancelled at 0"),
        (
            ["success()", "always() && steps.a.outcome != 'failure'"],
            "push all cancelled at 0",
        ),
    ] {
        let text = format!(
            "on: push\njobs:\n  all:\n    runs-on: x\n    steps:\n      - id: a\n        if: {}\n        run: cargo test\n      - if: {}\n        run: cargo publish\n",
            conditions[0], conditions[1]
        );
        assert_eq!(
            proofs(&text),
            [format!("all.1.0 test: {expected}")],
            "{text}"
        );
    }
    for (condition, expected) in [
        ("success()", "holds"),
        ("github.ref == 'x'", "holds"),
        ("needs.test.result == 'success'", "holds"),
        ("needs.test.result != 'failure'", "holds"),
        ("always() && needs.test.result == 'success'", "holds"),
        ("always() && !cancelled() && success()", "holds"),
        (
            "always() && needs.test.result != 'failure'",
            "push test cancelled at 0",
        ),
        (
            "always() && needs.test.result == 'cancelled'",
            "push test cancelled at 0",
        ),
        (
            "always() && !failure() && !cancelled()",
            "push test cancelled at 0",
        ),
        ("'!failure()'", "push test cancelled at 0"),
        ("cancelled()", "push cancelled before test"),
    ] {
        let text = two_jobs(TESTS, &format!("    if: {condition}\n{DEPLOYS}"));
        assert_eq!(
            proofs(&text),
            [format!("deploy.0.0 test: {expected}")],
            "{condition}"
        );
    }
}

#[test]
fn what_changes_between_steps_is_not_one_fact() {
    let steps = |check: &str, between: &str, ship: &str| {
        format!(
            "on: push\njobs:\n  all:\n    runs-on: x\n    steps:\n      - if: {check}\n        run: cargo test\n      - id: s\n        run: {between}\n      - if: {ship}\n        run: cargo publish\n"
        )
    };
    for (condition, between, holds) in [
        ("env.X == 'on'", "cargo fetch", true),
        ("env.X == 'on'", "echo X=on >> $GITHUB_ENV", false),
        ("contains(env.X, 'on')", "echo X=on >> $GITHUB_ENV", false),
        ("vars.X == 'on'", "echo X=on >> $GITHUB_ENV", true),
        ("vars.ENVIRONMENT == 'on'", "echo X=on >> $GITHUB_ENV", true),
        ("contains(vars.ENV, 'on')", "echo X=on >> $GITHUB_ENV", true),
        ("steps.s.outputs.x == 'on'", "cargo fetch", false),
        ("contains(steps.s.outputs.x, 'on')", "cargo fetch", false),
        ("steps.other.outputs.x == 'on'", "cargo fetch", true),
        ("contains(steps.st.outputs.x, 'on')", "cargo fetch", true),
    ] {
        let found = proofs(&steps(condition, between, condition));
        assert_eq!(
            found[0].ends_with("test: holds"),
            holds,
            "{condition} {between} {found:?}"
        );
    }
}

#[test]
fn nothing_is_proven_about_what_is_not_read() {
    for test in [
        "    steps:\n      - run: cargo test\n      - run: if x; then",
        "    steps:\n      - run: cargo test\n      - run: x\n        shell: pwsh",
        "    steps:\n      - run: cargo test\n      - uses: ./own",
    ] {
        let found = proofs(&two_jobs(test, DEPLOYS));
        let start = "deploy.0.0 test: not read at .github/workflows/x.yml:";
        assert!(found[0].starts_with(start), "{test} {found:?}");
    }
}

#[test]
fn inputs_keep_their_types() {
    let text = |condition: &str| {
        format!(
            "on:\n  push:\n  workflow_dispatch:\n    inputs:\n      skip:\n        type: boolean\njobs:\n  all:\n    runs-on: x\n    steps:\n      - if: {condition}\n        run: cargo test\n      - run: cargo publish\n"
        )
    };
    for (condition, expected) in [
        ("inputs.skip != 'true'", "holds"),
        ("${{ !inputs.skip }}", "workflow_dispatch skip=true"),
        (
            "github.event.inputs.skip != 'true'",
            "workflow_dispatch skip=true",
        ),
        (
            "github.event_name == 'push' || inputs.skip == false",
            "workflow_dispatch skip=true",
        ),
    ] {
        assert_eq!(
            proofs(&text(condition)),
            [format!("all.1.0 test: {expected}")],
            "{condition}"
        );
    }
}
