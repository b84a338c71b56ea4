//! Statements: what is written is read again, what is not understood whole is refused, and the bytes
//! of each predicate stay as they are.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use plimsoll_model::{
    Approval, Baseline, Body, CommitId, DeploymentOutcome, DeploymentRecord, Digest, Excerpt,
    ExcerptLine, Extent, Finding, Fix, Gap, GapKind, Input, Inspected, Location, Matter,
    ObjectPlace, Outcome, OwnId, Place, Position, Provenance, Ran, Reference, RequestPlace, RuleId,
    Sbom, Severity, Subject, TestResult, TraceStep, TreeAddress, TreePath,
};
use plimsoll_wire::{cyclonedx, in_toto};
use serde_json::{Value, json};

fn source() -> Subject {
    Subject::Source {
        commit: CommitId::new("a".repeat(40)),
        tree: CommitId::new("b".repeat(64)),
    }
}

fn artifact() -> Subject {
    Subject::Artifact {
        sha256: Digest::of(b"artifact"),
    }
}

fn subjects() -> [Subject; 3] {
    [
        source(),
        artifact(),
        Subject::Image {
            manifest_sha256: Digest::of(b"image"),
        },
    ]
}

fn inspected() -> Inspected {
    let place = |line| Location {
        tree: TreeAddress::default(),
        path: TreePath::new("ci/release.yml"),
        start: Position { line, column: 3 },
        end: Position { line, column: 9 },
    };
    let rule = RuleId::new("path", "push-before-scan");
    let mut finding = Finding::new(
        rule,
        Severity::Unknown,
        "pushed before it is scanned",
        place(4),
    );
    finding.places.push(place(9).into());
    finding.places.push(Place::Object(ObjectPlace {
        kind: "apps/v1/Deployment".to_owned(),
        namespace: None,
        name: "shop".to_owned(),
        field: Some("spec.replicas".to_owned()),
    }));
    finding.places.push(Place::Request(RequestPlace {
        method: "GET".to_owned(),
        url: "http://shop.example/orders/2".to_owned(),
        parameter: Some("id".to_owned()),
    }));
    finding.matter = Some(Matter::line(&TreePath::new("ci/release.yml"), "run:  push"));
    finding.identify(1);
    finding.references = vec![
        Reference {
            id: "CWE-1357".to_owned(),
            url: None,
        },
        Reference {
            id: "CVE-2024-0001".to_owned(),
            url: Some("https://advisories.example/1".to_owned()),
        },
    ];
    finding.fix = Some(Fix {
        message: "scan first".to_owned(),
        version: Some("2.0".to_owned()),
    });
    finding.trace = vec![
        TraceStep {
            message: "the event is a push".to_owned(),
            place: None,
        },
        TraceStep {
            message: "`push` runs".to_owned(),
            place: Some(place(4).into()),
        },
    ];
    let line = |number, marked| ExcerptLine {
        number,
        text: "  run: push é".to_owned(),
        marked,
    };
    finding.excerpt = Some(Excerpt::Lines(vec![line(3, None), line(4, Some((2, 5)))]));
    let gap = |kind, location| Gap {
        id: RuleId::new("dependency", "unlocked-manifest"),
        kind,
        place: location,
        message: "no version".to_owned(),
        fix: "lock it".to_owned(),
    };
    let advisories = Input {
        name: "advisories for npm".to_owned(),
        sha256: Digest::of(b"npm"),
        as_of: Some("2026-11-20T00:00:00Z".parse().unwrap()),
    };
    let ran = |inspector: &str, scope, inputs| Ran {
        inspector: inspector.to_owned(),
        semantics: 2,
        seen_files: 3,
        scope,
        inputs,
    };
    let mut baseline = finding.clone();
    baseline.identify(1);
    Inspected {
        inspectors: vec![
            ran(
                "secret",
                Extent::Folders(vec![TreePath::new("a")]),
                Vec::new(),
            ),
            ran("dependency", Extent::Root, vec![advisories]),
        ],
        findings: vec![
            finding,
            Finding::new(RuleId::new("secret", "a"), Severity::Low, "", place(1)),
        ],
        gaps: vec![
            gap(GapKind::Unresolved, Some(place(1).into())),
            gap(GapKind::Stale, None),
        ],
        policy_sha256: Digest::of(b"policy"),
        baselines: vec![Baseline {
            commit: CommitId::new("c0ffee"),
            findings: baseline.fingerprint.into_iter().collect(),
        }],
        outcome: Outcome::Deny,
    }
}

