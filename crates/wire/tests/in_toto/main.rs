//! Statements: what is written is read again, what is not understood whole is refused, and the bytes
//! of each predicate stay as they are.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod words;

use plimsoll_model::{Body, Digest, Gap};
use plimsoll_wire::cyclonedx;
use plimsoll_wire::in_toto::{self, SbomDocument};
use serde_json::{Value, json};

use words::{KINDS, approval, artifact, inspected, source, statements, subjects, test};

#[test]
fn every_body_comes_back_as_it_was() {
    for subject in subjects() {
        for (bytes, body) in statements(std::slice::from_ref(&subject)) {
            let statement = in_toto::read(&bytes, &KINDS).unwrap();
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
    for (bytes, body) in statements(&all) {
        assert_eq!(in_toto::claimed_kind(&bytes, &KINDS), Some(body.kind()));
        let is_of_release = matches!(body, Body::Approval(_) | Body::Deployment(_));
        match in_toto::read(&bytes, &KINDS) {
            Ok(statement) => assert_eq!((statement.subjects, is_of_release), (all.clone(), true)),
            Err(error) => assert!(!is_of_release, "{error}"),
        }
    }
}

#[test]
fn only_tests_that_ran_and_did_not_fail_passed() {
    for (exit_code, passed, failed, expected) in [
        (Some(0), Some(3), Some(0), "test/passed"),
        (Some(0), Some(0), Some(0), "test/none-ran"),
        (Some(0), None, Some(0), "test/none-ran"),
        (Some(0), None, None, "test/none-ran"),
        (Some(0), Some(0), None, "test/none-ran"),
        (Some(0), Some(3), None, "test/failures-not-counted"),
        (Some(0), Some(3), Some(1), "test/failed"),
        (Some(101), Some(3), Some(0), "test/failed"),
        (None, Some(3), Some(0), "test/failed"),
    ] {
        let claim = test(exit_code, passed, failed).judge();
        assert_eq!(claim.reason.id().as_str(), expected, "{}", claim.message);
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

/// The id and the message of a claim.
fn claimed(bytes: &[u8]) -> (String, String) {
    match in_toto::read(bytes, &KINDS).unwrap().body {
        Body::Claim(claim) => (claim.reason.id().to_string(), claim.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_sbom_statement_holds_the_document_and_reads_as_counts() {
    let document = document(&inspected().gaps);
    let bytes = in_toto::write(&[artifact()], "a", &SbomDocument::new(&document).unwrap());
    assert_eq!(
        claimed(&bytes),
        (
            "sbom/with-gaps".to_owned(),
            "the list of components has 2 gaps".to_owned()
        )
    );
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(written["predicate"], document);
    for foreign in [
        json!({ "bomFormat": "SPDX" }),
        json!({ "bomFormat": "CycloneDX" }),
    ] {
        assert!(SbomDocument::new(&foreign).is_err());
    }
}

#[test]
fn the_older_statement_type_is_read_too() {
    let bytes = in_toto::write(&[artifact()], "a", &approval());
    let old = String::from_utf8(bytes).unwrap();
    let old = old.replace("Statement/v1", "Statement/v0.1");
    let body = in_toto::read(old.as_bytes(), &KINDS).unwrap().body;
    assert_eq!(body, Body::Approval(approval()));
}

/// Each predicate's JSON, as other tools and older releases rely on it.
#[test]
fn the_written_form_stays() {
    for at in [0, 1, 2, 4, 6] {
        let (bytes, body) = &statements(&[source()])[at];
        let value: Value = serde_json::from_slice(bytes).unwrap();
        insta::assert_snapshot!(
            format!("statement_{}", body.kind()),
            serde_json::to_string_pretty(&value).unwrap()
        );
    }
}

/// Changes a good statement and gives the error.
fn refused(at: usize, change: impl FnOnce(&mut Value)) -> String {
    let (bytes, _) = &statements(&[artifact()])[at];
    let mut value: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut value);
    let read = in_toto::read(value.to_string().as_bytes(), &KINDS);
    let error = read.expect_err("a changed statement is refused");
    let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
    format!("{error}: {cause}")
}

const INSPECTION: usize = 0;
const PROVENANCE: usize = 1;
const APPROVAL: usize = 2;
const DEPLOYMENT: usize = 3;
const TEST: usize = 6;
const FAILURES: usize = 8;
const BROKEN: usize = 9;

#[track_caller]
fn check(at: usize, change: impl FnOnce(&mut Value), expected: &str) {
    let text = refused(at, change);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_envelope_is_read_strictly() {
    check(
        TEST,
        |s| s["_type"] = json!("https://in-toto.io/Statement/v2"),
        "not a statement type",
    );
    check(
        TEST,
        |s| s["predicateType"] = json!("https://in-toto.io/attestation/vulns/v0.2"),
        "not a predicate type",
    );
    check(TEST, |s| s["subject"] = json!([]), "about 0 subjects");
    check(
        TEST,
        |s| {
            let one = s["subject"][0].clone();
            s["subject"] = json!([one, one])
        },
        "about 2 subjects",
    );
    check(TEST, |s| s["more"] = json!(1), "unknown field `more`");
    check(
        TEST,
        |s| s["subject"][0]["uri"] = json!("x"),
        "unknown field `uri`",
    );
    check(
        TEST,
        |s| s["subject"][0]["mediaType"] = json!("text/plain"),
        "`text/plain` does not fit",
    );
    check(
        TEST,
        |s| s["subject"][0]["digest"] = json!({}),
        "name neither",
    );
    check(
        TEST,
        |s| s["subject"][0]["digest"]["sha256"] = json!("AB"),
        "`AB` is not a digest",
    );
    check(
        TEST,
        |s| s["subject"][0]["digest"]["gitCommit"] = json!("a".repeat(40)),
        "name neither",
    );
    check(
        TEST,
        |s| s["subject"][0]["digest"] = json!({ "gitCommit": "a".repeat(40) }),
        "gitCommit with gitTree and the sha256",
    );
    check(
        TEST,
        |s| {
            let digest = &mut s["subject"][0]["digest"];
            digest["gitCommit"] = json!("HEAD");
            digest["gitTree"] = json!("a".repeat(40));
        },
        "`HEAD` is not",
    );
    let twice = br#"{"_type":"https://in-toto.io/Statement/v1","_type":"x","subject":[],"predicateType":"","predicate":{}}"#;
    assert!(in_toto::read(twice, &KINDS).is_err());
    assert!(in_toto::read(b"", &KINDS).is_err());
    assert!(in_toto::read("[".repeat(1_000_000).as_bytes(), &KINDS).is_err());
}

#[test]
fn predicates_are_read_strictly() {
    let remove = |s: &mut Value, field: &str| {
        s["predicate"].as_object_mut().unwrap().remove(field);
    };
    check(
        INSPECTION,
        |s| s["predicate"]["more"] = json!(1),
        "unknown field `more`",
    );
    check(
        INSPECTION,
        |s| s["predicate"]["findings"][0]["more"] = json!(1),
        "unknown field `more`",
    );
    for field in [
        "inspectors",
        "policySha256",
        "baselines",
        "gates",
        "findings",
        "gaps",
    ] {
        check(
            INSPECTION,
            |s| remove(s, field),
            &format!("missing field `{field}`"),
        );
    }
    for at in ["/inspectors/0", "/inspectors/1/inputs/0", "/baselines/0"] {
        let more = |s: &mut Value| s["predicate"].pointer_mut(at).unwrap()["more"] = json!(1);
        check(INSPECTION, more, "unknown field `more`");
    }
    for field in ["release", "environment", "policySha256", "expiresAt"] {
        check(
            APPROVAL,
            |s| remove(s, field),
            &format!("missing field `{field}`"),
        );
    }
    check(
        DEPLOYMENT,
        |s| s["predicate"]["outcome"] = json!("fine"),
        "unknown variant `fine`",
    );
    check(
        BROKEN,
        |s| s["predicate"]["result"] = json!("PASSED"),
        "contradicts the exit code",
    );
    check(
        FAILURES,
        |s| s["predicate"]["result"] = json!("PASSED"),
        "contradicts the exit code",
    );
    check(
        TEST,
        |s| s["predicate"]["result"] = json!("WARNED"),
        "contradicts the exit code",
    );
    check(
        TEST,
        |s| s["predicate"]["configuration"] = json!([]),
        "names no command",
    );
    check(
        TEST,
        |s| s["predicate"]["configuration"][0]["annotations"]["command"] = json!(["true"]),
        "by digest",
    );
    let internal =
        |s: &mut Value| s["predicate"]["buildDefinition"]["internalParameters"] = json!({});
    check(PROVENANCE, internal, "missing field `dirty`");
    check(
        PROVENANCE,
        |s| s["predicate"]["buildDefinition"]["buildType"] = json!("x"),
        "builds of type `x`",
    );
    check(
        PROVENANCE,
        |s| s["predicate"]["buildDefinition"]["resolvedDependencies"] = json!([]),
        "exactly the source",
    );
    check(
        PROVENANCE,
        |s| s["predicate"]["buildDefinition"]["externalParameters"]["a"] = json!(1),
        "unknown field `a`",
    );
}

/// A statement about a list without gaps, after a change of the list.
fn sbom_after(change: &dyn Fn(&mut Value)) -> Result<Body, in_toto::ReadError> {
    let document = document(&[]);
    let bytes = in_toto::write(&[artifact()], "a", &SbomDocument::new(&document).unwrap());
    let mut statement: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut statement["predicate"]);
    let read = in_toto::read(statement.to_string().as_bytes(), &KINDS);
    read.map(|statement| statement.body)
}

#[test]
fn an_sbom_that_hides_its_gaps_proves_nothing() {
    let says = |change: &dyn Fn(&mut Value)| match sbom_after(change).unwrap() {
        Body::Claim(claim) => claim.reason.id().to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(says(&|_| {}), "sbom/listed");
    let silent = |bom: &mut Value| bom["metadata"]["properties"] = json!([]);
    assert_eq!(says(&silent), "sbom/gaps-not-stated");
    assert!(sbom_after(&|bom| bom["bomFormat"] = json!("x")).is_err());
    assert!(sbom_after(&|bom| bom["components"] = json!({})).is_err());
    assert!(sbom_after(&|bom| bom["metadata"]["properties"][0]["value"] = json!("none")).is_err());
    let twice = |bom: &mut Value| {
        let one = bom["metadata"]["properties"][0].clone();
        bom["metadata"]["properties"] = json!([one, one]);
    };
    assert!(sbom_after(&twice).is_err());
}

#[test]
fn what_others_write_in_a_format_of_ours_is_told_from_what_is_not_understood() {
    let read = |at: usize, change: &dyn Fn(&mut Value)| {
        let (bytes, _) = &statements(&[artifact()])[at];
        let mut value: Value = serde_json::from_slice(bytes).unwrap();
        change(&mut value["predicate"]);
        in_toto::read(value.to_string().as_bytes(), &KINDS).unwrap_err()
    };
    let built_elsewhere = |predicate: &mut Value| {
        let definition = &mut predicate["buildDefinition"];
        definition["buildType"] = json!("https://actions.example/workflow/v1");
        definition["externalParameters"] = json!({ "workflow": { "ref": "main" } });
    };
    let tested_elsewhere = |predicate: &mut Value| {
        predicate["configuration"] = json!([{ "name": "suite", "uri": "https://ci.example/1" }]);
    };
    for (at, change) in [
        (PROVENANCE, &built_elsewhere as &dyn Fn(&mut Value)),
        (TEST, &tested_elsewhere),
    ] {
        let error = read(at, change);
        assert!(
            matches!(error, in_toto::ReadError::OfOthers { .. }),
            "{error}"
        );
    }
    for at in [PROVENANCE, TEST] {
        let error = read(at, &|predicate| predicate["later"] = json!(1));
        assert!(
            matches!(error, in_toto::ReadError::Predicate { .. }),
            "{error}"
        );
    }
}
