//! Inspection of one tree: a map over its files and a fold over what they say.
//!
//! It decides nothing and names no inspector. A file is read once; what each inspector makes of it is
//! cached by its bytes, its path, what its source says about it where the inspector reads that, the
//! inspector with its settings, and the build. Those who see secrets come first, so that no other
//! inspector ever sees a value.
//!
//! Several trees may be inspected as one: the layers of an image, the commits of a history, the archives
//! in them. Inspectors see one of them at a time and name files by their paths in it, so that equal
//! files of two commits share what is cached; which tree it was is added to what they conclude.

mod blanked;
mod known;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_model::{
    Address, Digest, Extent, Gap, GapDoc, Inspection, Location, Masks, Ran, TreePath,
};
use plimsoll_source::{
    Body, Cache, Claim, Content, Entry, File, Identity, LARGE_FILE, LINKED_FILE, Metadata, Site,
    Text, Tree, UNREADABLE_FILE,
};

use crate::register::{Facts, Inspectors, Kept, Ready, Run};
use blanked::{Blanked, Inspectable};

pub(crate) use blanked::masks;

/// A file larger than this is not read; it is a gap.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// The version of what is cached; it changes with every line of the code that extracts facts.
const EXTRACTOR_VERSION: &str = concat!("facts-", env!("PLIMSOLL_EXTRACTORS"));

/// How to inspect.
pub struct Options<'a> {
    /// The inspectors with their settings.
    pub inspectors: &'a Inspectors,
    /// Where the extracted facts of unchanged files are kept.
    pub cache: Option<&'a Cache>,
    /// Told the number of files read so far, from several threads.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Where to gather what inspectors conclude from besides files; without it they conclude from the
    /// files alone.
    pub site: Option<Site<'a>>,
    /// The part of the subject that the files are.
    pub scope: Extent,
}

/// What an inspection saw, and how much it looked at.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// Findings, components and gaps. Findings have neither fingerprint nor excerpt yet.
    pub inspection: Inspection,
    /// Text files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What was inspected of each file that says anything, so that nothing else is shown of it.
    pub digests: BTreeMap<Address, Digest>,
    /// Who ran, over what, and on what their conclusions rest.
    pub ran: Vec<Ran>,
}

/// The version under which a cache holds facts that this build can read.
pub fn cache_version() -> &'static str {
    EXTRACTOR_VERSION
}

/// Inspects a tree.
pub(crate) fn inspect(tree: &dyn Tree, options: &Options<'_>) -> Inspected {
    let map = Map::new(options);
    tree.walk(MAX_FILE_BYTES, &|offer| map.claim(offer), &|entry| {
        map.take(entry)
    });
    map.conclude(tree)
}

/// The map over the files of one tree.
struct Map<'a> {
    options: &'a Options<'a>,
    /// Those who see secrets, then the others.
    workers: Vec<Worker<'a>>,
    /// What all who see secrets go by: what the others make of a file depends on it.
    masking: Digest,
    files: AtomicU64,
    bytes: AtomicU64,
    gaps: Mutex<Vec<Gap>>,
    digests: Mutex<BTreeMap<Address, Digest>>,
}

/// An inspector and its work.
struct Worker<'a> {
    ready: &'a dyn Ready,
    run: Box<dyn Run + 'a>,
}

/// A file that was read.
struct Read {
    address: Address,
    metadata: Metadata,
    text: Text,
    digest: Digest,
    identity: Option<Identity>,
}

impl<'a> Map<'a> {
    fn new(options: &'a Options<'a>) -> Self {
        let workers = options.inspectors.ready().map(|ready| Worker {
            ready,
            run: ready.start(),
        });
        let mut workers: Vec<Worker<'a>> = workers.collect();
        workers.sort_by_key(|worker| !worker.ready.sees_secrets());
        let seers = workers.iter().filter(|worker| worker.ready.sees_secrets());
        let seers: Vec<Digest> = seers.map(|worker| worker.ready.identity()).collect();
        let parts: Vec<&[u8]> = seers.iter().map(|digest| &digest.as_bytes()[..]).collect();
        Self {
            options,
            masking: Digest::of_parts(&parts),
            workers,
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            gaps: Mutex::default(),
            digests: Mutex::default(),
        }
    }

