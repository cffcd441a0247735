//! Blocks of signets, which must be signed (BIP 325).

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::{Decodable, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::{Builder, PushBytes};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut, Witness,
};

use super::{Block, BlockError, merkle_root, witness_commitment_index};
use crate::params::Params;
use crate::script::{Operations, PreparedTransaction, ScriptFlags};

/// What the push with a solution begins with.
const HEADER: [u8; 4] = [0xec, 0xc7, 0xda, 0xa2];

/// The rules that solutions are run with, which have been the same for all blocks; taproot is none of them.
const FLAGS: ScriptFlags = ScriptFlags::P2SH
    .union(ScriptFlags::WITNESS)
    .union(ScriptFlags::DERSIG)
    .union(ScriptFlags::NULLDUMMY);

/// Checks that a block of a signet is signed as the chain asks for. Blocks of other chains, and the genesis block, are not.
///
/// # Consensus
/// BIP 325 <https://bips.dev/325/>.
pub(super) fn check_signature(block: &Block, params: &Params) -> Result<(), BlockError> {
    let Some(challenge) = &params.signet_challenge else {
        return Ok(());
    };
    if block.header.block_hash() == params.genesis.hash() || is_signed(block, challenge) {
        return Ok(());
    }
    Err(BlockError::SignetSignature)
}

fn is_signed(block: &Block, challenge: &Script) -> bool {
    let Some((coinbase, solution)) = take_solution(block) else {
        return false;
    };
    let to_spend = to_spend(block, &coinbase, challenge);
    let spending = Transaction {
        version: Version(0),
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(to_spend.compute_txid(), 0),
            script_sig: solution.script_sig,
            sequence: Sequence::ZERO,
            witness: solution.witness,
        }],
        output: vec![TxOut {
            value: Amount::ZERO,
            script_pubkey: Builder::new().push_opcode(OP_RETURN).into_script(),
        }],
    };
    PreparedTransaction::new(&serialize(&spending), &to_spend.output)
        .and_then(|prepared| prepared.verify(0, FLAGS))
        .is_ok()
}

/// What satisfies the challenge.
#[derive(Default)]
struct Solution {
    script_sig: ScriptBuf,
    witness: Witness,
}

/// The solution, which is empty where there is none, and the coinbase without it. None if there is no witness commitment,
/// or what should be a solution cannot be read.
fn take_solution(block: &Block) -> Option<(Transaction, Solution)> {
    let mut coinbase = block.transactions.first()?.clone();
    let commitment = &mut coinbase.output[witness_commitment_index(block.transactions.first()?)?];
    let Some((script, solution)) = split(&commitment.script_pubkey) else {
        return Some((coinbase, Solution::default()));
    };
    commitment.script_pubkey = script;
    let mut data = solution.as_slice();
    let solution = Solution {
        script_sig: Decodable::consensus_decode(&mut data).ok()?,
        witness: Decodable::consensus_decode(&mut data).ok()?,
    };
    data.is_empty().then_some((coinbase, solution))
}

/// Takes what follows the header out of the first push that begins with it. None if there is no such push.
fn split(commitment: &Script) -> Option<(ScriptBuf, Vec<u8>)> {
    let mut solution = None;
    let mut script = Vec::new();
    for operation in Operations::new(commitment) {
        let mut data = operation.data;
        if solution.is_none() && data.len() > HEADER.len() && data.starts_with(&HEADER) {
            solution = Some(data[HEADER.len()..].to_vec());
            data = &data[..HEADER.len()];
        }
        if data.is_empty() {
            script.push(operation.opcode);
        } else {
            let push = <&PushBytes>::try_from(data).ok()?;
            script.extend(Builder::new().push_slice(push).as_bytes());
        }
    }
    Some((script.into(), solution?))
}

/// The transaction whose output the solution spends: it stands for the block without its nonce, target and solution.
fn to_spend(block: &Block, coinbase: &Transaction, challenge: &Script) -> Transaction {
    let others = block.transactions.iter().skip(1);
    let leaves = std::iter::once(coinbase)
        .chain(others)
        .map(|transaction| TxMerkleNode::from_raw_hash(transaction.compute_txid().to_raw_hash()))
        .collect();
    let header = block.header.pure();
    let mut data = [0; 72];
    let (version, rest) = data.split_at_mut(4);
    let (previous, rest) = rest.split_at_mut(32);
    let (root, time) = rest.split_at_mut(32);
    version.copy_from_slice(&header.version.to_consensus().to_le_bytes());
    previous.copy_from_slice(&header.prev_blockhash.to_byte_array());
    root.copy_from_slice(&merkle_root(leaves).root.to_byte_array());
    time.copy_from_slice(&header.time.to_le_bytes());
    Transaction {
        version: Version(0),
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: Builder::new().push_int(0).push_slice(data).into_script(),
            sequence: Sequence::ZERO,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: Amount::ZERO,
            script_pubkey: challenge.to_owned(),
        }],
    }
}
