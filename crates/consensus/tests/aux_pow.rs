//! Merge-mined headers: their bytes, and each way in which the work of another chain may not be for our block.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness, transaction,
};
use consensus::auxpow::{
    AuxPow, AuxPowError, MERGED_MINING_HEADER, TagError, check_tag, expected_index, tag_script,
};
use consensus::header::BlockHeader;
use consensus::pow::{ProofOfWorkError, TargetError, check_proof_of_work};
use consensus::{Network, Params};
use proptest::prelude::*;

const CHAIN_ID: i32 = 16;
const NONCE: u32 = 7;
const BITS: u32 = 0x207f_ffff;

/// A header that is mined with a parent, as the tests change it before it is put together.
struct Draft {
    version: i32,
    bits: u32,
    branch_length: usize,
    /// The place in the tree, instead of the right one.
    index: Option<i32>,
    parent_version: i32,
    /// What stands before and after the root in the parent's coinbase.
    before: Vec<u8>,
    after: Vec<u8>,
    has_root: bool,
    is_coinbase_right: bool,
    inputs: usize,
    is_parent_mined: bool,
}

impl Draft {
    fn new() -> Self {
        Self {
            version: 0x2010_0104,
            bits: BITS,
            branch_length: 4,
            index: None,
            parent_version: 0x2000_0000,
            before: [b"height".as_slice(), &MERGED_MINING_HEADER].concat(),
            after: size_and_nonce(1 << 4, NONCE),
            has_root: true,
            is_coinbase_right: true,
            inputs: 1,
            is_parent_mined: true,
        }
    }

    fn build(&self) -> BlockHeader {
        let pure = Header {
            version: Version::from_consensus(self.version),
            prev_blockhash: BlockHash::from_byte_array([1; 32]),
            merkle_root: TxMerkleNode::from_byte_array([2; 32]),
            time: 1_600_000_000,
            bits: CompactTarget::from_consensus(self.bits),
            nonce: 0,
        };
        let chain_id = if self.version & 0x001f_0000 == 0 {
            0
        } else {
            CHAIN_ID
        };
        let mut aux_pow = AuxPow {
            coinbase: coinbase(Vec::new(), self.inputs),
            coinbase_branch: vec![
                TxMerkleNode::from_byte_array([3; 32]),
                TxMerkleNode::from_byte_array([4; 32]),
            ],
            chain_branch: vec![TxMerkleNode::from_byte_array([5; 32]); self.branch_length],
            chain_index: self
                .index
                .unwrap_or_else(|| expected_index(NONCE, chain_id, self.branch_length)),
            parent: Header {
                version: Version::from_consensus(self.parent_version),
                ..pure
            },
        };
        let mut script = self.before.clone();
        if self.has_root {
            let mut root = aux_pow.chain_root(pure.block_hash()).to_byte_array();
            root.reverse();
            script.extend(root);
        }
        script.extend(&self.after);
        aux_pow.coinbase = coinbase(script, self.inputs);
        aux_pow.parent.merkle_root = root_above(&aux_pow.coinbase, &aux_pow.coinbase_branch);
        if !self.is_coinbase_right {
            aux_pow.parent.merkle_root = TxMerkleNode::from_byte_array([6; 32]);
        }
        let target = aux_pow.parent.target();
        while target.is_met_by(aux_pow.parent.block_hash()) != self.is_parent_mined {
            aux_pow.parent.nonce += 1;
        }
        BlockHeader::new(pure, Some(aux_pow)).expect("the version says so")
    }
}

fn size_and_nonce(size: u32, nonce: u32) -> Vec<u8> {
    [size.to_le_bytes(), nonce.to_le_bytes()].concat()
}

fn coinbase(script: Vec<u8>, inputs: usize) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint::null(),
        script_sig: ScriptBuf::from_bytes(script),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![input; inputs],
        output: vec![TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::new(),
        }],
    }
}

fn root_above(coinbase: &Transaction, branch: &[TxMerkleNode]) -> TxMerkleNode {
    let leaf: TxMerkleNode = coinbase.compute_txid().to_raw_hash().into();
    branch.iter().fold(leaf, |node, sibling| {
        let bytes = [node.to_byte_array(), sibling.to_byte_array()].concat();
        TxMerkleNode::from_raw_hash(bitcoin::hashes::sha256d::Hash::hash(&bytes))
    })
}

fn check(change: impl FnOnce(&mut Draft)) -> Result<(), ProofOfWorkError> {
    let mut draft = Draft::new();
    change(&mut draft);
    check_proof_of_work(&draft.build(), &Params::new(Network::Regtest))
}

