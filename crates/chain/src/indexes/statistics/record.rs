//! What there is to say of all coins after a block.

use std::ops::Sub;

use crate::snapshot::CoinsHash;

/// What there is to say of all coins after a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsRecord {
    /// How many coins there are.
    pub coins: u64,
    /// Upstream's measure of how much space they take.
    pub bogo_size: u64,
    /// Their sum, in units.
    pub amount: u64,
    /// Their MuHash.
    pub hash: CoinsHash,
    /// What all blocks up to this one did, together.
    pub totals: Totals,
}

impl Default for StatisticsRecord {
    /// What there is to say before the genesis block.
    fn default() -> Self {
        Self {
            coins: 0,
            bogo_size: 0,
            amount: 0,
            hash: CoinsHash([0; 32]),
            totals: Totals::default(),
        }
    }
}

/// What blocks did, in units. The difference of two of them is what the blocks between did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// What miners might create.
    pub subsidy: i128,
    /// What was spent (`prevout_spent`).
    pub spent: i128,
    /// What transactions that spend created (`new_outputs_ex_coinbase`).
    pub new_outputs: i128,
    /// What coinbases created (`coinbase`).
    pub coinbase: i128,
    /// What the genesis block created, which cannot be spent (`genesis_block`).
    pub genesis: i128,
    /// What was paid to scripts that can never be fulfilled (`scripts`).
    pub scripts: i128,
    /// What miners might have taken and did not (`unclaimed_rewards`). It is below zero where blocks create more than
    /// the subsidy, as those that pay masternodes do.
    pub unclaimed: i128,
}

/// How long a record is.
const LENGTH: usize = 3 * 8 + 32 + 7 * 16;

impl Totals {
    /// What cannot be spent, or was not created (`unspendable`).
    #[must_use]
    pub fn unspendable(&self) -> i128 {
        self.genesis + self.scripts + self.unclaimed
    }

    /// What might have been created up to here, and is nowhere.
    pub(super) fn left(&self) -> i128 {
        self.spent + self.subsidy - self.new_outputs - self.coinbase - self.genesis - self.scripts
    }

    fn to_array(self) -> [i128; 7] {
        [
            self.subsidy,
            self.spent,
            self.new_outputs,
            self.coinbase,
            self.genesis,
            self.scripts,
            self.unclaimed,
        ]
    }

    fn from_array(numbers: [i128; 7]) -> Self {
        let [subsidy, spent, new_outputs, coinbase, genesis, scripts, unclaimed] = numbers;
        Self {
            subsidy,
            spent,
            new_outputs,
            coinbase,
            genesis,
            scripts,
            unclaimed,
        }
    }
}

impl Sub for Totals {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let before = before.to_array();
        let mut numbers = self.to_array();
        for (number, before) in numbers.iter_mut().zip(before) {
            *number -= before;
        }
        Self::from_array(numbers)
    }
}

impl StatisticsRecord {
    /// The bytes: numbers are little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        for number in [self.coins, self.bogo_size, self.amount] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.hash.0);
        for number in self.totals.to_array() {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (numbers, rest) = bytes.split_first_chunk::<24>()?;
        let (hash, totals) = rest.split_first_chunk::<32>()?;
        let mut numbers = numbers
            .as_chunks()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes));
        let mut array = [0; 7];
        for (number, bytes) in array.iter_mut().zip(totals.as_chunks().0) {
            *number = i128::from_le_bytes(*bytes);
        }
        Some(Self {
            coins: numbers.next()?,
            bogo_size: numbers.next()?,
            amount: numbers.next()?,
            hash: CoinsHash(*hash),
            totals: Totals::from_array(array),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_record() -> impl Strategy<Value = StatisticsRecord> {
        (any::<[u64; 3]>(), any::<[u8; 32]>(), any::<[i128; 7]>()).prop_map(
            |([coins, bogo_size, amount], hash, totals)| StatisticsRecord {
                coins,
                bogo_size,
                amount,
                hash: CoinsHash(hash),
                totals: Totals::from_array(totals),
            },
        )
    }

    proptest! {
        #[test]
        fn any_record_comes_back(record in any_record()) {
            let bytes = record.to_bytes();
            prop_assert_eq!(bytes.len(), LENGTH);
            prop_assert_eq!(StatisticsRecord::parse(&bytes[1..]), None);
            prop_assert_eq!(StatisticsRecord::parse(&bytes), Some(record));
        }
    }
}
