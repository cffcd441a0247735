//! Which blocks must carry a quorum's commitment, and how.

use consensus::block::Block;

use crate::chain::{Chain, check, seal, spend};

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
