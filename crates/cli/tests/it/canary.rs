//! A secret is planted in every kind of input and looked for in every output, file, database and
//! cache, plain and in base64 at each alignment. It is found nowhere.

use std::collections::BTreeSet;

use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Put together here, so that this file holds no credential.
fn canary() -> String {
    ["ghp", "_", "C4n4ryB1rdS1ngs", "1nTh3M1n3Sh4ft", "Zq7XwV9"].concat()
}

/// Every file that some inspector reads, with the canary wherever a file of its kind can hold text.
const FILES: &[(&str, &str)] = &[
    (".env", "TOKEN=CANARY\n"),
    (
        ".gitignore",
        "/out\n/committed-though-ignored.env\n# CANARY\n",
    ),
    ("committed-though-ignored.env", "TOKEN=CANARY\n"),
    ("app.py", "token = \"CANARY\"  # CANARY\n"),
    (
        "config.json",
        "{\"token\": \"CANARY\", \"list\": [\"CANARY\"]}\n",
    ),
    ("notes.md", "Use `CANARY` to log in.\n"),
    ("Dockerfile", "FROM scratch\nENV TOKEN=CANARY\n"),
    (
        "one-line.min.js",
        "var a=\"CANARY\";var b=\"CANARY\";var c=1;",
    ),
    (
        ".github/workflows/release.yml",
        "name: CANARY\non:\n  push:\n  workflow_dispatch:\n    inputs:\n      skip_CANARY:\n        type: boolean\n\
         env:\n  TOKEN: CANARY\njobs:\n  test:\n    name: test CANARY\n    if: ${{ !inputs.skip_CANARY && github.actor != 'CANARY' }}\n    runs-on: x\n    steps:\n\
         \x20     - name: test CANARY\n        run: cargo test --token CANARY || true\n      - uses: owner/CANARY@v1\n\
         \x20     - name: log in\n        run: echo \"CANARY\" | docker login registry.example --username ci --password-stdin\n\
         \x20 deploy-production:\n    needs: test\n    if: always()\n    runs-on: x\n    environment: CANARY\n    steps:\n\
         \x20     - run: ./scripts/deploy.sh CANARY\n      - run: kubectl apply --token CANARY -f k8s/\n      - run: ./scripts/CANARY.sh\n",
    ),
    (
        ".github/workflows/broken.yml",
        "on: push\njobs:\n  a: [CANARY\n  b: 'CANARY\n",
    ),
    (
        ".github/workflows/twice.yml",
        "on: push\nCANARY: 1\nCANARY: 2\n",
    ),
    (
        "scripts/deploy.sh",
        "kubectl apply --token CANARY -f k8s/ && echo CANARY\n",
    ),
    ("scripts/broken.sh", "if CANARY; then\n"),
    (
        "lock/Cargo.lock",
        "version = 4\n[[package]]\nname = \"CANARY\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n[[package]]\nname = \"private\"\nversion = \"1.0.0\"\nsource = \"git+https://CANARY@git.example/x#CANARY\"\n",
    ),
    (
        "bad/Cargo.lock",
        "version = 4\n[[package]]\nname = \"CANARY\nversion = CANARY\n",
    ),
    (
        "crate/Cargo.toml",
        "[package]\nname = \"CANARY\"\n[dependencies]\nCANARY = \"1\"\n",
    ),
    (
        "node/package-lock.json",
        "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/CANARY\": {\"version\": \"1.0.0\", \"resolved\": \"https://user:CANARY@registry.example/x.tgz\"}, \"node_modules/b\": {\"version\": \"CANARY\", \"resolved\": \"git+ssh://CANARY@git.example/x\"}}}\n",
    ),
    (
        "node-bad/package-lock.json",
        "{\"lockfileVersion\": 3, \"CANARY\n",
    ),
    (
        "web/package.json",
        "{\"name\": \"CANARY\", \"dependencies\": {\"CANARY\": \"^1\"}}\n",
    ),
    (
        "py/requirements.txt",
        "--index-url https://user:CANARY@registry.example/simple\nCANARY>=1\nleft==CANARY\n-r CANARY.txt\npkg @ https://CANARY@git.example/x.zip\n!!CANARY\n",
    ),
    (
        "py/pyproject.toml",
        "[project]\nname = \"CANARY\"\ndependencies = [\"CANARY>=1\"]\n",
    ),
    (
        "other/Gemfile.lock",
        "GEM\n  remote: https://CANARY@registry.example/\n",
    ),
];

const COMMANDS: &[&str] = &[
    "check",
    "check --color always",
    "check --no-cache --format json",
    "check --format sarif",
    "check --format markdown",
    "check --format json --output ../report.json",
    "check --rev HEAD --format json",
    "sbom",
    "sbom --rev HEAD --output ../sbom.json",
    "attest inspection --key ../builder.key",
    "attest build --key ../builder.key --builder ci --artifact out/server -- sh -c mkdir${IFS}-p${IFS}out&&cp${IFS}server${IFS}out&&:${IFS}CANARY",
    "attest sbom --key ../builder.key --artifact out/server",
    "attest test --key ../builder.key -- sh -c :${IFS}CANARY;echo${IFS}1${IFS}passed",
    "attest test --key ../builder.key -- ./CANARY",
    "release create --name CANARY! --artifact out/server",
    "release create --name one --artifact out/server",
    "promote one --to staging --key ../author.key",
    "db import http://user:CANARY@127.0.0.1:9/ --ecosystem npm --into ../other",
    "db import ../CANARY",
    "explain secret/CANARY",
    "check --rev CANARY",
    "check --policy ../CANARY.toml",
    "ledger log --json",
    "ledger verify",
    "status --json",
    "demo --example CANARY",
];

