use std::collections::BTreeSet;

use jiff::Timestamp;
use plimsoll_model::{
    Baseline, CommitId, Ecosystem, Finding, Fix, Gap, GapKind, Inspection, Inspector, Location,
    Matter, Outcome, Over, Reason, Severity, TreePath, Verdict,
};

use crate::test_rows::{COMMIT, INSPECTORS, ROWS, policy, ran};
use crate::{Policy, Rows};

const LAST_SECOND_OF_JUNE: &str = "2026-06-30T23:59:59Z";

fn verdict(text: &str, inspection: &Inspection, baselines: &[Baseline], now: &str) -> Verdict {
    let now: Timestamp = now.parse().unwrap();
    let ran = INSPECTORS.map(|row| ran(row, 1));
    let judged = policy(text).gate(inspection, &ran, baselines, now);
    judged.verdict
}

fn outcome(policy: &str, inspection: &Inspection) -> Outcome {
    verdict(policy, inspection, &[], LAST_SECOND_OF_JUNE).outcome
}

fn reason(verdict: &Verdict, about: &str) -> Reason {
    let reasons = verdict.reasons.iter();
    let mut about = reasons.filter(|reason| reason.about == about);
    about.next().unwrap().clone()
}

fn finding(rule: &str, severity: Severity, fixed: Option<&str>) -> Inspection {
    let location = Location::file(TreePath::new("a/Cargo.lock"));
    let mut finding = Finding::new(rule.parse().unwrap(), severity, "m", location);
    finding.fix = Some(Fix {
        message: String::new(),
        version: fixed.map(str::to_owned),
    });
    Inspection {
        findings: vec![finding],
        ..Inspection::default()
    }
}

fn waiver(expires: &str, path: &str) -> String {
    format!(
        "[[waiver]]\nid = \"dependency/X\"\nreason = \"r\"\nowner = \"o\"\nexpires = {expires}\n{path}"
    )
}

#[test]
fn thresholds_waivers_and_their_expiry() {
    let high = finding("dependency/X", Severity::High, None);
    let cases = [
        ("", &high, Outcome::Deny),
        (
            "[gate]\ndependencies = \"critical\"\n",
            &high,
            Outcome::Allow,
        ),
        (
            "[gate]\ndependencies = \"critical\"\n",
            &finding("dependency/X", Severity::Unknown, None),
            Outcome::Deny,
        ),
        (
            "[gate]\ndependencies = { fail_on = \"low\", only_fixed = true }\n",
            &high,
            Outcome::Allow,
        ),
        (
            "[gate]\ndependencies = { fail_on = \"low\", only_fixed = true }\n",
            &finding("dependency/X", Severity::Low, Some("2")),
            Outcome::Deny,
        ),
        (&waiver("2026-06-30", ""), &high, Outcome::Allow),
        (&waiver("2026-06-29", ""), &high, Outcome::Deny),
        (
            &waiver("2026-12-31", "path = \"a\"\n"),
            &high,
            Outcome::Allow,
        ),
        (
            &waiver("2026-12-31", "path = \"a/Cargo.lock\"\n"),
            &high,
            Outcome::Allow,
        ),
        (
            &waiver("2026-12-31", "path = \"a/C\"\n"),
            &high,
            Outcome::Deny,
        ),
        (
            &waiver("2026-12-31", ""),
            &finding("dependency/Y", Severity::High, None),
            Outcome::Deny,
        ),
        (
            &waiver("2026-12-31", ""),
            &finding("secret/x", Severity::Low, None),
            Outcome::Deny,
        ),
        (
            "",
            &finding("telepathy/x", Severity::Low, None),
            Outcome::Deny,
        ),
    ];
    for (policy, inspection, expected) in cases {
        assert_eq!(
            outcome(policy, inspection),
            expected,
            "{policy}\n{inspection:?}"
        );
    }
}

