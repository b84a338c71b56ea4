//! Gates that are taken in steps, and rules of which the policy lowers the severity.

use plimsoll_model::{Baseline, Body, CommitId, Outcome, Reason, Severity};

use super::{POLICY, World, decide, finding, world_under};

fn path_gate(mode: &str, change: impl FnOnce(&mut World)) -> Reason {
    let mut world = world_under(&format!("[gate]\npath = {{ mode = {mode} }}\n{POLICY}"));
    change(&mut world);
    let mut reasons = decide(&world).reasons.into_iter();
    reasons.find(|reason| reason.about == "path").unwrap()
}

#[test]
fn a_gate_that_only_reports_never_satisfies_a_requirement() {
    let reason = path_gate("\"report\"", |_| ());
    assert_eq!(reason.outcome, Outcome::Unknown);
    assert!(reason.message.contains("only reports"), "{reason:?}");
}

#[test]
fn what_stood_at_the_policys_commit_passes_until_the_day_and_only_by_that_comparison() {
    let commit = "c0ffee0000000000000000000000000000000000";
    let old = |world: &mut World, commit: &str| {
        let mut finding = finding(Severity::High);
        finding.identify(0);
        let inspected = body!(world, 2, Inspection);
        inspected.baselines = vec![Baseline {
            commit: CommitId::new(commit),
            findings: finding.fingerprint.into_iter().collect(),
        }];
        inspected.findings = vec![finding];
    };
    let until =
        |day: &str| format!("{{ new_since = \"{commit}\", until = {day}, owner = \"sre\" }}");
    let passes = path_gate(&until("2026-06-01"), |world| old(world, commit));
    assert_eq!(passes.outcome, Outcome::Allow, "{passes:?}");
    assert_eq!(
        passes.message,
        "nothing new at or above `high`; 1 finding stood already at c0ffee000000 (owner sre, until 2026-06-01)"
    );
    let over = path_gate(&until("2026-05-31"), |world| old(world, commit));
    assert_eq!(over.outcome, Outcome::Deny, "{over:?}");
    let other = path_gate(&until("2026-06-01"), |world| old(world, &"0".repeat(40)));
    assert_eq!(other.outcome, Outcome::Deny, "{other:?}");
    let enforced = path_gate("\"enforce\"", |world| old(world, commit));
    assert_eq!(enforced.outcome, Outcome::Deny, "{enforced:?}");
}

#[test]
fn a_lowered_rule_is_told_in_the_decision() {
    let rule = "[[rule]]\nid = \"path/push-before-scan\"\nseverity = \"low\"\nreason = \"a lab\"\n";
    let mut world = world_under(&format!("{POLICY}\n{rule}"));
    body!(world, 2, Inspection).findings = vec![finding(Severity::High)];
    let verdict = decide(&world);
    assert_eq!(verdict.outcome, Outcome::Allow, "{verdict:#?}");
    let told = "taken for low instead of high: a lab";
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason.message.contains(told))
    );
}