#[test]
fn the_canary_is_found_nowhere() {
    let world = World::new();
    let canary = canary();
    for (path, text) in FILES {
        world.write(&format!("project/{path}"), &text.replace("CANARY", &canary));
    }
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(
            format!("t={canary}\n")
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    std::fs::write(world.path("project/utf16.txt"), utf16).unwrap();
    world.sh("git add -A -f && git commit -qm canary");
    let mut found_by_text = BTreeSet::new();
    for command in COMMANDS {
        let ran = world.run(&command.replace("CANARY", &canary));
        free_of(&canary, command, ran.output.as_bytes());
        if *command == "check" {
            found_by_text = findings(&ran.output);
        }
    }
    every_file_was_read(&found_by_text);
    broken_policy(&world, &canary);
    let inputs = [
        world.path("project"),
        world.path("policy.toml"),
        world.path("advisories"),
    ];
    let written = world
        .files()
        .into_iter()
        .filter(|file| !inputs.iter().any(|input| file.starts_with(input)));
    let mut looked_at = 0;
    for file in written {
        free_of(
            &canary,
            &file.display().to_string(),
            &std::fs::read(&file).unwrap(),
        );
        looked_at += 1;
    }
    assert!(looked_at > 10, "only {looked_at} files were written");
}

/// A policy in the tree is a stranger's input as well; its errors quote it.
fn broken_policy(world: &World, canary: &str) {
    for text in [
        "CANARY = 1\n",
        "[gate]\nsecrets = \"CANARY\"\n",
        "[gate\n# CANARY",
        "[[waiver]]\nid = \"CANARY\"\n",
    ] {
        world.write("project/plimsoll.toml", &text.replace("CANARY", canary));
        let ran = world.run("check");
        assert_eq!(ran.code, Some(65), "{}", ran.output);
        free_of(canary, text, ran.output.as_bytes());
    }
    std::fs::remove_file(world.path("project/plimsoll.toml")).unwrap();
}

/// The lines `--> file:line:column` of secret findings.
fn findings(output: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if line.contains("[secret/")
            && let Some(place) = lines.next().and_then(|place| place.split("--> ").nth(1))
        {
            files.insert(place.split(':').next().unwrap().to_owned());
        }
    }
    files
}

/// A canary that nobody noticed would be found nowhere for the wrong reason.
fn every_file_was_read(found: &BTreeSet<String>) {
    for (path, _) in FILES {
        assert!(
            found.contains(*path),
            "no finding in {path}; found in {found:?}"
        );
    }
    assert!(found.contains("utf16.txt"), "{found:?}");
}

fn free_of(canary: &str, place: &str, bytes: &[u8]) {
    for form in forms(canary) {
        let at = bytes.windows(form.len()).position(|window| window == form);
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(80)..(at + form.len() + 20).min(bytes.len())];
            panic!(
                "{place} holds the canary: …{}…",
                String::from_utf8_lossy(around)
            );
        }
    }
}

/// The canary as it is, in UTF-16, and in base64 wherever it may begin in the encoded bytes.
fn forms(canary: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![
        canary.as_bytes().to_vec(),
        canary.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    for shift in 0..3 {
        let padded = [vec![0; shift], canary.as_bytes().to_vec()].concat();
        let encoded = BASE64.encode(padded);
        let skipped = [0, 2, 3][shift];
        let whole = encoded.trim_end_matches('=');
        forms.push(whole.as_bytes()[skipped..whole.len() - 2].to_vec());
    }
    forms
}

#[test]
fn rules_of_a_policy_do_not_unmask_what_ours_know() {
    let mut world = World::new();
    let rules =
        "[[rules]]\nid = \"shop-key\"\nregex = \"shop-[0-9]{12}\"\nkeywords = [\"shop-\"]\n";
    world.write("rules.toml", rules);
    let pin = plimsoll_model::Digest::of(rules.as_bytes());
    world.set_policy(&format!(
        "[secrets]\nrules = \"rules.toml\"\nrules_sha256 = \"{pin}\"\n"
    ));
    let token = format!("ghp_{}", "7Hq2LmX9vB4nR8tY1wZ6cK3sD5fG0jPaEuQi");
    let workflow = format!(
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo test --config token={token} || true\n"
    );
    world.write("project/.github/workflows/ci.yml", &workflow);
    let shown = world.run("check");
    assert!(
        shown.output.contains("path/gate-cannot-fail"),
        "{}",
        shown.output
    );
    assert!(!shown.output.contains(&token[8..24]), "{}", shown.output);
    let holds = |file: &std::path::PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        bytes
            .windows(16)
            .any(|part| part == &token.as_bytes()[8..24])
    };
    assert_eq!(
        world.files().iter().filter(|file| holds(file)).count(),
        1,
        "the workflow alone"
    );
}
