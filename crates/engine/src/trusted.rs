//! Which policy counts. The inspected tree must not control its own verdict: a trusted base comes
//! from a file pinned by digest or from a revision that the tree's author cannot change, and the
//! tree's own `plimsoll.toml` may only tighten it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_model::{Class, CommitId, Digest, Fault, RuleId, Service, Signatory, TreePath};
use plimsoll_policy::{KnownIds, Policy, PolicyError};
use plimsoll_sign::PublicKey;
use plimsoll_source::{GitError, Repository};

use crate::ledger::{key_id, signatory};
use crate::register;

/// The name of the policy file in a tree.
pub const POLICY_FILE: &str = "plimsoll.toml";

/// No policy is longer.
const MAX_POLICY_BYTES: u64 = 1 << 20;

/// Where to take the policy from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// A file, trusted when its bytes have this digest: `--policy FILE@sha256:…`.
    File {
        /// The file.
        path: PathBuf,
        /// The digest its bytes must have; without one the file is not trusted.
        sha256: Option<Digest>,
    },
    /// `plimsoll.toml` at a protected revision of the tree's repository: `--base REV`.
    Base {
        /// The revision.
        revision: String,
    },
    /// The tree's own file, or the defaults when it has none. Not trusted.
    Tree,
}

/// The policy that counts, and whether it may admit to an environment.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// The base policy: environments, people, builders, waivers, and the identity of the whole.
    pub base: Policy,
    /// The base with whatever the tree tightened: what `check` judges by.
    pub effective: Policy,
    /// Whether the base is trusted.
    pub trusted: bool,
    /// The revision that the base was read from, with the commit that it is, where it was one.
    pub revision: Option<(String, CommitId)>,
    /// Where the base was read from, for people.
    pub origin: String,
    /// The folder that relative paths in the base are resolved against.
    pub folder: PathBuf,
}

/// The policy cannot be used. It denies.
#[derive(Debug, thiserror::Error)]
pub enum TrustedError {
    /// The file cannot be read.
    #[error("cannot read the policy {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large, or none that ends.
    #[error(
        "the policy {} is no file of at most {MAX_POLICY_BYTES} bytes",
        path.display()
    )]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// One key stands for two parties.
    #[error(
        "the policy {origin} gives key {} to both `{first}` and `{second}`",
        key.short()
    )]
    SharedKey {
        /// Where the policy comes from.
        origin: String,
        /// The key.
        key: Digest,
        /// A party that has it.
        first: String,
        /// Another.
        second: String,
    },
    /// A key that nobody can have: what is signed with it would be nobody's word.
    #[error("{origin}: a key of `{owner}` is none: `{written}`")]
    NoKey {
        /// Where the policy comes from.
        origin: String,
        /// Whose key it is meant to be.
        owner: String,
        /// The first letters of what is written.
        written: String,
    },
    /// The file is not the pinned one.
    #[error(
        "the policy file {} has digest {found}, pinned is {pinned}",
        path.display()
    )]
    Pin {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        pinned: Digest,
        /// What the file has.
        found: Digest,
    },
    /// Neither the policy nor the folder names the service.
    #[error(
        "the policy names no service, and the name of the folder {} cannot stand for one",
        folder.display()
    )]
    Service {
        /// The repository's folder.
        folder: PathBuf,
    },
    /// The policy names no service, and whether a repository's folder names it cannot be told.
    #[error(
        "the policy names no service, and the repository that holds {} cannot be opened",
        folder.display()
    )]
    Repository {
        /// The folder in question.
        folder: PathBuf,
        /// Why.
        source: GitError,
    },
    /// The file is not text.
    #[error("the policy {origin} is not UTF-8 text")]
    Text {
        /// The file.
        origin: String,
    },
    /// There is no policy at the base revision.
    #[error("there is no plimsoll.toml at `{revision}`")]
    NoBase {
        /// The revision.
        revision: String,
    },
    /// The repository cannot be read.
    #[error("cannot read the policy at the base revision")]
    Git(#[from] GitError),
    /// The policy is wrong.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Fault for TrustedError {
    fn class(&self) -> Class {
        match self {
            Self::Git(error) | Self::Repository { source: error, .. } => error.class(),
            Self::Read { source, .. } => Class::of_named_file(source),
            Self::NoBase { .. } => Class::Absent,
            Self::Service { .. }
            | Self::NoFile { .. }
            | Self::SharedKey { .. }
            | Self::NoKey { .. }
            | Self::Pin { .. }
            | Self::Text { .. }
            | Self::Policy(_) => Class::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } | Self::Text { .. } => return None,
            Self::Git(error) => return error.hint(),
            Self::Policy(error) => return Fault::hint(error),
            Self::Service { .. } | Self::Repository { .. } => {
                "write service = \"NAME\" at the top of the trusted policy; letters, digits, `.`, `_` and `-`"
            }
            Self::NoFile { .. } => "a policy is a short text file",
            Self::NoKey { .. } => {
                "write what `plimsoll key show KEY.pub` prints (sha256:…), or the PEM of the public key"
            }
            Self::SharedKey { .. } => "give each [[person]] and [[builder]] keys of its own",
            Self::Pin { .. } => "review the change, then pin the new digest",
            Self::NoBase { .. } => {
                "commit one to the protected branch, or pin a file: --policy FILE@sha256:…"
            }
        };
        Some(hint.to_owned())
    }
}

