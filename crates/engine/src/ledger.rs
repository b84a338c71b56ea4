//! The ledger in its folder: the store, the log's own key, and what goes in.
//!
//! What is appended is sealed, in the same transaction, by a checkpoint that the log key signs. Evidence
//! is kept as the exact bytes of its bundle.

use std::fs::File;
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

/// Begins the name of every log in its checkpoints. Witnesses tell logs apart by their names, so that
/// each ledger has one of its own.
const ORIGIN: &str = "plimsoll/";

const DATABASE: &str = "ledger.db";
const LOG_KEY: &str = "log.key";
/// The log's key until the ledger has begun under it.
const PENDING_KEY: &str = "log.key.new";

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
            make(folder, log_password, clock)?;
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
fn new_id(now: Timestamp) -> Result<OwnId, LedgerError> {
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

/// Makes a ledger and lets it begin under a key of its own. The key gets its name last, so that what a
/// killed command left half made is made whole. Two first commands take turns. A history whose key is
/// gone gets no other one.
fn make(folder: &Path, log_password: &Password, clock: Clock) -> Result<(), LedgerError> {
    let lock = folder.join("ledger.lock");
    let taken = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(file("lock", &lock))?;
    let (key, pending) = (folder.join(LOG_KEY), folder.join(PENDING_KEY));
    let store = Store::open(&folder.join(DATABASE))?;
    if !key.exists() {
        if store.head()?.size == 0 {
            begin(&store, folder, log_password, clock())?;
        }
        if pending.exists() {
            std::fs::rename(&pending, &key)
                .and_then(|()| plimsoll_durable::sync_folder(folder))
                .map_err(file("write", &key))?;
        }
    }
    drop(taken);
    Ok(())
}

/// Makes the log's key, under its pending name, and appends the first event.
fn begin(
    store: &Store,
    folder: &Path,
    log_password: &Password,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let path = folder.join(PENDING_KEY);
    let failed = |source| LedgerError::LogKey {
        path: path.clone(),
        source,
    };
    let made = LogKey::generate().map_err(failed)?;
    let pem = made.to_encrypted_pem(log_password).map_err(failed)?;
    replace(&folder.join("log.pub"), 0o644, &made.public().to_pem())?;
    replace(&path, 0o600, &pem)?;
    let origin = format!("{ORIGIN}{}", new_id(now)?);
    let created = Fact::LedgerCreated(LedgerCreated {
        origin: origin.clone(),
        sealers: vec![made.public().id()],
    });
    let mut first = NewEvent::of(&created, now);
    first.attachments = vec![made.public().spki_der()];
    store.append(&[first], None, &|head| {
        Ok(checkpoint::sign(&made, &origin, head.size, &head.root)?)
    })?;
    Ok(())
}

fn replace(path: &Path, mode: u32, text: &str) -> Result<(), LedgerError> {
    plimsoll_durable::replace(path, mode, text.as_bytes()).map_err(file("write", path))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use plimsoll_sign::Password;

    use plimsoll_store::Store;

    use super::{DATABASE, LOG_KEY, Ledger, LedgerError, PENDING_KEY, json_event};
    use crate::history::{newest_checkpoint, verify_history};

    #[test]
    fn what_a_killed_command_left_half_made_is_made_anew() {
        let password = Password::new(String::new());
        let every = ["log.pub", PENDING_KEY, DATABASE];
        for left in [&[][..], &every[..1], &every[..2], &every] {
            let folder = tempfile::tempdir().expect("a scratch folder");
            drop(
                Ledger::open_or_create(folder.path(), &password, Timestamp::now)
                    .expect("a new ledger"),
            );
            let path = |name: &str| folder.path().join(name);
            std::fs::rename(path(LOG_KEY), path(PENDING_KEY)).expect("it is there");
            for name in every.iter().filter(|name| !left.contains(name)) {
                std::fs::remove_file(path(name)).expect("it is there");
            }
            if !left.contains(&DATABASE) {
                drop(Store::open(&path(DATABASE)).expect("laid out, and nothing in it"));
            }
            drop(
                Ledger::open_or_create(folder.path(), &password, Timestamp::now)
                    .expect("made whole"),
            );
            Ledger::open(folder.path(), &password, Timestamp::now).expect("whole");
        }
    }

    #[test]
    fn no_two_ledgers_have_one_name_or_each_others_key() {
        let password = Password::new(String::new());
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a scratch folder"));
        let open = |folder: &tempfile::TempDir| {
            Ledger::open_or_create(folder.path(), &password, || Timestamp::UNIX_EPOCH)
        };
        let ledgers = [&one, &other].map(|folder| open(folder).expect("a new ledger"));
        let note = newest_checkpoint(&ledgers[0])
            .expect("it is sound")
            .expect("it has begun");
        let faults = |ledger| {
            verify_history(ledger, Some(&note))
                .expect("it is there")
                .faults
        };
        assert_eq!(faults(&ledgers[0]), [] as [String; 0]);
        let contradicted = faults(&ledgers[1]).join("\n");
        assert!(
            contradicted.contains("the checkpoint is of the log"),
            "{contradicted}"
        );
        let key = LOG_KEY;
        std::fs::copy(one.path().join(key), other.path().join(key)).expect("it is there");
        assert!(matches!(open(&other), Err(LedgerError::Sealer { .. })));
    }

    #[test]
    fn first_commands_take_turns() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let password = || Password::new(String::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    Ledger::open_or_create(folder.path(), &password(), Timestamp::now)
                        .expect("one ledger for all")
                });
            }
        });
    }

    #[test]
    fn a_history_keeps_its_key() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let password = Password::new(String::new());
        let ledger =
            Ledger::open_or_create(folder.path(), &password, Timestamp::now).expect("a new ledger");
        let kind = plimsoll_store::EventKind::PolicyDecided;
        ledger
            .append(
                &[json_event(kind, Vec::new(), &"something", Timestamp::now())],
                None,
            )
            .expect("an event");
        drop(ledger);
        std::fs::remove_file(folder.path().join(LOG_KEY)).expect("it is there");
        assert!(
            Ledger::open_or_create(folder.path(), &password, Timestamp::now).is_err(),
            "another key would sign it anew"
        );
        std::fs::rename(folder.path().join("log.pub"), folder.path().join(LOG_KEY))
            .expect("a file");
        std::fs::remove_file(folder.path().join(DATABASE)).expect("it is there");
        assert!(
            Ledger::open_or_create(folder.path(), &password, Timestamp::now).is_err(),
            "a history that is gone is no new one"
        );
    }
}
