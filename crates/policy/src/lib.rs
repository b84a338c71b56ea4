//! What may pass, and the decision over evidence.
//!
//! [`Policy`] is `plimsoll.toml` read and checked; [`Policy::gate`] judges one inspection, for
//! `plimsoll check`; [`Policy::decide`] judges the evidence about a release, for an environment.
//! Both are pure: the clock, the evidence and the tree's own wishes are passed in. Nothing here can
//! loosen a trusted policy: [`Policy::tightened_by`] only adds to it.

mod decide;
mod gate;
mod parse;
mod settings;
mod tighten;

pub use decide::Request;
pub use gate::{Disposition, Judgement};
pub use parse::PolicyError;
pub use settings::{
    Advisories, ApprovalRule, Builder, Deploy, EnvironmentSettings, GapRule, Gaps, Gate, GateRule,
    Health, Person, Policy, Requirement, Role, Secrets, Waiver,
};