#[test]
fn a_waiver_for_one_place_of_a_component_leaves_the_others_denied() {
    let mut inspection = finding("dependency/X", Severity::High, None);
    let flawed = &mut inspection.findings[0];
    flawed.matter = Some(Matter::Component {
        ecosystem: Ecosystem::new("npm"),
        name: "left-pad".to_owned(),
        version: None,
    });
    let other = Location::file(TreePath::new("z/Cargo.lock"));
    flawed.places.push(other.into());
    for (path, expected) in [
        ("a/", Outcome::Deny),
        ("z/", Outcome::Deny),
        ("{a,z}", Outcome::Allow),
        ("**", Outcome::Allow),
    ] {
        let policy = waiver("2026-12-31", &format!("path = \"{path}\"\n"));
        let verdict = verdict(&policy, &inspection, &[], LAST_SECOND_OF_JUNE);
        assert_eq!(verdict.outcome, expected, "{path}");
        let told = verdict.reasons.iter().any(|reason| {
            reason.about == "waiver" && reason.message.contains("does not hold all places")
        });
        assert_eq!(told, expected == Outcome::Deny, "{path}");
    }
    inspection.findings[0].matter = None;
    let policy = waiver("2026-12-31", "path = \"a/\"\n");
    assert_eq!(outcome(&policy, &inspection), Outcome::Allow, "its line");
}

#[test]
fn a_tick_tells_what_did_not_run_and_what_had_nothing_to_look_at() {
    static PROBE: Inspector = Inspector {
        id: "probe",
        gate_key: "probes",
        over: Over::Running,
        ..*INSPECTORS[2]
    };
    let rows = [INSPECTORS[0], INSPECTORS[1], INSPECTORS[2], &PROBE];
    let nothing = Inspection::default();
    let verdict = |text: &str, ran: &[_], inspection: &_| {
        let policy = Policy::parse(
            text,
            "plimsoll.toml",
            Rows {
                inspectors: &rows,
                ..ROWS
            },
        )
        .unwrap();
        let now = LAST_SECOND_OF_JUNE.parse().unwrap();
        policy.gate(inspection, ran, &[], now).verdict
    };
    let ran_all = [ran(rows[0], 1), ran(rows[1], 1), ran(rows[2], 0)];
    let all = verdict("", &ran_all, &nothing);
    assert_eq!(all.outcome, Outcome::Allow);
    assert_eq!(reason(&all, "path").message, "nothing to look at");
    let secrets = reason(&all, "secrets").message;
    assert_eq!(secrets, "nothing at or above `any`");
    assert!(all.reasons.iter().all(|reason| reason.about != "probes"));

    let some = verdict("", &ran_all[1..], &nothing);
    assert_eq!(some.outcome, Outcome::Unknown);
    assert_eq!(reason(&some, "secrets").message, "it did not run");
    let off = verdict("[gate]\nsecrets = \"off\"\n", &ran_all[1..], &nothing);
    assert_eq!(off.outcome, Outcome::Allow);

    let probed = [&ran_all[..], &[ran(&PROBE, 1)]].concat();
    let told = verdict("", &probed, &nothing);
    assert_eq!(
        reason(&told, "probes").message,
        "nothing at or above `high`"
    );
    let found = finding("probe/x", Severity::High, None);
    let denied = verdict("", &ran_all, &found);
    assert_eq!(reason(&denied, "probes").outcome, Outcome::Deny);
}

#[test]
fn gaps_never_pass_as_clean() {
    for (kind, expected) in [
        (GapKind::Unreadable, Outcome::Deny),
        (GapKind::Stale, Outcome::Deny),
        (GapKind::Unresolved, Outcome::Unknown),
        (GapKind::Unsupported, Outcome::Unknown),
    ] {
        let inspection = Inspection {
            gaps: vec![gap("dependency/x", kind)],
            ..Inspection::default()
        };
        assert_eq!(outcome("", &inspection), expected, "{kind:?}");
    }
}

/// Two findings of the same severity, of which the first stood at the commit.
fn old_and_new() -> (Inspection, Baseline) {
    let mut inspection = finding("path/old", Severity::High, None);
    inspection.merge(finding("path/new", Severity::High, None));
    for finding in &mut inspection.findings {
        finding.identify(0);
    }
    let baseline = Baseline {
        commit: CommitId::new(COMMIT),
        findings: BTreeSet::from_iter(inspection.findings[0].fingerprint),
    };
    (inspection, baseline)
}

