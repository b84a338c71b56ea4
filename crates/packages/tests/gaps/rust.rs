//! Gaps of Rust projects whose requirements a lockfile does not meet.

use super::{APP_FILE, RUST_LOCK, check};

const PACKAGE: &str = "[package]\nname = \"lib\"\nversion = \"0.1.0\"\n";

/// Checks a member beside the lockfile that locks `rand` 0.8.5, alone, for its package.
#[track_caller]
fn check_member(tables: &str, is_met: bool) {
    let manifest = format!("{PACKAGE}{tables}\n");
    let expected: &[&str] = if is_met {
        &[]
    } else {
        &["outdated-lockfile Cargo.toml:2"]
    };
    check(
        &[
            ("Cargo.lock", RUST_LOCK),
            ("Cargo.toml", &manifest),
            APP_FILE,
        ],
        expected,
    );
}

/// Cargo chooses anew where the locked version does not meet the requirement.
#[test]
fn a_lockfile_must_meet_each_requirement() {
    for (requirement, is_met) in [
        ("0.8", true),
        ("0.8.5", true),
        ("=0.8.5", true),
        (">=0.7, <0.9", true),
        ("*", true),
        ("~0.8", true),
        ("=0.7.2", false),
        ("0.7", false),
        ("0.8.6", false),
        ("<0.8", false),
        // What Cargo refuses to read is not met.
        ("", false),
        ("newest", false),
    ] {
        check_member(&format!("[dependencies]\nrand = \"{requirement}\""), is_met);
        check_member(
            &format!("[dependencies]\nrand = {{ version = \"{requirement}\" }}"),
            is_met,
        );
        let renamed = format!("dice = {{ package = \"rand\", version = \"{requirement}\" }}");
        check_member(&format!("[dependencies]\n{renamed}"), is_met);
        check_member(&format!("[build-dependencies]\n{renamed}"), is_met);
        check_member(
            &format!("[target.'cfg(windows)'.dependencies]\n{renamed}"),
            is_met,
        );
        // Of a member, Cargo locks development and optional packages as well.
        check_member(&format!("[dev-dependencies]\n{renamed}"), is_met);
        let optional = renamed.replace(" }", ", optional = true }");
        check_member(&format!("[dependencies]\n{optional}"), is_met);
    }
    check_member(
        "[dependencies]\nrand = { git = \"https://code.example/rand\" }",
        true,
    );
    check_member("[dependencies]\nrand = { path = \"rand\" }", true);
    check_member("[dev-dependencies]\nserde = \"1\"", false);
}

#[test]
fn each_of_two_requirements_of_one_package_must_be_met() {
    let lock = RUST_LOCK.replacen("[\"rand\"]", "[\"rand 0.7.3\", \"rand 0.8.5\"]", 1)
        + "\n[[package]]\nname = \"rand\"\nversion = \"0.7.3\"\n\
           source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let lock = lock.replacen("[\"lib\", \"rand\"]", "[\"lib\", \"rand 0.8.5\"]", 1);
    for (old, expected) in [
        ("0.7", &[][..]),
        ("0.6", &["outdated-lockfile Cargo.toml:2"]),
    ] {
        let manifest = format!(
            "{PACKAGE}[dependencies]\nrand = \"0.8\"\nold = {{ package = \"rand\", version = \"{old}\" }}\n"
        );
        check(
            &[("Cargo.lock", &lock), ("Cargo.toml", &manifest), APP_FILE],
            expected,
        );
    }
    // What is locked for another package alone is not locked for this one.
    let app = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nrand = \"0.7\"\n";
    let lib = ("lib/Cargo.toml", PACKAGE);
    check(
        &[("Cargo.lock", &lock), ("Cargo.toml", app), lib],
        &["outdated-lockfile Cargo.toml:2"],
    );
}

