//! The history: its events, and the proof that nothing in it was changed.

use jiff::Timestamp;
use plimsoll_model::Digest;
use plimsoll_sign::{Bundle, LogPublicKey, checkpoint, verify_statement};
use plimsoll_store::{Event, EventFilter, EventKind, SavedCheckpoint, merkle};

use crate::ledger::{Ledger, LedgerError};

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
    /// Events after the newest checkpoint: a command was killed while it wrote.
    pub uncovered: u64,
    /// Whatever does not fit. Empty means proven.
    pub faults: Vec<String>,
}

/// Proves the history: every event, body and Merkle node is hashed anew, every checkpoint's signature
/// and root are checked, every statement's signature verifies. `kept` is a checkpoint that somebody
/// kept elsewhere.
pub fn verify_history(ledger: &Ledger, kept: Option<&str>) -> Result<Proof, LedgerError> {
    let report = ledger.store.verify();
    let mut faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    let (key, origin) = ledger.log();
    let mut covered = 0;
    for saved in &report.checkpoints {
        match note_fault(saved, &key, origin) {
            None => covered = covered.max(saved.size),
            Some(fault) => faults.push(fault),
        }
    }
    if let Some(kept) = kept {
        faults.extend(contradicts(ledger, kept));
    }
    let mut evidence = 0;
    let kinds = vec![EventKind::EvidenceRecorded, EventKind::ApprovalRecorded];
    for event in ledger.store.events(&EventFilter {
        kinds,
        ..EventFilter::default()
    })? {
        match verifies(ledger, &event) {
            Ok(verified) => evidence += usize::from(verified),
            Err(fault) => faults.push(fault),
        }
    }
    Ok(Proof {
        events: report.head.size,
        root: report.head.root,
        checkpoints: report.checkpoints.len(),
        evidence,
        deleted: report.deleted.len(),
        uncovered: report.head.size.saturating_sub(covered),
        faults,
    })
}

/// Insists that the history fits together and is what its newest checkpoint signed: what is missing
/// from it may have been the word against. Statements are verified as they are read.
pub(crate) fn require_sound(ledger: &Ledger) -> Result<(), LedgerError> {
    let report = ledger.store.verify();
    let (key, origin) = ledger.log();
    let newest = report.checkpoints.iter().max_by_key(|saved| saved.size);
    let fault = report.faults.first().map(ToString::to_string);
    match fault.or_else(|| newest.and_then(|saved| note_fault(saved, &key, origin))) {
        Some(fault) => Err(LedgerError::Broken { fault }),
        None => Ok(()),
    }
}

fn note_fault(saved: &SavedCheckpoint, key: &LogPublicKey, origin: &str) -> Option<String> {
    match checkpoint::verify(&saved.note, key, origin) {
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
    let checkpoints = ledger.store.checkpoints()?;
    Ok(checkpoints
        .into_iter()
        .max_by_key(|saved| saved.size)
        .map(|saved| saved.note))
}

/// One line of the history.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Entry {
    /// Its place.
    pub seq: u64,
    /// When the ledger took it in.
    pub recorded_at: Timestamp,
    /// What happened.
    pub kind: &'static str,
    /// To what.
    pub subject: String,
    /// The body where it is JSON of ours, `None` for bundles and deleted bodies.
    pub body: Option<serde_json::Value>,
}

/// Every event, oldest first.
pub fn history(ledger: &Ledger) -> Result<Vec<Entry>, LedgerError> {
    let entry = |event: Event| {
        let body = ledger.store.blob(&event.body_sha256)?;
        let body = body.and_then(|body| body_of(event.kind, &body));
        let (seq, recorded_at, kind) = (event.seq, event.recorded_at, event.kind.as_str());
        Ok(Entry {
            seq,
            recorded_at,
            kind,
            subject: event.subject,
            body,
        })
    };
    ledger
        .store
        .events(&EventFilter::default())?
        .into_iter()
        .map(entry)
        .collect()
}

fn body_of(kind: EventKind, body: &[u8]) -> Option<serde_json::Value> {
    let bundle = matches!(
        kind,
        EventKind::EvidenceRecorded | EventKind::ApprovalRecorded
    );
    if bundle {
        statement_of(body)
    } else {
        serde_json::from_slice(body).ok()
    }
}

/// What a bundle's statement is of, for people; nothing is decided by it.
fn statement_of(bundle: &[u8]) -> Option<serde_json::Value> {
    let bundle = Bundle::from_json(bundle).ok()?;
    let plimsoll_sign::Content::Statement(envelope) = bundle.content() else {
        return None;
    };
    let statement: serde_json::Value = serde_json::from_slice(envelope.payload()).ok()?;
    Some(serde_json::json!({ "predicateType": statement.get("predicateType")? }))
}

/// Whether the event's statement verifies; `false` when it was deleted and so says nothing.
fn verifies(ledger: &Ledger, event: &Event) -> Result<bool, String> {
    let told = |why: &dyn std::error::Error| format!("event {}: {}", event.seq, crate::chain(why));
    let Some(bundle) = ledger
        .store
        .blob(&event.body_sha256)
        .map_err(|error| told(&error))?
    else {
        return Ok(false);
    };
    let key = ledger.signing_key(&bundle).map_err(|error| told(&*error))?;
    let parsed = Bundle::from_json(&bundle).map_err(|error| told(&error))?;
    verify_statement(&parsed, &[key])
        .map(|_| true)
        .map_err(|error| told(&error))
}

/// Whether the history does not contain the state that a kept checkpoint signed.
fn contradicts(ledger: &Ledger, kept: &str) -> Option<String> {
    let (key, origin) = ledger.log();
    let signed = match checkpoint::verify(kept, &key, origin) {
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
