//! Blocks: those that upstream's `generate` makes, byte for byte, and each way in which a block may be wrong.

use std::str::FromStr;

use bitcoin::absolute::LockTime;
use bitcoin::address::NetworkUnchecked;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hashes::Hash;
use bitcoin::script::Builder;
use bitcoin::{
    Address, Amount, BlockHash, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    transaction,
};
use consensus::auxpow::{AuxPow, MERGED_MINING_HEADER, TagError, tag_script};
use consensus::block::{
    Block, BlockChecks, BlockContext, BlockError, WITNESS_RESERVED_VALUE, check_block, check_block_in_chain,
    commitment_script, is_commitment_height, null_commitment, session_height, transactions_root,
    witness_commitment,
};
use consensus::header::{BlockHeader, HeaderContext, check_header};
use consensus::subsidy::block_subsidy;
use consensus::vote::{VotingChain, voting_version};
use consensus::work::{ChainEntry, median_time_past, next_bits};
use consensus::{Activation, BlockResult, Network, Params};
use proptest::prelude::*;

/// When the published chain was made, in seconds since 1970.
const MOCK_TIME: u32 = 1_553_040_332;

/// A regtest chain that miners on demand extend.
struct Chain {
    params: Params,
    blocks: Vec<Block>,
}

impl Chain {
    fn new() -> Self {
        let params = Params::new(Network::Regtest);
        let genesis = Block::from(params.genesis.block());
        Self {
            params,
            blocks: vec![genesis],
        }
    }

    fn with_height(height: u32) -> Self {
        let mut chain = Self::new();
        for _block in 0..height {
            let block = chain.template();
            let block = mine(block, &chain.params);
            assert_eq!(chain.check(&block), Ok(()), "{}", chain.blocks.len());
            chain.blocks.push(block);
        }
        chain
    }

    fn next_height(&self) -> u32 {
        u32::try_from(self.blocks.len()).expect("short chains")
    }

    fn tip(&self) -> &Header {
        self.blocks
            .last()
            .expect("there is a genesis block")
            .header
            .pure()
    }

    fn hash(&self, height: u32) -> BlockHash {
        self.blocks[height as usize].header.block_hash()
    }

    fn time_past(&self) -> u32 {
        median_time_past(self.blocks.iter().rev().map(|block| block.header.pure().time))
    }

    fn entry(&self, height: u32) -> ChainEntry {
        let header = self.blocks[height as usize].header.pure();
        ChainEntry {
            height,
            time: header.time,
            bits: header.bits,
        }
    }