    fn find_claiming(&self, path: &TreePath) -> Vec<&Worker<'a>> {
        let workers = self.workers.iter();
        workers.filter(|worker| worker.claims(path)).collect()
    }

    /// The digest of what was inspected at an address, where that said anything.
    fn find_digest(&self, at: &Address) -> Option<Digest> {
        let digests = self.digests.lock();
        let digests = digests.expect("no thread panics while it holds the lock");
        digests.get(at).copied()
    }

    /// Counts a file, and keeps the digest of one that says anything.
    fn count(&self, text_bytes: Option<u64>, said: Option<(&Address, Digest)>) {
        if let Some(bytes) = text_bytes {
            (self.options.progress)(self.files.fetch_add(1, Ordering::Relaxed) + 1);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        if let Some((address, digest)) = said {
            self.digests
                .lock()
                .expect("no thread panics while it holds the lock")
                .insert(address.clone(), digest);
        }
    }

    fn is_claimed(&self, path: &TreePath) -> bool {
        self.workers.iter().any(|worker| worker.claims(path))
    }

    /// Takes in one file of the tree. Called from several threads.
    fn take(&self, entry: Entry) {
        match self.read(entry) {
            Ok(read) => self.visit(&read),
            Err(gaps) => self
                .gaps
                .lock()
                .expect("no thread panics while it holds the lock")
                .extend(gaps),
        }
    }

    fn read(&self, entry: Entry) -> Result<Read, Vec<Gap>> {
        let address = &entry.address;
        match entry.content {
            Content::Bytes(bytes) if self.reads_otherwise(&address.path, &bytes) => {
                let message = format!("{address} should be text and is binary");
                Err(self.gaps(address, &UNREADABLE_FILE, &message, "restore the file"))
            }
            Content::Bytes(bytes) => Ok(Read {
                digest: Digest::of(&bytes),
                identity: entry.identity,
                text: Text::decode(bytes),
                address: entry.address,
                metadata: entry.metadata,
            }),
            Content::TooLarge { size_bytes } => {
                let message = format!(
                    "{address} has {size_bytes} bytes, more than the {MAX_FILE_BYTES} that are read"
                );
                Err(self.gaps(address, &LARGE_FILE, &message, LARGE_FILE.fix))
            }
            Content::NotRegular => Err(self.not_followed(address)),
            Content::Unreadable { reason } => {
                let message = format!("{address} cannot be read: {reason}");
                let fix = "make it readable for the user who runs the check";
                Err(self.gaps(address, &UNREADABLE_FILE, &message, fix))
            }
        }
    }

    /// Whether those for whom the file is made may read something else than stands here: a shell
    /// passes over zero bytes, and takes UTF-16 for bytes.
    fn reads_otherwise(&self, path: &TreePath, bytes: &[u8]) -> bool {
        if !bytes.contains(&0) {
            return false;
        }
        let marked = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        let claims = self
            .workers
            .iter()
            .filter_map(|worker| worker.ready.claims(path));
        claims.into_iter().any(|claim| match claim {
            Claim::Any => false,
            Claim::Named { utf16 } => !(utf16 && marked),
        })
    }

    /// A link where an inspector expects a file by its name. What it names inside the tree is looked at
    /// under its own path; what it names outside does not ship.
    fn not_followed(&self, address: &Address) -> Vec<Gap> {
        let path = &address.path;
        let message =
            format!("{address} is a link or another thing that is no file; it is not followed");
        let expecting = self
            .workers
            .iter()
            .filter(|worker| matches!(worker.ready.claims(path), Some(Claim::Named { .. })));
        expecting
            .map(|worker| worker.gap(address, &LINKED_FILE, &message, LINKED_FILE.fix))
            .collect()
    }

    /// The gap, once for each inspector that would have read the file; for a folder, which may hold
    /// anything, once for all.
    fn gaps(&self, address: &Address, doc: &GapDoc, message: &str, fix: &str) -> Vec<Gap> {
        let path = &address.path;
        let anybody = self.is_claimed(path);
        let concerned = self
            .workers
            .iter()
            .filter(|worker| !anybody || worker.claims(path));
        concerned
            .map(|worker| worker.gap(address, doc, message, fix))
            .collect()
    }

    /// Hands a file to everybody who claims it.
    fn visit(&self, read: &Read) {
        let claiming = self.find_claiming(&read.address.path);
        let mut blanked = Blanked::new(read, &claiming);
        for worker in &claiming {
            let facts = self.find_facts(worker, read, &mut blanked);
            blanked.add(worker.ready, facts);
        }
        let mut said = false;
        for (worker, facts) in claiming.iter().zip(blanked.into_facts()) {
            said |= worker.run.keep(&read.address, facts) == Kept::Said;
        }
        self.remember(read, &claiming);
        let said = said.then_some((&read.address, read.digest));
        self.count(read.text_bytes(), said);
    }

    /// What a file says to one inspector: by what is cached, else by reading it.
    fn find_facts(&self, worker: &Worker<'_>, read: &Read, blanked: &mut Blanked<'_>) -> Facts {
        let Some(cache) = self.options.cache else {
            return worker.ready.extract(&blanked.file_for(worker.ready));
        };
        let key = self.key(worker, &read.address, &read.metadata, &read.digest);
        let cached = cache.get(&key);
        if let Some(facts) = cached.and_then(|bytes| worker.ready.unpack(&bytes)) {
            return facts;
        }
        let facts = worker.ready.extract(&blanked.file_for(worker.ready));
        cache.put(key, worker.ready.pack(&facts));
        facts
    }

    fn key(
        &self,
        worker: &Worker<'_>,
        address: &Address,
        metadata: &Metadata,
        digest: &Digest,
    ) -> Digest {
        let identity = worker.ready.identity();
        let masking: &[u8] = if worker.ready.sees_secrets() {
            &[]
        } else {
            self.masking.as_bytes()
        };
        let metadata: &[u8] = if worker.ready.reads_metadata() {
            &metadata.to_bytes()
        } else {
            &[]
        };
        Digest::of_parts(&[
            EXTRACTOR_VERSION.as_bytes(),
            worker.ready.about().id.as_bytes(),
            identity.as_bytes(),
            masking,
            address.path.as_str().as_bytes(),
            metadata,
            digest.as_bytes(),
        ])
    }

    fn conclude(self, tree: &dyn Tree) -> Inspected {
        let mut inspection = Inspection::default();
        let mut ran = Vec::new();
        let files = Inspectable { map: &self, tree };
        for Worker { ready, run } in &self.workers {
            let conclusion = run.conclude(self.options.site.as_ref(), &files);
            inspection.merge(conclusion.inspection);
            ran.push(Ran {
                inspector: ready.about().id.to_owned(),
                semantics: ready.about().semantics,
                seen: run.seen(),
                scope: self.options.scope.clone(),
                inputs: conclusion.inputs,
                tool: None,
            });
        }
        let gaps = self.gaps.into_inner();
        inspection
            .gaps
            .extend(gaps.expect("no thread panics while it holds the lock"));
        inspection.sort();
        Inspected {
            inspection,
            files: self.files.into_inner(),
            bytes: self.bytes.into_inner(),
            digests: self
                .digests
                .into_inner()
                .expect("no thread panics while it holds the lock"),
            ran,
        }
    }
}

