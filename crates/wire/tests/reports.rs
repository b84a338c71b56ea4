//! The reports as other programs and people see them, whole.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::{
    Baseline, CommitId, Digest, EcosystemRules, Excerpt, ExcerptLine, Extent, Finding, Fix, Gap,
    GapKind, Input, Inspection, Location, Matter, Outcome, Position, Ran, Reason, Reference,
    RuleId, Seen, Severity, Subject, TraceStep, TreeAddress, TreePath, Verdict, exact_name,
};
use plimsoll_wire::{Comparison, Doc, Format, Looked, PolicyIdentity, Report};
use serde_json::Value;

fn place(path: &str, line: u32, columns: (u32, u32)) -> Location {
    Location {
        tree: TreeAddress::default(),
        path: TreePath::new(path),
        start: Position {
            line,
            column: columns.0,
        },
        end: Position {
            line,
            column: columns.1,
        },
    }
}

fn gap(kind: GapKind) -> Gap {
    Gap {
        id: RuleId::new("dependency", "unlocked-manifest"),
        kind,
        place: Some(Location::file(TreePath::new("a b/requirements.txt")).into()),
        message: "2 of 3 requirements name no exact version".to_owned(),
        fix: "lock it".to_owned(),
    }
}

fn inspection() -> Inspection {
    let mut secret = Finding::new(
        RuleId::new("secret", "docker-login-password"),
        Severity::Critical,
        "a password stands in the workflow",
        place("ci/release.yml", 7, (12, 20)),
    );
    secret.matter = Some(Matter::line(
        TreePath::new("ci/release.yml"),
        "run: echo \"********\" | docker login",
    ));
    secret.identify(0);
    secret.references = vec![Reference {
        id: "CWE-798".to_owned(),
        url: None,
    }];
    let text = "run: echo \"********\" | docker login".to_owned();
    secret.excerpt = Some(Excerpt::Lines(vec![ExcerptLine {
        number: 7,
        text,
        marked: Some((11, 19)),
    }]));
    let mut advisory = Finding::new(
        RuleId::new("dependency", "GHSA-0000-0000-0000"),
        Severity::Medium,
        "time 0.1.43 <img src=x> @team | see #1",
        place("Cargo.lock", 3, (8, 14)),
    );
    advisory.fix = Some(Fix {
        message: "upgrade to 0.2.23".to_owned(),
        version: Some("0.2.23".to_owned()),
    });
    advisory.references = vec![Reference {
        id: "CVE-2020-0001".to_owned(),
        url: Some("https://advisories.example/1".to_owned()),
    }];
    let mut path = Finding::new(
        RuleId::new("path", "push-before-scan"),
        Severity::High,
        "the image is pushed before it is scanned",
        place("ci/release.yml", 9, (1, 5)),
    );
    path.places.push(place("ci/release.yml", 12, (1, 5)).into());
    path.trace = vec![
        TraceStep {
            message: "the event is a push".to_owned(),
            place: None,
        },
        TraceStep {
            message: "`push` runs".to_owned(),
            place: Some(place("ci/release.yml", 9, (1, 5)).into()),
        },
    ];
    let rules = EcosystemRules {
        name: "crates.io",
        purl_type: "cargo",
        namespace_end: None,
        normalize: exact_name,
        version_key: |_| None,
    };
    let component = rules.component("time", "0.1.43", place("Cargo.lock", 3, (8, 14)));
    Inspection {
        findings: vec![advisory, secret, path],
        components: vec![component],
        gaps: vec![gap(GapKind::Unresolved)],
    }
}

/// One that rests on something, one that saw a part, one that did not run.
fn looked() -> Vec<Looked> {
    let looked = |inspector: &str, gate_key: &str, ran| Looked {
        inspector: inspector.to_owned(),
        gate_key: gate_key.to_owned(),
        title: format!("flaws of the kind {gate_key}"),
        ran,
    };
    let ran = |inspector: &str, taken, scope| Ran {
        inspector: inspector.to_owned(),
        semantics: 3,
        seen: Seen {
            taken,
            judged: taken.min(1),
            ..Seen::files()
        },
        scope,
        inputs: Vec::new(),
        tool: None,
    };
    let mut dependency = ran("dependency", 3, Extent::Root);
    dependency.inputs.push(Input {
        name: "advisories for crates.io".to_owned(),
        sha256: Digest::of(b"database"),
        as_of: Some("2026-11-20T00:00:00Z".parse().unwrap()),
    });
    let part = Extent::Folders(vec![TreePath::new("services/a")]);
    vec![
        looked("secret", "secrets", Some(ran("secret", 0, part))),
        looked("dependency", "dependencies", Some(dependency)),
        looked("path", "path", None),
    ]
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "passed",
        Outcome::Unknown => "not-all-checked",
        Outcome::Deny => "denied",
    }
}

