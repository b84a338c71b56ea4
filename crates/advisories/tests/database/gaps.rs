//! What cannot be decided is a gap, each with the thing, the place and the fix.

use jiff::SignedDuration;
use plimsoll_model::{Gap, GapKind, Inspection};
use serde_json::{Value, json};

use crate::fixture::{Fixture, component, now};

fn check(gaps: &[Gap], id: &str, kind: GapKind, words: &str) {
    let [gap] = gaps else {
        panic!("{id}: {gaps:#?}")
    };
    assert_eq!(
        (gap.id.as_str(), gap.kind),
        (format!("dependency/{id}").as_str(), kind)
    );
    assert!(gap.message.contains(words), "{}", gap.message);
    assert!(!gap.fix.is_empty());
}

fn record(id: &str, affected: &Value) -> Value {
    json!({"id": id, "modified": "2026-05-01T00:00:00Z", "affected": [affected]})
}

fn ranged(ecosystem: &str, name: &str) -> Value {
    let events = json!([{"introduced": "0"}, {"fixed": "2.0.0"}]);
    json!({"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]})
}

/// What is said of the package `a`, and of `b`, which no record names, at this version.
fn inspect_with_stranger(fixture: &Fixture, version: &str) -> Inspection {
    fixture.inspect(&[
        component("npm", "a", version),
        component("npm", "b", version),
    ])
}

#[test]
fn an_ecosystem_without_a_database_is_told_once() {
    let fixture = Fixture::of(&[record("X-1", &ranged("npm", "a"))], &[]);
    let components = [
        component("PyPI", "a", "1"),
        component("PyPI", "b", "1"),
        component("npm", "b", "1.0.0"),
    ];
    check(
        &fixture.inspect(&components).gaps,
        "missing-database",
        GapKind::Stale,
        "2 components were not judged",
    );
}

#[test]
fn an_old_database_and_one_from_the_future_are_told() {
    let fixture = Fixture::of(&[record("X-1", &ranged("npm", "a"))], &[]);
    let component = [component("npm", "a", "3.0.0")];
    let gaps = |hours: i64, max_age: Option<i64>| {
        let now = now() + SignedDuration::from_hours(hours);
        fixture
            .database
            .inspect(&component, now, max_age.map(SignedDuration::from_hours))
            .gaps
    };
    check(
        &gaps(49, Some(48)),
        "stale-database",
        GapKind::Stale,
        "2 days ago",
    );
    check(
        &gaps(-2, Some(48)),
        "stale-database",
        GapKind::Stale,
        "in the future",
    );
    assert_eq!(gaps(48, Some(48)), []);
    assert_eq!(gaps(9999, None), []);
}

#[test]
fn a_version_without_a_place_in_the_order_is_told_where_it_matters() {
    let fixture = Fixture::of(&[record("X-1", &ranged("npm", "a"))], &[]);
    let inspection = inspect_with_stranger(&fixture, "latest");
    check(
        &inspection.gaps,
        "unordered-version",
        GapKind::Unresolved,
        "a latest",
    );
    assert!(inspection.gaps[0].place.is_some());
}

#[test]
fn an_advisory_that_names_no_comparable_version_is_told() {
    let package = json!({"ecosystem": "npm", "name": "a"});
    let silent = [
        json!({"package": package, "ranges": [{"type": "GIT", "repo": "r", "events": [{"introduced": "0"}]}]}),
        json!({"package": package}),
        json!({"package": package, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "soon"}]}]}),
        json!({"package": package, "ranges": [{"type": "LUNAR", "events": [{"introduced": "0"}]}]}),
        json!({"package": package, "ranges": [{"type": "SEMVER", "events": [{"vanished": "1.0.0"}]}]}),
    ];
    for affected in silent {
        let fixture = Fixture::of(&[record("X-1", &affected)], &[]);
        let inspection = inspect_with_stranger(&fixture, "1.0.0");
        check(
            &inspection.gaps,
            "undecided-advisory",
            GapKind::Unresolved,
            "whether X-1 affects a 1.0.0",
        );
        assert_eq!(inspection.findings, [], "{affected}");
        assert_eq!(fixture.imported.databases[0].undecided, 1);
    }
}

#[test]
fn a_record_that_nobody_could_read_is_remembered() {
    let broken = json!({"id": "X-2", "modified": "yesterday"});
    let fixture = Fixture::of(&[record("X-1", &ranged("npm", "a")), broken], &[]);
    let inspection = fixture.inspect(&[component("npm", "b", "1.0.0")]);
    check(
        &inspection.gaps,
        "unreadable-advisory",
        GapKind::Unreadable,
        "00001.json",
    );
    let database = &fixture.imported.databases[0];
    assert_eq!(
        (
            database.unreadable_count,
            database.unreadable[0].name.as_str()
        ),
        (1, "00001.json")
    );
}

#[test]
fn an_ecosystem_without_an_order_matches_named_versions_and_tells_the_rest() {
    let named = json!({"package": {"ecosystem": "Debian:12", "name": "a"}, "versions": ["1-1"]});
    let fixture = Fixture::of(
        &[
            record("X-1", &named),
            record("X-2", &ranged("Debian:12", "b")),
        ],
        &[],
    );
    assert_eq!(
        fixture.imported.databases[0].identity.ecosystem.as_str(),
        "Debian"
    );
    let a = fixture.inspect(&[component("Debian:12", "a", "1-1")]);
    assert_eq!((a.findings.len(), a.gaps.len()), (1, 0));
    let b = fixture.inspect(&[component("Debian:12", "b", "1-1")]);
    assert_eq!(b.findings, []);
    check(
        &b.gaps,
        "unsupported-order",
        GapKind::Unsupported,
        "1 component was not judged",
    );
    for unknown in ["Debian:13", "Debian"] {
        let gaps = fixture.inspect(&[component(unknown, "a", "1-1")]).gaps;
        check(
            &gaps,
            "unknown-release",
            GapKind::Unsupported,
            "know the releases 12",
        );
    }
}
