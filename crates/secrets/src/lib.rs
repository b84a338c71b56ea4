//! Literal credentials in text, by rules in the gitleaks dialect.
//!
//! It finds where a credential is written out and says so without its value: a [`Hit`] holds a
//! place and a masked form, and [`Facts::masks`] tells the other inspectors which bytes to blank.
//!
//! What it does not do: it asks no provider whether a credential is live, decodes nothing (base64,
//! archives), and honours no comment in the inspected text that allows a finding. Exceptions are
//! policy, and the inspected tree must not control its own verdict.

mod allowlist;
mod builtin;
mod conclude;
mod dialect;
mod entropy;
mod error;
mod extract;
mod facts;
mod gitleaks;
mod keys;
mod lines;
mod paths;
mod pattern;
mod rule;
mod rules;

use plimsoll_model::{Inspector, Over, Threshold};

pub use conclude::conclude;
pub use error::{Place, RulesError};
pub use facts::{Facts, Hit, Unchecked};
pub use rules::Rules;

/// The inspector of literal credentials.
pub static INSPECTOR: Inspector = Inspector {
    id: "secret",
    gate_key: "secrets",
    title: "literal credentials in text",
    over: Over::Tree,
    default_gate: Threshold::Any,
    ages: None,
    lists_components: false,
    required_by_default: true,
    semantics: 2,
    accepts_from: 1,
    settings: Some("secrets"),
    rules: rules::builtin_docs,
    family: None,
    gaps: &[&conclude::GAPS],
};
