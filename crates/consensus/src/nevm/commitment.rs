//! What a block's coinbase says of a block of the NEVM.

use bitcoin::Transaction;
use thiserror::Error;

use super::{NevmHash, NevmRoots};
use crate::block::Block;
use crate::error::BlockResult;
use crate::network::Network;
use crate::params::Params;
use crate::transaction::syscoin_data;
use crate::version;

/// What a commitment follows in the coinbase's data.
const MARK: &[u8] = b"nevm";

/// A block of the NEVM that a block commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NevmCommitment {
    /// That block's hash.
    pub block: NevmHash,
    /// What it holds.
    pub roots: NevmRoots,
}

/// A block that does not say what it must of the NEVM, by upstream's reject reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CommitmentError {
    /// The coinbase has no output with data, or something follows the data.
    #[error("nevm-block-data-output")]
    NoData,
    /// The data holds no commitment.
    #[error("nevm-block-tag")]
    NoMark,
    /// The commitment ends early.
    #[error("nevm-block-data-short")]
    Short,
    /// Nothing is there for the NEVM.
    #[error("nevm-block-empty")]
    Empty,
}

impl CommitmentError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> BlockResult {
        BlockResult::Consensus
    }
}

/// What a block of this height commits to: upstream's `GetNEVMData` with the checks of `ConnectNEVMCommitment` that take no
/// NEVM.
///
/// # Consensus
/// Since the NEVM each block commits to one of its blocks. On regtest none need, as upstream asks for it there with an NEVM
/// alone; those that come with data for the NEVM may.
///
/// # Errors
/// [`CommitmentError`] if the block must commit to one, and does not.
pub fn nevm_commitment(
    block: &Block,
    height: u32,
    params: &Params,
) -> Result<Option<NevmCommitment>, CommitmentError> {
    if !params.heights.nevm.is_active(height) {
        return Ok(None);
    }
    let coinbase = block.transactions.first().ok_or(CommitmentError::NoData)?;
    let commitment = read_commitment(coinbase).and_then(|commitment| {
        let has_data = version::is_nevm(block.header.pure().version) && !block.nevm_data.is_empty();
        has_data.then_some(commitment).ok_or(CommitmentError::Empty)
    });
    match commitment {
        Err(_none) if params.network == Network::Regtest => Ok(None),
        commitment => commitment.map(Some),
    }
}

fn read_commitment(coinbase: &Transaction) -> Result<NevmCommitment, CommitmentError> {
    let data = syscoin_data(coinbase).ok_or(CommitmentError::NoData)?;
    let mark = data
        .windows(MARK.len())
        .position(|window| window == MARK)
        .ok_or(CommitmentError::NoMark)?;
    let mut rest = &data[mark + MARK.len()..];
    let mut hash = || {
        let (hash, after) = rest.split_first_chunk().ok_or(CommitmentError::Short)?;
        rest = after;
        Ok(NevmHash(*hash))
    };
    Ok(NevmCommitment {
        block: hash()?,
        roots: NevmRoots {
            transactions: hash()?,
            receipts: hash()?,
        },
    })
}

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;
    use bitcoin::opcodes::all::OP_RETURN;
    use bitcoin::script::{Builder, PushBytesBuf};

    use super::*;
    use crate::activation::Activation;
    use crate::header::BlockHeader;
    use crate::transaction::{output, transaction};

    fn data_script(pushes: &[&[u8]]) -> ScriptBuf {
        let mut builder = Builder::new().push_opcode(OP_RETURN);
        for push in pushes {
            builder = builder.push_slice(PushBytesBuf::try_from(push.to_vec()).unwrap());
        }
        builder.into_script()
    }

    /// What a block with this script in its coinbase commits to at a height, the NEVM's first being 100.
    fn check(
        network: Network,
        height: u32,
        script: ScriptBuf,
        nevm_data: &[u8],
    ) -> Result<Option<NevmCommitment>, CommitmentError> {
        let mut coinbase = transaction();
        let mut data = output(0);
        data.script_pubkey = script;
        coinbase.output = vec![output(50), data];
        let mut header = Params::new(Network::Regtest).genesis.block().header;
        header.version = bitcoin::block::Version::from_consensus(0x2000_0080);
        let block = Block {
            header: BlockHeader::new(header, None).unwrap(),
            transactions: vec![coinbase],
            nevm_data: nevm_data.to_vec(),
        };
        let mut params = Params::new(network);
        params.heights.nevm = Activation::at(100);
        nevm_commitment(&block, height, &params)
    }

    #[test]
    fn blocks_commit_to_blocks_of_the_nevm() {
        let hashes = [[1; 32], [2; 32], [3; 32]].concat();
        let expected = NevmCommitment {
            block: NevmHash([1; 32]),
            roots: NevmRoots {
                transactions: NevmHash([2; 32]),
                receipts: NevmHash([3; 32]),
            },
        };
        let witness = [&[0xaa, 0x21, 0xa9, 0xed][..], &[0; 32]].concat();
        let data = [&b"anything nevm"[..], &hashes, b"more"].concat();
        let script = data_script(&[&witness, &data]);
        for network in [Network::Main, Network::Test, Network::Regtest] {
            let check = |height, data: &[u8]| check(network, height, script.clone(), data);
            assert_eq!(check(100, &[7]), Ok(Some(expected)));
            assert_eq!(check(99, &[7]), Ok(None));
        }
    }

    #[test]
    fn blocks_must_commit_except_on_regtest() {
        let short = [&b"nevm"[..], &[1; 95]].concat();
        let whole = [&b"nevm"[..], &[1; 96]].concat();
        for (script, data, error) in [
            (
                ScriptBuf::from_bytes(vec![0x51]),
                &[7][..],
                CommitmentError::NoData,
            ),
            (data_script(&[&whole, &[1]]), &[7], CommitmentError::NoData),
            (data_script(&[b"NEVM"]), &[7], CommitmentError::NoMark),
            (data_script(&[&short]), &[7], CommitmentError::Short),
            (data_script(&[&whole]), &[], CommitmentError::Empty),
        ] {
            assert_eq!(check(Network::Main, 100, script.clone(), data), Err(error));
            assert_eq!(check(Network::Regtest, 100, script.clone(), data), Ok(None));
            assert_eq!(check(Network::Main, 99, script, data), Ok(None));
        }
    }
}
