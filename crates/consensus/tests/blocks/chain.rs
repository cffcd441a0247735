//! A regtest chain to check blocks against.

use std::str::FromStr;

use bitcoin::absolute::LockTime;
use bitcoin::address::NetworkUnchecked;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::script::Builder;
use bitcoin::{
    Address, Amount, BlockHash, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    transaction,
};
use consensus::block::{
    Block, BlockChecks, BlockContext, BlockError, HashedBlock, WITNESS_RESERVED_VALUE, check_block,
    check_block_in_chain, commitment_script, is_commitment_height, null_commitment, session_height,
    transactions_root, witness_commitment,
};
use consensus::header::{BlockHeader, HeaderContext, check_header};
use consensus::subsidy::block_subsidy;
use consensus::vote::{VotingChain, voting_version};
use consensus::work::{ChainEntry, median_time_past, next_bits};
use consensus::{Network, Params};

/// When the published chain was made, in seconds since 1970.
pub(crate) const MOCK_TIME: u32 = 1_553_040_332;

/// A regtest chain that miners on demand extend.
pub(crate) struct Chain {
    pub(crate) params: Params,
    pub(crate) blocks: Vec<Block>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let params = Params::new(Network::Regtest);
        let genesis = Block::from(params.genesis.block());
        Self {
            params,
            blocks: vec![genesis],
        }
    }

    pub(crate) fn with_height(height: u32) -> Self {
        let mut chain = Self::new();
        for _block in 0..height {
            let block = chain.template();
            let block = mine(block, &chain.params);
            assert_eq!(chain.check(&block), Ok(()), "{}", chain.blocks.len());
            chain.blocks.push(block);
        }
        chain
    }

    pub(crate) fn next_height(&self) -> u32 {
        u32::try_from(self.blocks.len()).expect("short chains")
    }

    pub(crate) fn tip(&self) -> &Header {
        self.blocks
            .last()
            .expect("there is a genesis block")
            .header
            .pure()
    }

    pub(crate) fn hash(&self, height: u32) -> BlockHash {
        self.blocks[height as usize].header.block_hash()
    }

    pub(crate) fn time_past(&self) -> u32 {
        median_time_past(self.blocks.iter().rev().map(|block| block.header.pure().time))
    }

    pub(crate) fn entry(&self, height: u32) -> ChainEntry {
        let header = self.blocks[height as usize].header.pure();
        ChainEntry {
            height,
            time: header.time,
            bits: header.bits,
        }
    }

    /// The next block as a miner on demand makes it, without its nonce.
    pub(crate) fn template(&self) -> Block {
        let height = self.next_height();
        let chain_id = if self.params.heights.dip3.is_active(height) {
            16 << 16
        } else {
            0
        };
        let version = voting_version(height, self, &self.params).to_consensus() | chain_id;
        let time = MOCK_TIME.max(self.time_past() + 1);
        let pure = Header {
            version: Version::from_consensus(version),
            prev_blockhash: self.tip().block_hash(),
            merkle_root: self.tip().merkle_root,
            time,
            bits: next_bits(
                self.entry(height - 1),
                time,
                |height| self.entry(height),
                &self.params,
            ),
            nonce: 0,
        };
        let mut block = Block {
            header: BlockHeader::new(pure, None).expect("not merge-mined"),
            transactions: vec![self.coinbase(height)],
            nevm_data: Vec::new(),
        };
        self.commit(&mut block);
        block
    }

    pub(crate) fn coinbase(&self, height: u32) -> Transaction {
        let input = TxIn {
            previous_output: OutPoint::null(),
            script_sig: Builder::new()
                .push_int(height.into())
                .push_slice([1])
                .into_script(),
            sequence: Sequence::MAX,
            witness: Witness::from_slice(&[WITNESS_RESERVED_VALUE]),
        };
        let address =
            Address::<NetworkUnchecked>::from_str("mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z").expect("an address");
        let reward = TxOut {
            value: block_subsidy(height, &self.params),
            script_pubkey: address.assume_checked().script_pubkey(),
        };
        let commitment = TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::new(),
        };
        let version = if is_commitment_height(height, &self.params) {
            85
        } else {
            2
        };
        Transaction {
            version: transaction::Version(version),
            lock_time: LockTime::ZERO,
            input: vec![input],
            output: vec![reward, commitment],
        }
    }

    /// Lets the coinbase and the header say what else is in the block.
    pub(crate) fn commit(&self, block: &mut Block) {
        let height = self.next_height();
        let schedule = self.params.quorum.expect("regtest has quorums");
        let data = match is_commitment_height(height, &self.params) {
            true => null_commitment(height, self.hash(session_height(height, &schedule)), &schedule),
            false => Vec::new(),
        };
        let commitment = witness_commitment(&block.transactions, &WITNESS_RESERVED_VALUE);
        block.transactions[0].output[1].script_pubkey = commitment_script(&commitment, &data);
        seal(block);
    }

    pub(crate) fn check(&self, block: &Block) -> Result<(), String> {
        let height = self.next_height();
        let pure = block.header.pure();
        let context = HeaderContext {
            height,
            median_time_past: self.time_past(),
            required_bits: next_bits(
                self.entry(height - 1),
                pure.time,
                |height| self.entry(height),
                &self.params,
            ),
            now: MOCK_TIME.into(),
        };
        check_header(&block.header, &context, &self.params).map_err(|error| error.reject_reason())?;
        check_block(&HashedBlock::new(block), BlockChecks::All, &self.params)
            .map_err(|error| error.reject_reason())?;
        self.check_in_chain(block).map_err(|error| error.reject_reason())
    }

    pub(crate) fn check_in_chain(&self, block: &Block) -> Result<(), BlockError> {
        let context = BlockContext {
            height: self.next_height(),
            median_time_past: self.time_past(),
            ancestor: &|height| self.hash(height),
        };
        check_block_in_chain(&HashedBlock::new(block), &context, &self.params)
    }
}

impl VotingChain for Chain {
    fn median_time_past(&self, height: u32) -> u32 {
        let blocks = &self.blocks[..=height as usize];
        median_time_past(blocks.iter().rev().map(|block| block.header.pure().time))
    }

    fn version(&self, height: u32) -> Version {
        self.blocks[height as usize].header.pure().version
    }
}

/// Lets the header be of the block's transactions.
pub(crate) fn seal(block: &mut Block) {
    let merkle_root = transactions_root(&block.transactions).root;
    change_header(block, |header| header.merkle_root = merkle_root);
}

pub(crate) fn change_header(block: &mut Block, change: impl FnOnce(&mut Header)) {
    let mut pure = *block.header.pure();
    change(&mut pure);
    block.header = BlockHeader::new(pure, None).expect("not merge-mined");
}

/// Finds the first nonce that makes a block's hash small enough.
pub(crate) fn mine(mut block: Block, params: &Params) -> Block {
    while consensus::pow::check_proof_of_work(&block.header, params).is_err() {
        change_header(&mut block, |header| header.nonce += 1);
    }
    block
}

pub(crate) fn spend(number: u32) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint {
            txid: Txid::from_byte_array([9; 32]),
            vout: number,
        },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut {
            value: Amount::ONE_SAT,
            script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
        }],
    }
}

/// What is said of the block at this height after a change, which is mined anew.
pub(crate) fn check(chain: &Chain, change: impl FnOnce(&mut Block)) -> Result<(), String> {
    let mut block = chain.template();
    change(&mut block);
    chain.check(&mine(block, &chain.params))
}
