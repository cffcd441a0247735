//! Transactions of blocks that were disconnected, until the chain rests at another tip.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bitcoin::{Transaction, Txid};

/// How many bytes of transactions wait at most, so that a long way back does not fill the memory.
const ROOM: usize = 20_000_000;

/// Transactions that may come back to the pool.
#[derive(Debug, Default)]
pub struct DisconnectedTransactions {
    /// By when they came: the last ones of the last block first.
    transactions: BTreeMap<u64, (Txid, Arc<Transaction>)>,
    places: HashMap<Txid, u64>,
    next_place: u64,
    /// In bytes.
    size: usize,
}

impl DisconnectedTransactions {
    /// A block was disconnected. `transactions` are its own in their order. Gives back those for which there is no room any
    /// more, which are the first that came: they do not come back to the pool, nor may what stands on them stay there.
    #[must_use]
    pub fn add_block(&mut self, transactions: &[Transaction]) -> Vec<Arc<Transaction>> {
        for transaction in transactions.iter().rev() {
            self.add(transaction);
        }
        let mut left_out = Vec::new();
        while self.size > ROOM
            && let Some((_place, (txid, transaction))) = self.transactions.pop_first()
        {
            self.places.remove(&txid);
            self.size -= transaction.total_size();
            left_out.push(transaction);
        }
        left_out
    }

    fn add(&mut self, transaction: &Transaction) {
        let txid = transaction.compute_txid();
        // A coinbase may be that of another block again.
        self.remove(&txid);
        self.size += transaction.total_size();
        self.places.insert(txid, self.next_place);
        self.transactions
            .insert(self.next_place, (txid, Arc::new(transaction.clone())));
        self.next_place += 1;
    }

    fn remove(&mut self, txid: &Txid) {
        let removed = self.places.remove(txid);
        if let Some((_txid, transaction)) = removed.and_then(|place| self.transactions.remove(&place)) {
            self.size -= transaction.total_size();
        }
    }

    /// A block was connected: what it has need not come back.
    pub fn remove_block(&mut self, transactions: &[Transaction]) {
        if self.is_empty() {
            return;
        }
        for transaction in transactions {
            self.remove(&transaction.compute_txid());
        }
    }

    /// Whether there is nothing to bring back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// All of them, none before one that it stands on.
    pub(super) fn into_ordered(self) -> impl Iterator<Item = Arc<Transaction>> {
        let transactions = self.transactions.into_values().rev();
        transactions.map(|(_txid, transaction)| transaction)
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash as _;
    use bitcoin::{OutPoint, ScriptBuf};

    use super::*;
    use crate::pool::tests::spend;

    /// A transaction of about so many bytes.
    fn large(number: u8, size: usize) -> Transaction {
        let mut transaction = spend(&[OutPoint::new(Txid::from_byte_array([number; 32]), 0)], &[1_000]);
        transaction.output[0].script_pubkey = ScriptBuf::from(vec![0x6a; size]);
        transaction
    }

    fn ids<'a>(transactions: impl IntoIterator<Item = &'a Arc<Transaction>>) -> Vec<Txid> {
        let ids = transactions
            .into_iter()
            .map(|transaction| transaction.compute_txid());
        ids.collect()
    }

    #[test]
    fn what_came_first_makes_room_for_what_comes_later() {
        let blocks: Vec<[Transaction; 2]> = (0..4)
            .map(|block| [large(2 * block, 4_000_000), large(2 * block + 1, 1_000_000)])
            .collect();
        let mut waiting = DisconnectedTransactions::default();
        for block in &blocks[..3] {
            assert_eq!(waiting.add_block(block), []);
        }
        let left_out = waiting.add_block(&blocks[3]);
        let txid = |block: usize, place: usize| blocks[block][place].compute_txid();
        assert_eq!(ids(&left_out), [txid(0, 1)], "the last of a block comes first");

        waiting.remove_block(&blocks[2]);
        assert_eq!(waiting.add_block(&blocks[2]), [], "there was room again");
        let order: Vec<Arc<Transaction>> = waiting.into_ordered().collect();
        let expected = [(2, 0), (2, 1), (3, 0), (3, 1), (1, 0), (1, 1), (0, 0)];
        assert_eq!(ids(&order), expected.map(|(block, place)| txid(block, place)));
    }

    #[test]
    fn what_was_connected_again_takes_no_room() {
        let block = [large(0, 100), large(1, 100)];
        let mut waiting = DisconnectedTransactions::default();
        for _ in 0..2 {
            assert_eq!(waiting.add_block(&block), []);
        }
        assert_eq!(waiting.transactions.len(), 2);
        waiting.remove_block(&block);
        assert!(waiting.is_empty());
        assert_eq!((waiting.size, waiting.places.len()), (0, 0));
    }
}
