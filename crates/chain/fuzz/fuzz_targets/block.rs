//! Any bytes as headers, blocks and transactions: what is read is written as it was, what is as Bitcoin's is read as the
//! `bitcoin` crate reads it, and no rule brings the process down.

#![no_main]

use bitcoin::OutPoint;
use bitcoin::consensus::encode::{deserialize, serialize};
use consensus::auxpow::AuxPow;
use consensus::block::{Block, BlockChecks, BlockContext, HashedBlock, check_block, check_block_in_chain};
use consensus::header::BlockHeader;
use consensus::masternode::{check_masternode, earlier_collateral};
use consensus::nevm::{EarlierMint, Mint, MintContext, nevm_commitment};
use consensus::pow::check_proof_of_work;
use consensus::transaction::{
    Coin, TransactionKind, check_inputs, check_kind, check_tokens, check_transaction, decode_transaction,
    encode_transaction, made_coins, sigop_cost,
};
use consensus::{Network, Params};
use libfuzzer_sys::fuzz_target;

/// Since DIP3 and Nexus.
const HEIGHT: u32 = 445;

fuzz_target!(|bytes: &[u8]| {
    let params = Params::new(Network::Regtest);
    transaction(bytes, &params);
    header(bytes, &params);
    block(bytes, &params);
});

fn transaction(bytes: &[u8], params: &Params) {
    let mut rest = bytes;
    let theirs = deserialize::<bitcoin::Transaction>(bytes).ok();
    let ours = decode_transaction(&mut rest).ok().filter(|_| rest.is_empty());
    match &theirs {
        Some(transaction) if TransactionKind::of(transaction).is_asset() => {
            assert!(ours.is_none() || ours == theirs);
        }
        // Without inputs they are not as the `bitcoin` crate has them.
        Some(transaction) if transaction.input.is_empty() => assert!(ours.is_none()),
        None if ours
            .as_ref()
            .is_some_and(|transaction| transaction.input.is_empty()) => {}
        _ => assert_eq!(ours, theirs),
    }
    let Some(transaction) = ours else { return };
    let mut written = Vec::new();
    encode_transaction(&transaction, &mut written).expect("writing to memory does not fail");
    assert_eq!(written, bytes);
    if check_transaction(&transaction).is_err() {
        return;
    }
    let coins = made_coins(&transaction, HEIGHT - 200);
    assert_eq!(coins.len(), transaction.output.len());
    // As if it had made what it spends.
    let spent: Vec<&Coin> = (0..transaction.input.len())
        .map(|place| &coins[place % coins.len()])
        .collect();
    let find = |outpoint: &OutPoint| {
        let mut inputs = transaction.input.iter();
        inputs
            .position(|input| input.previous_output == *outpoint)
            .map(|place| spent[place])
    };
    if !transaction.is_coinbase() && check_inputs(&transaction, find, HEIGHT).is_ok() {
        _ = check_kind(&transaction, HEIGHT, params);
        let mint = MintContext {
            roots: Mint::of(&transaction).map(|mint| mint.roots),
            earlier: EarlierMint::None,
        };
        _ = check_tokens(&transaction, spent.iter().copied(), &mint, HEIGHT, params);
        sigop_cost(&transaction, |place| &spent[place].output.script_pubkey);
    }
    _ = earlier_collateral(&transaction);
    _ = check_masternode(&transaction, coins.first(), HEIGHT, params);
}

fn header(bytes: &[u8], params: &Params) {
    if let Ok(header) = deserialize::<BlockHeader>(bytes) {
        assert_eq!(&serialize(&header)[..80], &bytes[..80]);
        assert_eq!(
            deserialize::<BlockHeader>(&serialize(&header)).ok().as_ref(),
            Some(&header)
        );
        _ = check_proof_of_work(&header, params);
    }
    if let Ok(aux_pow) = deserialize::<AuxPow>(bytes) {
        let written = serialize(&aux_pow);
        assert_eq!(written.len(), bytes.len());
        assert_eq!(deserialize::<AuxPow>(&written).ok(), Some(aux_pow));
    }
}

fn block(bytes: &[u8], params: &Params) {
    let ours = deserialize::<Block>(bytes).ok();
    let theirs = deserialize::<bitcoin::Block>(bytes).ok();
    let is_as_bitcoins = |block: &bitcoin::Block| {
        let is_asset = |transaction| TransactionKind::of(transaction).is_asset();
        let lacks_inputs = |transaction: &bitcoin::Transaction| transaction.input.is_empty();
        block.header.version.to_consensus() & 0x180 == 0
            && !block.txdata.iter().any(is_asset)
            && !block.txdata.iter().any(lacks_inputs)
    };
    if let Some(theirs) = theirs.filter(is_as_bitcoins) {
        assert_eq!(ours, Some(Block::from(theirs)));
    }
    let Some(block) = ours else { return };
    assert_eq!(
        deserialize::<Block>(&serialize(&block)).ok().as_ref(),
        Some(&block)
    );
    for network in Network::ALL {
        _ = nevm_commitment(&block, u32::MAX, &Params::new(network));
    }
    for network in [Network::Regtest, Network::Signet] {
        _ = check_block(&HashedBlock::new(&block), BlockChecks::All, &Params::new(network));
    }
    if check_block(&HashedBlock::new(&block), BlockChecks::Template, params).is_ok() {
        let ancestor = |_height| params.genesis.hash();
        let context = BlockContext {
            height: HEIGHT,
            median_time_past: 1_600_000_000,
            ancestor: &ancestor,
        };
        _ = check_block_in_chain(&HashedBlock::new(&block), &context, params);
    }
}