impl Worker<'_> {
    fn claims(&self, path: &TreePath) -> bool {
        self.ready.claims(path).is_some()
    }

    fn gap(&self, address: &Address, doc: &GapDoc, message: &str, fix: &str) -> Gap {
        let place = Some(Location::at(address).into());
        doc.gap(self.ready.about().id, place, message, fix)
    }
}

/// The bytes, if they are those that were inspected.
pub(crate) fn unchanged(content: Option<Content>, inspected: Digest) -> Option<Vec<u8>> {
    match content {
        Some(Content::Bytes(bytes)) if Digest::of(&bytes) == inspected => Some(bytes),
        _ => None,
    }
}

impl Read {
    /// The length of its text; `None` where it holds none.
    fn text_bytes(&self) -> Option<u64> {
        match &self.text {
            Text::Text(text) => Some(text.len() as u64),
            Text::Binary(_) => None,
        }
    }

    /// The file with this text, where it is text.
    fn file<'a>(&'a self, masks: &'a Masks, text: &'a str) -> File<'a> {
        let body = match &self.text {
            Text::Text(_) => Body::Text { text, masks },
            Text::Binary(bytes) => Body::Bytes(bytes),
        };
        File {
            address: &self.address,
            metadata: &self.metadata,
            body,
        }
    }
}