/// Of a mere path dependency, Cargo locks neither development nor inactive packages.
#[test]
fn a_path_dependency_outside_the_workspace_is_locked_in_part() {
    let app = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\
               [dependencies]\nlib = { path = \"../lib\" }\nrand = \"0.8\"\n";
    let files = |tables: &str| format!("{PACKAGE}[dependencies]\nrand = \"0.8\"\n{tables}\n");
    for (tables, expected) in [
        ("serde = { version = \"1\", optional = true }", &[][..]),
        ("[dev-dependencies]\nserde = \"1\"", &[]),
        (
            "[build-dependencies]\nserde = \"1\"",
            &["outdated-lockfile lib/Cargo.toml:2"],
        ),
    ] {
        let lib = files(tables);
        check(
            &[
                ("app/Cargo.lock", RUST_LOCK),
                ("app/Cargo.toml", app),
                ("lib/Cargo.toml", &lib),
            ],
            expected,
        );
    }
    // In the workspace it is a member, unless the workspace takes it out.
    let lib = files("[dev-dependencies]\nserde = \"1\"");
    for (workspace, expected) in [
        ("", &["outdated-lockfile lib/Cargo.toml:2"][..]),
        ("exclude = [\"./lib\"]", &[]),
        (
            "exclude = [\"li\"]",
            &["outdated-lockfile lib/Cargo.toml:2"],
        ),
        (
            "exclude = [\".\"]\nmembers = [\"lib\"]",
            &["outdated-lockfile lib/Cargo.toml:2"],
        ),
    ] {
        let root = format!("{}[workspace]\n{workspace}\n", app.replace("../lib", "lib"));
        check(
            &[
                ("Cargo.lock", RUST_LOCK),
                ("Cargo.toml", &root),
                ("lib/Cargo.toml", &lib),
            ],
            expected,
        );
    }
}

#[test]
fn what_a_workspace_says_is_asked_for() {
    let lib = format!("{PACKAGE}[dependencies]\ndice.workspace = true\n");
    let lib = ("lib/Cargo.toml", lib.as_str());
    let root = |entry: &str| {
        format!("[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\n{entry}\n")
    };
    let gap = &["outdated-lockfile lib/Cargo.toml:2"][..];
    for (entry, expected) in [
        ("dice = { package = \"rand\", version = \"0.8\" }", &[][..]),
        ("dice = { package = \"rand\", version = \"0.7\" }", gap),
        ("dice = \"1\"", gap),
        ("rand = \"0.8\"", gap),
    ] {
        check(
            &[
                ("Cargo.lock", RUST_LOCK),
                ("Cargo.toml", &root(entry)),
                lib,
                APP_FILE,
            ],
            expected,
        );
    }
    check(&[("Cargo.lock", RUST_LOCK), lib, APP_FILE], gap);
    // A package may name a root that is not above it.
    let lib = lib
        .1
        .replace("0.1.0\"\n", "0.1.0\"\nworkspace = \"../root\"\n");
    let root = root("dice = { package = \"rand\", version = \"0.8\" }");
    let files = [
        ("Cargo.lock", RUST_LOCK),
        ("lib/Cargo.toml", &lib),
        APP_FILE,
    ];
    check(&files, gap);
    check(
        &[files[0], files[1], files[2], ("root/Cargo.toml", &root)],
        &[],
    );
}

#[test]
fn a_folder_that_the_workspace_names_is_locked_with_it() {
    let lock = RUST_LOCK.replacen(", \"rand\"", "", 1);
    let app =
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nlib.workspace = true\n";
    let lib = format!("{PACKAGE}[dependencies]\nrand = \"0.8\"\n");
    for (path, expected) in [
        ("../lib", &[][..]),
        ("../../lib", &["unlocked-manifest lib/Cargo.toml:2"]),
    ] {
        let root =
            format!("[workspace]\n[workspace.dependencies]\nlib = {{ path = \"{path}\" }}\n");
        let files = [
            ("w/Cargo.lock", lock.as_str()),
            ("w/Cargo.toml", &root),
            ("w/app/Cargo.toml", app),
            ("lib/Cargo.toml", &lib),
        ];
        check(&files, expected);
    }
}

/// Were the name enough, a project that is nobody's member would pass for the one that is locked.
#[test]
fn a_lockfile_answers_for_one_version_of_a_package() {
    let asks = "[dependencies]\nrand = \"0.8\"\n";
    let lib = format!("{PACKAGE}{asks}");
    let files = [
        ("Cargo.lock", RUST_LOCK),
        ("lib/Cargo.toml", &lib),
        APP_FILE,
    ];
    for (version, expected) in [
        (
            "version = \"0.2.0\"",
            &["unlocked-manifest x/Cargo.toml:2"][..],
        ),
        ("", &["unlocked-manifest x/Cargo.toml:2"]),
        (
            "version.workspace = true",
            &["unlocked-manifest x/Cargo.toml:2"],
        ),
        ("version = \" 0.1.0 \"", &[]),
    ] {
        let nested = format!("[package]\nname = \"lib\"\n{version}\n{asks}");
        check(
            &[files[0], files[1], files[2], ("x/Cargo.toml", &nested)],
            expected,
        );
    }
    let member = format!("[package]\nname = \"lib\"\nversion.workspace = true\n{asks}");
    let root = "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nversion = \"0.1.0\"\n";
    check(
        &[
            files[0],
            ("Cargo.toml", root),
            ("lib/Cargo.toml", &member),
            APP_FILE,
        ],
        &[],
    );
}

/// Were the loss of a `source` line believed, a stub with the right name would take a package out of
/// the inventory that Cargo fetches all the same.
#[test]
fn a_folder_stands_in_for_a_published_package_only_where_it_is_patched_in() {
    let local = RUST_LOCK.split("source =").next().unwrap();
    let lib = format!("{PACKAGE}[dependencies]\nrand = \"0.8\"\n");
    let stub = (
        "stub/Cargo.toml",
        "[package]\nname = \"rand\"\nversion = \"0.8.5\"\n",
    );
    let patch = "[patch.crates-io]\nrand = { path = \"stub\" }\n";
    let root = format!("{lib}{patch}");
    let files = [("Cargo.lock", local), APP_FILE, stub];
    let gap = &["outdated-lockfile Cargo.toml:2"][..];
    check(&[files[0], files[1], files[2], ("Cargo.toml", &lib)], gap);
    check(&[files[0], files[1], files[2], ("Cargo.toml", &root)], &[]);
    check(
        &[
            files[0],
            files[1],
            files[2],
            ("Cargo.toml", &root.replace("\"stub", "\"app")),
        ],
        gap,
    );
    check(
        &[
            files[0],
            files[1],
            files[2],
            (
                "Cargo.toml",
                &format!("{lib}[replace]\n\"rand:0.8.5\" = {{ path = \"stub\" }}\n"),
            ),
        ],
        &[],
    );
    check(
        &[
            files[0],
            files[1],
            files[2],
            ("Cargo.toml", &lib),
            (".cargo/config.toml", patch),
        ],
        &[],
    );
    check(
        &[
            files[0],
            files[1],
            files[2],
            ("Cargo.toml", &lib),
            ("app/.cargo/config.toml", patch),
        ],
        gap,
    );
    check(
        &[
            files[0],
            files[1],
            files[2],
            ("Cargo.toml", &lib),
            ("stub/x/Cargo.toml", patch),
        ],
        gap,
    );
    // Nor does a published package ask for one of the tree.
    let between = local.replace("\"rand\"]", "\"between\"]")
        + "\n[[package]]\nname = \"between\"\nversion = \"1.0.0\"\ndependencies = [\"rand\"]\n\
           source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let lib = lib.replace("rand = \"0.8\"", "between = \"1\"");
    let files = [("Cargo.lock", between.as_str()), APP_FILE, stub];
    check(
        &[files[0], files[1], files[2], ("Cargo.toml", &lib)],
        &["missing-package Cargo.lock:14"],
    );
    check(
        &[
            files[0],
            files[1],
            files[2],
            ("Cargo.toml", &format!("{lib}{patch}")),
        ],
        &[],
    );
}

