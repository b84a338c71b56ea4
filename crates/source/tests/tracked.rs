//! A checked-out folder holds what `git ls-files` says that Git tracks or does not ignore.
#![cfg(feature = "git")]
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use plimsoll_source::{Content, Dir, GitError, Tree, Wanted};
use tempfile::TempDir;

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "commit.gpgsign=false",
        ])
        .args([
            "-c",
            "user.name=author",
            "-c",
            "user.email=author@shop.example",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn write(root: &Path, path: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "text\n").unwrap();
}

const TRACKED: &[&str] = &[
    "README.md",
    ".env",
    "out/kept",
    "app/.env",
    "app/out/deep/kept",
    "app/src/main.rs",
];
const UNTRACKED: &[&str] = &["new", "out/x", "app/new", "app/out/y", "app/src/.env"];

/// A repository whose files are in part ignored, in part tracked, in part both.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q", "-b", "main"]);
    std::fs::write(root.join(".gitignore"), ".env\nout/\n").unwrap();
    for path in TRACKED {
        write(root, path);
    }
    std::fs::write(root.join("app/.gitignore"), ".env\nout/\n").unwrap();
    git(root, &["add", "--all", "--force", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    for path in UNTRACKED {
        write(root, path);
    }
    folder
}

fn walk(root: &Path) -> BTreeSet<String> {
    let seen = Mutex::new(BTreeSet::new());
    Dir::open_tracked(root)
        .unwrap()
        .walk(1 << 20, &|_| Wanted::Bytes, &|entry| {
            let path = entry.address.path;
            assert!(
                seen.lock().unwrap().insert(path.to_string()),
                "{path} was pushed twice"
            );
        });
    seen.into_inner().unwrap()
}

/// What Git tracks or does not ignore below a folder, as far as it is there.
fn by_git(root: &Path) -> BTreeSet<String> {
    let listings = [
        git(
            root,
            &["ls-files", "-z", "--cached", "--recurse-submodules"],
        ),
        git(
            root,
            &[
                "ls-files",
                "-z",
                "--others",
                "--exclude-per-directory=.gitignore",
            ],
        ),
    ];
    let paths = listings
        .iter()
        .flat_map(|listing| listing.split_terminator('\0'));
    paths
        .filter(|path| {
            root.join(path)
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_file())
        })
        .map(str::to_owned)
        .collect()
}

fn check(name: &str, root: &Path, tracked_and_ignored: &str) {
    let seen = walk(root);
    assert_eq!(seen, by_git(root), "{name}");
    assert!(seen.contains(tracked_and_ignored), "{name}: {seen:?}");
}

#[test]
fn a_tracked_file_is_walked_though_ignored() {
    let folder = repository();
    let root = folder.path();
    check("the whole", root, "app/out/deep/kept");
    check("a folder below", &root.join("app"), "out/deep/kept");
    std::fs::remove_file(root.join("app/.env")).unwrap();
    check("a file removed", root, ".env");
    git(root, &["update-index", "--split-index"]);
    write(root, "out/late");
    git(root, &["add", "--force", "out/late"]);
    check("a split index", root, "out/late");
    git(root, &["update-index", "--no-split-index"]);
    git(root, &["worktree", "add", "-q", "out/tree"]);
    check("a linked work tree", &root.join("out/tree"), "app/.env");
}

#[test]
fn a_folder_that_a_sparse_index_names_as_a_whole_is_listed() {
    let folder = repository();
    let root = folder.path();
    git(root, &["clean", "-q", "-f", "-d", "-x"]);
    git(
        root,
        &["sparse-checkout", "set", "--cone", "--sparse-index", "out"],
    );
    let sparse = git(root, &["ls-files", "--sparse"]);
    assert!(sparse.lines().any(|line| line == "app/"), "{sparse}");
    write(root, "app/.env");
    let before = std::fs::read(root.join(".git/index")).unwrap();
    let seen = [walk(root), walk(&root.join("app"))];
    assert_eq!(
        std::fs::read(root.join(".git/index")).unwrap(),
        before,
        "nothing is written"
    );
    assert!(
        seen[0].contains("app/.env") && seen[1].contains(".env"),
        "{seen:?}"
    );
    assert!(
        seen[0].contains("app"),
        "what is left out is told: {seen:?}"
    );
    git(root, &["sparse-checkout", "disable"]);
    check("everything", root, "app/.env");
}

#[test]
fn what_is_not_checked_out_is_told() {
    let told = |root: &Path| {
        let told = Mutex::new(Vec::new());
        Dir::open_tracked(root)
            .unwrap()
            .walk(1 << 20, &|_| Wanted::Bytes, &|entry| {
                if let Content::Unreadable { reason } = entry.content {
                    let path = entry.address.path;
                    told.lock().unwrap().push(format!("{path}: {reason}"));
                }
            });
        told.into_inner().unwrap().join("\n")
    };
    let (module, folder) = (repository(), repository());
    let root = folder.path();
    assert_eq!(told(root), "");
    git(
        root,
        &[
            "submodule",
            "add",
            "-q",
            "--force",
            module.path().to_str().unwrap(),
            "module",
        ],
    );
    git(root, &["commit", "-q", "-m", "module"]);
    git(root, &["submodule", "deinit", "-q", "--force", "module"]);
    assert!(
        told(root).starts_with("module: the submodule is not checked out"),
        "{}",
        told(root)
    );
    git(root, &["rm", "-q", "--cached", "module"]);
    git(root, &["clean", "-q", "-f", "-d", "-x"]);
    std::fs::remove_file(root.join("README.md")).unwrap();
    assert_eq!(told(root), "", "a file that was removed on purpose is none");
    git(root, &["sparse-checkout", "set", "--no-cone", "out"]);
    assert!(
        told(root).contains("app/src: a sparse checkout"),
        "{}",
        told(root)
    );
}

#[test]
fn a_submodules_tracked_files_count_also_in_an_ignored_folder() {
    let module = repository();
    let folder = repository();
    let root = folder.path();
    git(
        root,
        &[
            "submodule",
            "add",
            "-q",
            "--force",
            module.path().to_str().unwrap(),
            "out/module",
        ],
    );
    git(root, &["commit", "-q", "-m", "module"]);
    check("a submodule", root, "out/module/app/.env");
    check("inside it", &root.join("out/module"), "app/.env");
}

#[test]
fn without_git_or_before_the_first_commit_nothing_is_tracked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".gitignore"), "out\n").unwrap();
    write(folder.path(), "out");
    let everything = BTreeSet::from([".gitignore".to_owned(), "out".to_owned()]);
    assert_eq!(walk(folder.path()), everything, "nobody tells what ships");
    git(folder.path(), &["init", "-q"]);
    assert_eq!(
        walk(folder.path()),
        BTreeSet::from([".gitignore".to_owned()])
    );
    git(folder.path(), &["add", "--force", "out"]);
    check("staged before the first commit", folder.path(), "out");
}

