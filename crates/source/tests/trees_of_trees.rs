//! An image is a tree of layers, a history one of commits, an archive one more below a path: the walk
//! tells their files apart by address, and each is opened again by it.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll_model::{Address, CommitId, Digest, Origin, TreePath};
use plimsoll_source::{Content, Entry, Memory, Metadata, Mode, Offer, Owner, Tree, Wanted};

fn path(text: &str) -> TreePath {
    TreePath::new(text)
}

fn text(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

fn walk(tree: &dyn Tree, claims: fn(&Metadata) -> bool) -> BTreeMap<Address, Entry> {
    let seen = Mutex::new(BTreeMap::new());
    let wanted = |offer: &Offer<'_>| {
        if claims(offer.metadata) {
            Wanted::Bytes
        } else {
            Wanted::No
        }
    };
    tree.walk(100, &wanted, &|entry| {
        assert_eq!(
            tree.open(&entry.address, 100).as_ref(),
            Some(&entry.content)
        );
        let twice = seen.lock().unwrap().insert(entry.address.clone(), entry);
        assert_eq!(twice, None);
    });
    seen.into_inner().unwrap()
}

#[test]
fn one_path_in_two_layers_is_two_files() {
    let (base, top) = (Digest::of(b"base"), Digest::of(b"top"));
    let root = Metadata {
        mode: Some(Mode::new(0o104_755)),
        owner: Some(Owner { uid: 0, gid: 0 }),
        link_target: None,
    };
    let link = Metadata {
        link_target: Some("/bin/busybox".to_owned()),
        ..Metadata::default()
    };
    let in_base = Address::in_layer(base, path("etc/app.toml"));
    let in_top = Address::in_layer(top, path("etc/app.toml"));
    let setuid = Address::in_layer(base, path("bin/su"));
    let jar = Address::in_layer(top, path("app.jar"));
    let member = jar.clone().with_member(path("META-INF/pom.xml"));
    let mut image = Memory::default();
    image.insert(in_base.clone(), Metadata::default(), text("old"));
    image.insert(in_top.clone(), Metadata::default(), text("new"));
    image.insert(setuid.clone(), root, text("su"));
    image.insert(
        Address::in_layer(top, path("bin/sh")),
        link,
        Content::NotRegular,
    );
    image.insert(jar.clone(), Metadata::default(), text("PK"));
    image.insert(member.clone(), Metadata::default(), text("<project/>"));
    let nested = jar
        .clone()
        .with_member(path("lib/a.jar"))
        .with_member(path("META-INF/pom.xml"));
    image.insert(nested.clone(), Metadata::default(), text("<nested/>"));
    let all = walk(&image, |_| true);
    assert_eq!(all.len(), 7);
    assert_eq!(all[&member].content, text("<project/>"));
    assert_eq!(all[&nested].content, text("<nested/>"));
    assert_ne!(member.tree(), nested.tree());
    assert_eq!(all[&in_base].content, text("old"));
    assert_eq!(all[&in_top].content, text("new"));
    assert_ne!(in_base.tree(), in_top.tree());
    assert_ne!(jar.tree(), member.tree());
    let claimed = |claims| -> Vec<Address> { walk(&image, claims).into_keys().collect() };
    assert_eq!(
        claimed(|metadata| metadata.mode.is_some_and(Mode::is_setuid)),
        [setuid]
    );
    assert_eq!(claimed(|metadata| metadata.link_target.is_some()).len(), 1);
    let elsewhere = Address::in_layer(Digest::of(b"third"), path("etc/app.toml"));
    assert_eq!(image.open(&elsewhere, 100), None);
    assert_eq!(image.open(&Address::new(path("etc/app.toml")), 100), None);
    let large = image.open(&member, 3);
    assert_eq!(large, Some(Content::TooLarge { size_bytes: 10 }));
}

#[test]
fn one_path_in_two_commits_is_two_files() {
    let commits = ["1", "2"].map(|digit| CommitId::new(digit.repeat(40)));
    let mut history = Memory::default();
    for (commit, content) in commits.iter().zip(["removed", "kept"]) {
        let address = Address::in_commit(commit.clone(), path(".env"));
        history.insert(address, Metadata::default(), text(content));
    }
    let seen = walk(&history, |_| true);
    let found: Vec<_> = seen
        .values()
        .map(|entry| (entry.address.to_string(), entry.content.clone()))
        .collect();
    let named = |digit: &str| format!("commit:{}:.env", digit.repeat(40));
    assert_eq!(
        found,
        [(named("1"), text("removed")), (named("2"), text("kept"))]
    );
    assert!(seen.keys().all(|address| {
        matches!(&address.origin, Some(Origin::Commit(id)) if commits.contains(id))
    }));
}