fn report() -> Report {
    let reason = |about: &str, outcome, message: &str, hint: &str| Reason {
        id: RuleId::new("gate", outcome_name(outcome)),
        about: about.to_owned(),
        outcome,
        message: message.to_owned(),
        hint: hint.to_owned(),
        evidence: Vec::new(),
    };
    Report {
        subject_name: "record-store".to_owned(),
        subject: Some(Subject::Source {
            commit: CommitId::new("a".repeat(40)),
            tree: CommitId::new("b".repeat(40)),
            commit_sha256: Digest::of(b"commit"),
        }),
        verdict: Verdict::of(vec![
            reason(
                "secrets",
                Outcome::Deny,
                "1 finding",
                "take the secret out and revoke it",
            ),
            reason(
                "dependencies",
                Outcome::Unknown,
                "1 gap",
                "lock requirements.txt",
            ),
            reason("path", Outcome::Allow, "nothing at or above high", ""),
        ]),
        comparison: Some(Comparison {
            revision: "origin/main".to_owned(),
            baseline: Baseline {
                commit: CommitId::new("c0ffee"),
                findings: BTreeSet::new(),
            },
        }),
        policy: PolicyIdentity {
            sha256: Digest::of(b"policy"),
            file_sha256: Some(Digest::of(b"policy.toml")),
            trusted: false,
        },
        inspection: inspection(),
        inspectors: looked(),
        docs: BTreeMap::from([(
            RuleId::new("path", "push-before-scan"),
            Doc {
                title: "An image is pushed first. Then it is scanned.".to_owned(),
                why: "what was pushed may be run".to_owned(),
                fix: "scan it first, see [the guide](https://example)".to_owned(),
            },
        )]),
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
    }
}

fn write(format: Format, report: &Report) -> String {
    let mut bytes = Vec::new();
    format.write(report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_format_shows_the_whole_report() {
    for (name, format) in [
        ("json", Format::Json),
        ("sarif", Format::Sarif),
        ("markdown", Format::Markdown),
    ] {
        let text = write(format, &report()).replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::assert_snapshot!(format!("report_{name}"), text);
    }
}

#[test]
fn a_clean_report_has_no_empty_sections() {
    let report = Report {
        inspection: Inspection::default(),
        subject: None,
        inspectors: Vec::new(),
        comparison: None,
        docs: BTreeMap::new(),
        ..report()
    };
    insta::assert_snapshot!("clean_markdown", write(Format::Markdown, &report));
}

#[test]
fn sarif_calls_a_run_that_could_not_see_unsuccessful() {
    for (kind, successful) in [
        (GapKind::Unreadable, false),
        (GapKind::Stale, false),
        (GapKind::Unresolved, true),
        (GapKind::Unsupported, true),
    ] {
        let inspection = Inspection {
            gaps: vec![gap(kind)],
            ..Inspection::default()
        };
        let text = write(
            Format::Sarif,
            &Report {
                inspection,
                ..report()
            },
        );
        let log: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            log["runs"][0]["invocations"][0]["executionSuccessful"], successful,
            "{kind:?}"
        );
    }
}

#[test]
fn sarif_results_point_at_their_rule() {
    let log: Value = serde_json::from_str(&write(Format::Sarif, &report())).unwrap();
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
}

#[test]
fn a_long_comment_is_cut_and_says_so() {
    let mut inspection = inspection();
    inspection.findings = std::iter::repeat_n(inspection.findings[0].clone(), 53).collect();
    let text = write(
        Format::Markdown,
        &Report {
            inspection,
            ..report()
        },
    );
    assert_eq!(text.matches("GHSA-0000").count(), 50);
    assert!(text.contains("… and 3 more"), "{text}");
}

/// Names and versions come from the tree, and a message repeats them.
#[test]
fn no_text_of_the_tree_draws_a_link_or_turns_a_line_round() {
    let mut told = gap(GapKind::Unresolved);
    told.message =
        "`\u{1b}[2J\u{202e}[click](https://code.example) www.code.example` is open".to_owned();
    let inspection = Inspection {
        gaps: vec![told],
        ..Inspection::default()
    };
    let report = Report {
        inspection,
        ..report()
    };
    let markdown = write(Format::Markdown, &report);
    let log: Value = serde_json::from_str(&write(Format::Sarif, &report)).unwrap();
    let notification = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    let sarif = notification["message"]["text"].as_str().unwrap();
    for (text, links) in [
        (markdown.as_str(), ["](", "www."]),
        (sarif, ["](", "\u{1b}"]),
    ] {
        assert!(text.contains("\u{fffd}"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(links.iter().all(|link| !text.contains(link)), "{text}");
    }
}
