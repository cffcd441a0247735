//! A block's header, with the work of another chain where the block was mined with one.

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::consensus::encode::{self, Decodable, Encodable};
use bitcoin::io::{self, Read, Write};
use thiserror::Error;

use crate::auxpow::AuxPow;
use crate::error::BlockResult;
use crate::params::Params;
use crate::pow::ProofOfWorkError;
use crate::version::{self, VersionError};

/// A block's header.
///
/// Its bytes are the 80 of Bitcoin's header, and then the [`AuxPow`] if bit 8 of the version says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHeader {
    pure: Header,
    aux_pow: Option<Box<AuxPow>>,
}

/// A version whose bit 8 does not say whether the work of another chain is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("version 0x{version:08x} contradicts the header about merge mining")]
pub struct AuxPowMismatch {
    /// The version.
    pub version: i32,
}

impl BlockHeader {
    /// A header whose version says whether it has an `aux_pow`.
    ///
    /// # Errors
    /// [`AuxPowMismatch`] if the version says otherwise.
    pub fn new(pure: Header, aux_pow: Option<AuxPow>) -> Result<Self, AuxPowMismatch> {
        if version::is_aux_pow(pure.version) != aux_pow.is_some() {
            return Err(AuxPowMismatch {
                version: pure.version.to_consensus(),
            });
        }
        Ok(Self {
            pure,
            aux_pow: aux_pow.map(Box::new),
        })
    }

    /// The first 80 bytes.
    #[must_use]
    pub fn pure(&self) -> &Header {
        &self.pure
    }

    /// The work of the chain that the block was mined with.
    #[must_use]
    pub fn aux_pow(&self) -> Option<&AuxPow> {
        self.aux_pow.as_deref()
    }

    /// The hash of the first 80 bytes, whatever follows.
    #[must_use]
    pub fn block_hash(&self) -> BlockHash {
        self.pure.block_hash()
    }
}

impl Encodable for BlockHeader {
    fn consensus_encode<W: Write + ?Sized>(&self, writer: &mut W) -> Result<usize, io::Error> {
        let mut length = self.pure.consensus_encode(writer)?;
        if let Some(aux_pow) = &self.aux_pow {
            length += aux_pow.consensus_encode(writer)?;
        }
        Ok(length)
    }
}

impl Decodable for BlockHeader {
    fn consensus_decode_from_finite_reader<R: Read + ?Sized>(reader: &mut R) -> Result<Self, encode::Error> {
        let pure = Header::consensus_decode_from_finite_reader(reader)?;
        let aux_pow = version::is_aux_pow(pure.version)
            .then(|| AuxPow::consensus_decode_from_finite_reader(reader))
            .transpose()?;
        Ok(Self {
            pure,
            aux_pow: aux_pow.map(Box::new),
        })
    }
}

/// A header that its chain refuses.
///
/// It is shown as upstream does: the reject reason, and the details after a comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Not enough work, or not for this block.
    #[error("high-hash, proof of work failed")]
    HighHash(#[source] ProofOfWorkError),
    /// The version is none for this height.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The claimed work is not what the chain asks for.
    #[error("bad-diffbits, incorrect proof of work")]
    BadDifficultyBits,
    /// Not younger than the median of the eleven blocks before.
    #[error("time-too-old, block's timestamp is too early")]
    TimeTooOld,
    /// More than two hours ahead of the node's time.
    #[error("time-too-new, block timestamp too far in the future")]
    TimeTooNew,
}

impl HeaderError {
    /// What upstream tells others of it, and how grave it is.
    #[must_use]
    pub fn result(&self) -> BlockResult {
        match self {
            Self::TimeTooNew => BlockResult::TimeFuture,
            Self::HighHash(_) | Self::Version(_) | Self::BadDifficultyBits | Self::TimeTooOld => {
                BlockResult::InvalidHeader
            }
        }
    }

    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}

/// What a header's rules need to know of the chain and the time.
#[derive(Debug, Clone, Copy)]
pub struct HeaderContext {
    /// The header's height.
    pub height: u32,
    /// The median time of the eleven blocks before, in seconds since 1970.
    pub median_time_past: u32,
    /// The compact target that the chain asks for: see [`next_bits`](crate::work::next_bits).
    pub required_bits: bitcoin::CompactTarget,
    /// The node's time, in seconds since 1970.
    pub now: u64,
}

/// Checks a header against the chain that it would extend. Checkpoints are the chain's own business.
///
/// # Errors
/// [`HeaderError`] with the first rule that is broken.
pub fn check_header(
    header: &BlockHeader,
    context: &HeaderContext,
    params: &Params,
) -> Result<(), HeaderError> {
    let pure = header.pure();
    version::check_legacy(pure.version, context.height, params)?;
    if pure.bits != context.required_bits {
        return Err(HeaderError::BadDifficultyBits);
    }
    if pure.time <= context.median_time_past {
        return Err(HeaderError::TimeTooOld);
    }
    if u64::from(pure.time) > context.now + crate::limits::MAX_FUTURE_BLOCK_TIME {
        return Err(HeaderError::TimeTooNew);
    }
    version::check_base(pure.version, context.height, params)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    fn check(change: impl FnOnce(&mut Header, &mut HeaderContext)) -> Result<(), String> {
        let params = Params::new(Network::Regtest);
        let mut pure = params.genesis.block().header;
        pure.version = bitcoin::block::Version::from_consensus(0x2000_0000);
        let mut context = HeaderContext {
            height: 1,
            median_time_past: pure.time - 1,
            required_bits: pure.bits,
            now: u64::from(pure.time),
        };
        change(&mut pure, &mut context);
        let header = BlockHeader::new(pure, None).expect("it is not merge-mined");
        check_header(&header, &context, &params).map_err(|error| error.to_string())
    }

    #[test]
    fn headers_are_held_to_their_chain_and_to_the_time() {
        assert_eq!(check(|_, _| ()), Ok(()));
        assert_eq!(
            check(|header, context| context.now = u64::from(header.time) - 7200),
            Ok(())
        );
        for (change, text) in [
            (
                (|header, _| header.version = bitcoin::block::Version::ONE)
                    as fn(&mut Header, &mut HeaderContext),
                "late-legacy-block",
            ),
            (
                |_, context| context.required_bits = bitcoin::CompactTarget::from_consensus(0x207f_fffe),
                "bad-diffbits",
            ),
            (
                |header, context| context.median_time_past = header.time,
                "time-too-old",
            ),
            (
                |header, context| context.now = u64::from(header.time) - 7201,
                "time-too-new",
            ),
            (
                |header, _| header.version = bitcoin::block::Version::TWO,
                "bad-version(0x00000002)",
            ),
        ] {
            let error = check(change).unwrap_err();
            assert_eq!(error.split(", ").next(), Some(text));
        }
    }

    #[test]
    fn versions_must_agree_with_what_is_there() {
        let mut pure = Params::new(Network::Regtest).genesis.block().header;
        pure.version = bitcoin::block::Version::from_consensus(0x2000_0100);
        assert_eq!(
            BlockHeader::new(pure, None),
            Err(AuxPowMismatch { version: 0x2000_0100 })
        );
    }
}
