use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_model::{
    Address, Extent, Finding, Inspection, Inspector, Location, Over, RuleId, Severity, Threshold,
    TreePath,
};
use plimsoll_policy::Policy;
use plimsoll_source::{
    Cache, Claim, Claims, Conclusion, Content, Entry, File, Files, Identity, Inspect, Memory,
    Metadata, Mode, Offer, Sink, Site, Tree, Trees, Wanted,
};
use serde::Deserialize;

use super::Row;
use crate::inspect::{Options, inspect};
use crate::register::secret::Secret;
use crate::register::{Inspectors, rows};

/// An inspector that gathers the texts of all templates, as one does that hands them to a tool.
struct Render {
    reads_metadata: bool,
    extracted: AtomicUsize,
}

impl Render {
    const fn new(reads_metadata: bool) -> Self {
        Self {
            reads_metadata,
            extracted: AtomicUsize::new(0),
        }
    }
}

static RENDER: Inspector = Inspector {
    id: "render",
    gate_key: "render",
    title: "rendered templates",
    over: Over::Tree,
    default_gate: Threshold::High,
    ages: None,
    lists_components: false,
    required_by_default: false,
    semantics: 1,
    accepts_from: 1,
    settings: None,
    rules: || &[],
    family: None,
    gaps: &[],
};

#[derive(Deserialize)]
struct NoTable {}

impl Inspect for Render {
    type Table = NoTable;
    type Settings = ();
    type Refusal = Infallible;
    /// The permission bits that it was told.
    type Facts = Option<u32>;
    type Inputs = BTreeMap<Address, Option<String>>;

    fn about(&self) -> &'static Inspector {
        &RENDER
    }

    fn prepare(&self, _: NoTable, _: Option<u32>, _: &Site<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    fn reads_metadata(&self) -> bool {
        self.reads_metadata
    }

    fn claims(&self, path: &TreePath, (): &()) -> Option<Claim> {
        let (_, extension) = path.file_name().rsplit_once('.')?;
        (extension == "tpl").then_some(Claim::Named { utf16: false })
    }

    fn extract(&self, file: &File<'_>, (): &()) -> Option<u32> {
        self.extracted.fetch_add(1, Ordering::Relaxed);
        file.metadata.mode.map(Mode::bits)
    }

    fn judges(&self, _: &Option<u32>) -> bool {
        true
    }

    fn gather(
        &self,
        facts: &Trees<Option<u32>>,
        (): &(),
        _: &Site<'_>,
        files: &dyn Files,
    ) -> BTreeMap<Address, Option<String>> {
        let named = facts.files().map(|(at, _)| at);
        named.map(|at| (at.clone(), files.text(&at))).collect()
    }

    /// One finding for each text that was gathered, and one for each mode.
    fn conclude(
        &self,
        facts: &Trees<Option<u32>>,
        (): &(),
        gathered: Option<&BTreeMap<Address, Option<String>>>,
    ) -> Conclusion {
        let texts = gathered.into_iter().flatten();
        let texts = texts.map(|(at, text)| found(at, &format!("{text:?}")));
        let modes = facts.files();
        let modes = modes.filter_map(|(at, mode)| Some(found(&at, &mode.as_ref()?.to_string())));
        Inspection {
            findings: texts.chain(modes).collect(),
            ..Inspection::default()
        }
        .into()
    }
}

fn found(at: &Address, message: &str) -> Finding {
    let rule = RuleId::new(RENDER.id, "text");
    Finding::new(rule, Severity::Low, message, Location::at(at))
}

