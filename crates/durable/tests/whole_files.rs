//! A file is whole or untouched, whoever is killed meanwhile, and nothing is left behind by an error.
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_durable::{Draft, create, replace};

const FOLDER: &str = "PLIMSOLL_TEST_FOLDER";
const LENGTH: usize = 1 << 20;

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn bytes_and_mode_are_those_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    for mode in [0o600, 0o400] {
        replace(&path, mode, b"secret").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"secret");
        let permissions = path.metadata().unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
    }
    assert_eq!(names(folder.path()), ["key"]);
}

#[test]
fn what_is_there_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    create(&path, 0o600, b"first").unwrap();
    let refused = create(&path, 0o600, b"second").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    assert_eq!(names(folder.path()), ["key"]);
}

#[test]
fn a_draft_that_comes_to_nothing_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut draft = Draft::new(folder.path(), 0o600).unwrap();
    draft.file().write_all(b"half").unwrap();
    assert_eq!(names(folder.path()).len(), 1);
    drop(draft);
    let draft = Draft::new(folder.path(), 0o600).unwrap();
    draft
        .replace(&folder.path().join("absent/file"))
        .unwrap_err();
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
#[ignore = "the writer that the other test kills"]
fn writer() {
    let folder = std::env::var_os(FOLDER).expect("another test starts the writer");
    let path = Path::new(&folder).join("file");
    for number in (0..=u8::MAX).cycle() {
        replace(&path, 0o600, &vec![number; LENGTH]).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    replace(&path, 0o600, &vec![0; LENGTH]).unwrap();
    for round in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "writer"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), LENGTH);
        assert!(bytes.iter().all(|byte| *byte == bytes[0]));
    }
}
