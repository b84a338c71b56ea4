//! The use-cases, each one function: inspect → attest → record → decide → promote → roll back.
//!
//! `cli` stands on it and shows what it returns. It joins the rooms below: none of them knows
//! another, and here they meet. It prints nothing. Who asks, and the clock by which it is decided, are
//! passed in; the machine's clock is asked only for when an event was written.

mod approve;
mod attest;
mod baseline;
mod beginning;
mod check;
mod checkout;
mod command;
mod decision;
mod deploy;
mod deployment;
mod evidence;
mod excerpt;
mod explain;
mod history;
mod inspect;
mod ledger;
mod mask;
mod promote;
mod register;
mod release;
mod roll_back;
mod sbom;
mod status;
mod test_counts;
mod trusted;
mod unknown;

pub use approve::{ApprovalRequest, approve};
pub use attest::{
    AttestError, Build, Built, attest_build, attest_inspection, attest_sbom, attest_test,
};
pub use check::{Check, Checked, check, inside};
pub use checkout::Checkout;
pub use command::CommandError;
pub use deploy::{DeployError, OnStep, StepEnded};
pub use explain::{Explained, Explanation, explain, explain_all};
pub use history::{Entry, Proof, history, newest_checkpoint, verify_history};
pub use inspect::{Inspected, MAX_FILE_BYTES, Options, cache_version};
pub use ledger::{Clock, Ledger, LedgerError};
pub use mask::masked;
pub use plimsoll_policy::Disposition;
pub use promote::{Candidate, PromoteError, Promoted, Promotion, promote};
pub use register::{
    ADVISORIES_FOLDER, DatabaseFolderError, Inspectors, SecretRulesError, SettingsError,
    inspectors, nearest, rows,
};
pub use release::{ReleaseError, Shipment, create_release, find_release, releases};
pub use roll_back::{Rollback, RolledBack, roll_back};
pub use sbom::{list_components, sbom};
pub use status::{EnvironmentStatus, Running, status, stop};
pub use trusted::{
    POLICY_FILE, PolicySource, Trusted, TrustedError, load as load_policy, load_base,
};

pub use plimsoll_advisories as advisories;
pub use plimsoll_environment::{Instance, Observation};
pub use plimsoll_packages::ecosystems;
pub use plimsoll_sign as sign;
pub use plimsoll_source as source;
pub use plimsoll_store::{Page, Release};
pub use plimsoll_wire::{Doc, Format, Looked, Report};

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
