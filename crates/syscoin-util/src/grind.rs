//! Finding a header's proof of work, on all processors.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bitcoin::Target;
use bitcoin::block::Header;
use bitcoin::consensus::encode::{Decodable as _, serialize_hex};
use bitcoin::hex::FromHex as _;
use consensus::header::BlockHeader;

/// After how many tries a thread looks whether another one has found it.
const TRIES: usize = 5000;

/// Why there is no such nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrindError {
    Arguments,
    Header,
    NotFound,
}

impl fmt::Display for GrindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Arguments => "Must specify block header to grind",
            Self::Header => "Could not decode block header",
            Self::NotFound => "Could not satisfy difficulty target",
        })
    }
}

impl std::error::Error for GrindError {}

/// The header with a nonce of the work that it claims.
pub(crate) fn grind(words: &[String]) -> Result<String, GrindError> {
    let [digits] = words else {
        return Err(GrindError::Arguments);
    };
    let bytes = Vec::from_hex(digits).map_err(|_| GrindError::Header)?;
    let header = BlockHeader::consensus_decode(&mut bytes.as_slice()).map_err(|_| GrindError::Header)?;
    let aux_pow = header.aux_pow().cloned();
    let pure = find(*header.pure()).ok_or(GrindError::NotFound)?;
    let found = BlockHeader::new(pure, aux_pow).map_err(|_| GrindError::Header)?;
    Ok(serialize_hex(&found))
}

fn find(header: Header) -> Option<Header> {
    let target = header.target();
    if target == Target::ZERO {
        return None;
    }
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let is_found = AtomicBool::new(false);
    let is_found = &is_found;
    thread::scope(|scope| {
        let searches: Vec<_> = (0..threads)
            .map(|offset| scope.spawn(move || search(header, target, offset, threads, is_found)))
            .collect();
        let found = searches.into_iter().map(|search| search.join().ok().flatten());
        found.fold(None, Option::or)
    })
}

/// Tries each `step`th nonce from the `offset`th on.
fn search(
    mut header: Header,
    target: Target,
    offset: usize,
    step: usize,
    is_found: &AtomicBool,
) -> Option<Header> {
    for (tries, nonce) in (0..=u32::MAX).skip(offset).step_by(step).enumerate() {
        if tries % TRIES == 0 && is_found.load(Ordering::Relaxed) {
            return None;
        }
        header.nonce = nonce;
        if target.is_met_by(header.block_hash()) {
            is_found.store(true, Ordering::Relaxed);
            return Some(header);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
    use consensus::{Network, Params};

    use super::*;

    #[test]
    fn a_header_gets_the_work_that_it_claims() {
        let mut header = Params::new(Network::Regtest).genesis.block().header;
        for time in 0..50 {
            header.time = time;
            let found = grind(&[serialize_hex(&header)]).unwrap();
            let found: Header = deserialize_hex(&found).unwrap();
            assert!(found.target().is_met_by(found.block_hash()));
            assert_eq!(
                Header {
                    nonce: header.nonce,
                    ..found
                },
                header
            );
        }
    }

    #[test]
    fn what_cannot_be_found_is_told() {
        let header = Params::new(Network::Regtest).genesis.block().header;
        let digits = serialize_hex(&header);
        assert_eq!(grind(&[]), Err(GrindError::Arguments));
        assert_eq!(
            grind(&[digits.clone(), digits.clone()]),
            Err(GrindError::Arguments)
        );
        for digits in ["", "x", &digits[2..]] {
            assert_eq!(grind(&[digits.to_owned()]), Err(GrindError::Header));
        }
        let impossible = Header {
            bits: bitcoin::CompactTarget::from_consensus(0),
            ..header
        };
        assert_eq!(grind(&[serialize_hex(&impossible)]), Err(GrindError::NotFound));
    }
}
