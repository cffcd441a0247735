//! Blocks that are signed, as BIP 325 wants them to be.

use bitcoin::ScriptBuf;
use bitcoin::consensus::encode::deserialize_hex;
use consensus::block::{Block, BlockChecks, BlockError, HashedBlock, check_block, witness_commitment_index};
use consensus::{BlockResult, Network, Params};

use crate::chain::seal;

/// The first two blocks of Bitcoin's signet.
const BLOCKS: [&str; 2] = [
    "00000020f61eee3b63a380a477a063af32b2bbc97c9ff9f01f2c4225e973988108000000f575c83235984e7dc4afc1f30944c170462e84437a\
     b6f2d52e16878a79e4678bd1914d5fae77031eccf4070001010000000001010000000000000000000000000000000000000000000000000000\
     000000000000ffffffff025151feffffff0200f2052a010000001600149243f727dd5343293eb83174324019ec16c2630f0000000000000000\
     776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf94c4fecc7daa2490047304402205e423a8754\
     336ca99dbe16509b877ef1bf98d008836c725005b3c787c41ebe46022047246e4467ad7cc7f1ad98662afcaf14c115e0095a227c7b05c5182\
     591c23e7e01000120000000000000000000000000000000000000000000000000000000000000000000000000",
    "00000020533b53ded9bff4adc94101d32400a144c54edc5ed492a3b26c63b2d686000000b38fef50592017cfafbcab88eb3d9cf50b2c801711\
     cad8299495d26df5e54812e7914d5fae77031ecfdd0b0001010000000001010000000000000000000000000000000000000000000000000000\
     000000000000ffffffff025251feffffff0200f2052a01000000160014fd09839740f0e0b4fc6d5e2527e4022aa9b89dfa0000000000000000\
     776a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf94c4fecc7daa24900473044022031d64a1692\
     cdad1fc0ced69838169fe19ae01be524d831b95fcf5ea4e6541c3c02204f9dea0801df8b4d0cd0857c62ab35c6c25cc47c930630dc7fe7235\
     31daa3e9b01000120000000000000000000000000000000000000000000000000000000000000000000000000",
];

fn blocks() -> impl Iterator<Item = Block> {
    BLOCKS
        .iter()
        .map(|hex| deserialize_hex(&hex.replace(char::is_whitespace, "")).expect("a block"))
}

/// The chain whose blocks are signed for this script.
fn signet(challenge: &str) -> Params {
    let mut params = Params::new(Network::Signet);
    params
        .set_signet_challenge(&[challenge.to_owned()])
        .expect("hexadecimal");
    params
}

const UNSIGNED: &str = "bad-signet-blksig";

fn check(block: &Block, params: &Params) -> Result<(), String> {
    check_block(&HashedBlock::new(block), BlockChecks::All, params).map_err(|error| {
        assert_eq!(error.result(), BlockResult::Consensus, "{error}");
        error.reject_reason()
    })
}

#[test]
fn signed_blocks_are_accepted_on_their_chain_alone() {
    // Both keys must sign instead of one of them.
    let both = "522103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c95\
                40ce96883fe3b278760f048f5189f2e6c452ae";
    for block in blocks() {
        assert_eq!(check(&block, &Params::new(Network::Signet)), Ok(()));
        assert_eq!(check(&block, &signet(both)), Err(UNSIGNED.to_owned()));
        assert_eq!(check(&block, &signet("00")), Err(UNSIGNED.to_owned()));
    }
    let genesis = Block::from(Params::new(Network::Signet).genesis.block());
    assert_eq!(check(&genesis, &signet("00")), Ok(()));
}

/// Whether a block is accepted whose proof of work and merkle root were made anew, on the chain of this challenge.
fn check_changed(challenge: &str, change: impl FnOnce(&mut Block)) -> Result<(), BlockError> {
    let mut block = blocks().next().expect("there are two");
    change(&mut block);
    seal(&mut block);
    let mut params = signet(challenge);
    params.work.limit = bitcoin::Target::from_be_bytes([0xff; 32]);
    let mut header = *block.header.pure();
    header.bits = bitcoin::CompactTarget::from_consensus(0x2100_ffff);
    block.header = consensus::header::BlockHeader::new(header, None).expect("it is not merge-mined");
    check_block(&HashedBlock::new(&block), BlockChecks::All, &params)
}

fn commitment(block: &mut Block) -> &mut ScriptBuf {
    let place = witness_commitment_index(&block.transactions[0]).expect("there is one");
    &mut block.transactions[0].output[place].script_pubkey
}

/// The challenge of Bitcoin's signet.
const STANDARD: &str = "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b\
                        2463c9540ce96883fe3b278760f048f5189f2e6c452ae";

#[test]
fn a_signature_stands_for_all_but_nonce_target_and_itself() {
    let signed = |change: fn(&mut Block)| check_changed(STANDARD, change);
    assert_eq!(signed(|_| ()), Ok(()));
    let change_header = |block: &mut Block, change: fn(&mut bitcoin::block::Header)| {
        let mut header = *block.header.pure();
        change(&mut header);
        block.header = consensus::header::BlockHeader::new(header, None).expect("it is not merge-mined");
    };
    assert_eq!(
        check_changed(STANDARD, |block| change_header(block, |header| header.nonce ^= 1)),
        Ok(())
    );
    assert_eq!(
        check_changed(STANDARD, |block| change_header(block, |header| header.time ^= 1)),
        Err(BlockError::SignetSignature)
    );
    for change in [
        (|block| block.transactions[0].output[0].value = bitcoin::Amount::ZERO) as fn(&mut Block),
        |block| {
            let mut script = commitment(block).to_bytes();
            script[60] ^= 1;
            *commitment(block) = script.into();
        },
        |block| {
            let mut script = commitment(block).to_bytes();
            script.truncate(38);
            *commitment(block) = script.into();
        },
        |block| {
            block.transactions[0].output.pop();
        },
    ] {
        assert_eq!(signed(change), Err(BlockError::SignetSignature));
    }
}

#[test]
fn challenges_that_anyone_meets_need_a_commitment_and_no_solution() {
    let free = |change: fn(&mut Block)| check_changed("51", change);
    let solution = |bytes: &'static [u8]| {
        move |block: &mut Block| {
            let mut script = commitment(block).to_bytes();
            script.truncate(38);
            script.push(u8::try_from(bytes.len()).expect("short"));
            script.extend(bytes);
            *commitment(block) = script.into();
        }
    };
    assert_eq!(
        free(|block| {
            let mut script = commitment(block).to_bytes();
            script.truncate(38);
            *commitment(block) = script.into();
        }),
        Ok(())
    );
    assert_eq!(
        check_changed("51", solution(&[0xec, 0xc7, 0xda, 0xa2, 0, 0])),
        Ok(())
    );
    // A header alone is none.
    assert_eq!(check_changed("51", solution(&[0xec, 0xc7, 0xda, 0xa2])), Ok(()));
    for bytes in [
        &[0xec, 0xc7, 0xda, 0xa2, 0][..],
        &[0xec, 0xc7, 0xda, 0xa2, 0, 0, 0],
        &[0xec, 0xc7, 0xda, 0xa2, 2, 0x51],
    ] {
        assert_eq!(
            check_changed("51", solution(bytes)),
            Err(BlockError::SignetSignature)
        );
    }
    assert_eq!(
        free(|block| {
            block.transactions[0].output.pop();
        }),
        Err(BlockError::SignetSignature)
    );
}
