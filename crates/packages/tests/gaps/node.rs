//! Gaps of Node.js projects and npm lockfiles.

use super::{check, inspect};

#[test]
fn a_node_lockfile_answers_for_what_it_locks_alone() {
    let manifest = ("package.json", r#"{"dependencies":{"a":"^1.0.0"}}"#);
    let lock = |root: &str, rest: &str| {
        format!(r#"{{"lockfileVersion":3,"packages":{{"":{{"dependencies":{root}}}{rest}}}}}"#)
    };
    let a = r#","node_modules/a":{"version":"1.0.0"}"#;
    check(
        &[
            ("package-lock.json", &lock(r#"{"a":"^1.0.0"}"#, a)),
            manifest,
        ],
        &[],
    );
    for (root, rest) in [
        (r#"{"a":"^1.0.0"}"#, ""),
        (r#"{"a":"^0.9.0"}"#, a),
        ("{}", a),
    ] {
        check(
            &[("package-lock.json", &lock(root, rest)), manifest],
            &["outdated-lockfile package.json:1"],
        );
    }
    let empty = r#"{"lockfileVersion":3,"packages":{}}"#;
    check(
        &[("package-lock.json", empty), manifest],
        &["unlocked-manifest package.json:1"],
    );
    // npm looks at the shrinkwrap alone.
    let whole = lock(r#"{"a":"^1.0.0"}"#, a);
    let files = [
        ("package-lock.json", whole.as_str()),
        ("npm-shrinkwrap.json", &lock("{}", "")),
        manifest,
    ];
    check(&files, &["outdated-lockfile package.json:1"]);
    check(
        &[
            ("npm-shrinkwrap.json", &whole),
            ("package-lock.json", &lock("{}", "")),
            manifest,
        ],
        &[],
    );
    let old = r#"{"lockfileVersion":1,"dependencies":{"@s/a":{"version":"1.0.0"}}}"#;
    check(
        &[
            ("package-lock.json", old),
            ("package.json", r#"{"dependencies":{"@s/a":"npm:b@^1"}}"#),
        ],
        &[],
    );
}

/// npm installs the peers of the root package since version 7.
#[test]
fn a_peer_is_asked_for_unless_it_is_optional() {
    let peer = r#"{"peerDependencies":{"a":"1"}}"#;
    check(
        &[("package.json", peer)],
        &["unlocked-manifest package.json:1"],
    );
    let optional =
        r#"{"peerDependencies":{"a":"1"},"peerDependenciesMeta":{"a":{"optional":true}}}"#;
    check(&[("package.json", optional)], &[]);
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"peerDependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","peer":true}}}"#;
    check(&[("package.json", peer), ("package-lock.json", lock)], &[]);
}

/// npm resolves the key as a path and installs what stands at the address.
#[test]
fn an_entry_cannot_stand_for_another_package() {
    for key in [
        "node_modules/x/../a",
        "node_modules//a",
        "node_modules/./a",
        "node_modules/x/a",
        "node_modules\\\\a",
        "node_modules/@s",
    ] {
        let lock =
            format!(r#"{{"lockfileVersion":3,"packages":{{"{key}":{{"version":"1.0.0"}}}}}}"#);
        check(
            &[("package-lock.json", &lock)],
            &["unreadable-lockfile package-lock.json:1"],
        );
        let old = format!(
            r#"{{"dependencies":{{"{}":{{"version":"1.0.0"}}}}}}"#,
            key.replace("node_modules/", "")
        );
        if !key.contains("node_modules/@") {
            check(
                &[("package-lock.json", &old)],
                &["unreadable-lockfile package-lock.json:1"],
            );
        }
    }
    let lock = r#"{"lockfileVersion":3,"packages":{"node_modules/a":
        {"version":"1.0.1","resolved":"https://registry.example/a/-/a-1.0.0.tgz"}}}"#;
    check(
        &[("package-lock.json", lock)],
        &["foreign-source package-lock.json:1"],
    );
    assert_eq!(inspect(&[("package-lock.json", lock)]).components, []);
}

#[test]
fn a_node_manifest_needs_a_lockfile_that_knows_its_folder() {
    let manifest = r#"{"devDependencies":{"a":"1"}}"#;
    let lock = r#"{"lockfileVersion":3,"packages":{"":{},"packages/x":{"devDependencies":{"a":"1"}},
        "node_modules/x":{"link":true,"resolved":"packages/x"},"node_modules/a":{"version":"1.0.0"}}}"#;
    check(
        &[("package.json", manifest)],
        &["unlocked-manifest package.json:1"],
    );
    check(&[("package.json", r#"{"type":"module"}"#)], &[]);
    let x = ("packages/x/package.json", manifest);
    check(&[("package-lock.json", lock), x], &[]);
    check(
        &[
            ("package-lock.json", lock),
            ("packages/y/package.json", manifest),
            x,
        ],
        &["unlocked-manifest packages/y/package.json:1"],
    );
    check(
        &[("yarn.lock", ""), ("packages/y/package.json", manifest)],
        &["unsupported-lockfile yarn.lock:1"],
    );
    let old = r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0"}}}"#;
    check(
        &[("package-lock.json", old), ("package.json", manifest)],
        &[],
    );
    check(
        &[("package-lock.json", old), ("x/package.json", manifest)],
        &["unlocked-manifest x/package.json:1"],
    );
}

#[test]
fn installed_packages_without_a_lockfile_are_one_gap_a_folder() {
    let asks = r#"{"version":"1.0.0","dependencies":{"x":"1"}}"#;
    let files = [
        ("web/node_modules/a/package.json", asks),
        ("web/node_modules/a/node_modules/b/package.json", asks),
        ("web/node_modules/c/package.json", r#"{"version":"1.0.0"}"#),
        ("web/package.json", asks),
    ];
    check(
        &files,
        &[
            "unlocked-manifest web/node_modules/a/node_modules/b/package.json:1",
            "unlocked-manifest web/package.json:1",
        ],
    );
    assert!(
        inspect(&files)
            .gaps
            .iter()
            .any(|gap| gap.message.contains("web/node_modules holds 2 installed"))
    );
}

/// Were a column counted from the beginning of its line each time, this would take minutes.
#[test]
fn a_lockfile_in_one_long_line_is_read_in_one_pass() {
    let entry = |number: u32| format!("\"node_modules/p{number}\":{{\"version\":\"1.0.0\"}}");
    let entries: Vec<String> = (0..100_000).map(entry).collect();
    let text = format!(
        "{{\"lockfileVersion\":3,\"packages\":{{{}}}}}",
        entries.join(",")
    );
    let inspection = inspect(&[("package-lock.json", &text)]);
    assert_eq!(inspection.components.len(), entries.len());
    let last = inspection
        .components
        .iter()
        .find(|component| component.name == "p99999")
        .unwrap();
    assert_eq!(
        last.places[0].file().unwrap().start.column as usize,
        text.rfind("\"node_modules").unwrap() + 1
    );
}
