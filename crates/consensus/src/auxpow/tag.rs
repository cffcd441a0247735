//! The output by which a parent's coinbase names a block of ours, from Nexus on; and what other coinbases must not say.

use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::Builder;
use bitcoin::{BlockHash, ScriptBuf, Transaction, hashes::Hash};
use thiserror::Error;

use super::AuxPow;

/// What the output's data begins with.
const MAGIC: [u8; 3] = *b"sys";

/// `OP_RETURN`, and a push of 39 bytes that begin with [`MAGIC`].
const PREFIX: [u8; 5] = [0x6a, 0x27, MAGIC[0], MAGIC[1], MAGIC[2]];

/// A parent's coinbase that does not name our block, from Nexus on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TagError {
    /// No output names any block.
    #[error("missing-syscoin-tag")]
    Missing,
    /// An output names another block, or several outputs name one.
    #[error("bad-auxpow-tag")]
    Bad,
}

/// The height of the block that the parent of a block must name: five before the one before, rounded down to tens.
///
/// `previous_height` is the height of the block before ours. Blocks too low to have such an ancestor name the first.
#[must_use]
pub fn tag_height(previous_height: u32) -> u32 {
    let height = previous_height.saturating_sub(5);
    height - height % 10
}

/// The output's script: `OP_RETURN` and a push of `sys`, the hash, and the height with its lowest byte first.
#[must_use]
pub fn tag_script(hash: BlockHash, height: u32) -> ScriptBuf {
    let mut data = [0; 39];
    data[..3].copy_from_slice(&MAGIC);
    data[3..35].copy_from_slice(hash.as_byte_array());
    data[35..].copy_from_slice(&height.to_le_bytes());
    Builder::new()
        .push_opcode(OP_RETURN)
        .push_slice(data)
        .into_script()
}

/// Checks that one output of the parent's coinbase names the block of ours with this hash and height.
///
/// # Errors
/// [`TagError`] if none, another or several do.
pub fn check_tag(aux_pow: &AuxPow, hash: BlockHash, height: u32) -> Result<(), TagError> {
    let mut tags = tags(&aux_pow.coinbase);
    let first = tags.next().ok_or(TagError::Missing)?;
    if tags.next().is_some() || *first != tag_script(hash, height) {
        return Err(TagError::Bad);
    }
    Ok(())
}

fn tags(coinbase: &Transaction) -> impl Iterator<Item = &ScriptBuf> {
    coinbase
        .output
        .iter()
        .map(|output| &output.script_pubkey)
        .filter(|script| script.as_bytes().starts_with(&PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_a_block_of_tens_at_least_five_before() {
        for (previous, height) in [(0, 0), (5, 0), (14, 0), (15, 10), (24, 10), (25, 20), (435, 430)] {
            assert_eq!(tag_height(previous), height, "{previous}");
        }
    }

    #[test]
    fn tags_are_41_bytes_with_the_height_last() {
        let script = tag_script(BlockHash::from_byte_array([7; 32]), 0x0102_0304);
        assert!(script.as_bytes().starts_with(&PREFIX));
        assert_eq!(script.len(), 41);
        assert_eq!(script.as_bytes()[5..37], [7; 32]);
        assert_eq!(script.as_bytes()[37..], [4, 3, 2, 1]);
    }
}
