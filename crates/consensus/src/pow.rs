//! Whether enough work was done for a header.

use bitcoin::{BlockHash, CompactTarget, Target};
use thiserror::Error;

use crate::auxpow::AuxPowError;
use crate::header::BlockHeader;
use crate::params::Params;
use crate::version;

/// A compact target that stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TargetError {
    /// Its sign bit is set.
    #[error("target is negative")]
    Negative,
    /// It is zero.
    #[error("target is zero")]
    Zero,
    /// It has more than 256 bits.
    #[error("target is out of range")]
    Overflow,
    /// It is easier than the chain allows.
    #[error("target is above the chain's limit")]
    AboveLimit,
}

/// Why a header's work does not count. Upstream refuses all of them as `high-hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofOfWorkError {
    /// The version names another chain.
    #[error("block does not have our chain id but {0}")]
    ForeignChainId(i32),
    /// The version names another chain, in the way of before DIP3.
    #[error("block does not have our old chain id but {0}")]
    ForeignOldChainId(i32),
    /// The target is none.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The block's hash is above the target.
    #[error("hash is above the target")]
    HashAboveTarget,
    /// The parent's hash is above the target.
    #[error("parent's hash is above the target")]
    ParentHashAboveTarget,
    /// The work was not done for this block.
    #[error(transparent)]
    AuxPow(#[from] AuxPowError),
}

/// The target that compact bits stand for: a byte of length, a bit of sign and 23 bits.
///
/// # Errors
/// [`TargetError`] where they stand for none.
pub fn decode_target(bits: CompactTarget) -> Result<Target, TargetError> {
    let bits = bits.to_consensus();
    let size = bits >> 24;
    let mantissa = bits & 0x007f_ffff;
    let shift = size.saturating_sub(3);
    let word = mantissa >> (8 * 3_u32.saturating_sub(size)).min(31);
    if word == 0 {
        return Err(TargetError::Zero);
    }
    if bits & 0x0080_0000 != 0 {
        return Err(TargetError::Negative);
    }
    let mut bytes = [0; 32];
    for (index, byte) in word.to_le_bytes().into_iter().enumerate() {
        if byte == 0 {
            continue;
        }
        *bytes
            .get_mut(index + shift as usize)
            .ok_or(TargetError::Overflow)? = byte;
    }
    Ok(Target::from_le_bytes(bytes))
}

/// Checks that a hash is small enough for compact bits that the chain allows.
///
/// # Errors
/// [`TargetError`] if the bits are none of the chain's, else `too_large`.
fn check_hash(
    hash: BlockHash,
    bits: CompactTarget,
    params: &Params,
    too_large: ProofOfWorkError,
) -> Result<(), ProofOfWorkError> {
    let target = decode_target(bits)?;
    if target > params.work.limit {
        return Err(TargetError::AboveLimit.into());
    }
    if !target.is_met_by(hash) {
        return Err(too_large);
    }
    Ok(())
}

/// Checks that the work was done which a header claims, by itself or by the parent that it was mined with.
///
/// Whether the claim is right is the chain's rule: see [`next_bits`](crate::work::next_bits).
///
/// # Errors
/// [`ProofOfWorkError`] with the first rule that is broken.
pub fn check_proof_of_work(header: &BlockHeader, params: &Params) -> Result<(), ProofOfWorkError> {
    let pure = header.pure();
    if !version::is_legacy(pure.version) && params.aux_pow.strict_chain_id {
        let chain_id = version::chain_id(pure.version);
        let old_chain_id = version::old_chain_id(pure.version);
        if chain_id > 0 && chain_id != params.aux_pow.chain_id {
            return Err(ProofOfWorkError::ForeignChainId(chain_id));
        }
        if chain_id == 0 && header.aux_pow().is_some() && old_chain_id != params.aux_pow.old_chain_id {
            return Err(ProofOfWorkError::ForeignOldChainId(old_chain_id));
        }
    }
    let Some(aux_pow) = header.aux_pow() else {
        return check_hash(
            header.block_hash(),
            pure.bits,
            params,
            ProofOfWorkError::HashAboveTarget,
        );
    };
    let parent_hash = aux_pow.parent.block_hash();
    check_hash(
        parent_hash,
        pure.bits,
        params,
        ProofOfWorkError::ParentHashAboveTarget,
    )?;
    aux_pow.check(
        header.block_hash(),
        version::chain_id(pure.version),
        &params.aux_pow,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bits: u32, expected: Result<&str, TargetError>) {
        let target = decode_target(CompactTarget::from_consensus(bits));
        let hex = target.map(|target| format!("{target:x}").trim_start_matches('0').to_owned());
        assert_eq!(hex, expected.map(str::to_owned), "{bits:08x}");
    }

    #[test]
    fn compact_targets_are_read_as_upstream_reads_them() {
        for bits in [
            0,
            0x0012_3456,
            0x0100_3456,
            0x0200_0056,
            0x0300_0000,
            0x0400_0000,
            0x0092_3456,
            0x0180_3456,
        ] {
            check(bits, Err(TargetError::Zero));
        }
        check(0x0112_3456, Ok("12"));
        check(0x0200_8000, Ok("80"));
        check(0x0212_3456, Ok("1234"));
        check(0x0312_3456, Ok("123456"));
        check(0x0412_3456, Ok("12345600"));
        check(0x0500_9234, Ok("92340000"));
        check(0x01fe_dcba, Err(TargetError::Negative));
        check(0x0492_3456, Err(TargetError::Negative));
        check(
            0x2012_3456,
            Ok("1234560000000000000000000000000000000000000000000000000000000000"),
        );
        check(
            0x2100_ffff,
            Ok("ffff000000000000000000000000000000000000000000000000000000000000"),
        );
        check(
            0x2200_00ff,
            Ok("ff00000000000000000000000000000000000000000000000000000000000000"),
        );
        check(0xff12_3456, Err(TargetError::Overflow));
        check(0x2112_3456, Err(TargetError::Overflow));
        check(0x2200_0100, Err(TargetError::Overflow));
    }
}
