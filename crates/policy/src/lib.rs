//! What may pass, and the decision over evidence.
//!
//! [`Policy`] is `plimsoll.toml` read and checked; [`Policy::gate`] judges one inspection, for
//! `plimsoll check`; [`Policy::decide`] judges the evidence about a release, for an environment.
//! Both are pure: the clock, the evidence and the tree's own wishes are passed in. Nothing here can
//! loosen a trusted policy: [`Policy::tightened_by`] only adds to it.
//!
//! It names no inspector, and no kind of evidence but those that every decision joins: gates,
//! requirements and tables come from the rows.

mod decide;
mod gate;
mod identity;
mod mode;
mod parse;
mod reasons;
mod rules;
mod settings;
mod severity;
#[cfg(test)]
mod test_rows;
mod tighten;
mod waiver;

pub use decide::Request;
pub use gate::{Disposition, Judgement};
pub use identity::Identity;
pub use mode::{Mode, NewSince};
pub use parse::{KnownIds, PolicyError, Rows};
pub use reasons::{NOT_UNDERSTOOD, POLICY_TRUSTED, REASONS, TREE_POLICY};
pub use rules::{Gate, GateRule};
pub use settings::{
    ApprovalRule, Builder, Deploy, EnvironmentSettings, GapRule, Gaps, Health, Person, Policy,
    Requirement, Role, TomlDate,
};
pub use severity::RuleOverride;
pub use waiver::{Scope, Waiver, WaiverKind};