/// Cargo reads the lockfile of the workspace alone.
#[test]
fn a_lockfile_beside_a_member_does_not_answer_for_it() {
    let lib = format!("{PACKAGE}[dependencies]\nrand = \"0.8\"\nserde = \"1\"\n");
    let stray = "version = 4\n[[package]]\nname = \"lib\"\nversion = \"0.1.0\"\ndependencies = [\"rand\", \"serde\"]\n\
         [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
         [[package]]\nname = \"rand\"\nversion = \"0.8.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    for (root, expected) in [
        (
            "[workspace]\nmembers = [\"*\"]\n",
            &["outdated-lockfile lib/Cargo.toml:2"][..],
        ),
        ("[workspace]\nexclude = [\"lib\"]\n", &[]),
    ] {
        check(
            &[
                ("Cargo.lock", RUST_LOCK),
                ("Cargo.toml", root),
                ("lib/Cargo.toml", &lib),
                ("lib/Cargo.lock", stray),
                APP_FILE,
            ],
            expected,
        );
    }
}

/// `cargo vendor` copies published packages, whose own requirements are locked where they are.
#[test]
fn a_vendored_package_is_locked_as_if_it_were_fetched() {
    let vendored = |version: &str, mark: &str, expected: &[&str]| {
        let manifest = format!(
            "[package]\nname = \"rand\"\nversion = \"{version}\"\n[dependencies]\nrand_core = \"0.6\"\n"
        );
        let app = format!("{PACKAGE}[dependencies]\nrand = \"0.8\"\n");
        let files = [("vendor/rand/Cargo.toml", manifest.as_str()), (mark, "{}")];
        check(
            &[
                &[("Cargo.lock", RUST_LOCK), ("Cargo.toml", &app), APP_FILE],
                &files[..],
            ]
            .concat(),
            expected,
        );
    };
    let gap = &["unlocked-manifest vendor/rand/Cargo.toml:2"];
    vendored("0.8.5", "vendor/rand/.cargo-checksum.json", &[]);
    vendored("0.8.5", "vendor/rand/checksum.json", gap);
    vendored("0.8.5", "vendor/.cargo-checksum.json", gap);
    vendored("0.8.6", "vendor/rand/.cargo-checksum.json", gap);
}
