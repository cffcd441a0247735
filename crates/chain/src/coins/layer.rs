//! What was read of the coins below, and changed above.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bitcoin::{OutPoint, Txid};
use consensus::transaction::{Coin, Tokens};

use super::{CoinExists, Overwrite};

/// What the allocator adds to a script's bytes, about.
const ALLOCATION: usize = 16;

/// How a coin differs from what is below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It does not.
    Same,
    /// Below is no such coin, or a spent one: if it is spent here, nothing need be said below.
    New,
    /// Below may be another.
    Changed,
}

#[derive(Debug, Clone)]
struct Known {
    /// None if it is spent.
    coin: Option<Coin>,
    state: State,
}

/// Coins that are known here, by their outpoints.
#[derive(Debug, Default)]
pub(super) struct Layer {
    coins: HashMap<OutPoint, Known>,
    /// The bytes that the coins' scripts take.
    script_bytes: usize,
}

impl Layer {
    /// The coin, or that it is spent, if this layer knows.
    pub(super) fn get(&self, outpoint: &OutPoint) -> Option<Option<&Coin>> {
        self.coins.get(outpoint).map(|known| known.coin.as_ref())
    }

    /// A coin of a transaction with so many outputs at most, if this layer has one.
    pub(super) fn any_of(&self, txid: &Txid, outputs: u32) -> Option<&Coin> {
        // Whichever there is less of is gone through.
        if self.coins.len() < outputs as usize {
            let mut coins = self.coins.iter();
            return coins
                .find_map(|(outpoint, known)| known.coin.as_ref().filter(|_| outpoint.txid == *txid));
        }
        let mut outpoints = (0..outputs).map(|vout| OutPoint { txid: *txid, vout });
        outpoints.find_map(|outpoint| self.get(&outpoint).flatten())
    }

    /// Keeps a coin that was read below.
    pub(super) fn keep(&mut self, outpoint: OutPoint, coin: Coin) {
        self.insert(outpoint, Some(coin), State::Same);
    }

    /// Adds a coin that is not below.
    pub(super) fn add(
        &mut self,
        outpoint: OutPoint,
        coin: Coin,
        overwrite: Overwrite,
    ) -> Result<(), CoinExists> {
        let entry = self.coins.entry(outpoint);
        let known = match &entry {
            Entry::Vacant(_) => None,
            Entry::Occupied(entry) => Some(entry.get()),
        };
        if overwrite == Overwrite::Never && known.is_some_and(|known| known.coin.is_some()) {
            return Err(CoinExists(outpoint));
        }
        let state = match (known.map(|known| known.state), overwrite) {
            (Some(State::New), _) | (None, Overwrite::Never) => State::New,
            _ => State::Changed,
        };
        set(entry, Some(coin), state, &mut self.script_bytes);
        Ok(())
    }

    /// Spends a coin that this layer knows.
    pub(super) fn spend(&mut self, outpoint: &OutPoint) -> Option<Coin> {
        let known = self.coins.get_mut(outpoint)?;
        let coin = known.coin.take()?;
        self.script_bytes -= script_bytes(&coin);
        if known.state == State::New {
            self.coins.remove(outpoint);
        } else {
            known.state = State::Changed;
        }
        Some(coin)
    }

    /// Says that a coin below is spent, which this layer does not know.
    pub(super) fn mark_spent(&mut self, outpoint: OutPoint) {
        self.insert(outpoint, None, State::Changed);
    }

    /// Takes over the changes of a layer above.
    pub(super) fn absorb(&mut self, above: Self) {
        for (outpoint, known) in above.coins {
            if known.state == State::Same {
                continue;
            }
            let entry = self.coins.entry(outpoint);
            let state = match &entry {
                Entry::Vacant(_) => known.state,
                Entry::Occupied(entry) => match entry.get().state {
                    State::New => State::New,
                    State::Same | State::Changed => State::Changed,
                },
            };
            match (entry, known.coin) {
                (Entry::Occupied(entry), None) if state == State::New => {
                    let before = entry.remove().coin;
                    self.script_bytes -= before.as_ref().map_or(0, script_bytes);
                }
                (entry, coin) => set(entry, coin, state, &mut self.script_bytes),
            }
        }
    }

    /// Makes room for so many coins more.
    pub(super) fn make_room(&mut self, coins: usize) {
        self.coins.reserve(coins);
    }

    /// What must be written below, ordered by outpoints.
    pub(super) fn changes(&self) -> Vec<(&OutPoint, Option<&Coin>)> {
        let changed = self.coins.iter().filter(|(_, known)| known.state != State::Same);
        let mut changes: Vec<_> = changed
            .map(|(outpoint, known)| (outpoint, known.coin.as_ref()))
            .collect();
        changes.sort_unstable_by_key(|(outpoint, _coin)| **outpoint);
        changes
    }

    /// Holds all changes for written.
    pub(super) fn settle(&mut self) {
        self.coins.retain(|_outpoint, known| {
            known.state = State::Same;
            known.coin.is_some()
        });
    }

    /// How many coins are known, spent ones included.
    pub(super) fn len(&self) -> usize {
        self.coins.len()
    }

    /// About how much memory is used, in bytes.
    pub(super) fn memory(&self) -> usize {
        // A byte for each place and an eighth of the places free is what the map costs.
        let place = size_of::<(OutPoint, Known)>() + 1;
        self.coins.capacity() * place * 8 / 7 + self.script_bytes
    }

    /// The part of the memory that is of scripts and tokens.
    #[cfg(test)]
    pub(super) fn script_bytes(&self) -> usize {
        self.script_bytes
    }

    fn insert(&mut self, outpoint: OutPoint, coin: Option<Coin>, state: State) {
        set(self.coins.entry(outpoint), coin, state, &mut self.script_bytes);
    }
}

/// Puts a coin in its place, and counts its bytes instead of those of the one before.
fn set(entry: Entry<'_, OutPoint, Known>, coin: Option<Coin>, state: State, bytes: &mut usize) {
    *bytes += coin.as_ref().map_or(0, script_bytes);
    let known = Known { coin, state };
    match entry {
        Entry::Vacant(entry) => {
            entry.insert(known);
        }
        Entry::Occupied(mut entry) => {
            let before = entry.insert(known);
            *bytes -= before.coin.as_ref().map_or(0, script_bytes);
        }
    }
}

fn script_bytes(coin: &Coin) -> usize {
    let script = match coin.output.script_pubkey.len() {
        0 => 0,
        length => length + ALLOCATION,
    };
    match coin.tokens {
        None => script,
        Some(_) => script + size_of::<Tokens>() + ALLOCATION,
    }
}
