//! Inspection of one tree: a map over its files and a fold over what they say.
//!
//! It decides nothing. A file is read once; what the inspectors make of it is cached by its bytes,
//! its path, what its source says about it, the rules and the build. Secrets come first, so that no
//! other inspector ever sees a value.
//!
//! Several trees may be inspected as one: the layers of an image, the commits of a history, the archives
//! in them. Inspectors see one of them at a time and name files by their paths in it, so that equal
//! files of two commits share what is cached; which tree it was is added to what they conclude.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_model::{
    Address, Digest, Gap, GapKind, Inspection, Location, Masks, RuleId, Span, TreeAddress, TreePath,
};
use plimsoll_source::{Body, Cache, Content, Entry, File, Metadata, Text, TextFile, Tree};
use serde::{Deserialize, Serialize};
use {plimsoll_packages as packages, plimsoll_path as path, plimsoll_secrets as secrets};

use crate::mask::OUR_RULES;
use crate::register::INSPECTORS;

/// A file larger than this is not read; it is a gap.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Values outside these lengths, in bytes, are masked only where a rule found them.
const SHORTEST: usize = 8;
const LONGEST: usize = 4096;
/// So many different values of one file are looked for elsewhere in it.
const MOST_VALUES: usize = 256;

/// The version of what is cached; it changes with every line of the code that extracts facts.
const EXTRACTOR_VERSION: &str = concat!("facts-", env!("PLIMSOLL_EXTRACTORS"));

/// How to inspect.
pub struct Options<'a> {
    /// The secret rules.
    pub rules: &'a secrets::Rules,
    /// Where the extracted facts of unchanged files are kept.
    pub cache: Option<&'a Cache>,
    /// Told the number of files read so far, from several threads.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// What an inspection saw, and how much it looked at.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// Findings, components and gaps. Components are not yet matched against advisories, and findings
    /// have neither fingerprint nor excerpt yet.
    pub inspection: Inspection,
    /// Text files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What was inspected of each file that says anything, so that nothing else is shown of it.
    pub digests: BTreeMap<Address, Digest>,
}

/// What the inspectors made of one file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FileFacts {
    secrets: secrets::Facts,
    packages: Option<packages::Facts>,
    path: Option<path::Facts>,
}

/// What the map has gathered.
#[derive(Default)]
struct Gathered {
    trees: BTreeMap<TreeAddress, TreeFacts>,
    digests: BTreeMap<Address, Digest>,
    gaps: Vec<Gap>,
}

/// What the files of one tree say.
#[derive(Default)]
struct TreeFacts {
    secrets: BTreeMap<TreePath, secrets::Facts>,
    packages: BTreeMap<TreePath, packages::Facts>,
    path: BTreeMap<TreePath, path::Facts>,
}

/// A file that was read.
struct Read {
    address: Address,
    metadata: Metadata,
    text: Text,
    digest: Digest,
}

/// The version under which a cache holds facts that this build can read.
pub fn cache_version() -> &'static str {
    EXTRACTOR_VERSION
}

