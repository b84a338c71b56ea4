//! Approval: a person signs that a release may enter an environment.

use jiff::SignedDuration;
use plimsoll_model::{Approval, Key, Signatory};
use plimsoll_sign::PrivateKey;
use plimsoll_store::EventKind;
use plimsoll_wire::in_toto;

use crate::deployment::place_keys;
use crate::history::require_sound;
use crate::ledger::{Ledger, LedgerError, signatory};
use crate::promote::{
    Candidate, PromoteError, evidence, matter, named, not_understood, request, requester,
};
use crate::unknown::reason_against;

/// A request to approve a release with the approver's own key.
pub struct ApprovalRequest<'a> {
    /// What is to enter where.
    pub candidate: Candidate<'a>,
    /// The approver's key.
    pub key: &'a PrivateKey,
    /// How long it counts.
    pub valid_for: SignedDuration,
}

/// Signs that the release may enter the environment. Refused, and not recorded, when the approval
/// could not count.
pub fn approve(ledger: &Ledger, asked: &ApprovalRequest<'_>) -> Result<Signatory, PromoteError> {
    let candidate = &asked.candidate;
    let environment = named(candidate.trusted, candidate.environment)?;
    let sound = require_sound(ledger)?;
    if let Some(reason) = reason_against(&sound.unknown, &matter(candidate, environment)) {
        return Err(not_understood(reason));
    }
    let policy = &candidate.trusted.base;
    let approver = signatory(policy, &asked.key.public().id());
    let requester = requester(ledger, candidate)?;
    let evidence = evidence(ledger, candidate)?.0.evidence;
    let request = request(candidate, environment, &requester, &evidence, ledger.now());
    if let Some(why) = policy.refuses_approval(&request, &approver) {
        return Err(PromoteError::Refused { why });
    }
    record_approval(ledger, asked)?;
    Ok(approver)
}

/// Signs the approval of all that the release ships.
fn record_approval(ledger: &Ledger, asked: &ApprovalRequest<'_>) -> Result<(), LedgerError> {
    let Candidate {
        trusted,
        release,
        environment,
    } = asked.candidate;
    let policy_sha256 = trusted.base.sha256();
    let approval = Approval {
        service: release.service.clone(),
        release: release.id.clone(),
        environment: environment.to_owned(),
        policy_sha256,
        expires_at: ledger.now() + asked.valid_for,
    };
    let statement = in_toto::write(&release.subjects, &release.name, &approval);
    let mut keys = place_keys(release, environment);
    keys.push(Key::policy(&policy_sha256));
    let kind = EventKind::ApprovalRecorded;
    ledger.record(kind, asked.key, keys, &statement)?;
    Ok(())
}
