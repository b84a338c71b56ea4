//! The release path: CI workflows read as programs, and proofs about their gates.
//!
//! A workflow's runs are every choice of event, inputs, facts, failures and cancellations (`docs/github-actions.md`).
//! [`prove`] decides exactly whether a check always passes before a deployment, or gives the run in which
//! it does not; the rules turn that into findings. Nothing is executed, nothing is fetched, and what
//! cannot be read or decided is a gap.

mod capability;
mod case;
mod diagram;
mod expression;
mod inspect;
mod link;
mod prove;
mod reading;
mod recognise;
mod rules;
mod script;
mod story;
mod value;
mod workflow;

use plimsoll_model::{Inspector, Threshold};

pub use capability::Capability;
pub use inspect::{Facts, claims, conclude, extract};
pub use prove::{CommandRef, Proof, ProveError, Run, prove};
pub use rules::{Rule, explain, rules};
pub use value::Value;
pub use workflow::{Workflow, WorkflowError};

/// The inspector of the release path.
pub static INSPECTOR: Inspector = Inspector {
    id: "path",
    gate_key: "path",
    default_gate: Threshold::High,
};
