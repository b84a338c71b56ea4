//! What holds for a release as a whole: each of its subjects, its service, its approvals, its past.

use plimsoll_model::{
    Body, CommitId, DeploymentOutcome, DeploymentRecord, Digest, Outcome, Signatory, Subject,
    Verdict,
};

use crate::{World, artifact, decide, evidence, person, release, service, world};

/// A deployment of the release that ended so, recorded last.
fn deployed(
    world: &mut World,
    environment: &str,
    outcome: DeploymentOutcome,
    signed_by: Signatory,
) {
    let record = DeploymentRecord {
        service: service(),
        release: release(),
        environment: environment.to_owned(),
        outcome,
    };
    let subject = Subject::Artifact { sha256: artifact() };
    world
        .evidence
        .push(evidence(subject, signed_by, Body::Deployment(record)));
}

#[test]
fn a_failure_that_a_stranger_recorded_hides_no_older_success() {
    let mut world = world();
    let stranger = Signatory::Unknown(Digest::of(b"k"));
    deployed(
        &mut world,
        "staging",
        DeploymentOutcome::RolledBack,
        stranger,
    );
    let verdict = decide(&world);
    assert_eq!(verdict.outcome, Outcome::Unknown, "{verdict:#?}");
}

#[test]
fn an_approval_is_used_up_by_the_deployment_it_allowed() {
    for outcome in [
        DeploymentOutcome::RolledBack,
        DeploymentOutcome::Failed,
        DeploymentOutcome::Healthy,
    ] {
        let mut world = world();
        deployed(&mut world, "production", outcome, person("author"));
        let verdict = decide(&world);
        assert_eq!(verdict.outcome, Outcome::Unknown, "{verdict:#?}");
        assert!(
            verdict
                .reasons
                .iter()
                .any(|reason| reason.message.contains("used up")),
            "{verdict:#?}"
        );
        let again = world.evidence[5].clone();
        world.evidence.push(again);
        assert_eq!(decide(&world).outcome, Outcome::Allow, "{outcome:?}");
    }
}

#[test]
fn nobody_approves_bytes_that_were_also_built_from_their_own_commit() {
    let mut world = world();
    let mut older = world.evidence[0].clone();
    if let Body::Provenance(provenance) = &mut older.body {
        provenance.authors = vec!["colleague@shop.example".to_owned()];
    }
    world.evidence.insert(0, older);
    let verdict = decide(&world);
    assert_eq!(verdict.outcome, Outcome::Unknown, "{verdict:#?}");
}

/// A release of two files, of which `change` may take something away.
fn decide_two(change: impl FnOnce(&mut World)) -> Verdict {
    let mut world = world();
    let second = Subject::Artifact {
        sha256: Digest::of(b"second"),
    };
    let mut built = world.evidence[0].clone();
    built.subjects = vec![second.clone()];
    world.evidence.push(built);
    for at in [3, 4, 5] {
        world.evidence[at].subjects.insert(0, second.clone());
    }
    world.subjects.push(second);
    change(&mut world);
    decide(&world)
}

#[test]
fn what_is_required_is_required_of_each_subject() {
    type Change = fn(&mut World);
    let verdict = decide_two(|_| ());
    assert_eq!(verdict.outcome, Outcome::Allow, "{verdict:#?}");
    let cases: [(&str, Change); 6] = [
        ("signature", |w| drop(w.evidence.remove(6))),
        ("probe", |w| drop(w.evidence[3].subjects.pop())),
        ("after", |w| drop(w.evidence[4].subjects.pop())),
        ("approval", |w| drop(w.evidence[5].subjects.pop())),
        ("approval", |w| {
            // Whoever wrote the commit of one of them wrote part of the release.
            body!(w, 6, Provenance).authors = vec!["colleague@shop.example".to_owned()];
        }),
        ("tests", |w| {
            body!(w, 6, Provenance).source = Subject::Source {
                commit: CommitId::new("5ec0nd"),
                tree: CommitId::new("7ree"),
                commit_sha256: Digest::of(b"second commit"),
            };
        }),
    ];
    for (about, change) in cases {
        let verdict = decide_two(change);
        let reason = verdict.reasons.iter().find(|reason| reason.about == about);
        let reason = reason.unwrap();
        assert_eq!(reason.outcome, Outcome::Unknown, "{about}: {verdict:#?}");
        if !matches!(about, "probe" | "after" | "approval") {
            let second = Digest::of(b"second").short();
            assert!(reason.message.starts_with(&second), "{}", reason.message);
        }
    }
}

#[test]
fn nothing_is_let_in_when_nothing_ships() {
    let mut world = world();
    world.subjects.clear();
    assert_eq!(decide(&world).outcome, Outcome::Unknown);
}

#[test]
fn what_another_service_was_granted_does_not_count() {
    for at in [4, 5] {
        let mut world = world();
        match &mut world.evidence[at].body {
            Body::Deployment(body) => body.service = "other".parse().unwrap(),
            Body::Approval(body) => body.service = "other".parse().unwrap(),
            other => panic!("{other:?}"),
        }
        assert_eq!(decide(&world).outcome, Outcome::Unknown, "{at}");
    }
}
