//! How far votes for rules were when windows of blocks ended, so that no window is counted twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use consensus::vote::ThresholdState;

use super::EntryId;

/// States of votes by the vote's bit and the last block of a window. They follow from blocks that never change.
#[derive(Debug, Default)]
pub(crate) struct Votes {
    states: Mutex<HashMap<(u8, EntryId), ThresholdState>>,
}

impl Votes {
    fn states(&self) -> MutexGuard<'_, HashMap<(u8, EntryId), ThresholdState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state in the window after this block, if it was noted.
    pub(crate) fn get(&self, bit: u8, last: EntryId) -> Option<ThresholdState> {
        self.states().get(&(bit, last)).copied()
    }

    pub(crate) fn note(&self, bit: u8, last: EntryId, state: ThresholdState) {
        self.states().insert((bit, last), state);
    }
}
