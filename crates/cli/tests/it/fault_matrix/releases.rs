//! Faults of evidence, approvals and deployments; the release `one` has everything else.

use jiff::SignedDuration;
use plimsoll_engine::sign::{Password, PrivateKey};
use plimsoll_engine::{
    ApprovalRequest, Candidate, Ledger, PolicySource, approve, find_release, load_policy,
};

use super::Fault;
use crate::world::World;

pub(super) const RELEASES: &[Fault] = &[
    Fault {
        name: "no evidence at all for these bytes",
        make: |world| drop(world.sh("echo '# changed' >> out/server")),
        command: "release create --name two --artifact out/server;promote two --to staging --key ../author.key",
        code: 2,
        says: &["no configured builder signed", "hint:"],
    },
    Fault {
        name: "failed tests",
        make: |world| {
            failed_tests(world);
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["tests", "exit code 1", "hint:"],
    },
    Fault {
        name: "tests that ran nothing",
        make: |world| {
            assert_eq!(
                world.run("attest test --key ../builder.key -- true").code,
                Some(2)
            )
        },
        command: "promote one --to staging --key ../author.key",
        code: 2,
        says: &["tests", "no test that ran", "hint:"],
    },
    Fault {
        name: "evidence by a key that is no builder's",
        make: |world| world.set_policy(&world.policy().replace("id = \"ci\"", "id = \"other\"")),
        command: "promote one --to staging --key ../author.key",
        code: 2,
        says: &["no configured builder signed", "hint:"],
    },
    Fault {
        name: "inspection under another policy",
        make: |world| {
            world.set_policy(
                &world
                    .policy()
                    .replace("[advisories]", "[gate]\npath = \"low\"\n[advisories]"),
            )
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["inspected under policy", "hint:"],
    },
    Fault {
        name: "untrusted policy",
        make: |world| {
            world.write("project/plimsoll.toml", &world.policy());
            world.set("PLIMSOLL_POLICY", "");
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["not trusted", "hint:"],
    },
    Fault {
        name: "production before staging",
        make: |_| (),
        command: "promote one --to production --key ../author.key",
        code: 2,
        says: &["not deployed to staging", "waits for 1 of 1", "hint:"],
    },
    Fault {
        name: "rolled back by hand in staging",
        make: |world| {
            world.second_release();
            // What stands in the tree has no say in what is done to environments.
            world.write("project/plimsoll.toml", "broken = [");
            for command in [
                "promote one --to staging --key ../author.key",
                "promote two --to staging --key ../author.key",
                "rollback --environment staging --key ../author.key",
            ] {
                let ran = world.run(command);
                assert_eq!(ran.code, Some(0), "{command}: {}", ran.output);
            }
        },
        command: "promote two --to production --key ../author.key",
        code: 1,
        says: &["it was rolled back in staging", "hint:"],
    },
    Fault {
        name: "approval before anybody asked",
        make: |_| (),
        command: "approve one --to production --key ../colleague.key",
        code: 1,
        says: &["nobody has asked", "hint:"],
    },
    Fault {
        name: "the author's own approval",
        make: |world| {
            assert_eq!(
                world
                    .run("promote one --to production --key ../author.key")
                    .code,
                Some(2)
            )
        },
        command: "approve one --to production --key ../author.key",
        code: 1,
        says: &["refused", "`author` is the author"],
    },
    Fault {
        name: "a builder's approval",
        make: |world| {
            assert_eq!(
                world
                    .run("promote one --to production --key ../author.key")
                    .code,
                Some(2)
            )
        },
        command: "approve one --to production --key ../builder.key",
        code: 1,
        says: &["refused", "is not a person"],
    },
    Fault {
        name: "expired approval",
        make: |world| {
            assert_eq!(
                world
                    .run("promote one --to staging --key ../author.key")
                    .code,
                Some(0)
            );
            assert_eq!(
                world
                    .run("promote one --to production --key ../author.key")
                    .code,
                Some(2)
            );
            approve_for(world, SignedDuration::ZERO);
        },
        command: "promote one --to production --key ../author.key",
        code: 2,
        says: &["an approval that expired", "hint:"],
    },
    Fault {
        name: "unknown environment",
        make: |_| (),
        command: "promote one --to moon --key ../author.key",
        code: 65,
        says: &["no environment `moon`", "hint: it has staging, production"],
    },
    Fault {
        name: "unknown release",
        make: |_| (),
        command: "promote nothing --to staging --key ../author.key",
        code: 65,
        says: &["no release `nothing`", "hint:"],
    },
    Fault {
        name: "artifact changed where it is kept",
        make: |world| drop(world.sh("for kept in ../state/artifacts/*; do echo x >> $kept; done")),
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["✗ apply", "it is not run", "nothing healthy runs"],
    },
    Fault {
        name: "somebody else answers the health check",
        make: |world| {
            let port = world
                .policy()
                .split("http://127.0.0.1:")
                .nth(1)
                .unwrap()
                .split('/')
                .next()
                .unwrap()
                .to_owned();
            world.occupy(&port);
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["already taken", "nothing healthy runs"],
    },
    Fault {
        name: "wrong password",
        make: |world| world.set("PLIMSOLL_PASSWORD", "wrong"),
        command: "promote one --to staging --key ../author.key",
        code: 65,
        says: &["author.key", "password"],
    },
    Fault {
        name: "no password",
        make: |world| world.set("PLIMSOLL_PASSWORD", ""),
        command: "promote one --to staging --key ../author.key",
        code: 65,
        says: &["no password", "hint:"],
    },
    Fault {
        name: "no ledger",
        make: |world| world.set("PLIMSOLL_STATE", "/nonexistent/state"),
        command: "promote one --to staging --key ../author.key",
        code: 65,
        says: &["no ledger in /nonexistent/state", "hint:"],
    },
    Fault {
        name: "log key of another ledger",
        make: |world| {
            world.set("PLIMSOLL_STATE", &world.path("other").display().to_string());
            assert_eq!(
                world
                    .run("release create --name x --artifact out/server")
                    .code,
                Some(0)
            );
            world.set("PLIMSOLL_STATE", &world.path("state").display().to_string());
            world.sh("cp ../other/log.key ../state/log.key");
        },
        command: "ledger verify",
        code: 65,
        says: &["may not seal the ledger", "hint: put back the log.key"],
    },
    Fault {
        name: "changed evidence",
        make: |world| {
            without_triggers(
                world,
                "UPDATE blob SET bytes = CAST(replace(CAST(bytes AS TEXT), 'dsseEnvelope', 'dsseEnvelopf') AS BLOB) WHERE CAST(bytes AS TEXT) LIKE '%dsseEnvelope%'",
            );
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["sha256:"],
    },
    Fault {
        name: "uncommitted changes under test",
        make: |world| world.write("project/new", "x"),
        command: "attest test --key ../builder.key -- true",
        code: 1,
        says: &["changes that commit", "hint: commit"],
    },
    Fault {
        name: "built from uncommitted changes",
        make: |world| {
            world.write("project/server", "#!/bin/sh\n");
            world.run("attest build --key ../builder.key --builder ci --artifact out/server -- cp server out/server");
        },
        command: "release create --name two --artifact out/server;promote two --to staging --key ../author.key",
        code: 2,
        says: &["uncommitted changes", "hint: commit"],
    },
    Fault {
        name: "components of another commit",
        make: |world| drop(world.sh("git commit -q --allow-empty -m two")),
        command: "attest sbom --key ../builder.key --artifact out/server",
        code: 1,
        says: &["no provenance", "nothing was signed", "hint:"],
    },
    Fault {
        name: "policy of the tree that never ends",
        make: |world| drop(world.sh("ln -s /dev/zero plimsoll.toml")),
        command: "check",
        code: 65,
        says: &["plimsoll.toml", "is no file of at most", "hint:"],
    },
    Fault {
        name: "one key for a builder and a person",
        make: |world| {
            let policy = world.policy();
            let keys: Vec<&str> = policy
                .lines()
                .filter(|line| line.starts_with("keys"))
                .collect();
            world.set_policy(&policy.replace(keys[1], keys[2]));
        },
        command: "promote one --to staging --key ../author.key",
        code: 65,
        says: &["to both `colleague` and `ci`", "hint:"],
    },
    Fault {
        name: "failed build",
        make: |_| (),
        command: "attest build --key ../builder.key --builder ci --artifact out/server -- false",
        code: 1,
        says: &["`false` ended with exit code 1", "nothing was signed"],
    },
    Fault {
        name: "build that makes nothing",
        make: |_| (),
        command: "attest build --key ../builder.key --builder ci --artifact out/server -- true",
        code: 1,
        says: &["did not make out/server", "nothing was signed"],
    },
    Fault {
        name: "failed tests whose record was deleted",
        make: |world| {
            failed_tests(world);
            delete_newest(world);
        },
        command: "promote one --to staging --key ../author.key",
        code: 2,
        says: &["no signed test result", "hint:"],
    },
    Fault {
        name: "a history with a deleted statement",
        make: |world| {
            failed_tests(world);
            delete_newest(world);
        },
        command: "ledger verify",
        code: 2,
        says: &[
            " 4 signed statements",
            "1 bodies were deleted",
            "NOT PROVEN IN FULL",
        ],
    },
    Fault {
        name: "failed tests whose event was removed",
        make: |world| {
            failed_tests(world);
            assert_eq!(
                world
                    .run("release create --name x --artifact out/server")
                    .code,
                Some(0)
            );
            without_triggers(
                world,
                "DELETE FROM event WHERE seq = (SELECT max(seq) - 1 FROM event)",
            );
        },
        command: "promote one --to staging --key ../author.key",
        code: 1,
        says: &["the history was changed", "hint:"],
    },
    Fault {
        name: "a projection that was edited by hand",
        make: |world| {
            assert_eq!(
                world
                    .run("promote one --to staging --key ../author.key")
                    .code,
                Some(0)
            );
            without_triggers(world, "UPDATE current SET last_healthy = 'nobody'");
        },
        command: "rollback --environment staging --key ../author.key",
        code: 1,
        says: &["the history was changed", "hint:"],
    },
    Fault {
        name: "promotion by a key that the policy does not know",
        make: |world| assert_eq!(world.run("key generate ../stranger").code, Some(0)),
        command: "promote one --to staging --key ../stranger.key",
        code: 1,
        says: &[
            "refused",
            "belongs to no [[person]] or [[builder]]",
            "hint:",
        ],
    },
    Fault {
        name: "rollback by a key that the policy does not know",
        make: |world| assert_eq!(world.run("key generate ../stranger").code, Some(0)),
        command: "rollback --environment production --key ../stranger.key",
        code: 1,
        says: &[
            "refused",
            "belongs to no [[person]] or [[builder]]",
            "hint:",
        ],
    },
    Fault {
        name: "nothing to roll back to",
        make: |_| (),
        command: "rollback --environment production --key ../author.key",
        code: 1,
        says: &["no earlier healthy release", "production"],
    },
    Fault {
        name: "signed bytes that were changed",
        make: |world| {
            assert_eq!(
                world
                    .run("sign out/server --key ../builder.key --bundle ../bundle")
                    .code,
                Some(0)
            );
            world.sh("echo x >> out/server");
        },
        command: "verify out/server --key ../builder.pub --bundle ../bundle",
        code: 1,
        says: &["out/server is not what the bundle signs"],
    },
];

fn failed_tests(world: &World) {
    let ran =
        world.run("attest test --key ../builder.key -- sh -c echo${IFS}1${IFS}failed;exit${IFS}1");
    assert_eq!(ran.code, Some(1), "{}", ran.output);
}

/// Deletes the body of the event that was appended last, as the ledger itself deletes one.
fn delete_newest(world: &World) {
    let newest = "(SELECT body_sha256 FROM event ORDER BY seq DESC LIMIT 1)";
    without_triggers(
        world,
        &format!("UPDATE blob SET bytes = NULL WHERE sha256 = {newest}"),
    );
}

/// Changes the ledger's file as one who may write it: the triggers stand again afterwards.
fn without_triggers(world: &World, statement: &str) {
    let database = rusqlite::Connection::open(world.path("state/ledger.db")).unwrap();
    let triggers: Vec<(String, String)> = database
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        database
            .execute_batch(&format!("DROP TRIGGER \"{name}\""))
            .unwrap();
    }
    assert!(database.execute(statement, []).unwrap() > 0, "{statement}");
    for (_, sql) in triggers {
        database.execute_batch(&sql).unwrap();
    }
}

fn approve_for(world: &World, valid_for: SignedDuration) {
    let policy = world.path("policy.toml");
    let sha256 = Some(plimsoll_model::Digest::of(&std::fs::read(&policy).unwrap()));
    let trusted = load_policy(
        &PolicySource::File {
            path: policy,
            sha256,
        },
        &world.path("project"),
    )
    .unwrap();
    let ledger = Ledger::open(
        &world.path("state"),
        &Password::new(String::new()),
        jiff::Timestamp::now,
    )
    .unwrap();
    let release = find_release(
        &ledger,
        &trusted.service(&world.path("project")).unwrap(),
        "one",
    )
    .unwrap();
    let pem = std::fs::read_to_string(world.path("colleague.key")).unwrap();
    let key = PrivateKey::from_encrypted_pem(&pem, &Password::new("test".to_owned())).unwrap();
    let asked = ApprovalRequest {
        candidate: Candidate {
            trusted: &trusted,
            release: &release,
            environment: "production",
        },
        key: &key,
        valid_for,
    };
    approve(&ledger, &asked).unwrap();
}