#[test]
fn work_of_a_parent_counts() {
    assert_eq!(check(|_| ()), Ok(()));
    // A tree of one block, the largest tree, and the versions of before DIP3.
    assert_eq!(
        check(|draft| {
            draft.branch_length = 0;
            draft.after = size_and_nonce(1, NONCE);
        }),
        Ok(())
    );
    assert_eq!(
        check(|draft| {
            draft.branch_length = 30;
            draft.after = size_and_nonce(1 << 30, NONCE);
        }),
        Ok(())
    );
    assert_eq!(check(|draft| draft.version = 0x1000_0104), Ok(()));
    // A parent of yet another chain that is merge-mined itself; and ours, which does not say that it is.
    assert_eq!(check(|draft| draft.parent_version = 0x2003_0104), Ok(()));
    assert_eq!(check(|draft| draft.parent_version = 0x2010_0004), Ok(()));
    // Another root without a header is none.
    assert_eq!(check(|draft| draft.after.extend([9; 40])), Ok(()));
}

#[test]
fn each_broken_rule_has_its_error() {
    type Change = fn(&mut Draft);
    for (change, error) in [
        (
            (|draft| draft.parent_version = 0x2010_0104) as Change,
            AuxPowError::ParentChainId,
        ),
        (
            |draft| draft.parent_version = 0x1000_0104,
            AuxPowError::ParentOldChainId,
        ),
        (|draft| draft.branch_length = 31, AuxPowError::ChainBranchTooLong),
        (
            |draft| draft.is_coinbase_right = false,
            AuxPowError::CoinbaseNotInParent,
        ),
        (|draft| draft.has_root = false, AuxPowError::RootMissing),
        (|draft| draft.before = Vec::new(), AuxPowError::HeaderMissing),
        (
            |draft| draft.after.extend(MERGED_MINING_HEADER),
            AuxPowError::SeveralHeaders,
        ),
        (
            |draft| draft.before.extend(MERGED_MINING_HEADER),
            AuxPowError::SeveralHeaders,
        ),
        (|draft| draft.before.push(0), AuxPowError::HeaderNotBeforeRoot),
        (
            |draft| {
                draft.after.pop();
            },
            AuxPowError::SizeMissing,
        ),
        (
            |draft| draft.after = size_and_nonce(1 << 3, NONCE),
            AuxPowError::SizeMismatch,
        ),
        (
            |draft| draft.after = size_and_nonce(1 << 4, NONCE + 3),
            AuxPowError::WrongIndex,
        ),
        (|draft| draft.index = Some(-1), AuxPowError::WrongIndex),
    ] {
        assert_eq!(check(change), Err(ProofOfWorkError::AuxPow(error)), "{error}");
    }
    assert_eq!(
        check(|draft| draft.is_parent_mined = false),
        Err(ProofOfWorkError::ParentHashAboveTarget)
    );
    assert_eq!(
        check(|draft| draft.version = 0x2011_0104),
        Err(ProofOfWorkError::ForeignChainId(17))
    );
    assert_eq!(
        check(|draft| draft.version = 0x2000_0104),
        Err(ProofOfWorkError::ForeignOldChainId(0))
    );
}

#[test]
fn coinbases_without_inputs_are_refused() {
    let header = Draft::new().build();
    let mut aux_pow = header.aux_pow().expect("it is merge-mined").clone();
    aux_pow.coinbase.input.clear();
    aux_pow.parent.merkle_root = root_above(&aux_pow.coinbase, &aux_pow.coinbase_branch);
    let params = Params::new(Network::Regtest);
    assert_eq!(
        aux_pow.check(header.block_hash(), CHAIN_ID, &params.aux_pow),
        Err(AuxPowError::NoInputs)
    );
}

#[test]
fn parents_stand_for_one_block_of_one_chain() {
    let header = Draft::new().build();
    let aux_pow = header.aux_pow().expect("it is merge-mined");
    let params = Params::new(Network::Regtest).aux_pow;
    assert_eq!(aux_pow.check(header.block_hash(), CHAIN_ID, &params), Ok(()));
    assert_eq!(
        aux_pow.check(BlockHash::from_byte_array([8; 32]), CHAIN_ID, &params),
        Err(AuxPowError::RootMissing)
    );
    assert_eq!(
        aux_pow.check(header.block_hash(), CHAIN_ID + 1, &params),
        Err(AuxPowError::WrongIndex)
    );
}

