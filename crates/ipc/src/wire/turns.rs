//! Whose turn it is on the IPC thread. A connection on which very much arrives does not keep others waiting: as long as
//! others receive messages too, it lets them go first after each of its own. Alone, it goes on without a pause, so that
//! answers are written together.

use std::cell::Cell;

/// Messages of a connection's own during which it remembers that there are others.
const POLITE: u32 = 64;

thread_local! {
    /// How many messages were received on this thread.
    static RECEIVED: Cell<u64> = const { Cell::new(0) };
}

/// What one connection knows of the others.
#[derive(Default)]
pub(super) struct Turns {
    last: Cell<u64>,
    polite: Cell<u32>,
}

impl Turns {
    /// Takes note of a message that was received.
    pub(super) fn received(&self) {
        let number = RECEIVED.get() + 1;
        RECEIVED.set(number);
        let is_alone = number - self.last.replace(number) == 1;
        self.polite.set(if is_alone {
            self.polite.get().saturating_sub(1)
        } else {
            POLITE
        });
    }

    /// Whether others should go before the next one.
    pub(super) fn has_others(&self) -> bool {
        self.polite.get() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{POLITE, Turns};

    #[test]
    fn who_is_alone_goes_on_and_who_is_not_lets_others_go_first() {
        let (busy, other) = (Turns::default(), Turns::default());
        let receive = |turns: &Turns| {
            turns.received();
            turns.has_others()
        };
        let n_polite = |n_messages| (0..n_messages).filter(|_| receive(&busy)).count();
        assert_eq!(n_polite(1_000), 0);
        for _ in 0..100 {
            assert!(receive(&other) && receive(&busy));
        }
        assert_eq!(n_polite(1_000), POLITE as usize - 1);
    }
}
