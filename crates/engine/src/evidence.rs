//! Evidence coming out of the ledger: found by what it is about, its signature verified each time.
//!
//! What was deleted, and what this build cannot read, may have been the word against. So nothing that it
//! may have replaced counts either.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plimsoll_model::{Body, Evidence, Key, Subject};
use plimsoll_policy::Policy;
use plimsoll_sign::{Bundle, PublicKey, VerifyError, verify_statement};
use plimsoll_store::{Event, EventFilter, EventKind};
use plimsoll_wire::in_toto;

use crate::ledger::{Ledger, LedgerError, signatory};
use crate::register::evidence_kinds;

/// The kinds of events whose body is a signed statement.
pub(crate) const STATEMENTS: [EventKind; 2] =
    [EventKind::EvidenceRecorded, EventKind::ApprovalRecorded];

/// What is known about some subjects.
#[derive(Default)]
pub(crate) struct Gathered {
    /// The evidence, in the order in which it was recorded.
    pub(crate) evidence: Vec<Evidence>,
    /// A sentence about each statement that counts for nothing because this build cannot read it whole.
    pub(crate) not_understood: Vec<String>,
}

/// A statement whose signature is good.
pub(crate) enum Reading {
    /// It was read whole.
    Evidence(Box<Evidence>),
    /// It has a predicate, a field or a word that this build does not know.
    NotUnderstood {
        /// The kind of evidence that it claims to be, where that is known.
        kind: Option<&'static str>,
        /// A sentence about it.
        told: String,
    },
}

/// From here back, nothing counts that is about this key, of this kind or of any.
struct Cut {
    key: Key,
    kind: Option<&'static str>,
    seq: u64,
}

/// Evidence by the place of its event, while it is gathered.
#[derive(Default)]
struct Search {
    found: BTreeMap<u64, Evidence>,
    told: BTreeMap<u64, String>,
    cuts: Vec<Cut>,
}

impl Search {
    fn cut(&mut self, key: &Key, kind: Option<&'static str>, seq: u64) {
        let key = key.clone();
        self.cuts.push(Cut { key, kind, seq });
    }
}

impl Ledger {
    /// The evidence about these keys.
    pub(crate) fn evidence(&self, policy: &Policy, keys: &[Key]) -> Result<Gathered, LedgerError> {
        let mut search = Search::default();
        for key in keys {
            let filter = EventFilter {
                kinds: STATEMENTS.to_vec(),
                keys: vec![key.clone()],
            };
            for event in self.store.all_events(&filter) {
                self.add_statement(policy, key, &event?, &mut search)?;
            }
        }
        let cuts = &search.cuts;
        search
            .found
            .retain(|seq, evidence| !cuts.iter().any(|cut| cuts_off(cut, *seq, evidence)));
        Ok(Gathered {
            evidence: search.found.into_values().collect(),
            not_understood: search.told.into_values().collect(),
        })
    }

    fn add_statement(
        &self,
        policy: &Policy,
        key: &Key,
        event: &Event,
        search: &mut Search,
    ) -> Result<(), LedgerError> {
        let seq = event.seq;
        let Some(bundle) = self.store.blob(&event.body_sha256)? else {
            search.cut(key, None, seq);
            return Ok(());
        };
        let reading = self.read_statement(policy, event, &bundle);
        match reading.map_err(|why| LedgerError::Evidence { seq, why })? {
            Reading::Evidence(evidence) => {
                search.found.insert(seq, *evidence);
            }
            Reading::NotUnderstood { kind, told } => {
                search.told.insert(seq, told);
                if kind.is_some() {
                    search.cut(key, kind, seq);
                }
            }
        }
        Ok(())
    }

    /// Whether anybody recorded that the artifact was built from the source. Whose word it is, policy
    /// judges later.
    pub(crate) fn is_built_from(
        &self,
        artifact: &Subject,
        source: &Subject,
    ) -> Result<bool, LedgerError> {
        let gathered = self.evidence(&Policy::default(), &[artifact.key()])?;
        Ok(gathered
            .evidence
            .iter()
            .any(|evidence| names_source(&evidence.body, source)))
    }

