//! A ledger from the future: rows that a later build wrote, with a sound log and a good seal, made here
//! with hashes of this test's own. What they say cannot be read, so it is neither tampering nor proof.

use plimsoll_engine::sign::{Bundle, LogKey, Password, PrivateKey};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{World, statement_in};

mod writer;

use writer::{append, seal};

/// An event of a later build, with the keys that no build changes.
struct Later {
    kind: &'static str,
    keys: Vec<String>,
    body: Vec<u8>,
}

/// A world in whose staging release `two` followed `one`, and the words by which its ledger names things.
struct Present {
    world: World,
    release: String,
    policy: String,
    source: String,
    copies: u32,
}

impl Present {
    fn new() -> Self {
        let world = World::new();
        world.first_release();
        for (command, code) in [(STAGING, 0), (PRODUCTION, 2)] {
            let ran = world.run(command);
            assert_eq!(ran.code, Some(code), "{command}\n{}", ran.output);
        }
        world.second_release();
        let followed = world.run("promote two --to staging --key ../author.key");
        assert_eq!(followed.code, Some(0), "{}", followed.output);
        let log = world.run("ledger log --json").output;
        let entries: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let key = |event: &str, kind: &str| {
            let entry = entries.iter().find(|entry| entry["kind"] == event).unwrap();
            let keys = entry["subjects"].as_array().unwrap().iter();
            let mut keys = keys.map(|key| key.as_str().unwrap());
            keys.find(|key| key.starts_with(kind)).unwrap().to_owned()
        };
        Self {
            release: key("release.created", "release:"),
            policy: key("policy.decided", "policy:"),
            source: key("evidence.recorded", "gitCommit:"),
            world,
            copies: 0,
        }
    }

    /// Goes on with a copy of the ledger in which a later build has written these events.
    fn go_on_with(&mut self, events: &[Later]) {
        self.copies += 1;
        let copy = format!("later-{}", self.copies);
        self.world.sh(&format!("cp -r ../state ../{copy}"));
        let folder = self.world.path(&copy);
        self.world
            .set("PLIMSOLL_STATE", &folder.display().to_string());
        let ledger = Connection::open(folder.join("ledger.db")).unwrap();
        for event in events {
            append(&ledger, event);
        }
        let pem = std::fs::read_to_string(folder.join("log.key")).unwrap();
        let key = LogKey::from_encrypted_pem(&pem, &Password::new(String::new())).unwrap();
        seal(&ledger, &key);
    }

    /// The bundle of a statement about the source, signed by the builder.
    fn statement(&self, predicate_type: &str, predicate: &Value) -> Later {
        let recorded = self.recorded_statement("test-result");
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": recorded["subject"],
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        let pem = std::fs::read_to_string(self.world.path("builder.key")).unwrap();
        let key = PrivateKey::from_encrypted_pem(&pem, &Password::new("test".to_owned())).unwrap();
        Later {
            kind: "evidence.recorded",
            keys: vec![self.source.clone()],
            body: Bundle::statement(&key, statement.to_string().as_bytes())
                .unwrap()
                .to_json(),
        }
    }

    /// The first statement with this predicate that the present build recorded.
    fn recorded_statement(&self, predicate_type: &str) -> Value {
        let bundles = self.world.bundles();
        let statements = bundles.iter().map(|bundle| statement_in(bundle));
        let mut statements = statements.filter(|it| {
            it["predicateType"]
                .as_str()
                .unwrap()
                .contains(predicate_type)
        });
        statements.next().unwrap()
    }

    #[track_caller]
    fn says(&self, command: &str, code: i32, words: &[&str]) {
        let ran = self.world.run(command);
        assert_eq!(ran.code, Some(code), "{command}\n{}", ran.output);
        for word in words {
            assert!(
                ran.output.contains(word),
                "{command}: `{word}`\n{}",
                ran.output
            );
        }
        for wrong in ["history was changed", "were changed", "BROKEN", "internal"] {
            assert!(!ran.output.contains(wrong), "{command}\n{}", ran.output);
        }
    }
}

