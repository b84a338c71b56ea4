//! The demo is run whole: its seven chapters insist on their own outcomes, and this test reads what a
//! person would see.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;

/// What each chapter must show, in this order.
const SHOWN: &[&str] = &[
    "── 1. ",
    "critical[secret/docker-login-password]",
    "echo \"********\" | docker login",
    "critical[dependency/GHSA-43w2-9j62-hq99]",
    "fix: upgrade smallvec to 1.6.1",
    "gap[dependency/unlocked-manifest]",
    "DENIED",
    "── 2. ",
    "ALLOWED",
    "── 3. ",
    "signed test result: 6 passed, 0 failed",
    "signed provenance",
    "signed SBOM",
    "signed inspection",
    "── 4. ",
    "record-store-1.0.0 in staging: healthy",
    "── 5. ",
    "waits for 1 of 1 from group `release`",
    "the approval is refused: `author` is the author of this release",
    "waits for 1 of 1 from group `release`",
    "colleague approves record-store-1.0.0 for production",
    "record-store-1.0.0 in production: healthy",
    "── 6. ",
    "record-store-1.1.0 in staging: healthy",
    "still not healthy after",
    "record-store-1.1.0 in production: failed, and rolled back to the last healthy release",
    "# exit code 75",
    "production   record-store-1.0.0",
    "── 7. ",
    "PROVEN",
    "were changed",
    "BROKEN",
    "# exit code 1",
    "green meant proven",
];

const RULES: &[&str] = &[
    "path/skip-input-reaches-production",
    "path/over-broad-permissions",
    "path/push-before-scan",
    "path/gate-cannot-fail",
    "path/echo-only-gate",
];

#[test]
fn the_whole_line_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("demo");
    let (mut shown_end, written_end) = std::io::pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command
        .args(["--color", "never", "demo", "--into", into.to_str().unwrap()])
        .current_dir(root);
    command
        .stdout(written_end.try_clone().unwrap())
        .stderr(written_end);
    let mut demo = command.spawn().unwrap();
    drop(command);
    let mut shown = String::new();
    shown_end.read_to_string(&mut shown).unwrap();
    assert!(demo.wait().unwrap().success(), "{shown}");
    let mut rest = shown.as_str();
    for expected in SHOWN {
        let at = rest.find(expected);
        let at = at.unwrap_or_else(|| panic!("`{expected}` is not shown in its place\n{shown}"));
        rest = &rest[at + expected.len()..];
    }
    for rule in RULES {
        assert!(shown.contains(rule), "{rule}\n{shown}");
    }
    nothing_runs(&into);
}

/// The shops that the demo started have ended.
fn nothing_runs(folder: &Path) {
    let mark = folder.as_os_str().as_encoded_bytes();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(program) = std::fs::read_link(process.path().join("exe")) else {
            continue;
        };
        let ours = program.as_os_str().as_encoded_bytes().starts_with(mark);
        assert!(!ours, "{} still runs", program.display());
    }
}