impl Trusted {
    /// Whom the policy knows by this key.
    pub fn signatory(&self, key: &PublicKey) -> Signatory {
        signatory(&self.base, &key.id())
    }

    /// The service whose releases the policy lets in: the one that it names, else the name of the
    /// repository's folder in which `root` lies.
    pub fn service(&self, root: &Path) -> Result<Service, TrustedError> {
        if let Some(service) = &self.base.service {
            return Ok(service.clone());
        }
        let folder = match Repository::discover(root) {
            Ok(repository) => repository.root().to_owned(),
            // A folder of no repository stands for itself.
            Err(GitError::NotARepository { .. }) => root
                .canonicalize()
                .map_err(|source| unreadable(root, source))?,
            Err(source) => {
                return Err(TrustedError::Repository {
                    folder: root.to_owned(),
                    source,
                });
            }
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.parse().map_err(|_| TrustedError::Service {
            folder: folder.clone(),
        })
    }
}

/// Loads the policy for an inspection of the tree in the folder `root`.
pub fn load(source: &PolicySource, root: &Path) -> Result<Trusted, TrustedError> {
    let trusted = load_base(source, root)?;
    let own = match source {
        // It is the base already.
        PolicySource::Tree => None,
        PolicySource::File { .. } | PolicySource::Base { .. } => own(root)?,
    };
    Ok(match own {
        Some(own) => Trusted {
            effective: trusted.base.tightened_by(&own),
            ..trusted
        },
        None => trusted,
    })
}

/// Loads the policy for what is done to environments. The tree in the folder `root` has no say in it:
/// a broken `plimsoll.toml` there cannot keep anybody from rolling back.
pub fn load_base(source: &PolicySource, root: &Path) -> Result<Trusted, TrustedError> {
    let mut compared = None;
    let (base, trusted, origin, folder) = match source {
        PolicySource::File { path, sha256 } => {
            let origin = path.display().to_string();
            let base = parse(&read_pinned(path, *sha256)?, &origin)?;
            (base, sha256.is_some(), origin, folder_of(path))
        }
        PolicySource::Base { revision } => {
            let repository = Repository::discover(root)?;
            let commit = repository.resolve(revision)?;
            let origin = format!("{POLICY_FILE} at {revision}");
            let base = parse(&read_base(&repository, &commit, revision)?, &origin)?;
            compared = Some((revision.clone(), commit));
            (base, true, origin, repository.root().to_owned())
        }
        PolicySource::Tree => {
            let (base, origin) = match own(root)? {
                Some(own) => (own, POLICY_FILE),
                None => (Policy::defaults(register::rows()), "defaults"),
            };
            (base, false, origin.to_owned(), root.to_owned())
        }
    };
    check_keys(&base, &origin)?;
    Ok(Trusted {
        effective: base.clone(),
        base,
        trusted,
        revision: compared,
        origin,
        folder,
    })
}

fn read_base(
    repository: &Repository,
    commit: &CommitId,
    revision: &str,
) -> Result<Vec<u8>, TrustedError> {
    let bytes = repository.read(commit, &TreePath::new(POLICY_FILE))?;
    bytes.ok_or_else(|| TrustedError::NoBase {
        revision: revision.to_owned(),
    })
}

/// The bytes of a policy file, which must be the pinned ones where a digest is pinned.
fn read_pinned(path: &Path, pinned: Option<Digest>) -> Result<Vec<u8>, TrustedError> {
    let bytes = read(path)?;
    let found = Digest::of(&bytes);
    match pinned {
        Some(pinned) if pinned != found => Err(TrustedError::Pin {
            path: path.to_owned(),
            pinned,
            found,
        }),
        Some(_) | None => Ok(bytes),
    }
}

/// The tree's own policy, where it has one. One that cannot be looked at is not taken for absent.
fn own(root: &Path) -> Result<Option<Policy>, TrustedError> {
    let path = root.join(POLICY_FILE);
    let is_there = path
        .try_exists()
        .map_err(|source| unreadable(&path, source))?;
    if !is_there {
        return Ok(None);
    }
    parse(&read_own(&path)?, &path.display().to_string()).map(Some)
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The inspected tree's own policy. Its author may have put a link to a device or a pipe there.
fn read_own(path: &Path) -> Result<Vec<u8>, TrustedError> {
    let kind = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if kind.is_file() {
        read(path)
    } else {
        Err(TrustedError::NoFile {
            path: path.to_owned(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TrustedError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_POLICY_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| unreadable(path, source))?;
    if bytes.len() as u64 > MAX_POLICY_BYTES {
        return Err(TrustedError::NoFile {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

fn unreadable(path: &Path, source: std::io::Error) -> TrustedError {
    TrustedError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Each key is one, and of one party: whoever holds a key of two could play both, build and approve, or
/// approve twice.
fn check_keys(policy: &Policy, origin: &str) -> Result<(), TrustedError> {
    let people = policy
        .people
        .iter()
        .map(|person| (&person.id, &person.keys));
    let builders = policy
        .builders
        .iter()
        .map(|builder| (&builder.id, &builder.keys));
    let mut owners: BTreeMap<Digest, (usize, &String)> = BTreeMap::new();
    for (party, (id, keys)) in people.chain(builders).enumerate() {
        for written in keys {
            let key = key_id(written).ok_or_else(|| TrustedError::NoKey {
                origin: origin.to_owned(),
                owner: id.clone(),
                written: shorten(written),
            })?;
            let (owner, first) = *owners.entry(key).or_insert((party, id));
            if owner != party {
                let (first, second) = (first.clone(), id.clone());
                return Err(TrustedError::SharedKey {
                    origin: origin.to_owned(),
                    key,
                    first,
                    second,
                });
            }
        }
    }
    Ok(())
}

fn shorten(written: &str) -> String {
    let line = written.lines().next().unwrap_or("");
    line.chars().take(40).collect()
}

fn parse(bytes: &[u8], origin: &str) -> Result<Policy, TrustedError> {
    let text = std::str::from_utf8(bytes).map_err(|_| TrustedError::Text {
        origin: origin.to_owned(),
    })?;
    let policy = Policy::parse(text, origin, register::rows())?;
    register::check_tables(&policy)?;
    policy.require_known_ids(&KnownIds {
        is_rule: &|id| register::find_rule(id).is_some() || may_be_brought(&policy, id),
        is_gap: &|id| register::find_gap(id).is_some(),
        nearest: &register::nearest,
    })?;
    Ok(policy)
}

/// Whether the rule may be one that an inspector's own table brings along, in a file that is not read
/// yet.
fn may_be_brought(policy: &Policy, id: &RuleId) -> bool {
    let table = register::find(id).and_then(|inspector| inspector.settings);
    table.is_some_and(|table| policy.states(table))
}