#[test]
fn what_stood_at_the_commit_passes_until_the_day() {
    let (mut inspection, baseline) = old_and_new();
    let policy = format!(
        "[gate]\npath = {{ mode = {{ new_since = \"{COMMIT}\", until = 2026-06-30, owner = \"sre\" }} }}\n"
    );
    let at = |inspection: &_, baseline: &Baseline, now| {
        let verdict = verdict(&policy, inspection, std::slice::from_ref(baseline), now);
        reason(&verdict, "path")
    };
    let both = at(&inspection, &baseline, LAST_SECOND_OF_JUNE);
    assert_eq!(both.outcome, Outcome::Deny);
    assert_eq!(
        both.message,
        "1 finding at or above `high`, 1 finding stood already at c0ffee000000 (owner sre, until 2026-06-30)"
    );
    inspection.findings.pop();
    let old = at(&inspection, &baseline, LAST_SECOND_OF_JUNE);
    assert_eq!(old.outcome, Outcome::Allow);
    assert!(
        old.message
            .starts_with("nothing new at or above `high`, 1 finding stood"),
        "{old:?}"
    );
    let later = at(&inspection, &baseline, "2026-07-01T00:00:00Z");
    assert_eq!(later.outcome, Outcome::Deny);
    assert!(
        later.message.contains("passed until 2026-06-30"),
        "{later:?}"
    );
    let other = Baseline {
        commit: CommitId::new("0".repeat(40)),
        ..baseline.clone()
    };
    let against_another = at(&inspection, &other, LAST_SECOND_OF_JUNE);
    assert_eq!(against_another.outcome, Outcome::Deny);
    inspection.findings[0].fingerprint = None;
    let without_identity = at(&inspection, &baseline, LAST_SECOND_OF_JUNE);
    assert_eq!(without_identity.outcome, Outcome::Deny);
}

#[test]
fn a_gate_that_reports_shows_and_denies_nothing() {
    let (mut inspection, _) = old_and_new();
    inspection.gaps.push(gap("path/x", GapKind::Unreadable));
    let policy = "[gate]\npath = { mode = \"report\" }\n";
    let told = verdict(policy, &inspection, &[], LAST_SECOND_OF_JUNE);
    assert_eq!(told.outcome, Outcome::Allow);
    let told = reason(&told, "path");
    assert_eq!(
        told.message,
        "reported only: 2 findings at or above `high`, 1 place not checked"
    );
    assert!(told.hint.contains("proves nothing"));
    inspection.gaps.push(gap("secret/x", GapKind::Unreadable));
    assert_eq!(
        outcome(policy, &inspection),
        Outcome::Deny,
        "only its own gaps"
    );
}

#[test]
fn a_rule_is_raised_or_lowered_and_the_latter_is_told() {
    let rule = |severity: &str| {
        format!("[[rule]]\nid = \"path/x\"\nseverity = \"{severity}\"\nreason = \"a lab\"\n")
    };
    let [low, high] = [Severity::Low, Severity::High].map(|is| finding("path/x", is, None));
    assert_eq!(outcome(&rule("high"), &low), Outcome::Deny);
    let lowered = verdict(&rule("medium"), &high, &[], LAST_SECOND_OF_JUNE);
    assert_eq!(lowered.outcome, Outcome::Allow);
    assert_eq!(
        reason(&lowered, "rule").message,
        "1 finding of path/x taken for medium instead of high: a lab"
    );
    let raised = verdict(&rule("high"), &low, &[], LAST_SECOND_OF_JUNE);
    assert!(raised.reasons.iter().all(|reason| reason.about != "rule"));
}

#[test]
fn a_waiver_that_does_nothing_is_told() {
    let high = finding("dependency/X", Severity::High, None);
    let told = |expires: &str, path: &str, inspection: &Inspection| -> Option<String> {
        let verdict = verdict(&waiver(expires, path), inspection, &[], LAST_SECOND_OF_JUNE);
        let mut reasons = verdict.reasons.into_iter();
        reasons
            .find(|reason| reason.about == "waiver")
            .map(|reason| reason.message)
    };
    assert_eq!(told("2026-06-30", "", &high), None);
    let expected = [
        (
            told("2026-06-30", "path = \"b\"\n", &high),
            "dependency/X in b (owner o) matched nothing",
        ),
        (
            told("2026-06-29", "", &high),
            "dependency/X (owner o) expired on 2026-06-29 and no longer counts",
        ),
        (
            told("2026-06-29", "", &Inspection::default()),
            "dependency/X (owner o) expired on 2026-06-29 and matched nothing",
        ),
    ];
    for (told, expected) in expected {
        assert_eq!(told.as_deref(), Some(expected));
    }
}

fn gap(id: &str, kind: GapKind) -> Gap {
    Gap {
        id: id.parse().unwrap(),
        kind,
        place: None,
        message: String::new(),
        fix: String::new(),
    }
}
