//! Blocks as bytes.

use bitcoin::ScriptBuf;
use bitcoin::block::Version;
use bitcoin::consensus::encode::{deserialize, serialize};
use consensus::block::{Block, BlockChecks, BlockError, HashedBlock, check_block};
use consensus::{Network, Params};
use proptest::prelude::*;

use crate::chain::{Chain, change_header, mine, spend};

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
    assert_eq!(
        check_block(&HashedBlock::new(&block), BlockChecks::Template, &main),
        Ok(())
    );
    block.nevm_data = vec![0; 32 * 1024 * 1024 + 1];
    assert_eq!(
        check_block(&HashedBlock::new(&block), BlockChecks::Template, &main),
        Err(BlockError::NevmDataSize)
    );
    block.nevm_data.clear();
    assert_eq!(
        check_block(&HashedBlock::new(&block), BlockChecks::Template, &main),
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