const STAGING: &str = "promote one --to staging --key ../author.key";
const PRODUCTION: &str = "promote one --to production --key ../author.key";
const APPROVE: &str = "approve one --to production --key ../colleague.key";
const ROLLBACK: &str = "rollback --environment staging --key ../author.key";

fn later(kind: &'static str, keys: &[&str]) -> Later {
    Later {
        kind,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        body: b"\x00 not even JSON".to_vec(),
    }
}

#[test]
fn a_ledger_from_the_future_is_read_as_far_as_it_goes() {
    let mut present = Present::new();
    an_event_about_nothing_here_is_listed(&mut present);
    an_event_that_may_be_the_word_against_denies(&mut present);
    a_field_that_is_not_known_denies(&mut present);
    a_word_that_is_not_known_is_no_tampering(&mut present);
    a_statement_that_is_not_understood_counts_for_nothing(&mut present);
    a_bundle_of_another_form_is_no_tampering(&mut present);
    a_projection_of_a_later_build_is_told(&mut present);
    what_later_rules_found_is_judged_by_its_severity(&mut present);
    a_newer_layout_is_refused_whole(&mut present);
}

fn an_event_about_nothing_here_is_listed(present: &mut Present) {
    let elsewhere = later("cluster.drained", &["cluster:eu/1", "service:elsewhere"]);
    let everywhere = later("badge.awarded", &[]);
    present.go_on_with(&[elsewhere, everywhere]);
    present.says(
        "ledger verify",
        0,
        &[
            "is of the kind `cluster.drained`, which this build does not know",
            "`badge.awarded`",
            "PROVEN",
        ],
    );
    let unknown = "? a kind of event that this build does not know";
    present.says(
        "ledger log",
        0,
        &["cluster.drained", "cluster:eu/1", unknown],
    );
    present.says(PRODUCTION, 2, &["waits for 1 of 1"]);
    present.says(APPROVE, 0, &["colleague approves one"]);
    present.says("status", 0, &["staging      two"]);
}

fn an_event_that_may_be_the_word_against_denies(present: &mut Present) {
    let (release, policy) = (present.release.clone(), present.policy.clone());
    for keys in [
        &["service:project"][..],
        &["service:project", &release],
        &["service:project", "environment:production"],
        &[&policy],
    ] {
        present.go_on_with(&[later("release.recalled", keys)]);
        let word = "is of the kind `release.recalled`, which this build does not know: it may be the word against this";
        present.says(
            PRODUCTION,
            2,
            &["history", word, "hint: decide with a build"],
        );
        present.says(APPROVE, 1, &["nothing is done here", word, "hint:"]);
        present.says("ledger verify", 0, &["`release.recalled`", "PROVEN"]);
    }
    // A note never decides anything, whatever it names.
    present.go_on_with(&[later("note.sent", &["service:project", &release])]);
    present.says(APPROVE, 0, &["colleague approves one"]);
    present.says("ledger verify", 0, &["`note.sent`", "PROVEN"]);
    // What is said of one environment is not said of another.
    present.go_on_with(&[later(
        "environment.frozen",
        &["service:project", "environment:moon"],
    )]);
    present.says(APPROVE, 0, &[]);
    present.go_on_with(&[later(
        "environment.frozen",
        &["service:project", "environment:staging"],
    )]);
    present.says(STAGING, 2, &["`environment.frozen`"]);
    present.says(PRODUCTION, 2, &["`environment.frozen`"]);
    present.says(
        ROLLBACK,
        1,
        &["nothing is done here", "`environment.frozen`", "hint:"],
    );
}

