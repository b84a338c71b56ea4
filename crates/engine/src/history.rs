//! The history: its events, and the proof that nothing in it was changed.

use jiff::Timestamp;
use plimsoll_model::{Digest, Key};
use plimsoll_policy::Policy;
use plimsoll_sign::{Bundle, LogPublicKey, checkpoint};
use plimsoll_store::{
    Event, EventFilter, EventKind, Fact, Head, Kind, Page, SavedCheckpoint, StoreError,
    UnknownEvent, merkle,
};
use plimsoll_wire::in_toto;

use crate::evidence::{Reading, STATEMENTS, claimed_payload};
use crate::ledger::{Ledger, LedgerError};
use crate::register::evidence_kinds;

/// What proving the history came to.
#[derive(Clone, Debug)]
pub struct Proof {
    /// How many events were proven.
    pub events: u64,
    /// The root of the Merkle log over them.
    pub root: Digest,
    /// How many signed checkpoints agree.
    pub checkpoints: usize,
    /// How many signed statements verify.
    pub evidence: usize,
    /// Bodies that were deleted on purpose: what they proved is no longer proven.
    pub deleted: usize,
    /// A sentence about each event and statement that this build does not understand whole: proven to be
    /// as they were written, and nothing to rely on.
    pub not_understood: Vec<String>,
    /// Whatever does not fit. Empty means proven.
    pub faults: Vec<String>,
}

/// Proves the history: every event, body and Merkle node is hashed anew, every checkpoint's signature
/// and root are checked, every statement's signature verifies. `kept` is a checkpoint that somebody
/// kept elsewhere.
pub fn verify_history(ledger: &Ledger, kept: Option<&str>) -> Result<Proof, LedgerError> {
    let report = ledger.store.verify();
    let mut faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    let (keys, origin) = ledger.log();
    for saved in &report.checkpoints {
        faults.extend(note_fault(saved, keys, origin));
    }
    if let Some(kept) = kept {
        faults.extend(contradicts(ledger, kept));
    }
    let mut statements = Statements {
        not_understood: report.unknown.iter().map(ToString::to_string).collect(),
        ..Statements::default()
    };
    let tables = report.unknown_tables.iter().map(|table| {
        format!("the table `{table}` is a projection of a later build, and decides nothing")
    });
    statements.not_understood.extend(tables);
    read_all_again(ledger, &mut statements);
    faults.append(&mut statements.faults);
    Ok(Proof {
        events: report.head.size,
        root: report.head.root,
        checkpoints: report.checkpoints.len(),
        evidence: statements.verified,
        deleted: report.deleted.len(),
        not_understood: statements.not_understood,
        faults,
    })
}

/// What reading every statement again came to.
#[derive(Default)]
struct Statements {
    verified: usize,
    not_understood: Vec<String>,
    faults: Vec<String>,
}

fn read_all_again(ledger: &Ledger, statements: &mut Statements) {
    let filter = EventFilter {
        kinds: STATEMENTS.to_vec(),
        keys: Vec::new(),
    };
    for event in ledger.store.all_events(&filter) {
        let read = event.map_err(|error| crate::chain(&error));
        match read.and_then(|event| read_again(ledger, &event)) {
            Ok(None) => {}
            Ok(Some(Reading::Evidence(_))) => statements.verified += 1,
            Ok(Some(Reading::NotUnderstood { told, .. })) => {
                statements.verified += 1;
                statements.not_understood.push(told);
            }
            Err(fault) => statements.faults.push(fault),
        }
    }
}

/// A history that fits together and is what its newest checkpoint signed.
pub(crate) struct Sound {
    /// How far it went when it was proven. Whoever decides on it appends to this, or not at all.
    pub(crate) head: Head,
    /// What this build does not understand of it.
    pub(crate) unknown: Vec<UnknownEvent>,
}

/// Insists that the history fits together and is what its newest checkpoint signed: what is missing
/// from it may have been the word against. Statements are verified as they are read.
pub(crate) fn require_sound(ledger: &Ledger) -> Result<Sound, LedgerError> {
    let report = ledger.store.verify();
    let (keys, origin) = ledger.log();
    let newest = report.checkpoints.iter().max_by_key(|saved| saved.size);
    let fault = report.faults.first().map(ToString::to_string);
    match fault.or_else(|| newest.and_then(|saved| note_fault(saved, keys, origin))) {
        Some(fault) => Err(LedgerError::Broken { fault }),
        None => Ok(Sound {
            head: report.head,
            unknown: report.unknown,
        }),
    }
}

fn note_fault(saved: &SavedCheckpoint, keys: &[LogPublicKey], origin: &str) -> Option<String> {
    match checkpoint::verify(&saved.note, keys, origin) {
        Ok(signed) if signed.size == saved.size && signed.root == saved.root => None,
        Ok(_) => Some(format!(
            "checkpoint {}: its note says something else",
            saved.size
        )),
        Err(error) => Some(format!(
            "checkpoint {}: {}",
            saved.size,
            crate::chain(&error)
        )),
    }
}

/// The newest signed checkpoint, to be kept elsewhere.
pub fn newest_checkpoint(ledger: &Ledger) -> Result<Option<String>, LedgerError> {
    let newest = ledger.store.newest_checkpoint()?;
    Ok(newest.map(|saved| saved.note))
}

