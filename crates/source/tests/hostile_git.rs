//! A stranger's repository runs nothing, lies about nothing and exhausts nothing.
#![cfg(feature = "git")]
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use plimsoll_model::{Address, CommitId, TreePath};
use plimsoll_source::{Content, GitError, Repository, Tree, Wanted};

fn git(root: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .current_dir(root)
        .args([
            "-c",
            "user.name=author",
            "-c",
            "user.email=author@shop.example",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q", "-b", "main"], b"");
    std::fs::write(root.join("file"), "one\n").unwrap();
    git(root, &["add", "."], b"");
    git(root, &["commit", "-q", "-m", "one"], b"");
    folder
}

fn walk(root: &Path, commit: &CommitId) -> Vec<(String, Content)> {
    let seen = Mutex::new(Vec::new());
    let revision = Repository::discover(root)
        .unwrap()
        .revision(commit)
        .unwrap();
    for outside in ["absent/file", "../outside", "/etc/passwd", ""] {
        let content = revision.open(&Address::new(TreePath::new(outside)), 1 << 20);
        assert!(!matches!(content, Some(Content::Bytes(_))), "{outside}");
    }
    revision.walk(1 << 20, &|_| Wanted::Bytes, &|entry| {
        seen.lock()
            .unwrap()
            .push((entry.address.to_string(), entry.content))
    });
    seen.into_inner().unwrap()
}

/// Writes a tree object as it stands, without Git's checks, and a commit of it.
fn commit_raw_tree(root: &Path, entries: &[(&str, &[u8], &str)]) -> CommitId {
    let mut tree = Vec::new();
    for (mode, name, id) in entries {
        tree.extend_from_slice(mode.as_bytes());
        tree.push(b' ');
        tree.extend_from_slice(name);
        tree.push(0);
        tree.extend(
            (0..40)
                .step_by(2)
                .map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()),
        );
    }
    let id = git(
        root,
        &["hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        &tree,
    );
    CommitId::new(git(root, &["commit-tree", &id, "-m", "raw"], b""))
}

#[test]
fn no_configured_command_runs() {
    let folder = repository();
    let root = folder.path();
    let evidence = root.join(".git/ran");
    let program = root.join(".git/program");
    std::fs::write(
        &program,
        format!("#!/bin/sh\ntouch '{}'\ncat\n", evidence.display()),
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "filter.f.clean",
        "filter.f.smudge",
        "filter.f.process",
        "diff.d.textconv",
        "diff.external",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "uploadpack.packObjectsHook",
        "core.alternateRefsCommand",
    ] {
        git(root, &["config", key, program], b"");
    }
    std::fs::create_dir_all(root.join(".git/hooks")).unwrap();
    for hook in [
        "post-index-change",
        "fsmonitor-watchman",
        "post-checkout",
        "pre-commit",
    ] {
        std::fs::copy(program, root.join(".git/hooks").join(hook)).unwrap();
    }
    std::fs::write(root.join(".gitattributes"), "* filter=f diff=d\n").unwrap();
    std::fs::write(root.join("file"), "two\n").unwrap();
    let repository = Repository::discover(root).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    assert!(repository.is_dirty().unwrap());
    assert_eq!(
        walk(root, &head),
        [("file".to_owned(), Content::Bytes(b"one\n".to_vec()))]
    );
    assert!(!evidence.exists(), "a command of the repository ran");
    git(root, &["status", "--porcelain"], b"");
    assert!(evidence.exists(), "the trap works: git itself runs it");
}

#[test]
fn an_object_that_is_not_what_its_id_says_is_not_believed() {
    let folder = repository();
    let root = folder.path();
    let head = CommitId::new(git(root, &["rev-parse", "HEAD"], b""));
    let object = |id: &str| root.join(".git/objects").join(&id[..2]).join(&id[2..]);
    let honest = object(&git(root, &["rev-parse", "HEAD:file"], b""));
    let forged = object(&git(root, &["hash-object", "-w", "--stdin"], b"forged"));
    std::fs::remove_file(&honest).unwrap();
    std::fs::copy(&forged, &honest).unwrap();
    let shown = git(root, &["cat-file", "blob", "HEAD:file"], b"");
    assert_eq!(shown, "forged", "git itself does not notice");
    let seen = walk(root, &head);
    assert!(
        matches!(&seen[0].1, Content::Unreadable { reason } if reason.contains("damaged")),
        "{seen:?}"
    );
    let read = Repository::discover(root)
        .unwrap()
        .read(&head, &TreePath::new("file"));
    assert!(matches!(read, Err(GitError::Damaged { .. })));
}

#[test]
fn a_replacement_object_does_not_count() {
    let folder = repository();
    let root = folder.path();
    let head = CommitId::new(git(root, &["rev-parse", "HEAD"], b""));
    let blob = git(root, &["rev-parse", "HEAD:file"], b"");
    let other = git(root, &["hash-object", "-w", "--stdin"], b"replaced");
    git(root, &["replace", &blob, &other], b"");
    git(root, &["config", "core.useReplaceRefs", "true"], b"");
    assert_eq!(
        git(root, &["cat-file", "blob", "HEAD:file"], b""),
        "replaced"
    );
    assert_eq!(
        walk(root, &head),
        [("file".to_owned(), Content::Bytes(b"one\n".to_vec()))]
    );
}

#[test]
fn names_that_no_folder_can_hold_are_gaps() {
    let folder = repository();
    let root = folder.path();
    let blob = git(root, &["rev-parse", "HEAD:file"], b"");
    let tree = git(root, &["rev-parse", "HEAD^{tree}"], b"");
    let names: [&[u8]; 6] = [b"..", b".", b".GIT", b"../../etc/passwd", b"n\xFFme", b""];
    for name in names {
        for (mode, id) in [("100644", &blob), ("40000", &tree)] {
            let commit = commit_raw_tree(root, &[(mode, name, id)]);
            let seen = walk(root, &commit);
            assert!(
                matches!(seen.as_slice(), [(_, Content::Unreadable { .. })]),
                "{name:?} {seen:?}"
            );
        }
    }
    let twice = commit_raw_tree(root, &[("100644", b"a", &blob), ("40000", b"a", &tree)]);
    assert!(
        walk(root, &twice)
            .iter()
            .any(|(_, content)| matches!(content, Content::Unreadable { .. }))
    );
    let read = Repository::discover(root)
        .unwrap()
        .read(&twice, &TreePath::new("a"));
    assert!(
        matches!(read, Err(GitError::Damaged { .. })),
        "which one is meant?"
    );
}

#[test]
fn an_absent_object_is_a_gap() {
    let folder = repository();
    let root = folder.path();
    let absent = "0123456789abcdef0123456789abcdef01234567";
    let blob = git(root, &["rev-parse", "HEAD:file"], b"");
    let commit = commit_raw_tree(
        root,
        &[
            ("100644", b"a", absent),
            ("100644", b"b", &blob),
            ("40000", b"c", absent),
        ],
    );
    let mut seen = walk(root, &commit);
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    let unreadable: Vec<_> = seen
        .iter()
        .map(|(path, content)| (path.as_str(), matches!(content, Content::Unreadable { .. })))
        .collect();
    assert_eq!(unreadable, [("a", true), ("b", false), ("c", true)]);
}

#[test]
fn a_few_objects_that_name_billions_of_files_end_soon() {
    let folder = repository();
    let root = folder.path();
    let blob = git(root, &["rev-parse", "HEAD:file"], b"");
    let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
    let mut level: Vec<(&str, &[u8], &str)> = names
        .iter()
        .map(|name| ("100644", name.as_bytes(), &*blob))
        .collect();
    let mut trees = Vec::new();
    for _ in 0..6 {
        let commit = commit_raw_tree(root, &level);
        trees.push(git(
            root,
            &["rev-parse", &format!("{commit}^{{tree}}")],
            b"",
        ));
        let tree: &str = trees.last().unwrap().clone().leak();
        level = names
            .iter()
            .map(|name| ("40000", name.as_bytes(), tree))
            .collect();
    }
    let commit = commit_raw_tree(root, &level);
    let revision = Repository::discover(root)
        .unwrap()
        .revision(&commit)
        .unwrap();
    let gaps = Mutex::new(Vec::new());
    revision.walk(10, &|_| Wanted::No, &|entry| {
        gaps.lock()
            .unwrap()
            .push((entry.address.path, entry.content))
    });
    let gaps = gaps.into_inner().unwrap();
    assert!(
        matches!(gaps.as_slice(), [(path, Content::Unreadable { .. })] if path.as_str() == "."),
        "{}",
        gaps.len()
    );
}
