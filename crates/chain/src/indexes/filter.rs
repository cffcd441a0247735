//! Filters of blocks (BIP 158): which scripts a block pays to or spends from, in few bytes and with some false hits.

use bitcoin::BlockHash;
use bitcoin::bip158::{BlockFilterReader, Error, GcsFilterWriter};
use bitcoin::hashes::Hash;
use consensus::block::Block;

use crate::undo::BlockUndo;

/// One of so many scripts that are not in a filter is taken to be (BIP 158).
const FALSE_HITS: u64 = 784_931;

/// How many bits of a difference are written as they are (BIP 158).
const REMAINDER_BITS: u8 = 19;

/// The basic filter of a block: of the scripts of its outputs, but for those that begin with `OP_RETURN`, and of the
/// outputs that it spent.
#[must_use]
pub fn basic_filter(hash: BlockHash, block: &Block, undo: &BlockUndo) -> Vec<u8> {
    let (words, _rest) = hash.as_byte_array().as_chunks();
    let key = |place: usize| u64::from_le_bytes(words[place]);
    let mut filter = Vec::new();
    let mut writer = GcsFilterWriter::new(&mut filter, key(0), key(1), FALSE_HITS, REMAINDER_BITS);
    let outputs = block
        .transactions
        .iter()
        .flat_map(|transaction| &transaction.output);
    let scripts = outputs
        .map(|output| &output.script_pubkey)
        .filter(|script| !script.is_op_return());
    let coins = undo
        .transactions
        .iter()
        .flat_map(|transaction| &transaction.coins);
    for script in scripts.chain(coins.map(|coin| &coin.output.script_pubkey)) {
        // Empty ones are left out by the writer.
        writer.add_element(script.as_bytes());
    }
    writer.finish().expect("writing to memory does not fail");
    filter
}

/// Whether a block's filter may have one of the scripts.
///
/// # Errors
/// [`Error`] if it is no filter.
pub fn filter_matches_any<'a>(
    mut filter: &[u8],
    hash: BlockHash,
    scripts: impl IntoIterator<Item = &'a [u8]>,
) -> Result<bool, Error> {
    BlockFilterReader::new(&hash).match_any(&mut filter, scripts.into_iter())
}

#[cfg(test)]
mod tests {
    use bitcoin::bip158::{FilterHash, FilterHeader};
    use bitcoin::hex::{DisplayHex, FromHex};
    use bitcoin::{Amount, ScriptBuf, TxOut};
    use consensus::transaction::Coin;

    use super::*;
    use crate::undo::TransactionUndo;

    /// Undo data of coins of these scripts.
    fn undo(scripts: &[&str]) -> BlockUndo {
        let coins = scripts.iter().map(|script| {
            Coin::new(
                TxOut {
                    value: Amount::ZERO,
                    script_pubkey: ScriptBuf::from_hex(script).unwrap(),
                },
                1,
                false,
            )
        });
        BlockUndo {
            transactions: vec![TransactionUndo {
                coins: coins.collect(),
            }],
        }
    }

    fn block(hex: &str) -> Block {
        let bytes = Vec::from_hex(hex).unwrap();
        Block::from(bitcoin::consensus::deserialize::<bitcoin::Block>(&bytes).unwrap())
    }

    fn check(hex: &str, spent: &[&str], header_before: &str, filter: &str, header: &str) {
        let block = block(hex);
        let hash = block.header.block_hash();
        let bytes = basic_filter(hash, &block, &undo(spent));
        assert_eq!(bytes.to_lower_hex_string(), filter);
        let header_before: FilterHeader = header_before.parse().unwrap();
        let found = FilterHash::hash(&bytes).filter_header(&header_before);
        assert_eq!(found.to_string(), header);
        for script in spent {
            let script = Vec::from_hex(script).unwrap();
            assert!(filter_matches_any(&bytes, hash, [&b"other"[..], &script]).unwrap());
        }
        assert!(!filter_matches_any(&bytes, hash, [&b"other"[..]]).unwrap());
        // An empty script is no element.
        let with_empty = [spent, &[""]].concat();
        assert_eq!(basic_filter(hash, &block, &undo(&with_empty)), bytes);
    }

