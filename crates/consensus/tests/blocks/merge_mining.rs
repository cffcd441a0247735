//! What a header stands for, and what stands for it.

use bitcoin::block::Version;
use bitcoin::script::Builder;
use bitcoin::{Amount, ScriptBuf, TxOut, Witness};
use consensus::auxpow::{AuxPow, MERGED_MINING_HEADER, TagError, tag_script};
use consensus::block::{BlockChecks, BlockError, HashedBlock, check_block};
use consensus::header::BlockHeader;
use consensus::{Activation, BlockResult};

use crate::chain::{Chain, mine, spend};

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
    let error = check_block(&HashedBlock::new(&block), BlockChecks::All, &chain.params).unwrap_err();
    assert_eq!(
        (error, error.result()),
        (BlockError::MerkleRoot, BlockResult::Mutated)
    );
    block.transactions.clear();
    let error = check_block(&HashedBlock::new(&block), BlockChecks::Template, &chain.params).unwrap_err();
    assert_eq!(
        (error, error.result()),
        (BlockError::Length, BlockResult::Consensus)
    );
}