    /// The bundle with the public key that it names, or why this build can open it not: the log proves
    /// that its bytes are as they were written, so that a form or a signer that is not known is no fault.
    fn open_bundle(&self, bundle: &[u8]) -> Result<Result<(Bundle, PublicKey), String>, String> {
        let bundle = match Bundle::from_json(bundle) {
            Ok(bundle) => bundle,
            Err(error) => return Ok(Err(crate::chain(&error))),
        };
        let key = self.signing_key(&bundle);
        let key = key.map_err(|error| crate::chain(&error))?;
        Ok(key.map(|key| (bundle, key)).map_err(str::to_owned))
    }

    /// Reads the statement of an event. An error says why the ledger is not as it was written; a
    /// statement of a later build is none.
    pub(crate) fn read_statement(
        &self,
        policy: &Policy,
        event: &Event,
        bundle: &[u8],
    ) -> Result<Reading, String> {
        let (bundle, key) = match self.open_bundle(bundle)? {
            Ok(opened) => opened,
            Err(why) => {
                let kind = claimed_kind(bundle);
                let told = tell_not_understood(event, &why);
                return Ok(Reading::NotUnderstood { kind, told });
            }
        };
        let verified = verify_statement(&bundle, std::slice::from_ref(&key));
        let verified = verified.map_err(|error: VerifyError| crate::chain(&error))?;
        let statement = match in_toto::read(&verified.payload, evidence_kinds()) {
            Ok(statement) => statement,
            Err(error) => {
                let kind = replaced_kind(&verified.payload, &error);
                let told = tell_not_understood(event, &crate::chain(&error));
                return Ok(Reading::NotUnderstood { kind, told });
            }
        };
        require_named(event, &statement.subjects)?;
        Ok(Reading::Evidence(Box::new(Evidence {
            id: event.body_sha256,
            subjects: statement.subjects,
            signed_by: signatory(policy, &verified.key),
            recorded_at: event.recorded_at,
            body: statement.body,
        })))
    }
}

fn cuts_off(cut: &Cut, seq: u64, evidence: &Evidence) -> bool {
    seq < cut.seq
        && cut.kind.is_none_or(|kind| kind == evidence.body.kind())
        && evidence
            .subjects
            .iter()
            .any(|subject| subject.key() == cut.key)
}

/// Of which kind a statement that cannot be read may be the word against: of none, where it is of somebody
/// else's making or of a format that is not known.
fn replaced_kind(payload: &[u8], error: &in_toto::ReadError) -> Option<&'static str> {
    match error {
        in_toto::ReadError::OfOthers { .. } => None,
        _ => in_toto::claimed_kind(payload, evidence_kinds()),
    }
}

/// Insists that the event names all that its statement is about.
fn require_named(event: &Event, subjects: &[Subject]) -> Result<(), String> {
    let mut keys = subjects.iter().map(Subject::key);
    match keys.find(|key| !event.keys.contains(key)) {
        Some(key) => Err(format!("it is about {key}, which its event does not name")),
        None => Ok(()),
    }
}

/// The kind that a bundle which cannot be opened claims to be of.
fn claimed_kind(bundle: &[u8]) -> Option<&'static str> {
    let payload = claimed_payload(bundle)?;
    in_toto::claimed_kind(&payload, evidence_kinds())
}

/// The payload of a bundle that may be of a form that is not known: nobody has verified it.
pub(crate) fn claimed_payload(bundle: &[u8]) -> Option<Vec<u8>> {
    let bundle: serde_json::Value = serde_json::from_slice(bundle).ok()?;
    let payload = bundle.pointer("/dsseEnvelope/payload")?.as_str()?;
    BASE64.decode(payload).ok()
}

fn tell_not_understood(event: &Event, why: &str) -> String {
    format!(
        "event {} holds a statement that this build cannot read whole, so it counts for nothing: {}",
        event.seq, why
    )
}

fn names_source(body: &Body, source: &Subject) -> bool {
    matches!(body, Body::Provenance(provenance) if provenance.source == *source)
}
