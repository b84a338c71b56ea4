//! One release with complete evidence is allowed; each single thing taken away or changed is not.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its input must stop"
)]

macro_rules! body {
    ($world:expr, $at:expr, $kind:ident) => {
        match &mut $world.evidence[$at].body {
            Body::$kind(body) => body,
            other => panic!("{other:?}"),
        }
    };
}

mod release;
mod rows;
mod step_by_step;

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{
    Approval, Body, CommitId, DeploymentOutcome, DeploymentRecord, Digest, Evidence, Extent,
    Finding, Gap, GapKind, Inspected, Location, Outcome, OwnId, Provenance, Sbom, Service,
    Severity, Signatory, Subject, TestResult, TreePath, Verdict,
};
use plimsoll_policy::{Policy, Request};

use rows::{INSPECTORS, evidence, ran};

const POLICY: &str = r#"
[[person]]
id = "author"
emails = ["Author@shop.example"]
groups = ["sre"]

[[person]]
id = "colleague"
emails = ["colleague@shop.example"]
groups = ["sre"]

[[person]]
id = "outsider"

[[builder]]
id = "ci"
keys = []

[[environment]]
name = "staging"
deploy = { kind = "process", run = ["{artifact}"] }
health = { http = "http://127.0.0.1:1/" }

[[environment]]
name = "production"
after = "staging"
requires = ["tests", "secrets", "dependencies", "sbom", "path", "signature"]
deploy = { kind = "process", run = ["{artifact}"] }
health = { http = "http://127.0.0.1:1/" }
[[environment.approval]]
group = "sre"
count = 1
"#;

