//! What keeps a release path from being proven, as gaps that several places state.

use plimsoll_model::{Gap, GapKind, Location, RuleId};

/// The id of a gap of this inspector.
pub(crate) fn gap_id(name: &str) -> RuleId {
    RuleId::new("path", name)
}

/// Something that is called and was not looked into.
pub(crate) fn unresolved(at: &Location, what: &str) -> Gap {
    Gap {
        id: gap_id("unresolved-call"),
        kind: GapKind::Unresolved,
        place: Some(at.clone().into()),
        message: format!(
            "{what} is called and was not looked into, so its gates and deployments are not known"
        ),
        fix: "keep gates and deployments in the workflow or in a script of this tree".to_owned(),
    }
}
