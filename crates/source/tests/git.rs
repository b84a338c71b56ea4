//! Git revisions, judged by the `git` program on repositories that it made.
#![cfg(feature = "git")]
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use plimsoll_model::{CommitId, TreePath};
use plimsoll_source::{Content, Dir, GitError, Repository, Tree, Versioned, Wanted};
use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

fn git(root: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([
            ("GIT_AUTHOR_NAME", "author"),
            ("GIT_AUTHOR_EMAIL", "author@shop.example"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "builder"),
            ("GIT_COMMITTER_EMAIL", "builder@shop.example"),
        ])
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn line(root: &Path, arguments: &[&str]) -> String {
    String::from_utf8(git(root, arguments))
        .unwrap()
        .trim_end()
        .to_owned()
}

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A repository with one commit of a few files of every kind.
fn repository(format: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(
        root,
        &[
            "init",
            "-q",
            "-b",
            "main",
            &format!("--object-format={format}"),
        ],
    );
    write(root, ".gitignore", "/out\n*.log\n");
    write(root, "README.md", "shop\n");
    write(root, "src/main.rs", "fn main() {}\n");
    write(root, "src/deep/er/é.txt", "text");
    write(root, "kept.log", "tracked though ignored");
    write(root, "empty", "");
    write(root, "run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(root.join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("README.md", root.join("link")).unwrap();
    commit(root, "one");
    folder
}

fn commit(root: &Path, message: &str) -> CommitId {
    git(root, &["add", "-A", "--force", "."]);
    git(root, &["commit", "-q", "--allow-empty", "-m", message]);
    CommitId::new(line(root, &["rev-parse", "HEAD"]))
}

fn walk(tree: &impl Tree, max_bytes: u64) -> BTreeMap<String, Content> {
    let seen = Mutex::new(BTreeMap::new());
    tree.walk(max_bytes, &|_| Wanted::Bytes, &|entry| {
        let again = tree.open(&entry.address, max_bytes);
        assert_eq!(again.as_ref(), Some(&entry.content));
        let path = entry.address.path.to_string();
        let twice = seen.lock().unwrap().insert(path, entry.content);
        assert!(twice.is_none());
    });
    seen.into_inner().unwrap()
}

fn revision(root: &Path, commit: &CommitId, max_bytes: u64) -> BTreeMap<String, Content> {
    walk(
        &Repository::discover(root)
            .unwrap()
            .revision(commit)
            .unwrap(),
        max_bytes,
    )
}

/// The files and links of a commit by `git ls-tree` and `git cat-file`.
fn by_git(root: &Path, commit: &CommitId) -> BTreeMap<String, Content> {
    let listing = git(
        root,
        &["ls-tree", "-r", "-z", "--full-tree", commit.as_str()],
    );
    let listing = String::from_utf8(listing).unwrap();
    let files = listing
        .split_terminator('\0')
        .filter(|entry| entry.starts_with('1'));
    files
        .map(|entry| {
            let (about, path) = entry.split_once('\t').unwrap();
            let id = about.split(' ').nth(2).unwrap();
            let is_link = about.starts_with("120000");
            let read = || Content::Bytes(git(root, &["cat-file", "blob", id]));
            (
                path.to_owned(),
                if is_link { Content::NotRegular } else { read() },
            )
        })
        .collect()
}

#[test]
fn a_revision_holds_what_git_says_it_holds() {
    for format in ["sha1", "sha256"] {
        let folder = repository(format);
        let root = folder.path();
        let first = Repository::discover(&root.join("src/deep"))
            .unwrap()
            .resolve("HEAD")
            .unwrap();
        assert_eq!(first.as_str(), line(root, &["rev-parse", "HEAD"]));
        write(root, "src/main.rs", "fn main() { /* second */ }\n");
        std::fs::remove_file(root.join("README.md")).unwrap();
        commit(root, "two");
        git(root, &["tag", "-a", "v1", "-m", "one", "HEAD~1"]);
        for pack in [false, true] {
            if pack {
                git(root, &["gc", "-q", "--aggressive"]);
            }
            let repository = Repository::discover(root).unwrap();
            // gix finds no abbreviated SHA-256 id among loose objects; a full id is asked for there.
            let short = if format == "sha1" {
                &first.as_str()[..12]
            } else {
                first.as_str()
            };
            for name in ["HEAD", "main", "HEAD~1", "v1", first.as_str(), short] {
                let id = repository.resolve(name).unwrap();
                assert_eq!(
                    id.as_str(),
                    line(root, &["rev-parse", &format!("{name}^{{commit}}")]),
                    "{name}"
                );
                let tree = line(root, &["rev-parse", &format!("{name}^{{tree}}")]);
                assert_eq!(repository.tree_of(&id).unwrap().as_str(), tree);
                assert_eq!(revision(root, &id, 1 << 20), by_git(root, &id), "{name}");
            }
            assert_eq!(
                repository.author_email(&first).unwrap(),
                "author@shop.example"
            );
            assert_eq!(
                repository.committer_email(&first).unwrap(),
                "builder@shop.example"
            );
            assert_eq!(repository.root(), root.canonicalize().unwrap());
        }
    }
}

#[test]
fn this_projects_own_history_reads_as_git_reads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join(".git").exists() {
        std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!(
                "SKIPPED: this project's own history, because the sources are in no Git work tree\n"
            ),
        )
        .unwrap();
        return;
    }
    let repository = Repository::discover(&root).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    assert_eq!(revision(&root, &head, u64::MAX), by_git(&root, &head));
    for commit in line(&root, &["rev-list", "--max-count=50", head.as_str()]).lines() {
        let id = CommitId::new(commit);
        let email = line(
            &root,
            &["log", "-1", "--no-mailmap", "--format=%ae", commit],
        );
        assert_eq!(repository.author_email(&id).unwrap(), email);
    }
}

