//! How a ledger begins: the folder's files, the log's key, and the first event, which names the log.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use plimsoll_sign::{LogKey, Password, checkpoint};
use plimsoll_store::{Fact, LedgerCreated, NewEvent, Store};

use crate::ledger::{Clock, DATABASE, LOG_KEY, LedgerError, file, new_id};

/// Begins the name of every log in its checkpoints. Witnesses tell logs apart by their names, so that
/// each ledger has one of its own.
const ORIGIN: &str = "plimsoll/";
/// The log's key until the ledger has begun under it.
const PENDING_KEY: &str = "log.key.new";

/// Makes a ledger and lets it begin under a key of its own. The key gets its name last, so that what a
/// killed command left half made is made whole. Two first commands take turns. A history whose key is
/// gone gets no other one.
pub(crate) fn make(
    folder: &Path,
    log_password: &Password,
    clock: Clock,
) -> Result<(), LedgerError> {
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

    use super::{DATABASE, LOG_KEY, LedgerError, PENDING_KEY};
    use crate::history::{newest_checkpoint, verify_history};
    use crate::ledger::{Ledger, json_event};

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
