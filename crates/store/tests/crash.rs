//! A writer that is killed leaves whole events behind, and everything that it was told is kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::{Digest, Key};
use plimsoll_store::{EventKind, Fact, LedgerCreated, NewEvent, Store};
use plimsoll_trial as trial;

const LEDGER: &str = "PLIMSOLL_STORE_CRASH_LEDGER";
const BATCH: u64 = 3;

#[test]
fn a_killed_writer_leaves_whole_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let begin = NewEvent::of(&created(), "2026-11-22T09:30:00Z".parse().unwrap());
    Store::open(&path)
        .unwrap()
        .append(&[begin], None, &|_| Ok("begun".to_owned()))
        .unwrap();
    let mut kept = 0;
    let rounds = trial::count(8, 30);
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "appends_until_it_is_killed", "--ignored"])
            .env(LEDGER, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let told_before = told(&path);
        let deadline = Instant::now() + Duration::from_secs(30);
        while told(&path) < told_before + 2 {
            assert!(Instant::now() < deadline, "the writer does not append");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(700 * (round % 8)));
        child.kill().unwrap();
        child.wait().unwrap();

        let promised = told(&path) * BATCH;
        let store = Store::open(&path).unwrap();
        assert_eq!(store.verify().faults, []);
        let size = store.head().unwrap().size - 1;
        assert_eq!(size % BATCH, 0, "half a batch stayed");
        assert!(
            size >= promised && size > kept,
            "{promised} events were promised, {size} are here"
        );
        kept = size;
    }
    trial::tell(format_args!("{rounds} kills, {kept} events kept and whole"));
}

/// Not a test of its own: the process that gets killed. It says after each batch that it was kept.
#[test]
#[ignore = "run by a_killed_writer_leaves_whole_events"]
fn appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(LEDGER) else {
        return;
    };
    let path = Path::new(&path);
    let store = Store::open(path).unwrap();
    let keys = vec![Key::bytes(&Digest::of(b"artifact"))];
    let mut batches = told(path);
    loop {
        let event = |number: u64| NewEvent {
            kind: EventKind::PolicyDecided,
            keys: keys.clone(),
            occurred_at: "2026-11-22T09:30:00Z".parse().unwrap(),
            body: format!("{} {number}", "x".repeat(2000)).into_bytes(),
            attachments: Vec::new(),
        };
        let size = store.head().unwrap().size;
        let batch = [event(size), event(size + 1), event(size + 2)];
        store
            .append(&batch, None, &|head| Ok(format!("{} events", head.size)))
            .unwrap();
        batches += 1;
        std::fs::write(path.with_extension("next"), batches.to_string()).unwrap();
        std::fs::rename(path.with_extension("next"), path.with_extension("told")).unwrap();
    }
}

/// How many batches the writer said were kept.
fn told(path: &Path) -> u64 {
    std::fs::read_to_string(path.with_extension("told")).map_or(0, |text| text.parse().unwrap())
}

fn created() -> Fact {
    Fact::LedgerCreated(LedgerCreated {
        origin: "ledger.example".to_owned(),
        sealers: vec![Digest::of(b"a key")],
    })
}
