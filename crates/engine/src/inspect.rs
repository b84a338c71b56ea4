//! Inspection of one tree: a map over its files and a fold over what they say.
//!
//! It decides nothing. A file is read once; what the inspectors make of it is cached by its bytes,
//! its path, the rules and the build. Secrets come first, so that no other inspector ever sees a
//! value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_model::{Digest, Gap, GapKind, Inspection, Location, Masks, RuleId, Span, TreePath};
use plimsoll_source::{Cache, Content, File, Text, Tree};
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
    secrets: BTreeMap<TreePath, secrets::Facts>,
    packages: BTreeMap<TreePath, packages::Facts>,
    path: BTreeMap<TreePath, path::Facts>,
    gaps: Vec<Gap>,
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
        &|path| claims(options.rules, path),
        &|path, content| {
            let outcome = read(options.rules, &path, content).map(|(text, digest)| {
                (options.progress)(files.fetch_add(1, Ordering::Relaxed) + 1);
                bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
                cached(options, &rules_sha256, &path, &text, digest)
            });
            let mut gathered = gathered
                .lock()
                .expect("no thread panics while it holds the lock");
            match outcome {
                Ok(facts) => gathered.add(path, facts),
                Err(Unread::Gaps(gaps)) => gathered.gaps.extend(gaps),
                Err(Unread::Binary) => {
                    let secrets = options.rules.extract_path(&path);
                    gathered.add(
                        path,
                        FileFacts {
                            secrets,
                            packages: None,
                            path: None,
                        },
                    );
                }
            }
        },
    );
    let gathered = gathered
        .into_inner()
        .expect("no thread panics while it holds the lock");
    let mut inspection = secrets::conclude(options.rules, &gathered.secrets);
    inspection.merge(packages::conclude(&gathered.packages));
    inspection.merge(path::conclude(&gathered.path));
    inspection.gaps.extend(gathered.gaps);
    inspection.sort();
    Inspected {
        inspection,
        files: files.into_inner(),
        bytes: bytes.into_inner(),
    }
}

impl Gathered {
    fn add(&mut self, path: TreePath, facts: FileFacts) {
        if !facts.secrets.hits.is_empty() || !facts.secrets.unchecked.is_empty() {
            self.secrets.insert(path.clone(), facts.secrets);
        }
        if let Some(facts) = facts.packages {
            self.packages.insert(path.clone(), facts);
        }
        if let Some(facts) = facts.path {
            self.path.insert(path, facts);
        }
    }
}

fn claims(rules: &secrets::Rules, path: &TreePath) -> bool {
    rules.claims(path) || packages::claims(path).is_some() || path::claims(path)
}

/// Why a file yields no facts.
enum Unread {
    Gaps(Vec<Gap>),
    Binary,
}

fn read(
    rules: &secrets::Rules,
    path: &TreePath,
    content: Content,
) -> Result<(String, Digest), Unread> {
    let unread =
        |kind, name, message: &str, fix| Unread::Gaps(gaps(rules, path, kind, name, message, fix));
    match content {
        Content::Bytes(bytes) => {
            let digest = Digest::of(&bytes);
            let readers = reads_otherwise(path, &bytes);
            match Text::decode(bytes) {
                Text::Text(_) | Text::Binary if readers => Err(unread(
                    GapKind::Unreadable,
                    "unreadable-file",
                    &format!("{path} should be text and is binary"),
                    "restore the file",
                )),
                Text::Text(text) => Ok((text, digest)),
                Text::Binary => Err(Unread::Binary),
            }
        }
        Content::TooLarge { size_bytes } => Err(unread(
            GapKind::Unsupported,
            "large-file",
            &format!("{path} has {size_bytes} bytes, more than the {MAX_FILE_BYTES} that are read"),
            "keep it out of the tree, or waive this gap for its path",
        )),
        Content::NotRegular => Err(Unread::Gaps(not_followed(path))),
        Content::Unreadable { reason } => Err(unread(
            GapKind::Unreadable,
            "unreadable-file",
            &format!("{path} cannot be read: {reason}"),
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
fn not_followed(path: &TreePath) -> Vec<Gap> {
    let expected = [
        ("dependency", packages::claims(path).is_some()),
        ("path", path::claims(path)),
    ];
    let gap = |inspector| Gap {
        id: RuleId::new(inspector, "linked-file"),
        kind: GapKind::Unsupported,
        place: Some(Location::file(path.clone()).into()),
        message: format!("{path} is a link or another thing that is no file; it is not followed"),
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
    path: &TreePath,
    kind: GapKind,
    name: &str,
    message: &str,
    fix: &str,
) -> Vec<Gap> {
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
        place: Some(Location::file(path.clone()).into()),
        message: message.to_owned(),
        fix: fix.to_owned(),
    };
    concerned.map(gap).collect()
}

/// Where secret values stand in a text.
pub(crate) fn masks(rules: &secrets::Rules, path: &TreePath, text: &str) -> Masks {
    let none = Masks::default();
    with_ours(
        rules,
        path,
        text,
        &rules.extract(&File {
            path,
            text,
            masks: &none,
        }),
    )
}

/// Where the rules found values, and where ours do besides: a policy's own rules may know less, and
/// what they leave out is no finding, yet nothing to be repeated.
fn with_ours(rules: &secrets::Rules, path: &TreePath, text: &str, found: &secrets::Facts) -> Masks {
    if rules.sha256() == OUR_RULES.sha256() {
        return wherever(text, &found.masks());
    }
    let none = Masks::default();
    let ours = OUR_RULES
        .extract(&File {
            path,
            text,
            masks: &none,
        })
        .masks();
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

fn cached(
    options: &Options<'_>,
    rules: &Digest,
    path: &TreePath,
    text: &str,
    content: Digest,
) -> FileFacts {
    let Some(cache) = options.cache else {
        return extract(options.rules, path, text);
    };
    let parts = [
        EXTRACTOR_VERSION.as_bytes(),
        rules.as_bytes(),
        path.as_str().as_bytes(),
        content.as_bytes(),
    ];
    let key = Digest::of_parts(&parts);
    let known = cache
        .get(&key)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    known.unwrap_or_else(|| {
        let facts = extract(options.rules, path, text);
        let bytes = serde_json::to_vec(&facts).expect("facts hold only text, numbers and lists");
        cache.put(key, bytes);
        facts
    })
}

fn extract(rules: &secrets::Rules, path: &TreePath, text: &str) -> FileFacts {
    let none = Masks::default();
    let secrets = rules.extract(&File {
        path,
        text,
        masks: &none,
    });
    let parser = packages::claims(path);
    if parser.is_none() && !path::claims(path) {
        return FileFacts {
            secrets,
            packages: None,
            path: None,
        };
    }
    let masks = with_ours(rules, path, text, &secrets);
    let blank = if masks.is_empty() {
        None
    } else {
        Some(masks.blank(text))
    };
    let file = File {
        path,
        text: blank.as_deref().unwrap_or(text),
        masks: &masks,
    };
    FileFacts {
        packages: parser.map(|parser| parser.extract(&file)),
        path: path::claims(path).then(|| path::extract(&file)),
        secrets,
    }
}
