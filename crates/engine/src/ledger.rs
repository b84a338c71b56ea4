//! The ledger in its folder: the store, the log's own key, and what goes in.
//!
//! What is appended is sealed, in the same transaction, by a checkpoint that the log key signs. Evidence
//! is kept as the exact bytes of its bundle.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use plimsoll_model::{Class, Digest, Fault, Key, OwnId, Signatory};
use plimsoll_policy::Policy;
use plimsoll_sign::{
    Bundle, BundleError, KeyError, LogKey, LogPublicKey, Password, PrivateKey, PublicKey,
    checkpoint,
};
use plimsoll_store::{
    EventFilter, EventKind, Expected, Fact, Head, LedgerCreated, NewEvent, Store, StoreError,
};

use crate::beginning;

pub(crate) const DATABASE: &str = "ledger.db";
pub(crate) const LOG_KEY: &str = "log.key";

/// What gives the present moment.
pub type Clock = fn() -> Timestamp;

/// An open ledger.
pub struct Ledger {
    pub(crate) store: Store,
    log_key: LogKey,
    /// The log's name in its checkpoints.
    origin: String,
    /// The keys that may sign them.
    sealers: Vec<LogPublicKey>,
    pub(crate) folder: PathBuf,
    clock: Clock,
}

/// The ledger cannot be used, or what it holds does not verify. It denies.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file of the ledger's folder.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no ledger.
    #[error("there is no ledger in {}", folder.display())]
    Absent {
        /// The folder.
        folder: PathBuf,
    },
    /// The log's key.
    #[error("cannot use the log key {}", path.display())]
    LogKey {
        /// The key.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The log's key is another ledger's.
    #[error("the log key {} may not seal the ledger {origin}", path.display())]
    Sealer {
        /// The key.
        path: PathBuf,
        /// The log.
        origin: String,
    },
    /// The store.
    #[error("the ledger cannot be read or written")]
    Store(#[from] StoreError),
    /// Evidence that was recorded does not verify any more.
    #[error("event {seq} of the ledger holds evidence that does not verify: {why}")]
    Evidence {
        /// The event.
        seq: u64,
        /// What is wrong.
        why: String,
    },
    /// The history was changed.
    #[error("the history was changed, so nothing is decided on it: {fault}")]
    Broken {
        /// The first thing that does not fit.
        fault: String,
    },
    /// A bundle cannot be made.
    #[error("the statement cannot be signed")]
    Sign(#[from] BundleError),
    /// No random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl Fault for LedgerError {
    fn class(&self) -> Class {
        match self {
            Self::File { source, .. } => Class::of_named_file(source),
            Self::Absent { .. } => Class::Absent,
            Self::LogKey { source, .. } => source.class(),
            Self::Sealer { .. } => Class::Configuration,
            Self::Store(error) => error.class(),
            Self::Sign(error) => error.class(),
            Self::Evidence { .. } | Self::Broken { .. } => Class::Denied,
            Self::Random(_) => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Store(error) => return error.hint(),
            Self::LogKey { source, .. } => return source.hint(),
            Self::Sign(error) => return error.hint(),
            Self::File { .. } | Self::Random(_) => return None,
            Self::Sealer { .. } => "put back the log.key that was made with this ledger",
            Self::Absent { .. } => {
                "the first `plimsoll attest` or `plimsoll release create` makes one"
            }
            Self::Evidence { .. } => "plimsoll ledger verify",
            Self::Broken { .. } => {
                "plimsoll ledger verify shows all of it; put back a sound copy of the ledger"
            }
        };
        Some(hint.to_owned())
    }
}

impl Ledger {
    /// Opens the ledger in a folder, or makes one. `clock` says when something is signed or done; what
    /// is recorded has the store's own moments.
    pub fn open_or_create(
        folder: &Path,
        log_password: &Password,
        clock: Clock,
    ) -> Result<Self, LedgerError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(file("make", folder))?;
        if !folder.join(LOG_KEY).exists() {
            beginning::make(folder, log_password, clock)?;
        }
        Self::open(folder, log_password, clock)
    }

    /// Opens the ledger that must be in a folder.
    pub fn open(folder: &Path, log_password: &Password, clock: Clock) -> Result<Self, LedgerError> {
        let database = folder.join(DATABASE);
        if !database.exists() {
            return Err(LedgerError::Absent {
                folder: folder.to_owned(),
            });
        }
        let path = folder.join(LOG_KEY);
        let pem = std::fs::read_to_string(&path).map_err(file("read", &path))?;
        let log_key = match LogKey::from_encrypted_pem(&pem, log_password) {
            Ok(log_key) => log_key,
            Err(source) => return Err(LedgerError::LogKey { path, source }),
        };
        let store = Store::open_existing(&database)?;
        let LedgerCreated { origin, sealers } = store.beginning()?;
        if !sealers.contains(&log_key.public().id()) {
            return Err(LedgerError::Sealer { path, origin });
        }
        Ok(Self {
            sealers: read_sealers(&store, &sealers)?,
            store,
            log_key,
            origin,
            folder: folder.to_owned(),
            clock,
        })
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A new id for a release or a deployment.
    pub(crate) fn new_id(&self) -> Result<OwnId, LedgerError> {
        new_id(self.now())
    }

    /// Appends events in one transaction, sealed by a checkpoint. `expected` is what a decision rests on.
    pub(crate) fn append(
        &self,
        events: &[NewEvent],
        expected: Option<Expected<'_>>,
    ) -> Result<(), LedgerError> {
        self.store
            .append(events, expected, &|head| self.seal(head))?;
        Ok(())
    }

    fn seal(&self, head: &Head) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let note = checkpoint::sign(&self.log_key, &self.origin, head.size, &head.root)?;
        Ok(note)
    }

    /// Appends the event of a fact.
    pub(crate) fn tell(&self, fact: &Fact) -> Result<(), LedgerError> {
        self.append(&[NewEvent::of(fact, self.now())], None)
    }

    /// The facts of a kind about all of these, the oldest first.
    pub(crate) fn facts(&self, kind: EventKind, keys: Vec<Key>) -> Result<Vec<Fact>, LedgerError> {
        let filter = EventFilter {
            kinds: vec![kind],
            keys,
        };
        let mut facts = Vec::new();
        for event in self.store.all_events(&filter) {
            facts.extend(self.store.fact(&event?)?);
        }
        Ok(facts)
    }

    /// Signs a statement, keeps the bundle's exact bytes and the public key, and appends the event.
    /// Returns the digest of the bundle.
    pub(crate) fn record(
        &self,
        kind: EventKind,
        key: &PrivateKey,
        keys: Vec<Key>,
        statement: &[u8],
    ) -> Result<Digest, LedgerError> {
        let event = self.sign(kind, key, keys, statement)?;
        let digest = Digest::of(&event.body);
        self.append(&[event], None)?;
        Ok(digest)
    }

    /// Signs a statement, with the public key beside it. The event is still to be appended.
    pub(crate) fn sign(
        &self,
        kind: EventKind,
        key: &PrivateKey,
        keys: Vec<Key>,
        statement: &[u8],
    ) -> Result<NewEvent, LedgerError> {
        Ok(NewEvent {
            kind,
            keys,
            occurred_at: self.now(),
            body: Bundle::statement(key, statement)?.to_json(),
            attachments: vec![key.public().spki_der().to_vec()],
        })
    }

    /// The public key that the bundle names, kept beside it under its own digest, or why there is none.
    /// That it signed is proven afterwards.
    pub(crate) fn signing_key(
        &self,
        bundle: &Bundle,
    ) -> Result<Result<PublicKey, &'static str>, StoreError> {
        let hint = BASE64.decode(bundle.key_hint()).ok();
        let Some(id) = hint.and_then(|hint| hint.try_into().ok()) else {
            return Ok(Err("its signature names no key by its digest"));
        };
        let Some(der) = self.store.blob(&Digest::from_bytes(id))? else {
            return Ok(Err(
                "the public key that its signature names is not in the ledger",
            ));
        };
        Ok(PublicKey::from_spki_der(&der).map_err(|_| "its public key is of another kind"))
    }

    /// The keys that may sign the log's checkpoints, and its name, to verify them with.
    pub(crate) fn log(&self) -> (&[LogPublicKey], &str) {
        (&self.sealers, &self.origin)
    }
}