#[test]
fn an_index_that_cannot_be_read_is_an_error() {
    let folder = repository();
    let root = folder.path();
    let index = root.join(".git/index");
    let whole = std::fs::read(&index).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x41;
    for bytes in [
        &b""[..],
        b"DIRC",
        &whole[..whole.len() - 1],
        &whole[..whole.len() / 2],
        &flipped,
    ] {
        std::fs::write(&index, bytes).unwrap();
        let error = Dir::open_tracked(root).unwrap_err();
        assert!(
            matches!(error, GitError::Index { .. }),
            "{} bytes: {error:?}",
            bytes.len()
        );
    }
    std::fs::remove_file(&index).unwrap();
    assert!(
        matches!(Dir::open_tracked(root), Err(GitError::NoIndex { .. })),
        "absent"
    );
    rustix::fs::mkfifoat(rustix::fs::CWD, &index, rustix::fs::Mode::RWXU).unwrap();
    assert!(
        matches!(Dir::open_tracked(root), Err(GitError::NoIndex { .. })),
        "a pipe"
    );
    std::fs::remove_dir_all(root.join(".git")).unwrap();
    std::fs::write(root.join(".git"), "gitdir: /absent\n").unwrap();
    assert!(
        matches!(Dir::open_tracked(root), Err(GitError::Open { .. })),
        "a broken repository"
    );
    assert!(
        matches!(
            Dir::open_tracked(&root.join("absent")),
            Err(GitError::Dir(_))
        ),
        "no folder"
    );
}
