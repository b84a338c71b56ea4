//! Contents that Git names by an id are the same contents in every commit.
#![cfg(feature = "git")]
#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use plimsoll_model::CommitId;
use plimsoll_source::{Identity, Offer, Repository, Tree as _, Wanted};

fn git(root: &Path, arguments: &[&str]) -> String {
    let person = ["-c", "user.name=a", "-c", "user.email=a@b.example"];
    let output = Command::new("git")
        .current_dir(root)
        .args(person)
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(root: &Path) -> CommitId {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "one more"]);
    CommitId::new(git(root, &["rev-parse", "HEAD"]))
}

/// The identity of each file of a commit, of which none is read.
fn identities(root: &Path, commit: &CommitId) -> BTreeMap<String, Option<Identity>> {
    let seen = Mutex::new(BTreeMap::new());
    let repository = Repository::discover(root).unwrap();
    let revision = repository.revision(commit).unwrap();
    let take = |offer: &Offer<'_>| {
        let path = offer.address.to_string();
        seen.lock().unwrap().insert(path, offer.identity);
        Wanted::Taken
    };
    revision.walk(100, &take, &|entry| panic!("{} was read", entry.address));
    seen.into_inner().unwrap()
}

#[test]
fn a_content_has_one_identity_in_every_commit_and_is_not_read_where_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q"]);
    for (name, text) in [("a.md", "shop\n"), ("b.md", "shop\n"), ("c.rs", "1\n")] {
        std::fs::write(root.join(name), text).unwrap();
    }
    symlink("a.md", root.join("link")).unwrap();
    let first = identities(root, &commit(root));
    std::fs::write(root.join("c.rs"), "2\n").unwrap();
    let second = identities(root, &commit(root));
    assert_ne!(first["c.rs"], second["c.rs"]);
    assert_eq!(first["a.md"], second["a.md"]);
    assert_eq!(first["a.md"], first["b.md"]);
    assert_ne!(first["a.md"], first["c.rs"]);
    assert!(first["a.md"].is_some());
    assert_eq!(first["link"], None, "what a link names is not its content");
}