/// An event whose body is JSON that the ledger itself does not read.
pub(crate) fn json_event(
    kind: EventKind,
    keys: Vec<Key>,
    body: &impl serde::Serialize,
    occurred_at: Timestamp,
) -> NewEvent {
    NewEvent {
        kind,
        keys,
        occurred_at,
        body: serde_json::to_vec(body).expect("bodies hold only text, numbers and lists"),
        attachments: Vec::new(),
    }
}

/// Whose key this is, by the policy.
pub(crate) fn signatory(policy: &Policy, key: &Digest) -> Signatory {
    let has = |keys: &[String]| keys.iter().any(|own| key_id(own).as_ref() == Some(key));
    if let Some(builder) = policy.builders.iter().find(|builder| has(&builder.keys)) {
        return Signatory::Builder(builder.id.clone());
    }
    match policy.people.iter().find(|person| has(&person.keys)) {
        Some(person) => Signatory::Person(person.id.clone()),
        None => Signatory::Unknown(*key),
    }
}

/// The id of a key as a policy writes it: `sha256:…`, or the PEM itself. What is neither is nobody's
/// key.
pub(crate) fn key_id(written: &str) -> Option<Digest> {
    match written.parse() {
        Ok(digest) => Some(digest),
        Err(_) => PublicKey::from_pem(written).map(|key| key.id()).ok(),
    }
}

/// An id that nobody else makes, for something that begins now.
pub(crate) fn new_id(now: Timestamp) -> Result<OwnId, LedgerError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(LedgerError::Random)?;
    let unix_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(OwnId::from_parts(unix_ms, u128::from_be_bytes(random)))
}

pub(crate) fn file(
    operation: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> LedgerError + use<> {
    let path = path.to_owned();
    move |source| LedgerError::File {
        operation,
        path,
        source,
    }
}

/// The public keys of those who may sign checkpoints. One of a kind that this build cannot verify signs
/// nothing that counts here.
fn read_sealers(store: &Store, ids: &[Digest]) -> Result<Vec<LogPublicKey>, LedgerError> {
    let mut sealers = Vec::new();
    for id in ids {
        let der = store.blob(id)?;
        sealers.extend(der.and_then(|der| LogPublicKey::from_spki_der(&der).ok()));
    }
    Ok(sealers)
}
