//! Rows of transactions, and what upstream says of them.

mod limits;
mod packages;
mod replacement;
mod rules;

use std::sync::Arc;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, Sequence, Transaction, TxOut, Txid, Witness};
use consensus::Activation;
use consensus::limits::MAX_MONEY;

use super::{PackageError, Purpose, RejectionKind, TransactionOutcome, is_child_with_parents};
use crate::config::{Config, Limits};
use crate::event::{EventKind, RemovalReason};
use crate::fee_rate::FeeRate;
use crate::pool::Mempool;
use crate::pool::tests::{Model, spend};

const NOW: u64 = 1_700_000_000;

struct Rig {
    pool: Mempool,
    model: Model,
}

impl Rig {
    fn new(config: Config) -> Self {
        Self {
            pool: Mempool::new(config),
            model: Model::new(),
        }
    }

    fn submit(&mut self, transaction: &Transaction) -> Result<Txid, (RejectionKind, String)> {
        let transaction = Arc::new(transaction.clone());
        let before = self.pool.len();
        let tested = self.pool.accept(&transaction, &self.model, NOW, Purpose::Test);
        assert_eq!(self.pool.len(), before, "a test changes nothing");
        let kept = self.pool.accept(&transaction, &self.model, NOW, Purpose::Keep);
        assert_eq!(tested, kept, "a test says what will be");
        match kept {
            Ok(accepted) => Ok(accepted.txid),
            Err(rejection) => Err((rejection.kind, rejection.to_string())),
        }
    }

    fn take(&mut self, transaction: &Transaction) -> Txid {
        self.submit(transaction).expect("it is valid and pays")
    }

    #[track_caller]
    fn check(&mut self, transaction: &Transaction, kind: RejectionKind, text: &str) {
        assert_eq!(self.submit(transaction), Err((kind, text.to_owned())));
    }
}

fn changed(transaction: &Transaction, change: impl FnOnce(&mut Transaction)) -> Transaction {
    let mut transaction = transaction.clone();
    change(&mut transaction);
    transaction
}

/// A chain of transactions, each of which spends the one before it.
fn chain_of(coin: OutPoint, count: u64) -> Vec<Transaction> {
    let mut previous = coin;
    let transactions = (1..=count).map(|place| {
        let transaction = spend(&[previous], &[1_000_000 - place * 1000]);
        previous = OutPoint::new(transaction.compute_txid(), 0);
        transaction
    });
    transactions.collect()
}

fn shared(transactions: &[Transaction]) -> Vec<Arc<Transaction>> {
    transactions.iter().cloned().map(Arc::new).collect()
}