/// One line of the history.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Entry {
    /// Its place.
    pub seq: u64,
    /// When the ledger took it in.
    pub recorded_at: Timestamp,
    /// What happened; also a word of a later build.
    pub kind: String,
    /// All that it is about.
    pub subjects: Vec<Key>,
    /// The body where it is JSON of ours, `None` for bundles and deleted bodies.
    pub body: Option<serde_json::Value>,
    /// What this build does not understand of it; empty when it understands all.
    pub not_understood: Vec<String>,
}

/// The events from `from_seq` on, oldest first, a page at a time.
pub fn history(ledger: &Ledger, from_seq: u64, limit: usize) -> Result<Page<Entry>, LedgerError> {
    let page = ledger
        .store
        .events(&EventFilter::default(), from_seq, limit)?;
    let entries = page.items.into_iter().map(|event| entry(ledger, event));
    Ok(Page {
        items: entries.collect::<Result<_, _>>()?,
        next: page.next,
    })
}

fn entry(ledger: &Ledger, event: Event) -> Result<Entry, LedgerError> {
    let body = ledger.store.blob(&event.body_sha256)?;
    let not_understood = body
        .as_ref()
        .map_or_else(Vec::new, |body| not_understood(&event, body));
    Ok(Entry {
        seq: event.seq,
        recorded_at: event.recorded_at,
        body: body.and_then(|body| body_of(&event.kind, &body)),
        kind: event.kind.as_str().to_owned(),
        subjects: event.keys,
        not_understood,
    })
}

/// The words of the event that are of a later build, for people.
fn not_understood(event: &Event, body: &[u8]) -> Vec<String> {
    let Kind::Known(kind) = &event.kind else {
        return vec!["a kind of event that this build does not know".to_owned()];
    };
    if STATEMENTS.contains(kind) {
        let why = match (Bundle::from_json(body), claimed_payload(body)) {
            (Err(error), _) => Some(crate::chain(&error)),
            (Ok(_), Some(payload)) => {
                let error = in_toto::read(&payload, evidence_kinds()).err();
                error.map(|error| crate::chain(&error))
            }
            (Ok(_), None) => Some("its bundle holds no statement".to_owned()),
        };
        return why.into_iter().collect();
    }
    match unknown_fields(*kind, body) {
        Ok(fields) => fields
            .into_iter()
            .map(|field| format!("`{field}` is not known to this build"))
            .collect(),
        Err(error) => vec![crate::chain(&error)],
    }
}

fn unknown_fields(kind: EventKind, body: &[u8]) -> Result<Vec<String>, StoreError> {
    match Fact::read(kind, body)? {
        Some(fact) => fact.unknown_fields(body),
        None => Ok(Vec::new()),
    }
}

fn body_of(kind: &Kind, body: &[u8]) -> Option<serde_json::Value> {
    match kind {
        Kind::Known(kind) if STATEMENTS.contains(kind) => statement_of(body),
        Kind::Known(_) | Kind::Unknown(_) => serde_json::from_slice(body).ok(),
    }
}

/// What a bundle's statement is of, for people; nothing is decided by it.
fn statement_of(bundle: &[u8]) -> Option<serde_json::Value> {
    let statement: serde_json::Value = serde_json::from_slice(&claimed_payload(bundle)?).ok()?;
    Some(serde_json::json!({ "predicateType": statement.get("predicateType")? }))
}

/// The event's statement, verified; `None` when it was deleted and so says nothing.
fn read_again(ledger: &Ledger, event: &Event) -> Result<Option<Reading>, String> {
    let bundle = ledger
        .store
        .blob(&event.body_sha256)
        .map_err(|error| format!("event {}: {}", event.seq, crate::chain(&error)))?;
    let Some(bundle) = bundle else {
        return Ok(None);
    };
    let reading = ledger.read_statement(&Policy::default(), event, &bundle);
    reading
        .map(Some)
        .map_err(|why| format!("event {}: {why}", event.seq))
}

/// Whether the history does not contain the state that a kept checkpoint signed.
fn contradicts(ledger: &Ledger, kept: &str) -> Option<String> {
    let (keys, origin) = ledger.log();
    let signed = match checkpoint::verify(kept, keys, origin) {
        Ok(signed) => signed,
        Err(error) => return Some(format!("the kept checkpoint: {}", crate::chain(&error))),
    };
    let head = match ledger.store.head() {
        Ok(head) => head,
        Err(error) => return Some(format!("the kept checkpoint: {}", crate::chain(&error))),
    };
    if signed.size > head.size {
        return Some(format!(
            "the kept checkpoint has {} events, the history has only {}",
            signed.size, head.size
        ));
    }
    let proof = match ledger.store.consistency_proof(signed.size, head.size) {
        Ok(proof) => proof,
        Err(error) => return Some(format!("the kept checkpoint: {}", crate::chain(&error))),
    };
    let consistent =
        merkle::verify_consistency(signed.size, &signed.root, head.size, &head.root, &proof);
    consistent.err().map(|error| {
        format!(
            "the first {} events are not those of the kept checkpoint: {error}",
            signed.size
        )
    })
}