fn bodies() -> Vec<Body> {
    let test = |exit_code, passed, failed| {
        Body::Test(TestResult {
            command: vec!["cargo".to_owned(), "test a".to_owned()],
            exit_code,
            passed,
            failed,
        })
    };
    let deployed = |outcome| {
        Body::Deployment(DeploymentRecord {
            service: "shop".parse().unwrap(),
            release: OwnId::from_parts(1, 2),
            environment: "staging".to_owned(),
            outcome,
        })
    };
    vec![
        Body::Inspection(inspected()),
        test(Some(0), Some(12), Some(0)),
        test(Some(0), None, None),
        test(Some(0), Some(1), Some(1)),
        test(Some(101), None, None),
        test(None, None, None),
        Body::Provenance(Provenance {
            builder: "https://builder.example/1".to_owned(),
            source: source(),
            dirty: true,
            authors: vec!["author@company.example".to_owned()],
        }),
        Body::Approval(Approval {
            service: "shop".parse().unwrap(),
            release: OwnId::from_parts(1, 2),
            environment: "production".to_owned(),
            policy_sha256: Digest::of(b"policy"),
            expires_at: "2026-12-31T00:00:00Z".parse().unwrap(),
        }),
        deployed(DeploymentOutcome::Healthy),
        deployed(DeploymentOutcome::RolledBack),
        deployed(DeploymentOutcome::Failed),
    ]
}

#[test]
fn every_body_comes_back_as_it_was() {
    for subject in subjects() {
        for body in bodies() {
            let bytes =
                in_toto::write(std::slice::from_ref(&subject), "record-store", &body).unwrap();
            let statement = in_toto::read(&bytes).unwrap();
            assert_eq!(
                (statement.subjects, statement.body),
                (vec![subject.clone()], body)
            );
            assert_eq!(statement.name, "record-store");
        }
    }
}

#[test]
fn only_what_is_said_of_a_release_names_several_subjects() {
    let all = subjects()[1..].to_vec();
    for body in bodies() {
        let bytes = in_toto::write(&all, "1.0.0", &body).unwrap();
        assert_eq!(in_toto::claimed_kind(&bytes), Some(body.kind()));
        let is_of_release = matches!(body, Body::Approval(_) | Body::Deployment(_));
        match in_toto::read(&bytes) {
            Ok(statement) => assert_eq!((statement.subjects, is_of_release), (all.clone(), true)),
            Err(error) => assert!(!is_of_release, "{error}"),
        }
    }
}

fn document(gaps: &[Gap]) -> Value {
    cyclonedx::write(&cyclonedx::Bom {
        name: "record-store",
        version: None,
        subject: None,
        components: &[],
        gaps,
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        serial: &cyclonedx::serial(&Digest::of(b"")),
    })
}

#[test]
fn an_sbom_statement_holds_the_document_and_reads_as_counts() {
    let document = document(&inspected().gaps);
    let bytes = in_toto::write_sbom(&artifact(), "a", &document).unwrap();
    let statement = in_toto::read(&bytes).unwrap();
    assert_eq!(
        statement.body,
        Body::Sbom(Sbom {
            components: 0,
            gaps: 2
        })
    );
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(written["predicate"], document);
    let counts = Body::Sbom(Sbom {
        components: 0,
        gaps: 2,
    });
    assert!(in_toto::write(&[artifact()], "a", &counts).is_err());
    assert!(in_toto::write_sbom(&artifact(), "a", &json!({ "bomFormat": "SPDX" })).is_err());
}

#[test]
fn the_older_statement_type_is_read_too() {
    let bytes = in_toto::write(&[artifact()], "a", &bodies()[1]).unwrap();
    let old = String::from_utf8(bytes)
        .unwrap()
        .replace("Statement/v1", "Statement/v0.1");
    assert_eq!(in_toto::read(old.as_bytes()).unwrap().body, bodies()[1]);
}

/// Each predicate's JSON, as other tools and older releases rely on it.
#[test]
fn the_written_form_stays() {
    for body in [0, 1, 6, 7, 9] {
        let body = &bodies()[body];
        let bytes = in_toto::write(&[source()], "record-store", body).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        insta::assert_snapshot!(
            format!("statement_{}", body.kind()),
            serde_json::to_string_pretty(&value).unwrap()
        );
    }
}

