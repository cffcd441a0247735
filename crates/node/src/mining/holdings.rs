//! The templates that one client has not let go of, which the node keeps for it, and how many of them there may be.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// What the templates of one client may count in sum.
const ROOM: u64 = 128 << 20;

/// What a template counts besides the bytes of its block, so that there are not very many small ones either.
const EACH: u64 = 128 << 10;

/// What one client holds. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Holdings {
    room: u64,
    held: Arc<Mutex<Held>>,
    /// Templates are made one after another, so that those which are being made take no more than one does.
    making: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    templates: usize,
    bytes: u64,
}

/// A template's part of what its client holds, which ends with this.
#[derive(Debug)]
pub(super) struct Share {
    held: Arc<Mutex<Held>>,
    bytes: u64,
}

/// A client that holds too much to be given another template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no room for another block template: this client holds {templates}, which count {bytes} of {room} bytes; destroy those \
     that are not needed any more"
)]
pub(super) struct TooMuch {
    templates: usize,
    bytes: u64,
    room: u64,
}

impl Default for Holdings {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Holdings {
    fn with_room(room: u64) -> Self {
        Self {
            room,
            held: Arc::default(),
            making: Arc::default(),
        }
    }

    /// Waits until no other template of the client is being made.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.making).lock_owned().await
    }

    /// Makes sure that there is room for a template at all, before one is made.
    pub(super) fn check(&self) -> Result<(), TooMuch> {
        self.check_room(*lock(&self.held), 0)
    }

    /// Takes room for a template whose block has so many bytes.
    pub(super) fn take(&self, block_bytes: u64) -> Result<Share, TooMuch> {
        let mut held = lock(&self.held);
        self.check_room(*held, block_bytes)?;
        let bytes = EACH + block_bytes;
        held.templates += 1;
        held.bytes += bytes;
        Ok(Share {
            held: Arc::clone(&self.held),
            bytes,
        })
    }

    fn check_room(&self, held: Held, block_bytes: u64) -> Result<(), TooMuch> {
        if held.bytes + EACH + block_bytes <= self.room {
            return Ok(());
        }
        Err(TooMuch {
            templates: held.templates,
            bytes: held.bytes,
            room: self.room,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.templates -= 1;
        held.bytes -= self.bytes;
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_room_until_others_are_let_go_of() {
        let holdings = Holdings::with_room(3 * EACH);
        let first = holdings.take(EACH / 2).unwrap();
        let shared = holdings.clone();
        let second = shared.take(EACH / 2).unwrap();
        let too_much = TooMuch {
            templates: 2,
            bytes: 3 * EACH,
            room: 3 * EACH,
        };
        assert_eq!([holdings.check(), shared.check()], [Err(too_much); 2]);
        assert_eq!(holdings.take(0).unwrap_err(), too_much);
        drop(first);
        holdings.check().unwrap();
        assert_eq!(
            holdings.take(EACH).unwrap_err().to_string(),
            "no room for another block template: this client holds 1, which count 196608 of 393216 bytes; destroy those \
             that are not needed any more"
        );
        let third = holdings.take(EACH / 2).unwrap();
        drop((second, third));
        holdings.take(2 * EACH).unwrap();
    }
}
