//! Each way in which a block may be wrong.

use bitcoin::absolute::LockTime;
use bitcoin::script::Builder;
use bitcoin::{Amount, ScriptBuf, Sequence, Transaction, TxOut, Witness};
use consensus::block::{
    Block, BlockChecks, HashedBlock, WITNESS_RESERVED_VALUE, check_block, commitment_script,
    witness_commitment,
};

use crate::chain::{Chain, MOCK_TIME, change_header, check, seal, spend};

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
        check_block(&HashedBlock::new(&unmined), BlockChecks::Template, &chain.params),
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