#[derive(Clone)]
struct World {
    policy: Policy,
    evidence: Vec<Evidence>,
    subjects: Vec<Subject>,
    requester: Signatory,
    trusted: bool,
    now: Timestamp,
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn artifact() -> Digest {
    Digest::of(b"artifact")
}

fn source() -> Subject {
    Subject::Source {
        commit: CommitId::new("c0ffee"),
        tree: CommitId::new("7ree"),
    }
}

fn person(id: &str) -> Signatory {
    Signatory::Person(id.to_owned())
}

fn service() -> Service {
    "shop".parse().unwrap()
}

fn release() -> OwnId {
    OwnId::new("01J00000000000000000000000")
}

/// Everything proven, in this order: provenance, tests, inspection, SBOM, staging, approval.
fn world() -> World {
    world_under(POLICY)
}

fn world_under(policy: &str) -> World {
    let policy = Policy::parse(policy, "policy.toml", &INSPECTORS).unwrap();
    let ci = Signatory::Builder("ci".to_owned());
    let shipped = Subject::Artifact { sha256: artifact() };
    let provenance = Provenance {
        builder: "ci".to_owned(),
        source: source(),
        dirty: false,
        authors: vec!["author@shop.example".to_owned()],
    };
    let tests = TestResult {
        command: vec!["cargo".to_owned()],
        exit_code: Some(0),
        passed: Some(3),
        failed: Some(0),
    };
    let inspected = Inspected {
        inspectors: INSPECTORS.map(ran).to_vec(),
        findings: Vec::new(),
        gaps: Vec::new(),
        policy_sha256: policy.sha256(),
        baselines: Vec::new(),
        outcome: Outcome::Allow,
    };
    let staged = DeploymentRecord {
        service: service(),
        release: release(),
        environment: "staging".to_owned(),
        outcome: DeploymentOutcome::Healthy,
    };
    let approval = Approval {
        service: service(),
        release: release(),
        environment: "production".to_owned(),
        policy_sha256: policy.sha256(),
        expires_at: now() + SignedDuration::from_hours(1),
    };
    let evidence = vec![
        evidence(shipped.clone(), ci.clone(), Body::Provenance(provenance)),
        evidence(source(), ci.clone(), Body::Test(tests)),
        evidence(source(), ci.clone(), Body::Inspection(inspected)),
        evidence(
            shipped.clone(),
            ci.clone(),
            Body::Sbom(Sbom {
                components: 9,
                gaps: 0,
            }),
        ),
        evidence(shipped.clone(), person("author"), Body::Deployment(staged)),
        evidence(shipped, person("colleague"), Body::Approval(approval)),
    ];
    World {
        policy,
        evidence,
        subjects: vec![Subject::Artifact { sha256: artifact() }],
        requester: person("author"),
        trusted: true,
        now: now(),
    }
}

fn decide(world: &World) -> Verdict {
    let environment = world.policy.environment("production").unwrap();
    world.policy.decide(&Request {
        environment,
        service: &service(),
        release: &release(),
        subjects: &world.subjects,
        requester: &world.requester,
        policy_trusted: world.trusted,
        evidence: &world.evidence,
        now: world.now,
    })
}

fn finding(severity: Severity) -> Finding {
    Finding::new(
        "path/push-before-scan".parse().unwrap(),
        severity,
        "m",
        Location::file(TreePath::new("w.yml")),
    )
}

fn gap() -> Gap {
    Gap {
        id: "secret/unreadable-file".parse().unwrap(),
        kind: GapKind::Unresolved,
        place: None,
        message: String::new(),
        fix: String::new(),
    }
}

#[test]
fn complete_evidence_is_allowed() {
    let verdict = decide(&world());
    assert_eq!(verdict.outcome, Outcome::Allow, "{verdict:#?}");
    let about: Vec<_> = verdict
        .reasons
        .iter()
        .map(|reason| reason.about.as_str())
        .collect();
    let expected = [
        "policy",
        "signature",
        "tests",
        "secrets",
        "dependencies",
        "path",
        "sbom",
        "after",
        "approval",
    ];
    assert_eq!(about, expected);
}

#[test]
fn each_missing_piece_of_evidence_is_unknown() {
    for (at, about) in [
        (0, "signature"),
        (1, "tests"),
        (2, "secrets"),
        (3, "sbom"),
        (4, "after"),
        (5, "approval"),
    ] {
        let mut world = world();
        world.evidence.remove(at);
        let verdict = decide(&world);
        assert_eq!(verdict.outcome, Outcome::Unknown, "{at}");
        let reason = verdict
            .reasons
            .iter()
            .find(|reason| reason.about == about)
            .unwrap();
        assert_eq!(reason.outcome, Outcome::Unknown, "{reason:?}");
        assert!(!reason.hint.is_empty(), "{reason:?}");
    }
}

#[test]
fn evidence_signed_by_somebody_else_does_not_count() {
    for at in 0..6 {
        for stranger in [
            Signatory::Unknown(Digest::of(b"k")),
            person("outsider"),
            Signatory::Builder("other".to_owned()),
        ] {
            let mut world = world();
            if at == 4 && !matches!(stranger, Signatory::Unknown(_)) {
                continue;
            }
            if (1..4).contains(&at) && matches!(stranger, Signatory::Builder(_)) {
                continue;
            }
            world.evidence[at].signed_by = stranger.clone();
            assert_ne!(decide(&world).outcome, Outcome::Allow, "{at} {stranger:?}");
        }
    }
}

#[test]
fn evidence_about_other_bytes_does_not_count() {
    for at in 0..6 {
        let mut world = world();
        world.evidence[at].subjects = vec![Subject::Artifact {
            sha256: Digest::of(b"other"),
        }];
        assert_ne!(decide(&world).outcome, Outcome::Allow, "{at}");
    }
}

#[test]
fn each_single_flaw_is_told() {
    type Change = fn(&mut World);
    let cases: &[(&str, &str, Outcome, Change)] = &[
        ("policy", "untrusted tree", Outcome::Unknown, |w| {
            w.trusted = false
        }),
        ("signature", "uncommitted changes", Outcome::Unknown, |w| {
            body!(w, 0, Provenance).dirty = true
        }),
        (
            "signature",
            "no configured builder",
            Outcome::Unknown,
            |w| body!(w, 0, Provenance).builder = "x".to_owned(),
        ),
        ("tests", "exit code 1", Outcome::Deny, |w| {
            body!(w, 1, Test).exit_code = Some(1)
        }),
        ("tests", "a signal", Outcome::Deny, |w| {
            body!(w, 1, Test).exit_code = None
        }),
        ("tests", "1 failed", Outcome::Deny, |w| {
            body!(w, 1, Test).failed = Some(1)
        }),
        ("tests", "no test that ran", Outcome::Unknown, |w| {
            body!(w, 1, Test).passed = Some(0)
        }),
        ("tests", "no test that ran", Outcome::Unknown, |w| {
            body!(w, 1, Test).passed = None;
            body!(w, 1, Test).failed = None;
        }),
        ("tests", "does not say", Outcome::Unknown, |w| {
            body!(w, 1, Test).failed = None
        }),
        ("path", "1 findings", Outcome::Deny, |w| {
            body!(w, 2, Inspection).findings = vec![finding(Severity::High)]
        }),
        ("secrets", "not checked", Outcome::Unknown, |w| {
            body!(w, 2, Inspection).gaps = vec![gap()]
        }),
        ("path", "stricter policy", Outcome::Deny, |w| {
            body!(w, 2, Inspection).outcome = Outcome::Deny
        }),
        ("path", "no signed inspection", Outcome::Unknown, |w| {
            body!(w, 2, Inspection).inspectors.truncate(2);
        }),
        ("path", "before semantics 3", Outcome::Unknown, |w| {
            body!(w, 2, Inspection).inspectors[2].semantics = 2;
        }),
        ("path", "no signed inspection", Outcome::Unknown, |w| {
            let folders = vec![TreePath::new("src")];
            body!(w, 2, Inspection).inspectors[2].scope = Extent::Folders(folders);
        }),
        ("path", "inspected under policy", Outcome::Deny, |w| {
            body!(w, 2, Inspection).policy_sha256 = Digest::of(b"p")
        }),
        ("sbom", "2 gaps", Outcome::Unknown, |w| {
            body!(w, 3, Sbom).gaps = 2
        }),
        ("after", "was rolled back", Outcome::Deny, |w| {
            body!(w, 4, Deployment).outcome = DeploymentOutcome::RolledBack;
        }),
        ("after", "was not deployed", Outcome::Unknown, |w| {
            body!(w, 4, Deployment).environment = "dev".to_owned()
        }),
        ("after", "was not deployed", Outcome::Unknown, |w| {
            body!(w, 4, Deployment).release = OwnId::new("other")
        }),
        ("approval", "expired", Outcome::Unknown, |w| {
            body!(w, 5, Approval).expires_at = w.now
        }),
        ("approval", "another policy", Outcome::Unknown, |w| {
            body!(w, 5, Approval).policy_sha256 = Digest::of(b"p")
        }),
        ("approval", "waits for 1", Outcome::Unknown, |w| {
            body!(w, 5, Approval).environment = "staging".to_owned()
        }),
        ("approval", "waits for 1", Outcome::Unknown, |w| {
            body!(w, 5, Approval).release = OwnId::new("other")
        }),
        (
            "approval",
            "`author` is the author",
            Outcome::Unknown,
            |w| w.evidence[5].signed_by = person("author"),
        ),
        ("approval", "is not in group", Outcome::Unknown, |w| {
            w.evidence[5].signed_by = person("outsider")
        }),
        ("approval", "is the requester", Outcome::Unknown, |w| {
            w.requester = person("colleague")
        }),
        ("approval", "who asked", Outcome::Unknown, |w| {
            w.requester = Signatory::Unknown(Digest::of(b"k"))
        }),
        ("approval", "who wrote", Outcome::Unknown, |w| {
            body!(w, 0, Provenance).authors = vec!["nobody@shop.example".to_owned()];
        }),
        ("approval", "who wrote", Outcome::Unknown, |w| {
            body!(w, 0, Provenance).authors = Vec::new()
        }),
        ("approval", "is not a person", Outcome::Unknown, |w| {
            w.evidence[5].signed_by = w.evidence[0].signed_by.clone()
        }),
    ];
    for (about, message, outcome, change) in cases {
        let mut world = world();
        change(&mut world);
        let verdict = decide(&world);
        let reason = verdict
            .reasons
            .iter()
            .find(|reason| reason.about == *about)
            .unwrap();
        assert!(reason.message.contains(message), "{message}: {verdict:#?}");
        assert_eq!(reason.outcome, *outcome, "{reason:?}");
        assert_ne!(verdict.outcome, Outcome::Allow);
    }
}

#[test]
fn advisories_that_were_fresh_at_the_inspection_grow_old_before_the_release() {
    let later = |policy: &str, seconds: i64| {
        let mut world = world_under(policy);
        let advisories = &mut body!(world, 2, Inspection).inspectors[1].inputs[0];
        let age = SignedDuration::from_secs(seconds);
        *advisories.as_of.as_mut().unwrap() -= age;
        decide(&world)
            .reasons
            .into_iter()
            .find(|reason| reason.about == "dependencies")
            .unwrap()
    };
    assert_eq!(
        later(POLICY, 0).outcome,
        Outcome::Allow,
        "seven days are not too old"
    );
    assert_eq!(later(POLICY, 1).outcome, Outcome::Unknown);
    let told = later(POLICY, 24 * 3600).message;
    assert!(
        told.contains("advisories for npm that end 8 days ago; the policy allows 7"),
        "{told}"
    );
    let patient = format!("[gate]\ndependencies = {{ max_age_days = 8 }}\n{POLICY}");
    assert_eq!(later(&patient, 24 * 3600).outcome, Outcome::Allow);
    let waived = format!(
        "{POLICY}\n[[waiver]]\nid = \"dependency/stale-database\"\nreason = \"a frozen mirror\"\nowner = \"sre\"\nexpires = 2027-01-01\n"
    );
    assert_eq!(later(&waived, 24 * 3600).outcome, Outcome::Allow);
}

#[test]
fn one_person_approving_twice_is_one_approval() {
    let mut world = world_under(&POLICY.replace("count = 1", "count = 2"));
    let again = world.evidence[5].clone();
    world.evidence.push(again);
    assert_eq!(decide(&world).outcome, Outcome::Unknown);
}

#[test]
fn what_the_ledger_took_in_last_counts_whatever_the_clock_said() {
    let mut world = world();
    let mut failed = world.evidence[1].clone();
    failed.recorded_at = now() - SignedDuration::from_hours(1);
    if let Body::Test(result) = &mut failed.body {
        result.exit_code = Some(101);
    }
    world.evidence.push(failed);
    assert_eq!(decide(&world).outcome, Outcome::Deny);
}
