//! Bytes: raw ones, and what bitcoin serialises for consensus.

use std::borrow::Cow;

use bitcoin::block::Header;
use bitcoin::consensus::encode::{Decodable, Encodable, deserialize, serialize};
use bitcoin::{Block, BlockHash, OutPoint, ScriptBuf, Transaction, TxMerkleNode, TxOut, Txid, Wtxid};
use interfaces::Secret;

use super::{Bytes, invalid};

macro_rules! consensus {
    ($($value:ty)*) => {$(
        impl Bytes for $value {
            fn read(bytes: &[u8]) -> capnp::Result<Self> {
                decode(bytes)
            }

            fn write(&self) -> Cow<'_, [u8]> {
                Cow::Owned(serialize(self))
            }
        }
    )*};
}

consensus!(Block BlockHash Header OutPoint Transaction TxMerkleNode TxOut Txid Wtxid);

fn decode<T: Decodable + Encodable>(bytes: &[u8]) -> capnp::Result<T> {
    deserialize(bytes).map_err(|error| {
        let name = std::any::type_name::<T>();
        let name = name.rsplit(':').next().unwrap_or(name);
        invalid(format_args!("{} bytes are no {name}: {error}", bytes.len()))
    })
}

impl Bytes for Vec<u8> {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        Ok(bytes.to_vec())
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

/// The script itself, without its length.
impl Bytes for ScriptBuf {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        Ok(Self::from_bytes(bytes.to_vec()))
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl Bytes for Secret {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        Ok(Self::from(bytes.to_vec()))
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.expose())
    }
}

impl<const N: usize> Bytes for [u8; N] {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        bytes
            .try_into()
            .map_err(|_| invalid(format_args!("{} bytes instead of {N}", bytes.len())))
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

/// What is never empty may be absent by being so.
pub(crate) trait NeverEmpty: Bytes {}

impl NeverEmpty for Block {}
impl NeverEmpty for BlockHash {}
impl NeverEmpty for Transaction {}
impl NeverEmpty for TxOut {}
impl NeverEmpty for [u8; 32] {}

impl<T: NeverEmpty> Bytes for Option<T> {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        if bytes.is_empty() {
            return Ok(None);
        }
        T::read(bytes).map(Some)
    }

    fn write(&self) -> Cow<'_, [u8]> {
        self.as_ref().map_or(Cow::Borrowed(&[]), Bytes::write)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Block, BlockHash, Bytes, Transaction};

    #[test]
    fn bytes_after_the_value_and_missing_ones_are_refused() {
        let hash = [7; 32];
        assert_eq!(
            BlockHash::read(&hash).unwrap().to_string(),
            "07".repeat(32),
            "the bytes are the hash's in their internal order"
        );
        assert!(BlockHash::read(&hash[..31]).is_err());
        let error = BlockHash::read(&[7; 33]).unwrap_err();
        assert!(error.extra.contains("33 bytes are no BlockHash"), "{error}");
        assert_eq!(Option::<BlockHash>::read(&[]).unwrap(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Block::read(&bytes);
            if let Ok(transaction) = Transaction::read(&bytes) {
                prop_assert_eq!(&*transaction.write(), &bytes[..]);
            }
        }
    }
}
