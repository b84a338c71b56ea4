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
use plimsoll_store::{EventFilter, EventKind, Expected, Fact, Head, NewEvent, Store, StoreError};

/// The log's name in its checkpoints.
const ORIGIN: &str = "plimsoll-ledger";

const DATABASE: &str = "ledger.db";
const LOG_KEY: &str = "log.key";

/// What gives the present moment.
pub type Clock = fn() -> Timestamp;

/// An open ledger.
pub struct Ledger {
    pub(crate) store: Store,
    log_key: LogKey,
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
            make(folder, log_password)?;
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
        let log_key = LogKey::from_encrypted_pem(&pem, log_password)
            .map_err(|source| LedgerError::LogKey { path, source })?;
        Ok(Self {
            store: Store::open_existing(&database)?,
            log_key,
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
        let note = checkpoint::sign(&self.log_key, ORIGIN, head.size, &head.root)?;
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

    /// The public key that the bundle names; it was kept beside the bundle under its own digest. That
    /// it signed is proven afterwards.
    pub(crate) fn signing_key(
        &self,
        bundle: &Bundle,
    ) -> Result<PublicKey, Box<dyn std::error::Error>> {
        let hint = BASE64.decode(bundle.key_hint())?;
        let id = Digest::from_bytes(hint.try_into().map_err(|_| "it names no key")?);
        let der = self
            .store
            .blob(&id)?
            .ok_or("its public key is not in the ledger")?;
        Ok(PublicKey::from_spki_der(&der)?)
    }

    /// The log's public key and name, to verify its checkpoints with.
    pub(crate) fn log(&self) -> (LogPublicKey, &'static str) {
        (self.log_key.public(), ORIGIN)
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

/// Makes a ledger, its key last, so that what a killed command left half made is made anew. Two first
/// commands take turns. A history whose key is gone gets no other one.
fn make(folder: &Path, log_password: &Password) -> Result<(), LedgerError> {
    let lock = folder.join("ledger.lock");
    let taken = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(file("lock", &lock))?;
    let key = folder.join(LOG_KEY);
    let store = Store::open(&folder.join(DATABASE))?;
    if !key.exists() && store.head()?.size == 0 {
        let failed = |source| LedgerError::LogKey {
            path: key.clone(),
            source,
        };
        let made = LogKey::generate().map_err(failed)?;
        let pem = made.to_encrypted_pem(log_password).map_err(failed)?;
        replace(&folder.join("log.pub"), 0o644, &made.public().to_pem())?;
        replace(&key, 0o600, &pem)?;
    }
    drop(taken);
    Ok(())
}

fn replace(path: &Path, mode: u32, text: &str) -> Result<(), LedgerError> {
    plimsoll_durable::replace(path, mode, text.as_bytes()).map_err(file("write", path))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use plimsoll_sign::Password;

    use super::{DATABASE, LOG_KEY, Ledger, json_event};

    #[test]
    fn what_a_killed_command_left_half_made_is_made_anew() {
        let password = Password::new(String::new());
        for left in [&[][..], &["log.pub"], &["log.pub", DATABASE]] {
            let folder = tempfile::tempdir().expect("a scratch folder");
            drop(
                Ledger::open_or_create(folder.path(), &password, Timestamp::now)
                    .expect("a new ledger"),
            );
            for name in ["log.pub", LOG_KEY, DATABASE] {
                let path = folder.path().join(name);
                if !left.contains(&name) && path.exists() {
                    std::fs::remove_file(path).expect("it is there");
                }
            }
            drop(
                Ledger::open_or_create(folder.path(), &password, Timestamp::now)
                    .expect("made anew"),
            );
            Ledger::open(folder.path(), &password, Timestamp::now).expect("whole");
        }
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
