//! One of every kind of thing that can be said, and the kinds by which it is read.

use plimsoll_model::{
    Approval, Baseline, Body, CommitId, DeploymentOutcome, DeploymentRecord, Digest, EvidenceKind,
    Excerpt, ExcerptLine, Extent, Finding, Fix, Gap, GapKind, Input, Inspected, Location, Matter,
    ObjectPlace, Outcome, OwnId, Place, Position, Provenance, Ran, Reference, RequestPlace, RuleId,
    Seen, Severity, Subject, Tool, TraceStep, TreeAddress, TreePath,
};
use plimsoll_wire::in_toto::{self, TestResult};

pub(crate) fn source() -> Subject {
    Subject::Source {
        commit: CommitId::new("a".repeat(40)),
        tree: CommitId::new("b".repeat(64)),
        commit_sha256: Digest::of(b"commit"),
    }
}

pub(crate) fn artifact() -> Subject {
    Subject::Artifact {
        sha256: Digest::of(b"artifact"),
    }
}

pub(crate) fn subjects() -> [Subject; 5] {
    [
        source(),
        artifact(),
        Subject::Image {
            manifest_sha256: Digest::of(b"image"),
        },
        Subject::Manifests {
            sha256: Digest::of(b"manifests"),
        },
        Subject::Tool {
            name: "renderer".to_owned(),
            version: "1.2".to_owned(),
            sha256: Digest::of(b"tool"),
        },
    ]
}

pub(crate) fn inspected() -> Inspected {
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
    finding.matter = Some(Matter::line(TreePath::new("ci/release.yml"), "run:  push"));
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
        seen: Seen {
            taken: 3,
            judged: 2,
            ..Seen::files()
        },
        scope,
        inputs,
        tool: None,
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
            Ran {
                tool: Some(Tool {
                    name: "scanner".to_owned(),
                    version: "1.2.3".to_owned(),
                    sha256: Digest::of(b"scanner"),
                }),
                ..ran("code", Extent::Root, Vec::new())
            },
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
        gates: [("secret".to_owned(), Outcome::Deny)].into(),
    }
}

pub(crate) static KINDS: [&EvidenceKind; 6] = [
    &in_toto::TEST,
    &in_toto::SBOM,
    &in_toto::INSPECTION,
    &in_toto::PROVENANCE,
    &in_toto::APPROVAL,
    &in_toto::DEPLOYMENT,
];

pub(crate) fn test(exit_code: Option<i32>, passed: Option<u64>, failed: Option<u64>) -> TestResult {
    TestResult {
        command: vec!["cargo".to_owned(), "test a".to_owned()],
        exit_code,
        passed,
        failed,
    }
}

pub(crate) fn deployed(outcome: DeploymentOutcome) -> DeploymentRecord {
    DeploymentRecord {
        service: "shop".parse().unwrap(),
        release: OwnId::from_parts(1, 2),
        environment: "staging".to_owned(),
        outcome,
    }
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        builder: "https://builder.example/1".to_owned(),
        source: source(),
        dirty: true,
        authors: vec!["author@company.example".to_owned()],
    }
}

pub(crate) fn approval() -> Approval {
    Approval {
        service: "shop".parse().unwrap(),
        release: OwnId::from_parts(1, 2),
        environment: "production".to_owned(),
        policy_sha256: Digest::of(b"policy"),
        expires_at: "2026-12-31T00:00:00Z".parse().unwrap(),
    }
}

/// What is written, each with what must be read of it.
pub(crate) fn statements(subjects: &[Subject]) -> Vec<(Vec<u8>, Body)> {
    let name = "record-store";
    let mut all = vec![
        (
            in_toto::write(subjects, name, &inspected()),
            Body::Inspection(inspected()),
        ),
        (
            in_toto::write(subjects, name, &provenance()),
            Body::Provenance(provenance()),
        ),
        (
            in_toto::write(subjects, name, &approval()),
            Body::Approval(approval()),
        ),
    ];
    for outcome in [
        DeploymentOutcome::Healthy,
        DeploymentOutcome::RolledBack,
        DeploymentOutcome::Failed,
    ] {
        let record = deployed(outcome);
        let bytes = in_toto::write(subjects, name, &record);
        all.push((bytes, Body::Deployment(record)));
    }
    for (exit_code, passed, failed) in [
        (Some(0), Some(12), Some(0)),
        (Some(0), None, None),
        (Some(0), Some(1), Some(1)),
        (Some(101), None, None),
        (None, None, None),
    ] {
        let result = test(exit_code, passed, failed);
        let bytes = in_toto::write(subjects, name, &result);
        all.push((bytes, Body::Claim(result.judge())));
    }
    all
}
