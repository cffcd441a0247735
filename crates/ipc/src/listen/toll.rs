//! What a peer's next connections wait for the ones that were given up.
//!
//! Making and closing a connection takes time from those that stand, and so do calls whose answers nobody wants. A peer
//! whose connections are given up, or end with many calls open, can have that time so often and no more: each costs a
//! little waiting, not of itself but of those that come next, before they are listened to. Connections that stand wait for nothing. All local processes of a user are one peer, honest ones among
//! them, so that the waiting is short whatever happened.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::peer::Peer;

/// What one connection that is given up costs.
const PRICE: Duration = Duration::from_millis(2);

/// So many are free at a time.
const FREE: u32 = 8;

/// The longest that anyone waits.
const LONGEST: Duration = Duration::from_millis(500);

/// Until when peers have to wait.
#[derive(Debug, Default)]
pub(super) struct Toll(Mutex<BTreeMap<Option<String>, Instant>>);

impl Toll {
    /// Waits as long as the peer has to; gives how long that was.
    pub(super) async fn pay(&self, peer: &Peer) -> Duration {
        let waiting = self.owed(peer, Instant::now());
        if !waiting.is_zero() {
            tokio::time::sleep(waiting).await;
        }
        waiting
    }

    /// A connection of the peer's ended that counts for so many that are given up.
    pub(super) fn charge(&self, peer: &Peer, times: usize) {
        if times > 0 {
            self.charge_at(peer, times, Instant::now());
        }
    }

    fn owed(&self, peer: &Peer, now: Instant) -> Duration {
        let debts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = debts.get(&name(peer));
        let debt = until.map(|until| until.saturating_duration_since(now));
        debt.unwrap_or_default().saturating_sub(FREE * PRICE)
    }

    fn charge_at(&self, peer: &Peer, times: usize, now: Instant) {
        let mut debts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        debts.retain(|_, until| *until > now);
        let until = debts.entry(name(peer)).or_insert(now);
        let price = PRICE.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX));
        *until = (*until + price.min(LONGEST)).min(now + FREE * PRICE + LONGEST);
    }
}

/// The name of the peer's key; local processes have none.
fn name(peer: &Peer) -> Option<String> {
    match peer {
        Peer::Local { .. } => None,
        Peer::Remote { name } => Some(name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, Instant};

    use super::{FREE, LONGEST, PRICE, Toll};
    use crate::peer::Peer;

    const LOCAL: Peer = Peer::Local { pid: Some(7) };

    #[test]
    fn many_that_are_given_up_cost_their_peer_alone() {
        let (toll, now) = (Toll::default(), Instant::now());
        for _ in 0..FREE {
            toll.charge_at(&LOCAL, 1, now);
        }
        assert_eq!(toll.owed(&LOCAL, now), Duration::ZERO);
        toll.charge_at(&LOCAL, 1, now);
        assert_eq!(toll.owed(&Peer::Local { pid: Some(8) }, now), PRICE);
        let ann = Peer::Remote {
            name: "ann".to_owned(),
        };
        assert_eq!(toll.owed(&ann, now), Duration::ZERO);
    }

    #[test]
    fn nobody_waits_longer_than_a_moment() {
        let (toll, now) = (Toll::default(), Instant::now());
        for times in [1, 10_000, usize::MAX] {
            toll.charge_at(&LOCAL, times, now);
        }
        assert_eq!(toll.owed(&LOCAL, now), LONGEST);
        // What is over is forgotten.
        let later = now + LONGEST + FREE * PRICE;
        assert_eq!(toll.owed(&LOCAL, later), Duration::ZERO);
        let ann = Peer::Remote {
            name: "ann".to_owned(),
        };
        toll.charge_at(&ann, 1, later);
        assert_eq!(toll.0.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_comes_back_at_once_is_given_up_so_often_and_no_more() {
        let (toll, start) = (Toll::default(), Instant::now());
        let mut times = 0;
        while start.elapsed() < Duration::from_secs(1) {
            toll.pay(&LOCAL).await;
            toll.charge(&LOCAL, 1);
            times += 1;
        }
        let most = Duration::from_secs(1).as_millis() / PRICE.as_millis() + u128::from(FREE);
        assert!((most - 1..=most + 1).contains(&times), "{times}, not {most}");
    }
}
