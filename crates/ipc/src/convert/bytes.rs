//! Bytes: raw ones, and what bitcoin serialises for consensus.

use std::borrow::Cow;
use std::net::IpAddr;

use bitcoin::block::Header;
use bitcoin::consensus::encode::{Decodable, Encodable, deserialize, serialize};
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Block, BlockHash, OutPoint, Psbt, PubkeyHash, PublicKey, ScriptBuf, Transaction, TxMerkleNode, TxOut,
    Txid, Wtxid,
};
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

/// The format of BIP 174 <https://bips.dev/174/>.
impl Bytes for Psbt {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        Self::deserialize(bytes)
            .map_err(|error| invalid(format_args!("{} bytes are no PSBT: {error}", bytes.len())))
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.serialize())
    }
}

/// As in scripts: 33 bytes or 65.
impl Bytes for PublicKey {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        Self::from_slice(bytes)
            .map_err(|error| invalid(format_args!("{} bytes are no public key: {error}", bytes.len())))
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.to_bytes())
    }
}

impl Bytes for PubkeyHash {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        <[u8; 20]>::read(bytes).map(Self::from_byte_array)
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_byte_array())
    }
}

/// 4 bytes or 16, in network order.
impl Bytes for IpAddr {
    fn read(bytes: &[u8]) -> capnp::Result<Self> {
        match bytes.len() {
            4 => <[u8; 4]>::read(bytes).map(Self::from),
            _ => <[u8; 16]>::read(bytes).map(Self::from),
        }
    }

    fn write(&self) -> Cow<'_, [u8]> {
        Cow::Owned(match self {
            Self::V4(address) => address.octets().to_vec(),
            Self::V6(address) => address.octets().to_vec(),
        })
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

    use super::{Block, BlockHash, Bytes, IpAddr, Psbt, PubkeyHash, PublicKey, Transaction};

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

    #[test]
    fn addresses_have_four_bytes_or_sixteen() {
        for address in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(IpAddr::read(&address.write()).unwrap(), address);
        }
        for length in [0, 3, 5, 15, 17] {
            assert!(IpAddr::read(&vec![1; length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Block::read(&bytes);
            let _ = Psbt::read(&bytes);
            let _ = PublicKey::read(&bytes);
            let _ = PubkeyHash::read(&bytes);
            if let Ok(transaction) = Transaction::read(&bytes) {
                prop_assert_eq!(&*transaction.write(), &bytes[..]);
            }
        }
    }
}