fn a_field_that_is_not_known_denies(present: &mut Present) {
    let release = present.release.clone();
    let body = |service: &str, release: &str| {
        json!({
            "service": service,
            "release": release.trim_start_matches("release:"),
            "environment": "staging",
            "requester": { "kind": "person", "id": "author" },
            "only_on": ["friday"],
        })
    };
    present.go_on_with(&[Later {
        kind: "promotion.requested",
        keys: vec![
            "service:project".to_owned(),
            release.clone(),
            "environment:staging".to_owned(),
        ],
        body: body("project", &release).to_string().into_bytes(),
    }]);
    let word = "(`promotion.requested`) says `only_on`, which this build does not know";
    present.says("ledger verify", 0, &[word, "PROVEN"]);
    present.says("ledger log", 0, &["`only_on` is not known to this build"]);
    present.says(STAGING, 2, &["history", word]);
}

/// A known kind of event whose body holds an unknown word counts for nothing and denies what it names.
/// Neither does an event that follows from it break a law.
fn a_word_that_is_not_known_is_no_tampering(present: &mut Present) {
    let release = present.release.clone();
    let id = release.trim_start_matches("release:").to_owned();
    let place = json!({ "deployment": "d9", "service": "project", "release": id, "environment": "staging" });
    let event = |kind: &'static str, words: &Value| {
        let mut body = place.clone();
        let fields = words.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        Later {
            kind,
            keys: vec![
                "service:project".to_owned(),
                release.clone(),
                "environment:staging".to_owned(),
            ],
            body: body.to_string().into_bytes(),
        }
    };
    let subjects = json!([{ "kind": "swarm", "drones": 7 }]);
    for (kind, words, word) in [
        (
            "deployment.finished",
            json!({ "outcome": "superseded", "healthy": null }),
            "superseded",
        ),
        (
            "deployment.step",
            json!({ "step": "start", "state": "skipped", "detail": "" }),
            "skipped",
        ),
        (
            "promotion.requested",
            json!({ "requester": { "kind": "team", "id": "core" } }),
            "team",
        ),
        (
            "deployment.started",
            json!({ "subjects": subjects, "previous": null }),
            "swarm",
        ),
    ] {
        let begun = json!({ "step": "start", "state": "begun", "detail": "" });
        present.go_on_with(&[event(kind, &words), event("deployment.step", &begun)]);
        let told = format!("(`{kind}`) cannot be read by this build");
        let follows = "(`deployment.step`) follows event";
        present.says("ledger verify", 0, &[&told, word, follows, "PROVEN"]);
        present.says("ledger log", 0, &[word]);
        present.says(STAGING, 2, &["history", &told]);
        present.says(ROLLBACK, 1, &["nothing is done here", &told]);
    }
    // Nothing came before that could explain it.
    let begun = json!({ "step": "start", "state": "begun", "detail": "" });
    present.go_on_with(&[event("deployment.step", &begun)]);
    let broken = present.world.run("ledger verify");
    assert_eq!(broken.code, Some(1), "{}", broken.output);
    assert!(broken.output.contains("is not open in `staging`"));
}

/// A signature without a key of ours says nothing, and cuts off what it may have replaced.
fn a_bundle_of_another_form_is_no_tampering(present: &mut Present) {
    let recorded = present.recorded_statement("test-result");
    let kind = recorded["predicateType"].as_str().unwrap();
    let bundle = |change: &dyn Fn(&mut Value), present: &Present| {
        let mut later = present.statement(kind, &recorded["predicate"]);
        let mut bundle: Value = serde_json::from_slice(&later.body).unwrap();
        change(&mut bundle);
        later.body = bundle.to_string().into_bytes();
        later
    };
    let keyless = |bundle: &mut Value| {
        bundle["verificationMaterial"] = json!({ "certificate": { "rawBytes": "AAAA" } });
    };
    let hint = |hint: &'static str| {
        move |bundle: &mut Value| bundle["verificationMaterial"]["publicKey"]["hint"] = json!(hint)
    };
    let stranger = hint("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let nonsense = hint("somebody");
    let changes: [&dyn Fn(&mut Value); 3] = [&keyless, &stranger, &nonsense];
    for change in changes {
        let event = bundle(change, present);
        present.go_on_with(&[event]);
        let word = "holds a statement that this build cannot read whole, so it counts for nothing";
        present.says("ledger verify", 0, &[word, "PROVEN"]);
        present.says(
            PRODUCTION,
            2,
            &[word, "run them with `plimsoll attest test", "✓ secrets"],
        );
    }
}