/// Changes a good statement of one kind and gives the error with everything below it.
fn refused(body: &Body, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value =
        serde_json::from_slice(&in_toto::write(&[artifact()], "a", body).unwrap()).unwrap();
    change(&mut value);
    let error =
        in_toto::read(value.to_string().as_bytes()).expect_err("a changed statement is refused");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[track_caller]
fn check(body: usize, change: impl FnOnce(&mut Value), expected: &str) {
    let text = refused(&bodies()[body], change);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_envelope_is_read_strictly() {
    check(
        1,
        |s| s["_type"] = json!("https://in-toto.io/Statement/v2"),
        "not a statement type",
    );
    check(
        1,
        |s| s["predicateType"] = json!("https://in-toto.io/attestation/vulns/v0.2"),
        "not a predicate type",
    );
    check(1, |s| s["subject"] = json!([]), "about 0 subjects");
    check(
        1,
        |s| {
            let one = s["subject"][0].clone();
            s["subject"] = json!([one, one])
        },
        "about 2 subjects",
    );
    check(1, |s| s["more"] = json!(1), "unknown field `more`");
    check(
        1,
        |s| s["subject"][0]["uri"] = json!("x"),
        "unknown field `uri`",
    );
    check(
        1,
        |s| s["subject"][0]["mediaType"] = json!("text/plain"),
        "`text/plain` does not fit",
    );
    check(1, |s| s["subject"][0]["digest"] = json!({}), "name neither");
    check(
        1,
        |s| s["subject"][0]["digest"]["sha256"] = json!("AB"),
        "`AB` is not a digest",
    );
    check(
        1,
        |s| s["subject"][0]["digest"]["gitCommit"] = json!("a".repeat(40)),
        "name neither",
    );
    check(
        1,
        |s| s["subject"][0]["digest"] = json!({ "gitCommit": "a".repeat(40) }),
        "gitCommit with gitTree",
    );
    check(
        1,
        |s| s["subject"][0]["digest"] = json!({ "gitCommit": "HEAD", "gitTree": "a".repeat(40) }),
        "`HEAD` is not",
    );
    let twice = br#"{"_type":"https://in-toto.io/Statement/v1","_type":"x","subject":[],"predicateType":"","predicate":{}}"#;
    assert!(in_toto::read(twice).is_err());
    assert!(in_toto::read(b"").is_err());
    assert!(in_toto::read("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn predicates_are_read_strictly() {
    let remove = |s: &mut Value, field: &str| {
        s["predicate"].as_object_mut().unwrap().remove(field);
    };
    check(
        0,
        |s| s["predicate"]["more"] = json!(1),
        "unknown field `more`",
    );
    check(
        0,
        |s| s["predicate"]["findings"][0]["more"] = json!(1),
        "unknown field `more`",
    );
    for field in [
        "inspectors",
        "policySha256",
        "baselines",
        "outcome",
        "findings",
        "gaps",
    ] {
        check(0, |s| remove(s, field), &format!("missing field `{field}`"));
    }
    for at in ["/inspectors/0", "/inspectors/1/inputs/0", "/baselines/0"] {
        let more = |s: &mut Value| s["predicate"].pointer_mut(at).unwrap()["more"] = json!(1);
        check(0, more, "unknown field `more`");
    }
    for field in ["release", "environment", "policySha256", "expiresAt"] {
        check(7, |s| remove(s, field), &format!("missing field `{field}`"));
    }
    check(
        8,
        |s| s["predicate"]["outcome"] = json!("fine"),
        "unknown variant `fine`",
    );
    check(
        4,
        |s| s["predicate"]["result"] = json!("PASSED"),
        "contradicts the exit code",
    );
    check(
        3,
        |s| s["predicate"]["result"] = json!("PASSED"),
        "contradicts the exit code",
    );
    check(
        1,
        |s| s["predicate"]["result"] = json!("WARNED"),
        "contradicts the exit code",
    );
    check(
        1,
        |s| s["predicate"]["configuration"] = json!([]),
        "exactly one command",
    );
    check(
        1,
        |s| s["predicate"]["configuration"][0]["annotations"]["command"] = json!(["true"]),
        "by digest",
    );
    let internal =
        |s: &mut Value| s["predicate"]["buildDefinition"]["internalParameters"] = json!({});
    check(6, internal, "missing field `dirty`");
    check(
        6,
        |s| s["predicate"]["buildDefinition"]["buildType"] = json!("x"),
        "builds of type `x`",
    );
    check(
        6,
        |s| s["predicate"]["buildDefinition"]["resolvedDependencies"] = json!([]),
        "exactly the source",
    );
    check(
        6,
        |s| s["predicate"]["buildDefinition"]["externalParameters"]["a"] = json!(1),
        "unknown field `a`",
    );
}

#[test]
fn an_sbom_that_hides_its_gaps_is_refused() {
    let read = |change: &dyn Fn(&mut Value)| {
        let bytes = in_toto::write_sbom(&artifact(), "a", &document(&[])).unwrap();
        let mut statement: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut statement["predicate"]);
        in_toto::read(statement.to_string().as_bytes())
    };
    assert!(read(&|_| {}).is_ok());
    assert!(read(&|bom| bom["bomFormat"] = json!("x")).is_err());
    assert!(read(&|bom| bom["components"] = json!({})).is_err());
    assert!(read(&|bom| bom["metadata"]["properties"] = json!([])).is_err());
    assert!(read(&|bom| bom["metadata"]["properties"][0]["value"] = json!("none")).is_err());
    let twice = |bom: &mut Value| {
        let one = bom["metadata"]["properties"][0].clone();
        bom["metadata"]["properties"] = json!([one, one]);
    };
    assert!(read(&twice).is_err());
}
