//! How a block is put together from what the chain and the mempool say.

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash as _;
use bitcoin::script::Builder;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness, absolute, transaction,
};
use consensus::block::{
    Block, WITNESS_RESERVED_VALUE, commitment_script, null_commitment, transactions_root, witness_commitment,
};
use consensus::header::BlockHeader;
use consensus::params::QuorumSchedule;

/// The version of a coinbase that carries a quorum commitment.
const COMMITMENT_COINBASE_VERSION: i32 = 85;

/// What the chain says of the block after its tip.
#[derive(Debug, Clone)]
pub struct NextBlock {
    /// The tip.
    pub previous: BlockHash,
    /// The height after the tip's.
    pub height: u32,
    /// The earliest time that the block may have is a second after this, the median of the last eleven.
    pub median_time_past: u32,
    /// The version that votes for whatever is voted for, with the chain's number where blocks have it.
    pub version: Version,
    /// The header's time, in seconds since 1970.
    pub time: u32,
    /// The compact target of a block with that time.
    pub bits: CompactTarget,
    /// The block's subsidy.
    pub subsidy: Amount,
    /// Where the block must carry a quorum commitment: when, and the block that started the session.
    pub session: Option<(QuorumSchedule, BlockHash)>,
    /// Whether its transactions may have witnesses (BIP 141).
    pub is_segwit: bool,
}

/// A transaction for a block, with what it pays and costs.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The transaction.
    pub transaction: Transaction,
    /// What it pays.
    pub fee: Amount,
    /// Signature operations in units of cost (BIP 141).
    pub sigop_cost: u64,
}

/// A block without proof of work.
#[derive(Debug, Clone)]
pub struct Template {
    /// The block; its coinbase is complete.
    pub block: Block,
    /// For each transaction but the coinbase: its fee.
    pub fees: Vec<Amount>,
    /// For each transaction but the coinbase: the cost of its signature operations.
    pub sigop_costs: Vec<u64>,
    /// The block's height.
    pub height: u32,
    /// The earliest time that the block may have is a second after this.
    pub median_time_past: u32,
    /// What stands after the commitment to the witnesses; empty where nothing does.
    pub commitment_data: Vec<u8>,
}

/// Puts a block together that pays subsidy and fees to `script`.
///
/// `extra_nonce` makes coinbases of the same height differ.
#[must_use]
pub fn assemble(next: &NextBlock, chosen: Vec<Chosen>, script: ScriptBuf, extra_nonce: u32) -> Template {
    let fees: Vec<Amount> = chosen.iter().map(|chosen| chosen.fee).collect();
    let sigop_costs = chosen.iter().map(|chosen| chosen.sigop_cost).collect();
    let reward = next.subsidy + fees.iter().copied().sum::<Amount>();
    let coinbase = coinbase(next, reward, script, extra_nonce);
    let transactions = std::iter::once(coinbase)
        .chain(chosen.into_iter().map(|chosen| chosen.transaction))
        .collect();
    let header = Header {
        version: next.version,
        prev_blockhash: next.previous,
        merkle_root: TxMerkleNode::all_zeros(),
        time: next.time,
        bits: next.bits,
        nonce: 0,
    };
    let mut block = Block {
        header: pure(header),
        transactions,
        nevm_data: Vec::new(),
    };
    let commitment_data = commit(&mut block, next);
    Template {
        block,
        fees,
        sigop_costs,
        height: next.height,
        median_time_past: next.median_time_past,
        commitment_data,
    }
}

fn coinbase(next: &NextBlock, reward: Amount, script: ScriptBuf, extra_nonce: u32) -> Transaction {
    let height = Builder::new().push_int(i64::from(next.height));
    // A number, never an opcode that stands for one.
    let script_sig = match u8::try_from(extra_nonce) {
        Ok(small @ 1..=16) => height.push_slice([small]),
        _ => height.push_int(i64::from(extra_nonce)),
    }
    .into_script();
    let version = match next.session {
        Some(_) => transaction::Version(COMMITMENT_COINBASE_VERSION),
        None => transaction::Version::TWO,
    };
    Transaction {
        version,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig,
            sequence: Sequence::MAX,
            witness: match next.is_segwit {
                true => Witness::from_slice(&[WITNESS_RESERVED_VALUE]),
                false => Witness::new(),
            },
        }],
        output: vec![TxOut {
            value: reward,
            script_pubkey: script,
        }],
    }
}

/// Adds the output that commits to the witnesses, with the quorum commitment where there must be one, and sets the merkle
/// root. Gives what was put beside the commitment to the witnesses.
fn commit(block: &mut Block, next: &NextBlock) -> Vec<u8> {
    let data = match next.session {
        Some((schedule, session)) => null_commitment(next.height, session, &schedule),
        None => Vec::new(),
    };
    let commitment = witness_commitment(&block.transactions, &WITNESS_RESERVED_VALUE);
    block.transactions[0].output.push(TxOut {
        value: Amount::ZERO,
        script_pubkey: commitment_script(&commitment, &data),
    });
    seal(block);
    data
}

/// Sets the merkle root that the transactions have.
pub fn seal(block: &mut Block) {
    let root = transactions_root(&block.transactions).root;
    change_header(block, |header| header.merkle_root = root);
}

/// Changes fields of a header that is not merge-mined.
pub fn change_header(block: &mut Block, change: impl FnOnce(&mut Header)) {
    let mut header = *block.header.pure();
    change(&mut header);
    block.header = pure(header);
}

fn pure(header: Header) -> BlockHeader {
    BlockHeader::new(header, None).expect("the version of a template has no bit of merge mining")
}
