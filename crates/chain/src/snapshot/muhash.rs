//! A hash of a set that is changed by what comes and goes, in whichever order: MuHash3072.

use bitcoin::hashes::{Hash, sha256};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

use super::CoinsHash;
use super::number::Number;

/// The hash of a set of byte strings, such as coins: each is made into a number, and these are multiplied.
#[derive(Debug, Clone)]
pub struct MuHash {
    /// The product of what was added.
    numerator: Number,
    /// The product of what was removed.
    denominator: Number,
}

impl Default for MuHash {
    /// The hash of the empty set.
    fn default() -> Self {
        Self {
            numerator: Number::one(),
            denominator: Number::one(),
        }
    }
}

impl MuHash {
    /// How many bytes it is kept in.
    pub const LENGTH: usize = 2 * Number::LENGTH;

    /// Adds a string to the set.
    pub fn insert(&mut self, data: &[u8]) {
        self.numerator = self.numerator.times(&element(data));
    }

    /// Takes a string out of the set.
    pub fn remove(&mut self, data: &[u8]) {
        self.denominator = self.denominator.times(&element(data));
    }

    /// The hash of the set as it is now.
    #[must_use]
    pub fn digest(&self) -> CoinsHash {
        digest(&self.numerator.times(&self.denominator.inverse()))
    }

    /// The hashes of many sets, which takes little longer than that of one: most of the time goes into an inverse, and
    /// one does for all.
    #[must_use]
    pub fn digests(hashes: &[Self]) -> Vec<CoinsHash> {
        let mut products = Vec::with_capacity(hashes.len());
        let mut product = Number::one();
        for hash in hashes {
            products.push(product.clone());
            product = product.times(&hash.denominator);
        }
        let mut inverse = product.inverse();
        let mut digests: Vec<_> = hashes
            .iter()
            .zip(products)
            .rev()
            .map(|(hash, product)| {
                let quotient = hash.numerator.times(&product.times(&inverse));
                inverse = inverse.times(&hash.denominator);
                digest(&quotient)
            })
            .collect();
        digests.reverse();
        digests
    }

    /// The bytes from which [`from_bytes`](Self::from_bytes) goes on: upstream's.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let (numerator, denominator) = bytes.split_at_mut(Number::LENGTH);
        numerator.copy_from_slice(&self.numerator.to_bytes());
        denominator.copy_from_slice(&self.denominator.to_bytes());
        bytes
    }

    /// The hash that was kept.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let (halves, _rest) = bytes.as_chunks();
        Self {
            numerator: Number::from_bytes(&halves[0]),
            denominator: Number::from_bytes(&halves[1]),
        }
    }
}

fn digest(quotient: &Number) -> CoinsHash {
    let hash = sha256::Hash::hash(&quotient.reduced().to_bytes());
    CoinsHash(hash.to_byte_array())
}

/// The number that stands for a string: ChaCha20's key stream under the string's hash.
fn element(data: &[u8]) -> Number {
    let key = sha256::Hash::hash(data).to_byte_array();
    let mut bytes = [0; Number::LENGTH];
    ChaCha20::new(&key.into(), &[0; 12].into()).apply_keystream(&mut bytes);
    Number::from_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(first: u8) -> [u8; 32] {
        let mut string = [0; 32];
        string[0] = first;
        string
    }

    #[test]
    fn hashes_are_cores() {
        // Bitcoin Core's public vectors.
        let mut hash = MuHash::default();
        hash.insert(&string(0));
        hash.insert(&string(1));
        hash.remove(&string(2));
        let expected = "10d312b100cbd32ada024a6646e40d3482fcff103668d2625f10002a607d5863";
        assert_eq!(hash.digest().to_string(), expected);

        let mut bytes = [0xff; MuHash::LENGTH];
        bytes[Number::LENGTH..].fill(0);
        bytes[Number::LENGTH] = 1;
        let expected = "7122dce59a311400b92298a0cde26ce71d868b7f9f9a2ff6e90dff3a90e6313a";
        assert_eq!(MuHash::from_bytes(&bytes).digest().to_string(), expected);
    }

    #[test]
    fn neither_the_order_nor_what_came_and_went_matters() {
        let mut hash = MuHash::default();
        let empty = hash.digest();
        hash.remove(b"a");
        hash.insert(b"b");
        let mut hash = MuHash::from_bytes(&hash.to_bytes());
        hash.insert(b"a");
        let mut other = MuHash::default();
        other.insert(b"b");
        assert_eq!(hash.digest(), other.digest());
        assert_ne!(hash.digest(), empty);
        hash.remove(b"b");
        assert_eq!(hash.digest(), empty);
    }

    #[test]
    fn many_are_hashed_as_each_alone() {
        let mut hash = MuHash::default();
        let mut hashes = Vec::new();
        for number in 0..5 {
            hash.insert(&string(number));
            hashes.push(hash.clone());
            hash.remove(&string(number + 10));
            hashes.push(hash.clone());
        }
        let each: Vec<_> = hashes.iter().map(MuHash::digest).collect();
        assert_eq!(MuHash::digests(&hashes), each);
        assert_eq!(MuHash::digests(&[]), []);
    }
}
