//! A chain of blocks as upstream's `generate` mines them on regtest, and what they do to coins.

use std::str::FromStr;

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::opcodes::all::OP_PUSHNUM_1;
use bitcoin::script::Builder;
use bitcoin::transaction;
use bitcoin::{
    Address, Amount, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
};
use chain::coins::{CoinsCache, Overwrite};
use consensus::block::{
    Block, WITNESS_RESERVED_VALUE, commitment_script, transactions_root, witness_commitment,
};
use consensus::header::BlockHeader;
use consensus::pow::check_proof_of_work;
use consensus::transaction::Coin;
use consensus::{Network, Params};

/// What regtest's messages begin with.
pub(crate) const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// To whom the first node of upstream's tests mines.
const ADDRESS: &str = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z";

/// The blocks after regtest's first one that are mined while the clock stands a second after that.
pub(crate) fn mine(count: u32) -> Vec<Block> {
    let params = Params::new(Network::Regtest);
    let genesis = params.genesis.block().header;
    let clock = genesis.time + 1;
    let mut times = vec![genesis.time];
    let mut previous = genesis.block_hash();
    let mut blocks = Vec::new();
    for height in 1..=count {
        let mut last: Vec<_> = times.iter().rev().take(11).collect();
        last.sort();
        let time = clock.max(last[last.len() / 2] + 1);
        let block = mine_block(&params, height, previous, time);
        times.push(time);
        previous = block.header.block_hash();
        blocks.push(block);
    }
    blocks
}

fn mine_block(params: &Params, height: u32, previous: bitcoin::BlockHash, time: u32) -> Block {
    let transactions = vec![coinbase(height)];
    let mut header = Header {
        version: Version::from_consensus(0x2000_0000),
        prev_blockhash: previous,
        merkle_root: transactions_root(&transactions).root,
        time,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        nonce: 0,
    };
    let header = loop {
        let mined = BlockHeader::new(header, None).expect("the version has no such bit");
        if check_proof_of_work(&mined, params).is_ok() {
            break mined;
        }
        header.nonce += 1;
    };
    Block {
        header,
        transactions,
        nevm_data: Vec::new(),
    }
}

fn coinbase(height: u32) -> Transaction {
    let script = match u8::try_from(height) {
        Ok(small @ 1..=16) => ScriptBuf::from_bytes(vec![OP_PUSHNUM_1.to_u8() + small - 1]),
        _ => Builder::new().push_int(height.into()).into_script(),
    };
    let address = Address::from_str(ADDRESS).expect("it is one").assume_checked();
    let mut coinbase = Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: ScriptBuf::from_bytes([script.as_bytes(), &[1, 1]].concat()),
            sequence: Sequence::MAX,
            witness: Witness::from_slice(&[WITNESS_RESERVED_VALUE]),
        }],
        output: vec![TxOut {
            value: Amount::from_sat(5_000_000_000 >> (height / 150)),
            script_pubkey: address.script_pubkey(),
        }],
    };
    let commitment = witness_commitment(std::slice::from_ref(&coinbase), &WITNESS_RESERVED_VALUE);
    coinbase.output.push(TxOut {
        value: Amount::ZERO,
        script_pubkey: commitment_script(&commitment, &[]),
    });
    coinbase
}

/// Adds the coins that a block of nothing but a coinbase makes.
pub(crate) fn connect(cache: &mut CoinsCache, block: &Block, height: u32) {
    let coinbase = &block.transactions[0];
    let txid = coinbase.compute_txid();
    let mut view = cache.view();
    for (vout, output) in (0..).zip(&coinbase.output) {
        let coin = Coin::new(output.clone(), height, true);
        view.add(OutPoint { txid, vout }, coin, Overwrite::Possible)
            .expect("another may be there");
    }
    view.set_best_block(block.header.block_hash());
    view.commit();
}
