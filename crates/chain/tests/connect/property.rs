//! What was done can be undone.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::collections::BTreeMap;

use bitcoin::{OutPoint, Transaction};
use chain::connect::{ConnectContext, DisconnectError, Disconnected, connect_block, disconnect_block};
use chain::undo::BlockUndo;
use consensus::block::{Block, HashedBlock};
use consensus::transaction::Coin;
use proptest::prelude::*;

use crate::support::{HEIGHT, Rig, block, coin, median_time_past, output, previous, spend, subsidy};

type Coins = BTreeMap<OutPoint, Coin>;

/// For each transaction: which of the coins that are there it spends, and how many outputs it makes.
type Plan = Vec<(Vec<prop::sample::Index>, usize)>;

fn any_plan() -> impl Strategy<Value = Plan> {
    let spends = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    prop::collection::vec((spends, 1_usize..4), 0..8)
}

/// A rig with 20 coins, some of them coinbases'.
fn rig() -> (Rig, Coins) {
    let mut rig = Rig::new();
    let mut coins = Coins::new();
    for number in 0..20 {
        let coin = coin(1000 + u64::from(number), u32::from(number), number % 3 == 0);
        coins.insert(rig.coin(number, coin.clone()), coin);
    }
    (rig, coins)
}

/// A block as planned, and the coins after it.
fn build(plan: &Plan, mut coins: Coins) -> (Block, Coins) {
    let mut transactions: Vec<Transaction> = Vec::new();
    let mut spendable: Vec<OutPoint> = coins.keys().copied().collect();
    for (choices, outputs) in plan {
        let mut spent = Vec::new();
        for choice in choices {
            if !spendable.is_empty() {
                spent.push(spendable.remove(choice.index(spendable.len())));
            }
        }
        if spent.is_empty() {
            break;
        }
        let total: u64 = spent
            .iter()
            .map(|outpoint| coins.remove(outpoint).unwrap().output.value.to_sat())
            .sum();
        let mut transaction = spend(&spent, total / 4);
        // The second output can never be spent.
        let scripts: [&[u8]; 2] = [&[0x6a, 1], &[0x52]];
        for (_turn, script) in (1..*outputs).zip(scripts) {
            transaction.output.push(output(total / 4, script));
        }
        let txid = transaction.compute_txid();
        for (vout, output) in (0..).zip(&transaction.output) {
            if !output.script_pubkey.is_op_return() {
                let outpoint = OutPoint { txid, vout };
                spendable.push(outpoint);
                coins.insert(outpoint, Coin::new(output.clone(), HEIGHT, false));
            }
        }
        transactions.push(transaction);
    }
    let block = block(transactions, subsidy());
    let coinbase = &block.transactions[0];
    coins.insert(
        OutPoint::new(coinbase.compute_txid(), 0),
        Coin::new(coinbase.output[0].clone(), HEIGHT, true),
    );
    (block, coins)
}

/// All coins, of the store and above it.
fn coins(rig: &mut Rig) -> Coins {
    rig.cache.sync().unwrap();
    let snapshot = rig.cache.snapshot().unwrap();
    snapshot.iter().unwrap().map(Result::unwrap).collect()
}

/// Connects a block for good.
fn connect(rig: &mut Rig, block: &Block) -> BlockUndo {
    let context = ConnectContext {
        height: HEIGHT,
        median_time_past: &median_time_past,
        scripts: None,
    };
    let mut view = rig.cache.view();
    let connected = connect_block(&HashedBlock::new(block), &context, &mut view, &rig.params).unwrap();
    view.commit();
    connected.undo
}

fn disconnect(rig: &mut Rig, block: &Block, undo: BlockUndo) -> Result<Disconnected, DisconnectError> {
    let mut view = rig.cache.view();
    let disconnected = disconnect_block(block, undo, &mut view, HEIGHT, &rig.params)?;
    view.commit();
    Ok(disconnected)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn to_disconnect_what_was_connected_changes_nothing(plan in any_plan(), flushes: [bool; 2]) {
        let (mut rig, before) = rig();
        let (block, after) = build(&plan, before.clone());
        let undo = connect(&mut rig, &block);
        prop_assert_eq!(rig.cache.best_block(), Some(block.header.block_hash()));
        if flushes[0] {
            rig.cache.flush().unwrap();
        }
        prop_assert_eq!(coins(&mut rig), after);
        let undo = BlockUndo::parse(&undo.to_bytes()).unwrap();
        if flushes[1] {
            rig.cache.flush().unwrap();
        }
        prop_assert_eq!(disconnect(&mut rig, &block, undo.clone()).unwrap(), Disconnected::Clean);
        prop_assert_eq!(rig.cache.best_block(), Some(previous()));
        prop_assert_eq!(&coins(&mut rig), &before);

        // As after a crash: it is so whether or not the block had been connected, or in part.
        prop_assert_eq!(disconnect(&mut rig, &block, undo.clone()).unwrap(), Disconnected::Unclean);
        prop_assert_eq!(coins(&mut rig), before);
        prop_assert_eq!(connect(&mut rig, &block), undo);
    }

    #[test]
    fn a_block_that_fails_at_its_end_changes_nothing(plan in any_plan()) {
        let (mut rig, before) = rig();
        let (block, _after) = build(&plan, before.clone());
        let mut transactions = block.transactions[1..].to_vec();
        transactions.push(spend(&[OutPoint::new(block.transactions[0].compute_txid(), 7)], 1));
        prop_assert!(rig.connect(transactions, 0).is_err());
        prop_assert_eq!(rig.cache.best_block(), Some(previous()));
        prop_assert_eq!(coins(&mut rig), before);
    }

    #[test]
    fn undo_data_of_another_block_is_refused(plan in any_plan(), other in any_plan()) {
        let (mut rig, before) = rig();
        let (block, after) = build(&plan, before.clone());
        let (other, _coins) = build(&other, before);
        let undo = connect(&mut rig, &other);
        let inputs = |block: &Block| -> Vec<usize> {
            let spending = &block.transactions[1..];
            spending.iter().map(|transaction| transaction.input.len()).collect()
        };
        disconnect(&mut rig, &other, undo.clone()).unwrap();
        prop_assume!(inputs(&block) != inputs(&other));
        connect(&mut rig, &block);
        prop_assert!(matches!(disconnect(&mut rig, &block, undo), Err(DisconnectError::Undo)));
        prop_assert_eq!(coins(&mut rig), after);
    }
}
