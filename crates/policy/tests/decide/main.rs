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

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use plimsoll_model::{
    Approval, Body, CommitId, DeploymentOutcome, DeploymentRecord, Digest, Evidence, Extent,
    Finding, Gap, GapKind, Inspected, Location, Outcome, OwnId, Provenance, Service, Severity,
    Signatory, Subject, TreePath, Verdict,
};
use plimsoll_policy::{Policy, Request};

use rows::{BAD, GOOD, INSPECTORS, PROBE, ROWS, TESTS, UNSURE, claim, evidence, ran};

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
requires = ["tests", "secrets", "dependencies", "probe", "path", "signature"]
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
        commit_sha256: Digest::of(b"commit"),
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

/// Everything proven, in this order: provenance, tests, inspection, probe, staging, approval.
fn world() -> World {
    world_under(POLICY)
}

fn world_under(policy: &str) -> World {
    let policy = Policy::parse(policy, "policy.toml", ROWS).unwrap();
    let ci = Signatory::Builder("ci".to_owned());
    let shipped = Subject::Artifact { sha256: artifact() };
    let provenance = Provenance {
        builder: "ci".to_owned(),
        source: source(),
        dirty: false,
        authors: vec!["author@shop.example".to_owned()],
    };
    let inspected = Inspected {
        inspectors: INSPECTORS.map(ran).to_vec(),
        findings: Vec::new(),
        gaps: Vec::new(),
        policy_sha256: policy.sha256(),
        baselines: Vec::new(),
        gates: BTreeMap::new(),
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
        evidence(source(), ci.clone(), claim(&TESTS, &GOOD)),
        evidence(source(), ci.clone(), Body::Inspection(inspected)),
        evidence(shipped.clone(), ci.clone(), claim(&PROBE, &GOOD)),
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
        "probe",
        "secrets",
        "dependencies",
        "path",
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
        (3, "probe"),
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
        ("tests", "it is bad", Outcome::Deny, |w| {
            w.evidence[1].body = claim(&TESTS, &BAD)
        }),
        ("tests", "it is unsure", Outcome::Unknown, |w| {
            w.evidence[1].body = claim(&TESTS, &UNSURE)
        }),
        ("tests", "nobody said so", Outcome::Unknown, |w| {
            w.evidence[1].body = claim(&PROBE, &GOOD)
        }),
        ("path", "1 findings", Outcome::Deny, |w| {
            body!(w, 2, Inspection).findings = vec![finding(Severity::High)]
        }),
        ("secrets", "not checked", Outcome::Unknown, |w| {
            body!(w, 2, Inspection).gaps = vec![gap()]
        }),
        ("path", "stricter policy", Outcome::Deny, |w| {
            let gates = &mut body!(w, 2, Inspection).gates;
            gates.insert("path".to_owned(), Outcome::Deny);
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
        ("probe", "it is unsure", Outcome::Unknown, |w| {
            w.evidence[3].body = claim(&PROBE, &UNSURE)
        }),
        ("probe", "nobody said so", Outcome::Unknown, |w| {
            w.evidence[3].subjects.push(source())
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
    failed.body = claim(&TESTS, &BAD);
    world.evidence.push(failed);
    assert_eq!(decide(&world).outcome, Outcome::Deny);
}

#[test]
fn a_good_word_about_what_ships_hides_no_bad_one_about_its_source() {
    for (first, second) in [(&BAD, &GOOD), (&GOOD, &BAD)] {
        let mut world = world();
        world.evidence[1].body = claim(&TESTS, first);
        let shipped = world.subjects[0].clone();
        let ci = world.evidence[1].signed_by.clone();
        let own = evidence(shipped, ci, claim(&TESTS, second));
        world.evidence.push(own);
        let verdict = decide(&world);
        let reason = verdict
            .reasons
            .iter()
            .find(|reason| reason.about == "tests");
        assert_eq!(reason.unwrap().id, BAD.id(), "{verdict:#?}");
    }
}

#[test]
fn a_requirement_is_asked_of_what_it_applies_to_and_of_nothing_it_is_not_met() {
    let mut world = world();
    let image = Subject::Image {
        manifest_sha256: Digest::of(b"image"),
    };
    let mut built = world.evidence[0].clone();
    built.subjects = vec![image.clone()];
    world.evidence.push(built);
    world.subjects = vec![image];
    let verdict = decide(&world);
    let told = |about: &str| {
        let reason = verdict.reasons.iter().find(|reason| reason.about == about);
        reason.map(|reason| (reason.id.to_string(), reason.outcome))
    };
    let not_met = Some(("decision/not-applicable".to_owned(), Outcome::Unknown));
    assert_eq!((told("tests"), told("probe")), (not_met.clone(), not_met));
}

#[test]
fn reasons_name_the_evidence_that_they_rest_on() {
    let mut world = world();
    for (at, evidence) in world.evidence.iter_mut().enumerate() {
        evidence.id = Digest::of(&[u8::try_from(at).unwrap()]);
    }
    let verdict = decide(&world);
    let rests_on = |about: &str| -> Vec<usize> {
        let reason = verdict.reasons.iter().find(|reason| reason.about == about);
        let place = |id: &Digest| world.evidence.iter().position(|each| each.id == *id);
        let ids = reason.unwrap().evidence.iter();
        ids.map(|id| place(id).unwrap()).collect()
    };
    let expected = [
        ("policy", vec![]),
        ("signature", vec![0]),
        ("tests", vec![1]),
        ("secrets", vec![2]),
        ("probe", vec![3]),
        ("after", vec![4]),
        ("approval", vec![5]),
    ];
    for (about, evidence) in expected {
        assert_eq!(rests_on(about), evidence, "{about}");
    }
}