#[test]
fn one_file_is_read_at_a_revision_or_said_to_be_absent() {
    let folder = repository("sha1");
    let root = folder.path();
    write(
        root,
        "large",
        vec![b'x'; usize::try_from(Repository::MAX_READ_BYTES).unwrap() + 1],
    );
    let commit = commit(root, "large");
    let repository = Repository::discover(root).unwrap();
    let read = |path: &str| repository.read(&commit, &TreePath::new(path));
    assert_eq!(read("src/main.rs").unwrap().unwrap(), b"fn main() {}\n");
    for absent in [
        "plimsoll.toml",
        "src/absent",
        "absent/x",
        "../README.md",
        "/README.md",
        "",
    ] {
        assert_eq!(read(absent).unwrap(), None, "{absent}");
    }
    for refused in ["src", "link", "README.md/x"] {
        assert!(
            matches!(read(refused), Err(GitError::NotAFile { .. })),
            "{refused}"
        );
    }
    assert!(matches!(read("large"), Err(GitError::TooLarge { .. })));
    assert_eq!(
        revision(root, &commit, 5)["README.md"],
        Content::Bytes(b"shop\n".to_vec())
    );
    assert_eq!(
        revision(root, &commit, 4)["README.md"],
        Content::TooLarge { size_bytes: 5 }
    );
}