/// Inspects a tree.
pub fn inspect(tree: &dyn Tree, options: &Options<'_>) -> Inspected {
    let (files, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let gathered = Mutex::new(Gathered::default());
    let rules_sha256 = options.rules.sha256();
    tree.walk(
        MAX_FILE_BYTES,
        &|address, _| claims(options.rules, address.path_in_tree()),
        &|entry| {
            let outcome = read(options.rules, entry).map(|read| {
                if let Text::Text(text) = &read.text {
                    (options.progress)(files.fetch_add(1, Ordering::Relaxed) + 1);
                    bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
                }
                let facts = cached(options, &rules_sha256, &read);
                (read, facts)
            });
            let mut gathered = gathered
                .lock()
                .expect("no thread panics while it holds the lock");
            match outcome {
                Ok((read, facts)) => gathered.add(read.address, read.digest, facts),
                Err(gaps) => gathered.gaps.extend(gaps),
            }
        },
    );
    let gathered = gathered
        .into_inner()
        .expect("no thread panics while it holds the lock");
    Inspected {
        inspection: conclude(options.rules, &gathered.trees, gathered.gaps),
        files: files.into_inner(),
        bytes: bytes.into_inner(),
        digests: gathered.digests,
    }
}

/// What the files of all trees come to, and what could not be read.
fn conclude(
    rules: &secrets::Rules,
    trees: &BTreeMap<TreeAddress, TreeFacts>,
    gaps: Vec<Gap>,
) -> Inspection {
    let mut inspection = Inspection::default();
    for (tree, facts) in trees {
        let mut seen = secrets::conclude(rules, &facts.secrets);
        seen.merge(packages::conclude(&facts.packages));
        seen.merge(path::conclude(&facts.path));
        seen.locate_in(tree);
        inspection.merge(seen);
    }
    inspection.gaps.extend(gaps);
    inspection.sort();
    inspection
}

impl Gathered {
    fn add(&mut self, address: Address, digest: Digest, facts: FileFacts) {
        let has_secrets = !facts.secrets.hits.is_empty() || !facts.secrets.unchecked.is_empty();
        if !has_secrets && facts.packages.is_none() && facts.path.is_none() {
            return;
        }
        let path = address.path_in_tree();
        let tree = self.trees.entry(address.tree()).or_default();
        if has_secrets {
            tree.secrets.insert(path.clone(), facts.secrets);
        }
        if let Some(facts) = facts.packages {
            tree.packages.insert(path.clone(), facts);
        }
        if let Some(facts) = facts.path {
            tree.path.insert(path.clone(), facts);
        }
        self.digests.insert(address, digest);
    }
}

fn claims(rules: &secrets::Rules, path: &TreePath) -> bool {
    rules.claims(path) || packages::claims(path).is_some() || path::claims(path)
}

fn read(rules: &secrets::Rules, entry: Entry) -> Result<Read, Vec<Gap>> {
    let address = &entry.address;
    match entry.content {
        Content::Bytes(bytes) if reads_otherwise(address.path_in_tree(), &bytes) => Err(gaps(
            rules,
            address,
            GapKind::Unreadable,
            "unreadable-file",
            &format!("{address} should be text and is binary"),
            "restore the file",
        )),
        Content::Bytes(bytes) => Ok(Read {
            digest: Digest::of(&bytes),
            text: Text::decode(bytes),
            address: entry.address,
            metadata: entry.metadata,
        }),
        Content::TooLarge { size_bytes } => Err(gaps(
            rules,
            address,
            GapKind::Unsupported,
            "large-file",
            &format!(
                "{address} has {size_bytes} bytes, more than the {MAX_FILE_BYTES} that are read"
            ),
            "keep it out of the tree, or waive this gap for its path",
        )),
        Content::NotRegular => Err(not_followed(address)),
        Content::Unreadable { reason } => Err(gaps(
            rules,
            address,
            GapKind::Unreadable,
            "unreadable-file",
            &format!("{address} cannot be read: {reason}"),
            "make it readable for the user who runs the check",
        )),
    }
}

/// Whether those for whom the file is made may read something else than stands here: a shell passes
/// over zero bytes, and takes UTF-16 for bytes; what reads manifests understands UTF-16 with its mark.
fn reads_otherwise(path: &TreePath, bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let claimed = path::claims(path) || (packages::claims(path).is_some() && !marked);
    claimed && bytes.contains(&0)
}

/// A link where an inspector expects a file by its name. What it names inside the tree is searched for
/// secrets at its own path, so that `secret` has no gap here; what it names outside does not ship.
fn not_followed(address: &Address) -> Vec<Gap> {
    let path = address.path_in_tree();
    let expected = [
        ("dependency", packages::claims(path).is_some()),
        ("path", path::claims(path)),
    ];
    let gap = |inspector| Gap {
        id: RuleId::new(inspector, "linked-file"),
        kind: GapKind::Unsupported,
        place: Some(Location::at(address).into()),
        message: format!(
            "{address} is a link or another thing that is no file; it is not followed"
        ),
        fix: "put the file itself in its place, or waive this gap for its path".to_owned(),
    };
    expected
        .into_iter()
        .filter(|(_, expected)| *expected)
        .map(|(inspector, _)| gap(inspector))
        .collect()
}

/// The gap, once for each inspector that would have read the file; for a folder, which may hold
/// anything, once for all.
fn gaps(
    rules: &secrets::Rules,
    address: &Address,
    kind: GapKind,
    name: &str,
    message: &str,
    fix: &str,
) -> Vec<Gap> {
    let path = address.path_in_tree();
    let claimed = |inspector: &str| match inspector {
        "secret" => rules.claims(path),
        "dependency" => packages::claims(path).is_some(),
        _ => path::claims(path),
    };
    let ids = INSPECTORS.map(|inspector| inspector.id);
    let anybody = ids.iter().any(|id| claimed(id));
    let concerned = ids.into_iter().filter(|id| !anybody || claimed(id));
    let gap = |inspector| Gap {
        id: RuleId::new(inspector, name),
        kind,
        place: Some(Location::at(address).into()),
        message: message.to_owned(),
        fix: fix.to_owned(),
    };
    concerned.map(gap).collect()
}

/// Where secret values stand in a text.
pub(crate) fn masks(rules: &secrets::Rules, address: &Address, text: &str) -> Masks {
    let none = Masks::default();
    let found = rules.extract(&File::text(address, text, &none));
    with_ours(rules, address, text, &found)
}

/// Where the rules found values, and where ours do besides: a policy's own rules may know less, and
/// what they leave out is no finding, yet nothing to be repeated.
fn with_ours(
    rules: &secrets::Rules,
    address: &Address,
    text: &str,
    found: &secrets::Facts,
) -> Masks {
    if rules.sha256() == OUR_RULES.sha256() {
        return wherever(text, &found.masks());
    }
    let none = Masks::default();
    let ours = OUR_RULES.extract(&File::text(address, text, &none)).masks();
    wherever(
        text,
        &Masks::new([found.masks().spans(), ours.spans()].concat()),
    )
}

/// The masks, and every other place of the file where one of the same values stands: in a comment, a
/// name, a longer word. Values that are ordinary words stay where they are.
fn wherever(text: &str, masks: &Masks) -> Masks {
    if masks.is_empty() {
        return Masks::default();
    }
    let unusual = |value: &&str| {
        (SHORTEST..=LONGEST).contains(&value.len())
            && (value.len() >= 12 || value.bytes().any(|byte| byte.is_ascii_digit()))
    };
    let values: BTreeSet<&str> = masks
        .spans()
        .iter()
        .filter_map(|span| text.get(span.start..span.end))
        .filter(unusual)
        .collect();
    let mut spans = masks.spans().to_vec();
    for value in values.into_iter().take(MOST_VALUES) {
        spans.extend(
            text.match_indices(value)
                .map(|(at, _)| Span::new(at, at + value.len())),
        );
    }
    Masks::new(spans)
}

fn cached(options: &Options<'_>, rules: &Digest, read: &Read) -> FileFacts {
    let extract = || extract(options.rules, read);
    let Some(cache) = options.cache else {
        return extract();
    };
    let parts = [
        EXTRACTOR_VERSION.as_bytes(),
        rules.as_bytes(),
        read.address.path_in_tree().as_str().as_bytes(),
        &read.metadata.to_bytes(),
        read.digest.as_bytes(),
    ];
    let key = Digest::of_parts(&parts);
    let known = cache
        .get(&key)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    known.unwrap_or_else(|| {
        let facts = extract();
        let bytes = serde_json::to_vec(&facts).expect("facts hold only text, numbers and lists");
        cache.put(key, bytes);
        facts
    })
}

fn extract(rules: &secrets::Rules, read: &Read) -> FileFacts {
    let none = Masks::default();
    let file = read.file(&none);
    let secrets = rules.extract(&file);
    let path = file.address.path_in_tree();
    if packages::claims(path).is_none() && !path::claims(path) {
        return FileFacts {
            secrets,
            packages: None,
            path: None,
        };
    }
    let Some(TextFile { text, .. }) = file.as_text() else {
        return extract_others(&file, secrets);
    };
    let masks = with_ours(rules, file.address, text, &secrets);
    let blank = if masks.is_empty() {
        None
    } else {
        Some(masks.blank(text))
    };
    let body = Body::Text {
        text: blank.as_deref().unwrap_or(text),
        masks: &masks,
    };
    extract_others(&File { body, ..file }, secrets)
}

/// Adds what every inspector but `secrets` makes of a file whose secrets are blanked.
fn extract_others(file: &File<'_>, secrets: secrets::Facts) -> FileFacts {
    let path = file.address.path_in_tree();
    FileFacts {
        secrets,
        packages: packages::claims(path).map(|parser| parser.extract(file)),
        path: path::claims(path).then(|| path::extract(file)),
    }
}

impl Read {
    fn file<'a>(&'a self, masks: &'a Masks) -> File<'a> {
        let body = match &self.text {
            Text::Text(text) => Body::Text { text, masks },
            Text::Binary(bytes) => Body::Bytes(bytes),
        };
        File {
            address: &self.address,
            metadata: &self.metadata,
            body,
        }
    }
}