    #[test]
    fn filters_are_those_of_bip_158() {
        // Blocks of Bitcoin's testnet, from the BIP's public vectors: the genesis block, one with a script that cannot be
        // parsed, one with witnesses, and one that pays to an empty script alone.
        check(
            "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f61\
             7fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff001d1aa4ae18010100000001000000000000000000000000000000000000\
             0000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f3230303920436861\
             6e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f205\
             2a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e5\
             1ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000",
            &[],
            "0000000000000000000000000000000000000000000000000000000000000000",
            "019dfca8",
            "21584579b7eb08997773e5aeff3a7f932700042d0ed2a6129012b7d7ae81b750",
        );
        check(
            "000000202694f74969fdb542090e95a56bc8aa2d646e27033850e32f1c5f000000000000f7e53676b3f12d5beb524ed617f2d25f\
             5a93b5f4f52c1ba2678260d72712f8dd0a6dfe5740257e1a4b176896010100000001000000000000000000000000000000000000\
             0000000000000000000000000000ffffffff1603e4120ff9c30a1c216900002f424d4920546573742fffffff0001205fa0120000\
             00001e76a914c486de584a735ec2f22da7cd9681614681f92173d83d0aa68688ac00000000",
            &[],
            "fe4d230dbb0f4fec9bed23a5283e08baf996e3f32b93f52c7de1f641ddfd04ad",
            "010c0b40",
            "0965a544743bbfa36f254446e75630c09404b3d164a261892372977538928ed5",
        );
        check(
            "000000201c8d1a529c39a396db2db234d5ec152fa651a2872966daccbde028b400000000083f14492679151dbfaa1a825ef4c185\
             18e780c1f91044180280a7d33f4a98ff5f45765aaddc001d38333b9a020100000000010100000000000000000000000000000000\
             00000000000000000000000000000000ffffffff230352471300fe5f45765afe94690a000963676d696e65723432080000000000\
             00000000ffffffff024423a804000000001976a914f2c25ac3d59f3d674b1d1d0a25c27339aaac0ba688ac000000000000000026\
             6a24aa21a9edcb26cb3052426b9ebb4d19c819ef87c19677bbf3a7c46ef0855bd1b2abe834910120000000000000000000000000\
             00000000000000000000000000000000000000000000000002000000000101d20978463906ba4ff5e7192494b88dd5eb0de85d90\
             0ab253af909106faa22cc5010000000004000000014777ff000000000016001446c29eabe8208a33aa1023c741fa79aa92e881ff\
             0347304402207d7ca96134f2bcfdd6b536536fdd39ad17793632016936f777ebb32c22943fda02206014d2fb8a6aa58279797f86\
             1042ba604ebd2f8f61e5bddbd9d3be5a245047b201004b632103eeaeba7ce5dc2470221e9517fb498e8d6bd4e73b85b8be655196\
             972eb9ccd5566754b2752103a40b74d43df244799d041f32ce1ad515a6cd99501701540e38750d883ae21d3a68ac00000000",
            &["002027a5000c7917f785d8fc6e5a55adfca8717ecb973ebb7743849ff956d896a7ed"],
            "31d66d516a9eda7de865df29f6ef6cb8e4bf9309e5dac899968a9a62a5df61e3",
            "0385acb4f0fe889ef0",
            "4e6d564c2a2452065c205dd7eb2791124e0c4e0dbb064c410c24968572589dec",
        );
        check(
            "000000204ea88307a7959d8207968f152bedca5a93aefab253f1fb2cfb032a400000000070cebb14ec6dbc27a9dfd066d9849a4d\
             3bac5f674665f73a5fe1de01a022a0c851fda85bf05f4c19a779d145010200000001000000000000000000000000000000000000\
             0000000000000000000000000000ffffffff18034d94154d696e6572476174653030310d000000f238f401ffffffff01c817a804\
             000000000000000000",
            &[],
            "5e5e12d90693c8e936f01847859404c67482439681928353ca1296982042864e",
            "00",
            "021e8882ef5a0ed932edeebbecfeda1d7ce528ec7b3daa27641acf1189d7b5dc",
        );
    }

    #[test]
    fn what_ends_early_is_no_filter() {
        let hash = BlockHash::all_zeros();
        assert!(filter_matches_any(&[5, 1], hash, [&b"a"[..]]).is_err());
        assert!(!filter_matches_any(&[], hash, [&b"a"[..]]).unwrap());
    }
}
