//! Several trees that are inspected as one: what is found says in which it was, and nothing is shown of
//! a file that is no longer the one that was inspected.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use plimsoll_engine::source::{Claims, Content, Memory, Metadata, Sink, Site, Tree};
use plimsoll_engine::{
    Check, Inspectors, Options, PolicySource, Report, check, list_components, load_policy,
};
use plimsoll_model::{Address, Digest, Excerpt, Extent, Location, Place, TreePath};

/// Made up, and put together here so that no search finds it in this file.
fn token() -> String {
    let digits = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    format!("token = \"ghp_{digits}\"\n")
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[test]
fn what_is_found_says_in_which_layer_it_is() {
    let (base, top) = (Digest::of(b"base"), Digest::of(b"top"));
    let manifest =
        "[package]\nname = \"a\"\nversion = \"1.0.0\"\n\n[dependencies]\nserde = \"1\"\n";
    let in_layer = |layer, path| Address::in_layer(layer, TreePath::new(path));
    let jar = in_layer(top, "app.jar");
    let [conf, nested] = ["conf/.env", "lib/a.jar"].map(TreePath::new);
    // The lockfile is in another layer than the manifest, and so is no lock of it.
    let files = [
        (in_layer(base, "app/.env"), token()),
        (in_layer(top, "app/.env"), token()),
        (jar.clone().with_member(conf.clone()), token()),
        (jar.with_member(nested).with_member(conf), token()),
        (in_layer(base, "app/Cargo.toml"), manifest.to_owned()),
        (in_layer(top, "app/Cargo.lock"), "version = 4\n".to_owned()),
    ];
    let mut tree = Memory::default();
    for (address, text) in &files {
        let content = Content::Bytes(text.clone().into_bytes());
        tree.insert(address.clone(), Metadata::default(), content);
    }
    let inspected = list_components(&tree, now()).unwrap();
    let places = inspected.inspection.findings.iter();
    let places = places.flat_map(|finding| &finding.places);
    let mut found: Vec<Address> = places
        .filter_map(Place::file)
        .map(Location::address)
        .collect();
    found.sort();
    let mut wanted: Vec<Address> = files[..4].iter().map(|file| file.0.clone()).collect();
    wanted.sort();
    assert_eq!(found, wanted);
    let gaps = inspected.inspection.gaps.iter();
    let unlocked: Vec<Address> = gaps
        .filter(|gap| gap.id.name() == "unlocked-manifest")
        .filter_map(|gap| gap.place.as_ref()?.file())
        .map(Location::address)
        .collect();
    assert_eq!(unlocked, [files[4].0.clone()]);
    for (address, text) in &files {
        assert_eq!(inspected.digests[address], Digest::of(text.as_bytes()));
    }
}

/// A tree whose files are others once it was walked.
struct Changing {
    before: Memory,
    after: Memory,
    is_walked: AtomicBool,
}

impl Tree for Changing {
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        let is_walked = self.is_walked.swap(true, Ordering::Relaxed);
        assert!(!is_walked, "the tree is walked once");
        self.before.walk(max_bytes, claims, sink);
    }

    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content> {
        self.after.open(address, max_bytes)
    }
}

fn report(tree: &dyn Tree) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let trusted = load_policy(&PolicySource::Tree, folder.path()).unwrap();
    let site = Site {
        folder: folder.path(),
        trusted: false,
        root: folder.path(),
        databases: Some(folder.path()),
        home: None,
        now: now(),
    };
    let inspectors = Inspectors::prepare(&trusted.effective, &site).unwrap();
    let checked = check(&Check {
        tree,
        subject_name: "changing".to_owned(),
        subject: None,
        trusted: &trusted,
        options: Options {
            inspectors: &inspectors,
            cache: None,
            progress: &|_| {},
            site: Some(site),
            scope: Extent::Root,
        },
        now: now(),
    });
    checked.report
}

#[test]
fn only_what_was_inspected_is_shown() {
    let token = token();
    let same = ("same.env", token.as_str());
    let tree = Changing {
        before: Memory::new([same, ("changed.env", &token), ("gone.env", &token)]),
        after: Memory::new([same, ("changed.env", "nothing to see here\n")]),
        is_walked: AtomicBool::new(false),
    };
    let findings = report(&tree).inspection.findings;
    let shown: Vec<_> = findings
        .iter()
        .map(|finding| {
            let location = finding.places[0].file().unwrap();
            (location.path.as_str(), finding.excerpt.clone().unwrap())
        })
        .collect();
    let [changed, gone, (path, lines)] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    assert_eq!(*changed, ("changed.env", Excerpt::Changed));
    assert_eq!(*gone, ("gone.env", Excerpt::Changed));
    assert_eq!((*path, lines.lines().len()), ("same.env", 1));
    assert!(lines.lines()[0].text.contains("********"));
}