    /// The next block as a miner on demand makes it, without its nonce.
    fn template(&self) -> Block {
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

    fn coinbase(&self, height: u32) -> Transaction {
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
    fn commit(&self, block: &mut Block) {
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

    fn check(&self, block: &Block) -> Result<(), String> {
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
        check_block(block, BlockChecks::All, &self.params).map_err(|error| error.reject_reason())?;
        self.check_in_chain(block).map_err(|error| error.reject_reason())
    }

    fn check_in_chain(&self, block: &Block) -> Result<(), BlockError> {
        let context = BlockContext {
            height: self.next_height(),
            median_time_past: self.time_past(),
            ancestor: &|height| self.hash(height),
        };
        check_block_in_chain(block, &context, &self.params)
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
fn seal(block: &mut Block) {
    let merkle_root = transactions_root(&block.transactions).root;
    change_header(block, |header| header.merkle_root = merkle_root);
}

fn change_header(block: &mut Block, change: impl FnOnce(&mut Header)) {
    let mut pure = *block.header.pure();
    change(&mut pure);
    block.header = BlockHeader::new(pure, None).expect("not merge-mined");
}

/// Finds the first nonce that makes a block's hash small enough.
fn mine(mut block: Block, params: &Params) -> Block {
    while consensus::pow::check_proof_of_work(&block.header, params).is_err() {
        change_header(&mut block, |header| header.nonce += 1);
    }
    block
}

fn spend(number: u32) -> Transaction {
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
fn check(chain: &Chain, change: impl FnOnce(&mut Block)) -> Result<(), String> {
    let mut block = chain.template();
    change(&mut block);
    chain.check(&mine(block, &chain.params))
}

#[test]
fn generated_blocks_have_the_published_hashes() {
    let chain = Chain::with_height(100);
    assert_eq!(
        chain.hash(1).to_string(),
        "38116ec93dfc6c4d55a67d7a3c1f8349c4d6ba10e9e09693760be6ddabee333b"
    );
    assert_eq!(
        chain.hash(100).to_string(),
        "0988393aa1ef9b532f79b4f00d61f3b6c3ca2482cab1657e0d85a5b50b0457a8"
    );
}

#[test]
fn generated_blocks_have_the_published_versions() {
    let chain = Chain::with_height(435);
    for (height, version) in [
        (1, 0x2000_0000),
        (143, 0x2000_0000),
        (144, 0x3000_0000),
        (431, 0x3000_0000),
        (432, 0x2010_0000),
    ] {
        assert_eq!(chain.version(height).to_consensus(), version, "{height}");
    }
}

#[test]
fn null_commitments_are_expected_in_their_window() {
    let chain = Chain::with_height(441);
    let coinbase_version = |block: &mut Block, version| {
        block.transactions[0].version.0 = version;
        chain.commit(block);
    };
    let payload = |block: &mut Block, change: fn(&mut Vec<u8>)| {
        let mut script = block.transactions[0].output[1].script_pubkey.to_bytes();
        change(&mut script);
        block.transactions[0].output[1].script_pubkey = script.into();
        seal(block);
    };
    assert_eq!(check(&chain, |_| ()), Ok(()));
    let script = chain.template().transactions[0].output[1]
        .script_pubkey
        .to_bytes();
    assert_eq!(
        (script.len(), &script[38..41]),
        (38 + 3 + 316, &[0x4d, 0x3c, 0x01][..])
    );
    assert_eq!(
        check(&chain, |block| coinbase_version(block, 2)),
        Err("bad-qc-missing".to_owned())
    );
    assert_eq!(
        check(&chain, |block| coinbase_version(block, 3)),
        Err("bad-cb-version".to_owned())
    );
    for (change, reason) in [
        (
            (|script| script.truncate(38)) as fn(&mut Vec<u8>),
            "bad-qc-payload",
        ),
        (|script| script.push(0x51), "bad-qc-payload"),
        (|script| script[41] = 1, "bad-qc-version"),
        (|script| script[43] ^= 1, "bad-qc-height"),
        (|script| script[47] = 2, "bad-qc-version"),
        (|script| script[49] ^= 1, "bad-qc-quorum-hash"),
        (|script| script[82] = 1, "bad-qc-invalid"),
        (|script| script[38 + 3 + 315] = 1, "bad-qc-invalid"),
    ] {
        assert_eq!(
            check(&chain, |block| payload(block, change)),
            Err(reason.to_owned())
        );
    }
    let chain = Chain::with_height(450);
    let not_allowed = |block: &mut Block| {
        block.transactions[0].version.0 = 85;
        chain.commit(block);
    };
    assert_eq!(check(&chain, not_allowed), Err("bad-qc-not-allowed".to_owned()));
    assert_eq!(
        check(&chain, |block| {
            let mut transaction = spend(0);
            transaction.version.0 = 85;
            block.transactions.push(transaction);
            chain.commit(block);
        }),
        Err("bad-mn-version".to_owned())
    );
}

#[test]
fn each_broken_rule_has_its_reason() {
    let chain = Chain::with_height(20);
    let with = |block: &mut Block, transactions: Vec<Transaction>| {
        block.transactions.extend(transactions);
        chain.commit(block);
    };
    let mut with_witness = spend(0);
    with_witness.input[0].witness = Witness::from_slice(&[[7]]);
    let mut locked = spend(0);
    locked.lock_time = LockTime::from_consensus(21);
    locked.input[0].sequence = Sequence::ZERO;
    let mut unlocked = locked.clone();
    unlocked.lock_time = LockTime::from_consensus(20);
    let mut expensive = spend(0);
    expensive.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0xac; 20_000]);
    let mut dear = expensive.clone();
    // The coinbase has one more.
    dear.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0xac; 19_999]);
    assert_eq!(
        check(&chain, |block| with(
            block,
            vec![with_witness.clone(), unlocked, dear]
        )),
        Ok(())
    );

    type Change<'a> = Box<dyn FnOnce(&mut Block) + 'a>;
    let broken: [(Change<'_>, &str); 16] = [
        (
            Box::new(|block| block.transactions[0].lock_time = LockTime::from_consensus(1)),
            "bad-txnmrklroot",
        ),
        (
            Box::new(|block| {
                with(block, vec![spend(0), spend(1)]);
                block.transactions.push(spend(1));
            }),
            "bad-txns-duplicate",
        ),
        (
            Box::new(|block| {
                block.transactions.clear();
                seal(block);
            }),
            "bad-blk-length",
        ),
        (
            Box::new(|block| {
                let mut large = spend(0);
                large.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0; 600_000]);
                let mut other = large.clone();
                other.input[0].previous_output.vout = 1;
                with(block, vec![large, other]);
            }),
            "bad-blk-length",
        ),
        (
            Box::new(|block| {
                block.transactions[0] = spend(0);
                seal(block);
            }),
            "bad-cb-missing",
        ),
        (
            Box::new(|block| {
                let coinbase = block.transactions[0].clone();
                with(block, vec![spend(0), coinbase]);
            }),
            "bad-cb-multiple",
        ),
        (
            Box::new(|block| {
                let mut nothing = spend(0);
                nothing.output.clear();
                with(block, vec![nothing]);
            }),
            "bad-txns-vout-empty",
        ),
        (Box::new(|block| with(block, vec![expensive])), "bad-blk-sigops"),
        (Box::new(|block| with(block, vec![locked])), "bad-txns-nonfinal"),
        (
            Box::new(|block| {
                block.transactions[0].input[0].script_sig =
                    Builder::new().push_int(20).push_slice([1]).into_script();
                seal(block);
            }),
            "bad-cb-height",
        ),
        (
            Box::new(|block| block.transactions[0].input[0].witness = Witness::from_slice(&[[0; 31]])),
            "bad-witness-nonce-size",
        ),
        (
            Box::new(|block| block.transactions[0].input[0].witness = Witness::from_slice(&[[0; 32]; 2])),
            "bad-witness-nonce-size",
        ),
        (
            Box::new(|block| block.transactions[0].input[0].witness = Witness::from_slice(&[[1; 32]])),
            "bad-witness-merkle-match",
        ),
        (
            Box::new(|block| {
                with(block, vec![with_witness]);
                block.transactions[0].output.pop();
                seal(block);
            }),
            "unexpected-witness",
        ),
        (
            Box::new(|block| {
                let mut heavy = spend(0);
                heavy.input[0].witness = Witness::from_slice(&[vec![0; 4_000_000]]);
                with(block, vec![heavy]);
            }),
            "bad-blk-weight",
        ),
        (
            Box::new(|block| change_header(block, |header| header.time = MOCK_TIME - 1)),
            "time-too-old",
        ),
    ];
    for (change, reason) in broken {
        assert_eq!(check(&chain, change), Err(reason.to_owned()));
    }
    let mut unmined = chain.template();
    while consensus::pow::check_proof_of_work(&unmined.header, &chain.params).is_ok() {
        change_header(&mut unmined, |header| header.nonce += 1);
    }
    assert_eq!(chain.check(&unmined), Err("high-hash".to_owned()));
    assert_eq!(
        check_block(&unmined, BlockChecks::Template, &chain.params),
        Ok(())
    );
}

#[test]
fn lock_times_are_compared_with_the_median_time_past() {
    let mut chain = Chain::with_height(20);
    let mut locked = spend(0);
    locked.lock_time = LockTime::from_consensus(chain.time_past());
    locked.input[0].sequence = Sequence::ZERO;
    let with = |chain: &Chain| {
        check(chain, |block| {
            block.transactions.push(locked.clone());
            chain.commit(block);
        })
    };
    assert_eq!(with(&chain), Err("bad-txns-nonfinal".to_owned()));
    chain.params.set_activation_height("csv@22").expect("well-formed");
    assert_eq!(with(&chain), Ok(()));
}

#[test]
fn the_last_of_several_witness_commitments_counts() {
    let chain = Chain::with_height(20);
    let twice = |block: &mut Block, last: [u8; 32]| {
        let script_pubkey = commitment_script(&last, &[]);
        block.transactions[0].output.push(TxOut {
            value: Amount::ZERO,
            script_pubkey,
        });
        seal(block);
    };
    assert_eq!(
        check(&chain, |block| twice(block, [0; 32])),
        Err("bad-witness-merkle-match".to_owned())
    );
    let right = witness_commitment(&chain.template().transactions, &WITNESS_RESERVED_VALUE);
    let wrong_first = |block: &mut Block| {
        block.transactions[0].output[1].script_pubkey = commitment_script(&[0; 32], &[]);
        twice(block, right);
    };
    assert_eq!(check(&chain, wrong_first), Ok(()));
}

#[test]
fn parents_must_name_a_block_of_the_chain_since_nexus() {
    let chain = Chain::with_height(440);
    let merge_mined = |scripts: &[ScriptBuf]| {
        let mut block = chain.template();
        let mut pure = *block.header.pure();
        pure.version = Version::from_consensus(pure.version.to_consensus() | 0x100);
        let mut coinbase = spend(0);
        coinbase.output = scripts
            .iter()
            .map(|script| TxOut {
                value: Amount::ZERO,
                script_pubkey: script.clone(),
            })
            .collect();
        let aux_pow = AuxPow {
            coinbase,
            coinbase_branch: Vec::new(),
            chain_branch: Vec::new(),
            chain_index: 0,
            parent: pure,
        };
        block.header = BlockHeader::new(pure, Some(aux_pow)).expect("the version says so");
        chain.check_in_chain(&block)
    };
    assert_eq!(merge_mined(&[tag_script(chain.hash(430), 430)]), Ok(()));
    assert_eq!(
        merge_mined(&[tag_script(chain.hash(431), 430)]),
        Err(BlockError::Tag(TagError::Bad))
    );
    let error = merge_mined(&[ScriptBuf::new()]).unwrap_err();
    assert_eq!(
        (error.reject_reason().as_str(), error.result()),
        ("missing-syscoin-tag", BlockResult::Mutated)
    );
}

#[test]
fn other_coinbases_may_not_stand_for_other_chains_since_the_second_bridge() {
    let mut chain = Chain::with_height(20);
    let with_header = |chain: &Chain| {
        let mut block = chain.template();
        block.transactions[0].input[0].script_sig = Builder::new()
            .push_int(21)
            .push_slice(MERGED_MINING_HEADER)
            .into_script();
        chain.commit(&mut block);
        chain.check_in_chain(&block)
    };
    chain.params.heights.bridge_v2 = Activation::at(22);
    assert_eq!(with_header(&chain), Ok(()));
    chain.params.heights.bridge_v2 = Activation::at(21);
    assert_eq!(with_header(&chain), Err(BlockError::MergedMiningHeader));
    assert_eq!(chain.check_in_chain(&chain.template()), Ok(()));
}

#[test]
fn what_a_header_does_not_cover_condemns_no_other_block_with_its_hash() {
    let chain = Chain::with_height(20);
    let mut block = mine(chain.template(), &chain.params);
    block.transactions[0].input[0].witness = Witness::from_slice(&[[1; 32]]);
    let error = chain.check_in_chain(&block).unwrap_err();
    assert_eq!(
        (error, error.result()),
        (BlockError::WitnessCommitment, BlockResult::Mutated)
    );
    block.transactions.push(block.transactions[0].clone());
    let error = check_block(&block, BlockChecks::All, &chain.params).unwrap_err();
    assert_eq!(
        (error, error.result()),
        (BlockError::MerkleRoot, BlockResult::Mutated)
    );
    block.transactions.clear();
    let error = check_block(&block, BlockChecks::Template, &chain.params).unwrap_err();
    assert_eq!(
        (error, error.result()),
        (BlockError::Length, BlockResult::Consensus)
    );
}

#[test]
fn nevm_data_is_read_where_the_version_says_so() {
    let mut block = Chain::new().template();
    let plain = serialize(&block);
    block.nevm_data = vec![7; 300];
    assert_eq!(serialize(&block), plain);
    change_header(&mut block, |header| {
        header.version = Version::from_consensus(0x2010_0080);
    });
    let bytes = serialize(&block);
    assert_eq!(bytes.len(), plain.len() + 3 + 300);
    assert_eq!(deserialize::<Block>(&bytes).expect("written by itself"), block);
    assert_eq!(block.total_size(), plain.len() as u64);
    assert!(deserialize::<Block>(&bytes[..plain.len()]).is_err());

    let main = Params::new(Network::Main);
    assert_eq!(check_block(&block, BlockChecks::Template, &main), Ok(()));
    block.nevm_data = vec![0; 32 * 1024 * 1024 + 1];
    assert_eq!(
        check_block(&block, BlockChecks::Template, &main),
        Err(BlockError::NevmDataSize)
    );
    block.nevm_data.clear();
    assert_eq!(
        check_block(&block, BlockChecks::Template, &main),
        Err(BlockError::NevmDataMissing)
    );
}

#[test]
fn blocks_whose_assets_cannot_be_read_are_refused_when_they_are_read() {
    let mut block = Chain::new().template();
    let mut transaction = spend(0);
    transaction.version.0 = 142;
    block.transactions.push(transaction.clone());
    let error = deserialize::<Block>(&serialize(&block)).unwrap_err();
    assert!(error.to_string().contains("Unknown asset data"), "{error}");
    transaction.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x6a, 5, 1, 5, 1, 0, 9]);
    block.transactions[1] = transaction;
    assert_eq!(
        deserialize::<Block>(&serialize(&block)).expect("an allocation is there"),
        block
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        version in any::<i32>(),
        bytes in proptest::collection::vec(any::<u8>(), 76..400),
    ) {
        let bytes = [version.to_le_bytes().as_slice(), &bytes].concat();
        if let Ok(block) = deserialize::<Block>(&bytes) {
            prop_assert_eq!(deserialize::<Block>(&serialize(&block)).expect("written by itself"), block);
        }
    }

    #[test]
    fn changed_blocks_are_read_or_refused_and_never_accepted(place in 0_usize..400, flip in 1_u8..=255) {
        let chain = Chain::with_height(3);
        let block = mine(chain.template(), &chain.params);
        let mut bytes = serialize(&block);
        let place = place % bytes.len();
        bytes[place] ^= flip;
        if let Ok(changed) = deserialize::<Block>(&bytes) {
            prop_assert_eq!(serialize(&changed).len(), bytes.len());
            // A header alone may well be another valid one: its time and nonce are the miner's choice.
            if changed.header == block.header {
                prop_assert!(chain.check(&changed).is_err());
            }
        }
    }
}
