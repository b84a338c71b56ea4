//! From a proven history to what is appended to it: a decision counts only on the history that it rests on.

use plimsoll_model::Key;
use plimsoll_store::{Expected, NewEvent, StoreError};

use crate::history::{Sound, require_sound};
use crate::ledger::{Ledger, LedgerError};
use crate::promote::PromoteError;

/// How often a decision is made anew because somebody appended meanwhile.
const MAX_DECISIONS: usize = 8;

/// A decision that is not recorded yet.
pub(crate) struct Draft<T> {
    /// What was decided.
    pub(crate) decided: T,
    /// The events that tell it.
    pub(crate) events: Vec<NewEvent>,
    /// All that it is about, and all that its evidence is about.
    pub(crate) about: Vec<Key>,
}

/// Decides on a proven history, and appends the events of the decision to that history or not at all:
/// what somebody appended meanwhile about the same may be the word against. Then it is decided anew.
pub(crate) fn append_decision<T>(
    ledger: &Ledger,
    mut sound: Sound,
    mut decide: impl FnMut(&Sound) -> Result<Draft<T>, PromoteError>,
) -> Result<T, PromoteError> {
    let mut decisions = 1;
    loop {
        let draft = decide(&sound)?;
        let expected = Expected {
            head: sound.head,
            about: &draft.about,
        };
        match ledger.append(&draft.events, Some(expected)) {
            Ok(()) => return Ok(draft.decided),
            Err(LedgerError::Store(StoreError::Conflict { .. })) if decisions < MAX_DECISIONS => {
                decisions += 1;
                sound = require_sound(ledger)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