#[test]
fn what_names_no_commit_is_an_error() {
    let folder = repository("sha1");
    let repository = Repository::discover(folder.path()).unwrap();
    let head = repository.resolve("HEAD").unwrap();
    for bad in [
        "absent",
        "",
        "HEAD:README.md",
        "HEAD^{tree}",
        "--all",
        "HEAD..main",
        &"0".repeat(40),
    ] {
        assert!(repository.resolve(bad).is_err(), "{bad}");
    }
    for bad in [
        &head.as_str()[..12],
        "HEAD",
        "",
        repository.tree_of(&head).unwrap().as_str(),
    ] {
        assert!(repository.revision(&CommitId::new(bad)).is_err(), "{bad}");
    }
    let root = folder.path();
    git(root, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(root, &["branch", "-q", "other"]);
    assert_eq!(repository.resolve("origin/main").unwrap(), head);
    commit(root, "later");
    git(root, &["update-ref", "refs/tags/origin/main", "HEAD"]);
    git(root, &["tag", "other"]);
    for name in ["origin/main", "origin/main~0", "other"] {
        let refused = repository.resolve(name);
        assert!(
            matches!(refused, Err(GitError::Ambiguous { .. })),
            "{name}: {refused:?}"
        );
    }
    assert_eq!(
        repository.resolve("refs/remotes/origin/main").unwrap(),
        head
    );
    assert_ne!(repository.resolve("refs/tags/origin/main").unwrap(), head);
    let outside = tempfile::tempdir().unwrap();
    assert!(matches!(
        Repository::discover(outside.path()),
        Err(GitError::NotARepository { .. })
    ));
    write(outside.path(), ".git", "gitdir: /absent\n");
    assert!(matches!(
        Repository::discover(outside.path()),
        Err(GitError::Open { .. })
    ));
}

/// Changes a repository and says whether it is dirty then.
type Change = (&'static str, fn(&Path), bool);

const CHANGES: &[Change] = &[
    ("nothing", |_| {}, false),
    ("an ignored file", |root| write(root, "out/x", "1"), false),
    (
        "an ignored log",
        |root| write(root, "src/new.log", "1"),
        false,
    ),
    (
        "an empty folder",
        |root| std::fs::create_dir(root.join("folder")).unwrap(),
        false,
    ),
    (
        "a touched file",
        |root| write(root, "README.md", "shop\n"),
        false,
    ),
    (
        "an untracked file",
        |root| write(root, "src/new.rs", "1"),
        true,
    ),
    (
        "an untracked hidden file",
        |root| write(root, ".env", "1"),
        true,
    ),
    (
        "an untracked link",
        |root| symlink("/etc/passwd", root.join("new")).unwrap(),
        true,
    ),
    (
        "a changed file of the same size",
        |root| write(root, "README.md", "shoq\n"),
        true,
    ),
    (
        "a removed file",
        |root| std::fs::remove_file(root.join("empty")).unwrap(),
        true,
    ),
    (
        "a tracked, ignored file changed",
        |root| write(root, "kept.log", "1"),
        true,
    ),
    (
        "a mode changed",
        |root| set_mode(root, "README.md", 0o755),
        true,
    ),
    ("a link turned", |root| relink(root, "src/main.rs"), true),
    ("a link became a file", |root| replace_link(root), true),
    ("a change staged", |root| stage(root, "README.md"), true),
    (
        "a change staged and undone in the work tree",
        |root| stage_and_undo(root),
        true,
    ),
    (
        "an ignored file staged",
        |root| stage(root, "out/forced"),
        true,
    ),
    (
        "a file removed from the index alone",
        |root| drop(git(root, &["rm", "-q", "--cached", "empty"])),
        true,
    ),
    (
        "a folder turned into a link to its copy",
        |root| link_folder(root),
        true,
    ),
    ("a new repository inside", |root| nested(root), true),
    (
        "a file turned into a pipe",
        |root| pipe(root, "empty"),
        true,
    ),
];

fn set_mode(root: &Path, path: &str, mode: u32) {
    std::fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn relink(root: &Path, target: &str) {
    std::fs::remove_file(root.join("link")).unwrap();
    symlink(target, root.join("link")).unwrap();
}

fn replace_link(root: &Path) {
    std::fs::remove_file(root.join("link")).unwrap();
    write(root, "link", "README.md");
}

fn stage(root: &Path, path: &str) {
    write(root, path, "staged");
    git(root, &["add", "--force", path]);
}

fn stage_and_undo(root: &Path) {
    stage(root, "README.md");
    write(root, "README.md", "shop\n");
}

fn link_folder(root: &Path) {
    std::fs::rename(root.join("src"), root.join("out")).unwrap();
    symlink("out", root.join("src")).unwrap();
}

fn pipe(root: &Path, path: &str) {
    std::fs::remove_file(root.join(path)).unwrap();
    mkfifoat(CWD, root.join(path), Mode::RWXU).unwrap();
}

fn nested(root: &Path) {
    std::fs::create_dir(root.join("inside")).unwrap();
    git(&root.join("inside"), &["init", "-q"]);
    write(root, "inside/file", "1");
}

#[test]
fn dirty_is_what_git_status_calls_changed() {
    for (name, change, dirty) in CHANGES {
        let folder = repository("sha1");
        let root = folder.path();
        change(root);
        assert_eq!(
            !line(root, &["status", "--porcelain"]).is_empty(),
            *dirty,
            "git status: {name}"
        );
        assert_eq!(
            Repository::discover(root).unwrap().is_dirty().unwrap(),
            *dirty,
            "{name}"
        );
    }
}

#[test]
fn what_git_status_is_told_to_overlook_is_dirty() {
    type Overlooked = (&'static str, fn(&Path));
    let overlook: &[Overlooked] = &[
        ("assume-unchanged", |root| {
            git(root, &["update-index", "--assume-unchanged", "README.md"]);
            write(root, "README.md", "changed\n");
        }),
        ("skip-worktree", |root| {
            git(root, &["update-index", "--skip-worktree", "README.md"]);
            write(root, "README.md", "changed\n");
        }),
        (".git/info/exclude", |root| {
            write(root, ".git/info/exclude", "build.rs\n");
            write(root, "build.rs", "fn main() {}");
        }),
        ("core.fileMode", |root| {
            git(root, &["config", "core.fileMode", "false"]);
            set_mode(root, "README.md", 0o755);
        }),
        ("status.showUntrackedFiles", |root| {
            git(root, &["config", "status.showUntrackedFiles", "no"]);
            write(root, "build.rs", "fn main() {}");
        }),
    ];
    for (name, change) in overlook {
        let folder = repository("sha1");
        let root = folder.path();
        change(root);
        assert_eq!(
            line(root, &["status", "--porcelain"]),
            "",
            "git overlooks it: {name}"
        );
        assert!(
            Repository::discover(root).unwrap().is_dirty().unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_clean_tree_looks_the_same_from_the_folder_and_from_git() {
    let folder = repository("sha1");
    let root = folder.path();
    write(root, "out/ignored", "1");
    let repository = Repository::discover(root).unwrap();
    assert!(!repository.is_dirty().unwrap());
    let dir = walk(&Dir::open_tracked(root).unwrap(), 1 << 20);
    assert_eq!(
        dir,
        revision(root, &repository.resolve("HEAD").unwrap(), 1 << 20)
    );
    let untold = walk(
        &Dir::open(root).unwrap().with_versions(Versioned::default()),
        1 << 20,
    );
    let only: Vec<_> = dir
        .keys()
        .filter(|path| !untold.contains_key(*path))
        .collect();
    assert_eq!(only, ["kept.log"], "tracked, yet ignored in a folder");
}

#[test]
fn before_the_first_commit_any_file_is_dirty() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    let repository = Repository::discover(folder.path()).unwrap();
    assert!(!repository.is_dirty().unwrap());
    assert!(repository.resolve("HEAD").is_err());
    write(folder.path(), "new", "1");
    assert!(repository.is_dirty().unwrap());
}

#[test]
fn a_submodule_is_a_gap_and_its_files_are_dirty() {
    let module = repository("sha1");
    let folder = repository("sha1");
    let root = folder.path();
    git(
        root,
        &[
            "submodule",
            "add",
            "-q",
            module.path().to_str().unwrap(),
            "module",
        ],
    );
    let commit = commit(root, "module");
    let seen = revision(root, &commit, 1 << 20);
    assert!(
        matches!(&seen["module"], Content::Unreadable { reason } if reason.contains("submodule"))
    );
    assert!(!seen.keys().any(|path| path.starts_with("module/")));
    assert!(
        Repository::discover(root).unwrap().is_dirty().unwrap(),
        "its files are not checked"
    );
    git(root, &["submodule", "deinit", "-q", "module"]);
    assert!(!Repository::discover(root).unwrap().is_dirty().unwrap());
}