fn site() -> Site<'static> {
    Site {
        folder: Path::new("."),
        trusted: false,
        root: Path::new("."),
        databases: None,
        home: None,
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

/// What the inspector of templates says of a tree, with the one of secrets at work.
fn messages(tree: &dyn Tree, render: &'static Render, cache: Option<&Cache>) -> Vec<String> {
    let policy = Policy::defaults(rows());
    let Ok(secret) = Row::prepare(&Secret, &policy, &site()) else {
        panic!("the built-in rules need nothing")
    };
    let Ok(render) = Row::prepare(render, &policy, &site()) else {
        panic!("it has no settings")
    };
    let inspectors = Inspectors {
        ready: vec![secret, render],
    };
    let options = Options {
        inspectors: &inspectors,
        cache,
        progress: &|_| (),
        site: Some(site()),
        scope: Extent::Root,
    };
    let findings = inspect(tree, &options).inspection.findings;
    let own = findings
        .into_iter()
        .filter(|finding| finding.rule.inspector() == RENDER.id);
    own.map(|finding| finding.message).collect()
}

/// A tree of one text that it knows by an identity, and how often it was read.
struct Identified {
    text: &'static [u8],
    identity: Identity,
    read: AtomicUsize,
}

impl Identified {
    fn new(text: &'static [u8], id: u8) -> Self {
        Self {
            text,
            identity: Identity::new("test", &[id]),
            read: AtomicUsize::new(0),
        }
    }
}

impl Tree for Identified {
    fn walk(&self, _: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        let address = Address::new(TreePath::new("a.tpl"));
        let offer = Offer {
            address: &address,
            metadata: &Metadata::UNKNOWN,
            identity: Some(self.identity),
        };
        if claims(&offer) == Wanted::Bytes {
            self.read.fetch_add(1, Ordering::Relaxed);
            sink(Entry {
                metadata: Metadata::UNKNOWN,
                content: Content::Bytes(self.text.to_vec()),
                identity: offer.identity,
                address,
            });
        }
    }

    fn open(&self, _: &Address, _: u64) -> Option<Content> {
        Some(Content::Bytes(self.text.to_vec()))
    }
}

#[test]
fn a_content_that_is_known_by_its_identity_is_not_read_again() {
    static PLAIN: Render = Render::new(false);
    let folder = tempfile::tempdir().unwrap();
    let refused = b"port: \0 \x01\x02\x03\xff";
    for (tree, expected) in [
        (Identified::new(b"port: 1\n", 1), [1, 1, 1]),
        (Identified::new(b"port: 2\n", 2), [1, 1, 1]),
        // What should be text and is not stays a gap each time.
        (Identified::new(refused, 3), [1, 2, 3]),
    ] {
        let mut told = Vec::new();
        for reads in expected {
            let cache = Cache::open(folder.path(), "1");
            told.push(messages(&tree, &PLAIN, Some(&cache)));
            cache.save().unwrap();
            assert_eq!(tree.read.load(Ordering::Relaxed), reads);
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

/// A tree of which one file is another once it was walked.
struct Changed {
    walked: Memory,
    now: Memory,
}

impl Tree for Changed {
    fn walk(&self, max_bytes: u64, claims: &Claims<'_>, sink: &Sink<'_>) {
        self.walked.walk(max_bytes, claims, sink);
    }

    fn open(&self, address: &Address, max_bytes: u64) -> Option<Content> {
        self.now.open(address, max_bytes)
    }
}

#[test]
fn what_is_gathered_are_the_inspected_bytes_without_their_secrets() {
    static PLAIN: Render = Render::new(false);
    // Put together here so that no search finds it in this file.
    let token = ["ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
    let secret = format!("token: {token}\n");
    let tree = Changed {
        walked: Memory::new([("a.tpl", secret.as_str()), ("b.tpl", "port: 1\n")]),
        now: Memory::new([("a.tpl", secret.as_str()), ("b.tpl", "port: 2\n")]),
    };
    let [blanked, changed] = messages(&tree, &PLAIN, None).try_into().unwrap();
    assert_eq!(changed, "None");
    assert!(!blanked.contains("a1B2"), "{blanked}");
    let length = format!("{:?}", Some(&secret)).len();
    assert!(blanked.starts_with("Some(\"token: ") && blanked.len() == length);
}

#[test]
fn only_who_reads_metadata_is_told_and_reads_anew_for_it() {
    static PLAIN: Render = Render::new(false);
    static READING: Render = Render::new(true);
    let folder = tempfile::tempdir().unwrap();
    let mut told = BTreeMap::new();
    for mode in [0o644, 0o755] {
        let mut tree = Memory::default();
        let metadata = Metadata {
            mode: Some(Mode::new(mode)),
            ..Metadata::default()
        };
        let content = Content::Bytes(b"port: 1\n".to_vec());
        tree.insert(TreePath::new("a.tpl"), metadata, content);
        for render in [&PLAIN, &READING] {
            // Each has a cache of its own: they are one inspector by id.
            let path = folder.path().join(render.reads_metadata.to_string());
            let cache = Cache::open(&path, "1");
            let messages = messages(&tree, render, Some(&cache));
            cache.save().unwrap();
            told.insert((render.reads_metadata, mode), messages.len());
        }
    }
    let texts_and_modes: Vec<usize> = told.into_values().collect();
    assert_eq!(texts_and_modes, [1, 1, 2, 2]);
    assert_eq!(PLAIN.extracted.load(Ordering::Relaxed), 1);
    assert_eq!(READING.extracted.load(Ordering::Relaxed), 2);
}