#[test]
fn headers_without_a_parent_need_work_of_their_own() {
    let params = Params::new(Network::Regtest);
    let genesis = params.genesis.block().header;
    let check = |pure| check_proof_of_work(&BlockHeader::new(pure, None).expect("not merge-mined"), &params);
    assert_eq!(check(genesis), Ok(()));
    let mut pure = genesis;
    while pure.target().is_met_by(pure.block_hash()) {
        pure.nonce += 1;
    }
    assert_eq!(check(pure), Err(ProofOfWorkError::HashAboveTarget));
    for (bits, error) in [
        (0x2100_ffff, TargetError::AboveLimit),
        (0x2080_ffff, TargetError::Negative),
        (0x2000_0000, TargetError::Zero),
        (0x2300_0001, TargetError::Overflow),
    ] {
        pure.bits = CompactTarget::from_consensus(bits);
        assert_eq!(check(pure), Err(ProofOfWorkError::Target(error)), "{bits:x}");
    }
}

#[test]
fn tags_name_one_block() {
    let header = Draft::new().build();
    let mut aux_pow = header.aux_pow().expect("it is merge-mined").clone();
    let hash = BlockHash::from_byte_array([9; 32]);
    let mut check = |scripts: &[ScriptBuf]| {
        aux_pow.coinbase.output = scripts
            .iter()
            .map(|script| TxOut {
                value: Amount::ZERO,
                script_pubkey: script.clone(),
            })
            .collect();
        check_tag(&aux_pow, hash, 430)
    };
    let other = ScriptBuf::from_bytes(vec![0x6a, 1, 2]);
    assert_eq!(check(&[other.clone(), tag_script(hash, 430)]), Ok(()));
    assert_eq!(check(&[other]), Err(TagError::Missing));
    assert_eq!(check(&[tag_script(hash, 420)]), Err(TagError::Bad));
    assert_eq!(
        check(&[tag_script(hash, 430), tag_script(hash, 430)]),
        Err(TagError::Bad)
    );
}

#[test]
fn fields_of_older_times_are_passed_over_and_written_as_zeros() {
    let header = Draft::new().build();
    let bytes = serialize(&header);
    let coinbase = serialize(&header.aux_pow().expect("it is merge-mined").coinbase).len();
    let mut other = bytes.clone();
    other[80 + coinbase..][..32].fill(0xee);
    let index = 80 + coinbase + 32 + 1 + 2 * 32;
    other[index..][..4].fill(0xee);
    assert_eq!(bytes[80 + coinbase..][..32], [0; 32]);
    assert_eq!(bytes[index..][..4], [0; 4]);
    assert_eq!(deserialize::<BlockHeader>(&other).expect("well-formed"), header);
    assert_eq!(bytes.len(), index + 4 + 1 + 4 * 32 + 4 + 80);
}

#[test]
fn hashes_are_of_80_bytes_whatever_follows() {
    let header = Draft::new().build();
    let hash = bitcoin::hashes::sha256d::Hash::hash(&serialize(&header)[..80]);
    assert_eq!(header.block_hash().to_raw_hash(), hash);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(header) = deserialize::<BlockHeader>(&bytes) {
            prop_assert_eq!(deserialize::<BlockHeader>(&serialize(&header)).expect("written by itself"), header);
        }
    }

    #[test]
    fn changed_bytes_of_a_merge_mined_header_never_pass_unless_nothing_depends_on_them(
        place in 0_usize..700,
        flip in 1_u8..=255,
    ) {
        let header = Draft::new().build();
        let mut bytes = serialize(&header);
        let place = place % bytes.len();
        bytes[place] ^= flip;
        let params = Params::new(Network::Regtest);
        if let Ok(changed) = deserialize::<BlockHeader>(&bytes)
            && check_proof_of_work(&changed, &params).is_ok()
        {
            // What may change: the two fields that are passed over, and the parent's version, previous block, time, bits
            // and nonce, as long as its hash stays small enough.
            let read = changed.aux_pow().expect("the version is ours");
            let original = header.aux_pow().expect("the version is ours");
            prop_assert_eq!(changed.pure(), header.pure());
            prop_assert_eq!(&read.coinbase, &original.coinbase);
            prop_assert_eq!(&read.coinbase_branch, &original.coinbase_branch);
            prop_assert_eq!(read.chain_root(header.block_hash()), original.chain_root(header.block_hash()));
            prop_assert_eq!(read.parent.merkle_root, original.parent.merkle_root);
        }
    }
}
