//! Faults of what is inspected and of what it is judged by.

use super::Fault;
pub(super) const CHECKS: &[Fault] = &[
    Fault {
        name: "broken lockfile",
        make: |world| world.write("project/Cargo.lock", "version = 4\n[[package]\n"),
        command: "check",
        code: 1,
        says: &["dependency/unreadable-lockfile", "Cargo.lock:2", "fix:"],
    },
    Fault {
        name: "a policy with a key that is none",
        make: |world| {
            let broken = world
                .policy()
                .replacen("keys = [\"sha256:", "keys = [\"sha1:", 1);
            world.set_policy(&broken);
        },
        command: "check",
        code: 65,
        says: &[
            "a key of `author` is none: `sha1:",
            "hint: write what `plimsoll key show",
        ],
    },
    Fault {
        name: "manifest without a lockfile",
        make: |world| world.write("project/tools/requirements.txt", "requests>=2\n"),
        command: "check",
        code: 2,
        says: &[
            "dependency/unlocked-manifest",
            "tools/requirements.txt:1",
            "fix:",
        ],
    },
    Fault {
        name: "lockfile without a reader",
        make: |world| world.write("project/composer.lock", "{}\n"),
        command: "check",
        code: 2,
        says: &["dependency/unsupported-lockfile", "composer.lock", "fix:"],
    },
    Fault {
        name: "pipeline of a system that is not supported",
        make: |world| world.write("project/Jenkinsfile", "pipeline { agent any }\n"),
        command: "check",
        code: 2,
        says: &[
            "path/unsupported-pipeline",
            "Jenkinsfile:1",
            "Jenkins",
            "fix:",
        ],
    },
    Fault {
        name: "binary lockfile",
        make: |world| world.write("project/Cargo.lock", "\0\0\0"),
        command: "check",
        code: 1,
        says: &["dependency/unreadable-file", "Cargo.lock", "fix:"],
    },
    Fault {
        name: "broken workflow",
        make: |world| {
            world.write(
                "project/.github/workflows/release.yml",
                "on: push\njobs: [\n",
            )
        },
        command: "check",
        code: 1,
        says: &[
            "path/unreadable-workflow",
            ".github/workflows/release.yml",
            "fix:",
        ],
    },
    Fault {
        name: "missing database",
        make: |world| std::fs::remove_dir_all(world.path("databases")).unwrap(),
        command: "check",
        code: 1,
        says: &[
            "gap[dependency/missing-database]",
            "crates.io",
            "plimsoll db import",
        ],
    },
    Fault {
        name: "old database",
        make: |world| {
            assert_eq!(
                world
                    .run("db import ../advisories --into ../databases")
                    .code,
                Some(0)
            );
        },
        command: "check",
        code: 1,
        says: &["dependency/stale-database", "crates.io", "fix:"],
    },
    Fault {
        name: "damaged database",
        make: |world| {
            world
                .sh("for f in ../databases/*; do head -c 100 $f > $f.x && mv $f.x $f; done")
                .clear()
        },
        command: "check",
        code: 1,
        says: &[
            "gap[dependency/unusable-database]",
            "databases",
            "plimsoll db import",
        ],
    },
    Fault {
        name: "policy with an unknown key",
        make: |world| world.set_policy("[gate]\nsecrts = \"any\"\n"),
        command: "check",
        code: 65,
        says: &["policy.toml:2:1", "secrts", "did you mean `secrets`?"],
    },
    Fault {
        name: "policy that names an inspector this build lacks",
        make: |world| world.set_policy("[gate]\nlicenses = \"any\"\n"),
        command: "check",
        code: 65,
        says: &["policy.toml:2:1", "this build has no `licenses`"],
    },
    Fault {
        name: "policy with another digest than the pinned one",
        make: |world| world.write("policy.toml", "[gate]\nsecrets = \"off\"\n"),
        command: "check",
        code: 65,
        says: &["policy.toml", "pinned is sha256:", "hint:"],
    },
    Fault {
        name: "missing policy",
        make: |world| std::fs::remove_file(world.path("policy.toml")).unwrap(),
        command: "check",
        code: 65,
        says: &["cannot read the policy", "policy.toml"],
    },
    Fault {
        name: "tree with a broken policy of its own",
        make: |world| world.write("project/plimsoll.toml", "[gate\n"),
        command: "check",
        code: 65,
        says: &["plimsoll.toml:1", "hint:"],
    },
    Fault {
        name: "protected revision without a policy",
        make: |world| world.set("PLIMSOLL_POLICY", ""),
        command: "check --base HEAD",
        code: 65,
        says: &["no plimsoll.toml at `HEAD`", "hint:"],
    },
    Fault {
        name: "expired waiver",
        make: |world| {
            world.write("project/tools/requirements.txt", "requests>=2\n");
            let waiver = "[[waiver]]\nid = \"dependency/unlocked-manifest\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2020-01-01\n";
            world.set_policy(&(world.policy() + waiver));
        },
        command: "check",
        code: 2,
        says: &["dependency/unlocked-manifest", "fix:"],
    },
    Fault {
        name: "missing secret rules",
        make: |world| world.set_policy("[secrets]\nrules = \"rules.toml\"\n"),
        command: "check",
        code: 65,
        says: &["cannot read the secret rules", "rules.toml"],
    },
    Fault {
        name: "secret rules that the trusted policy does not pin",
        make: |world| {
            world.write("rules.toml", "[[rules]]\nid = \"x\"\nregex = 'x'\n");
            world.set_policy("[secrets]\nrules = \"rules.toml\"\n");
        },
        command: "check",
        code: 65,
        says: &[
            "does not pin the secret rules",
            "rules.toml",
            "hint: add rules_sha256 = \"sha256:",
        ],
    },
    Fault {
        name: "secret rules that were changed",
        make: |world| {
            world.write("rules.toml", "[[rules]]\nid = \"x\"\nregex = 'x'\n");
            let pin = plimsoll_model::Digest::of(b"other");
            world.set_policy(&format!(
                "[secrets]\nrules = \"rules.toml\"\nrules_sha256 = \"{pin}\"\n"
            ));
        },
        command: "check",
        code: 65,
        says: &["the policy pins sha256:", "rules.toml", "hint: review"],
    },
    Fault {
        name: "trusted policy with databases inside the tree",
        make: |world| {
            world.sh("cp -r ../databases .");
            world.set_policy("[advisories]\npath = \"project/databases\"\n");
        },
        command: "check",
        code: 65,
        says: &["inside the inspected tree", "project/databases", "hint:"],
    },
    Fault {
        name: "broken secret rules",
        make: |world| {
            let rules = "[[rules]]\nid = \"x\"\nregex = '('\n";
            world.write("rules.toml", rules);
            let pin = plimsoll_model::Digest::of(rules.as_bytes());
            world.set_policy(&format!(
                "[secrets]\nrules = \"rules.toml\"\nrules_sha256 = \"{pin}\"\n"
            ));
        },
        command: "check",
        code: 65,
        says: &["rules.toml", "line", "hint:"],
    },
    Fault {
        name: "secret rules of the tree that are a pipe",
        make: |world| {
            world.set("PLIMSOLL_POLICY", "");
            world.write(
                "project/plimsoll.toml",
                "[secrets]\nrules = \"rules.toml\"\n",
            );
            world.sh("mkfifo rules.toml").clear();
        },
        command: "check",
        code: 65,
        says: &["the secret rules ./rules.toml are no file", "hint:"],
    },
    Fault {
        name: "secret rules of the tree that are too long",
        make: |world| {
            world.set("PLIMSOLL_POLICY", "");
            world.write(
                "project/plimsoll.toml",
                "[secrets]\nrules = \"rules.toml\"\n",
            );
            world.sh("truncate -s 5M rules.toml").clear();
        },
        command: "check",
        code: 65,
        says: &[
            "the secret rules ./rules.toml are no file of at most 4194304 bytes",
            "hint:",
        ],
    },
    Fault {
        name: "advisory database of the tree that is a pipe",
        make: |world| {
            world.set("PLIMSOLL_POLICY", "");
            world.write(
                "project/plimsoll.toml",
                "[advisories]\npath = \"databases\"\n",
            );
            world
                .sh("mkdir databases && mkfifo databases/crates.io.plimdb")
                .clear();
        },
        command: "check",
        code: 1,
        says: &[
            "gap[dependency/unusable-database]",
            "crates.io.plimdb",
            "it is no file",
        ],
    },
    Fault {
        name: "trusted policy and a home inside the tree",
        make: |world| {
            world.set("XDG_DATA_HOME", ".data");
            world
                .sh("mkdir -p .data/plimsoll && cp -r ../databases .data/plimsoll/advisories")
                .clear();
            world.set_policy("[gate]\nsecrets = \"any\"\n");
        },
        command: "check",
        code: 65,
        says: &[
            "inside the inspected tree",
            ".data/plimsoll/advisories",
            "hint:",
        ],
    },
    Fault {
        name: "credential in a list with zero bytes",
        make: |world| {
            world.write(
                "project/environ",
                &format!("HOME=/root\0TOKEN=ghp_{}\0", "aB3dE5gH7jK9".repeat(3)),
            );
        },
        command: "check",
        code: 1,
        says: &["secret/github-pat", "environ:1"],
    },
    Fault {
        name: "credential in UTF-16 without a byte order mark",
        make: |world| {
            let token = format!("ghp_{}\r\n", "aB3dE5gH7jK9".repeat(3));
            world.write("project/note", &token.replace("", "\0")[1..]);
        },
        command: "check",
        code: 1,
        says: &["secret/github-pat", "note:1"],
    },
    Fault {
        name: "script with zero bytes that a shell passes over",
        make: |world| {
            world.write(
                "project/deploy.sh",
                "#!/bin/sh\necho a plain text\nec\0ho b\n",
            )
        },
        command: "check",
        code: 1,
        says: &["gap[path/unreadable-file]", "deploy.sh", "fix:"],
    },
    Fault {
        name: "script that is UTF-16 by its mark and bytes for a shell",
        make: |world| {
            world.write("project/deploy.sh", "");
            world
                .sh("printf '\\377\\376\\necho a\\n\\0' > deploy.sh")
                .clear();
        },
        command: "check",
        code: 1,
        says: &["gap[path/unreadable-file]", "deploy.sh", "fix:"],
    },
    Fault {
        name: "lockfile behind a link",
        make: |world| drop(world.sh("mv Cargo.lock elsewhere && ln -s elsewhere Cargo.lock")),
        command: "check",
        code: 2,
        says: &["gap[dependency/linked-file]", "Cargo.lock", "fix:"],
    },
    Fault {
        name: "unknown revision",
        make: |_| (),
        command: "check --rev absent",
        code: 65,
        says: &["absent"],
    },
    Fault {
        name: "folder without files",
        make: |world| std::fs::create_dir(world.path("empty")).unwrap(),
        command: "check ../empty",
        code: 2,
        says: &["gap[secret/empty-tree]", "empty", "fix:"],
    },
    Fault {
        name: "no such folder",
        make: |_| (),
        command: "check nowhere",
        code: 65,
        says: &["nowhere"],
    },
    Fault {
        name: "wrong command line",
        make: |_| (),
        command: "check --formt json",
        code: 64,
        says: &["--format"],
    },
    Fault {
        name: "unknown rule",
        make: |_| (),
        command: "explain secret/absent",
        code: 64,
        says: &["secret/absent", "hint:"],
    },
];