fn a_projection_of_a_later_build_is_told(present: &mut Present) {
    present.go_on_with(&[]);
    let folder = format!("later-{}", present.copies);
    let ledger = Connection::open(present.world.path(&folder).join("ledger.db")).unwrap();
    ledger
        .execute_batch(
            "CREATE TABLE outbox (id TEXT);
             INSERT INTO projection VALUES ('outbox', 1, 3);
             UPDATE projection SET version = 9 WHERE name = 'current';
             DELETE FROM current;",
        )
        .unwrap();
    present.says("ledger verify", 0, &["the table `outbox`", "PROVEN"]);
    present.says("status", 0, &["staging      two"]);
    present.says(APPROVE, 0, &["colleague approves one"]);
}

fn a_statement_that_is_not_understood_counts_for_nothing(present: &mut Present) {
    let review = "https://plimsoll.dev/attestation/review/v9";
    present.go_on_with(&[present.statement(review, &json!({ "verdict": "ship it" }))]);
    let word = "holds a statement that this build cannot read whole, so it counts for nothing";
    present.says("ledger verify", 0, &[word, "review/v9", "PROVEN"]);
    present.says("ledger log", 0, &["review/v9` is not a predicate type"]);
    present.says(PRODUCTION, 2, &[word, "✓ tests", "waits for 1 of 1"]);

    // What it may have replaced counts no more: it may say that the tests failed.
    let test_result = present.recorded_statement("test-result");
    let (kind, mut predicate) = (
        test_result["predicateType"].as_str().unwrap().to_owned(),
        test_result["predicate"].clone(),
    );
    predicate["flaky"] = json!(3);
    present.go_on_with(&[present.statement(&kind, &predicate)]);
    present.says(
        "ledger verify",
        0,
        &[word, "unknown field `flaky`", "PROVEN"],
    );
    present.says(
        PRODUCTION,
        2,
        &[word, "run them with `plimsoll attest test", "✓ secrets"],
    );
}

fn what_later_rules_found_is_judged_by_its_severity(present: &mut Present) {
    let inspection = present.recorded_statement("inspection");
    let kind = inspection["predicateType"].as_str().unwrap();
    let mut predicate = inspection["predicate"].clone();
    let inspectors = predicate["inspectors"].as_array_mut().unwrap();
    inspectors.push(json!({
        "inspector": "weather",
        "semantics": 1,
        "seen": { "unit": "frost", "taken": 1, "judged": 1 },
        "scope": "root",
        "inputs": [],
    }));
    for (rule, severity, code, word) in [
        // No environment can require an inspector that this build does not know.
        ("weather/frost", "critical", 2, "✓ dependencies"),
        ("dependency/LATER-2031-1", "low", 2, "✓ dependencies"),
        ("dependency/LATER-2031-1", "critical", 1, "1 findings deny"),
    ] {
        predicate["findings"] = json!([
            { "rule": rule, "severity": severity, "message": "found later", "places": [] }
        ]);
        present.go_on_with(&[present.statement(kind, &predicate)]);
        present.says("ledger verify", 0, &["PROVEN"]);
        present.says(PRODUCTION, code, &[word, "waits for 1 of 1"]);
    }
}

fn a_newer_layout_is_refused_whole(present: &mut Present) {
    present.go_on_with(&[]);
    let folder = format!("later-{}", present.copies);
    let ledger = Connection::open(present.world.path(&folder).join("ledger.db")).unwrap();
    ledger.pragma_update(None, "user_version", 4).unwrap();
    for command in [
        PRODUCTION,
        APPROVE,
        ROLLBACK,
        "status",
        "ledger verify",
        "ledger log",
    ] {
        let says = "layout 4, which is newer than layout 3 that this build reads";
        present.says(command, 65, &[says, "hint: use a build"]);
    }
}
