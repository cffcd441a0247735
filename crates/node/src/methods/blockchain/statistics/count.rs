//! Counting what is in a block.

use bitcoin::consensus::encode::serialize;
use bitcoin::{Transaction, TxOut};
use chain::undo::BlockUndo;
use consensus::block::Block;
use consensus::limits::WITNESS_SCALE_FACTOR;
use consensus::script::is_unspendable;
use serde_json::{Value, json};

/// What upstream counts for a coin beside its output: the outpoint, the height, and whether a coinbase made it.
const COIN_OVERHEAD: i64 = 36 + 4 + 1;

/// Which parts of the weight, in twentieths, percentiles are of.
const PERCENTILES: [u64; 5] = [2, 5, 10, 15, 18];

/// What a block's transactions have together, the coinbase left out where nothing else is said.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The coinbase counted.
    transactions: u64,
    inputs: i64,
    /// The coinbase's counted.
    outputs: i64,
    /// Those that can be spent, the coinbase's counted.
    coins: i64,
    /// By how many bytes all outputs are more than what is spent.
    growth: i64,
    /// The same of those that can be spent.
    coins_growth: i64,
    paid: u64,
    fees: Vec<u64>,
    /// Fees for a virtual byte, with the weight that pays them.
    rates: Vec<(u64, u64)>,
    sizes: Vec<u64>,
    weight: u64,
    witness_transactions: u64,
    witness_size: u64,
    witness_weight: u64,
}

impl Counts {
    /// Counts a block with what it spent. Nothing that the genesis block makes can be spent.
    pub(super) fn of(block: &Block, undo: &BlockUndo, is_genesis: bool) -> Self {
        let mut counts = Self {
            transactions: block.transactions.len() as u64,
            ..Self::default()
        };
        let mut undo = undo.transactions.iter();
        for transaction in &block.transactions {
            for output in &transaction.output {
                counts.add_output(output, !is_genesis && !is_unspendable(&output.script_pubkey));
            }
            if !transaction.is_coinbase() {
                let coins = undo.next().map(|undo| undo.coins.as_slice()).unwrap_or_default();
                let spent = coins.iter().map(|coin| &coin.output);
                counts.add_transaction(transaction, spent);
            }
        }
        counts
    }

    fn add_output(&mut self, output: &TxOut, is_coin: bool) {
        self.outputs += 1;
        self.growth += size_as_coin(output);
        if is_coin {
            self.coins += 1;
            self.coins_growth += size_as_coin(output);
        }
    }

    fn add_transaction<'a>(&mut self, transaction: &Transaction, spent: impl Iterator<Item = &'a TxOut>) {
        let mut taken = 0;
        for output in spent {
            self.inputs += 1;
            self.growth -= size_as_coin(output);
            self.coins_growth -= size_as_coin(output);
            taken += output.value.to_sat();
        }
        let paid: u64 = transaction
            .output
            .iter()
            .map(|output| output.value.to_sat())
            .sum();
        self.paid += paid;
        let fee = taken.saturating_sub(paid);
        let size = transaction.total_size() as u64;
        let weight = transaction.weight().to_wu();
        self.fees.push(fee);
        self.rates.push((rate(fee, weight), weight));
        self.sizes.push(size);
        self.weight += weight;
        if transaction.input.iter().any(|input| !input.witness.is_empty()) {
            self.witness_transactions += 1;
            self.witness_size += size;
            self.witness_weight += weight;
        }
    }

    /// The statistics that need nothing but the transactions.
    pub(super) fn to_json(&self) -> Value {
        let count = self.fees.len() as u64;
        let total_fee: u64 = self.fees.iter().sum();
        let total_size: u64 = self.sizes.iter().sum();
        let rates = || self.rates.iter().map(|(rate, _weight)| *rate);
        json!({
            "avgfee": total_fee.checked_div(count).unwrap_or(0),
            "avgfeerate": rate(total_fee, self.weight),
            "avgtxsize": total_size.checked_div(count).unwrap_or(0),
            "feerate_percentiles": percentiles(self.rates.clone(), self.weight),
            "ins": self.inputs,
            "maxfee": self.fees.iter().max().unwrap_or(&0),
            "maxfeerate": rates().max().unwrap_or(0),
            "maxtxsize": self.sizes.iter().max().unwrap_or(&0),
            "medianfee": median(self.fees.clone()),
            "mediantxsize": median(self.sizes.clone()),
            "minfee": self.fees.iter().min().unwrap_or(&0),
            "minfeerate": rates().min().unwrap_or(0),
            "mintxsize": self.sizes.iter().min().unwrap_or(&0),
            "outs": self.outputs,
            "swtotal_size": self.witness_size,
            "swtotal_weight": self.witness_weight,
            "swtxs": self.witness_transactions,
            "total_out": self.paid,
            "total_size": total_size,
            "total_weight": self.weight,
            "totalfee": total_fee,
            "txs": self.transactions,
            "utxo_increase": self.outputs - self.inputs,
            "utxo_size_inc": self.growth,
            "utxo_increase_actual": self.coins - self.inputs,
            "utxo_size_inc_actual": self.coins_growth,
        })
    }
}

fn size_as_coin(output: &TxOut) -> i64 {
    i64::try_from(serialize(output).len()).unwrap_or(i64::MAX) + COIN_OVERHEAD
}

/// A fee for a virtual byte.
fn rate(fee: u64, weight: u64) -> u64 {
    (fee * WITNESS_SCALE_FACTOR).checked_div(weight).unwrap_or(0)
}

/// The number in the middle, or the mean of the two that are there, rounded down.
fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    let middle = numbers.len() / 2;
    match (numbers.get(middle), numbers.len().is_multiple_of(2)) {
        (None, _) => 0,
        (Some(upper), true) => u64::midpoint(numbers[middle - 1], *upper),
        (Some(number), false) => *number,
    }
}

/// Up to which rate parts of the weight pay.
fn percentiles(mut rates: Vec<(u64, u64)>, total: u64) -> [u64; PERCENTILES.len()] {
    rates.sort_unstable();
    PERCENTILES.map(|twentieths| {
        let mut before = 0;
        let reached = rates.iter().find(|(_rate, weight)| {
            before += weight;
            before * 20 >= total * twentieths
        });
        reached.or(rates.last()).map_or(0, |(rate, _weight)| *rate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_rounded_down() {
        for (numbers, expected) in [
            (&[][..], 0),
            (&[7], 7),
            (&[9, 2], 5),
            (&[9, 1, 4], 4),
            (&[4, 1, 3, 100], 3),
        ] {
            assert_eq!(median(numbers.to_vec()), expected, "{numbers:?}");
        }
    }

    #[test]
    fn percentiles_are_of_the_weight() {
        let of = |rates: &[(u64, u64)]| {
            percentiles(rates.to_vec(), rates.iter().map(|(_rate, weight)| weight).sum())
        };
        assert_eq!(of(&[]), [0; 5]);
        assert_eq!(of(&[(3, 400)]), [3; 5]);
        assert_eq!(of(&[(9, 10), (1, 90)]), [1, 1, 1, 1, 1]);
        assert_eq!(of(&[(9, 11), (1, 89)]), [1, 1, 1, 1, 9]);
        assert_eq!(
            of(&[(5, 10), (1, 10), (2, 20), (4, 10), (3, 50)]),
            [1, 2, 3, 3, 4]
        );
    }
}
