//! Proofs that a value stands at a place of a trie: the nodes on the way from its root.

use super::NevmHash;
use super::rlp::{Item, List, NotAnItem};

/// Fields of a node with a way for each next digit of the path, and a value of its own after them.
const BRANCH: usize = 17;
/// Fields of a node with several digits of the path, and what follows them.
const SHORT: usize = 2;

/// Values up to this byte say by it what they are, and what follows is the value proper (EIP 2718).
const LAST_TYPE: u8 = 0x7f;

/// What a proof shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proven {
    /// The value's type, if one stands before it.
    pub(super) envelope: Option<u8>,
}

/// Where a node leads.
enum Step<'a> {
    /// To the node with this hash.
    Down(Item<'a>),
    /// To this value.
    Value(Item<'a>),
}

/// Checks that `value` stands at `path` in the trie with this root: upstream's `VerifyProof`. None if the proof does not
/// show it.
///
/// # Consensus
/// The first node has the root's hash, and each other one the hash that the node before names for its part of the path. A
/// node with the last part of the path has the value, whatever its own mark says; nodes after it may follow.
pub(super) fn prove(
    path: &[u8],
    value: &[u8],
    nodes: &List<'_>,
    root: &NevmHash,
) -> Result<Option<Proven>, NotAnItem> {
    let mut rest = Digits::of(path);
    let mut wanted: &[u8] = &root.0;
    for node in nodes.items() {
        if wanted != NevmHash::of(node.bytes()).0 {
            return Ok(None);
        }
        let Some(fields) = node.list()? else {
            return Ok(None);
        };
        match step(&fields, &mut rest) {
            Some(Step::Down(next)) => wanted = next.payload(),
            Some(Step::Value(item)) => return Ok(item.text().and_then(|text| matching(text, value))),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Where a node leads with the rest of the path, of which its part is cut off.
fn step<'a>(fields: &List<'a>, rest: &mut Digits<'_>) -> Option<Step<'a>> {
    match fields.count() {
        BRANCH => match rest.next() {
            Some(digit) => fields.get(digit.into()).map(Step::Down),
            None => fields.get(BRANCH - 1).map(Step::Value),
        },
        SHORT => {
            let part = part(fields.get(0)?.payload())?;
            if !part.into_iter().all(|digit| rest.next() == Some(digit)) {
                return None;
            }
            let next = fields.get(1)?;
            match rest.is_empty() {
                true => Some(Step::Value(next)),
                false => Some(Step::Down(next)),
            }
        }
        _ => None,
    }
}

/// The digits of a node with several: they begin in the first byte or after it, as its first digit says.
///
/// # Consensus
/// Upstream takes each decimal digit for a mark; with 0 and 2 the digits begin after the byte, with the others in it.
fn part(bytes: &[u8]) -> Option<Digits<'_>> {
    let mut digits = Digits::of(bytes);
    match digits.next()? {
        0 | 2 => _ = digits.next(),
        1 | 3..=9 => {}
        _ => return None,
    }
    Some(digits)
}

/// What a trie's value shows, if it is the one that should stand there.
fn matching(text: &[u8], value: &[u8]) -> Option<Proven> {
    let envelope = text.first().copied().filter(|first| *first <= LAST_TYPE);
    let proper = &text[usize::from(envelope.is_some())..];
    (!text.is_empty() && proper == value).then_some(Proven { envelope })
}

/// The hexadecimal digits of bytes.
#[derive(Clone)]
struct Digits<'a> {
    bytes: &'a [u8],
    is_half_done: bool,
}

impl<'a> Digits<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_half_done: false,
        }
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Iterator for Digits<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let first = self.bytes.first()?;
        self.is_half_done = !self.is_half_done;
        if self.is_half_done {
            return Some(first >> 4);
        }
        self.bytes = &self.bytes[1..];
        Some(first & 0xf)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bitcoin::hex::{DisplayHex as _, FromHex as _};
    use proptest::prelude::*;

    use super::super::tests::{Trie, list, path, text};
    use super::*;

    fn check(path: &[u8], value: &[u8], nodes: &[u8], root: &NevmHash) -> Option<Proven> {
        let nodes = Item::parse(nodes).ok()?.list().ok()??;
        prove(path, value, &nodes, root).ok()?
    }

    #[test]
    fn hashes_are_ethereums() {
        let hash = |bytes: &[u8]| NevmHash::of(bytes).0.to_lower_hex_string();
        assert_eq!(
            hash(b""),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
        );
        // A trie with nothing in it, and an empty list of uncles.
        assert_eq!(
            hash(&[0x80]),
            "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
        );
        assert_eq!(
            hash(&[0xc0]),
            "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
        );
    }

    #[test]
    fn the_tests_tries_are_ethereums() {
        // From Ethereum's own tests of tries.
        for (entries, root) in [
            (
                &[("doe", "reindeer"), ("dog", "puppy"), ("dogglesworth", "cat")][..],
                "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3",
            ),
            (
                &[
                    ("do", "verb"),
                    ("horse", "stallion"),
                    ("doge", "coin"),
                    ("dog", "puppy"),
                ],
                "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84",
            ),
            (
                &[("A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")],
                "d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab",
            ),
        ] {
            let entries = entries.iter();
            let trie =
                Trie::new(entries.map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec())));
            assert_eq!(trie.root().0.to_lower_hex_string(), root);
        }
    }

    /// Values that are long enough for each node to have a hash of its own, as those of blocks are.
    fn long(seed: u8) -> Vec<u8> {
        let mut value = vec![seed; 40];
        value[0] = 0xe7;
        value
    }

    #[test]
    fn each_value_is_proven_at_its_path_alone() {
        let values = (0..=250).cycle().map(long);
        let entries: BTreeMap<Vec<u8>, Vec<u8>> = (0..300).map(path).zip(values).collect();
        let trie = Trie::new(entries.clone());
        let root = trie.root();
        for (key, value) in &entries {
            let nodes = trie.proof(key);
            assert_eq!(check(key, value, &nodes, &root), Some(Proven { envelope: None }));
            assert_eq!(check(key, &long(252), &nodes, &root), None);
            assert_eq!(check(&[7, 7, 7, 7], value, &nodes, &root), None);
            assert_eq!(check(key, value, &nodes, &NevmHash([1; 32])), None);
        }
    }

    #[test]
    fn a_type_before_the_value_is_told() {
        for (first, expected) in [(0x00, Some(0)), (2, Some(2)), (0x7f, Some(0x7f)), (0xe7, None)] {
            let mut value = long(5);
            if let Some(envelope) = expected {
                value.insert(0, envelope);
            }
            let trie = Trie::new([(vec![0x80], value.clone())]);
            let proper = &value[usize::from(expected.is_some())..];
            let proven = check(&[0x80], proper, &trie.proof(&[0x80]), &trie.root());
            assert_eq!(proven, Some(Proven { envelope: expected }), "{first}");
        }
    }

    #[test]
    fn a_branchs_own_value_is_proven() {
        let keys: [&[u8]; 4] = [&[0x12], &[0x12, 1], &[0x13], &[0x20]];
        let trie = Trie::new(
            keys.into_iter()
                .zip(1..)
                .map(|(key, seed)| (key.to_vec(), long(seed))),
        );
        for (key, seed) in keys.into_iter().zip(1..) {
            assert!(check(key, &long(seed), &trie.proof(key), &trie.root()).is_some());
        }
        assert!(check(&[0x12], &long(2), &trie.proof(&[0x12]), &trie.root()).is_none());
    }

    #[test]
    fn a_branchs_own_value_after_several_digits_is_not() {
        // Upstream takes the node with the digits for the one with the value. No path of a block begins another.
        let trie = Trie::new([(vec![1], long(1)), (vec![1, 2], long(2)), (vec![1, 3], long(3))]);
        assert!(check(&[1], &long(1), &trie.proof(&[1]), &trie.root()).is_none());
        assert!(check(&[1, 2], &long(2), &trie.proof(&[1, 2]), &trie.root()).is_some());
    }

    #[test]
    fn upstreams_marks_are_taken() {
        let value = long(9);
        for (mark, path, expected) in [
            ("20", &[][..], true),
            ("00", &[], true),
            ("3a", &[], false),
            ("203a", &[0x3a], true),
            ("003a", &[0x3a], true),
            ("9a", &[0xa0], false),
            ("a0", &[], false),
            ("", &[], false),
            ("2f", &[], true),
        ] {
            let key = Vec::from_hex(mark).unwrap();
            let leaf = list(&[&text(&key), &text(&value)]);
            let root = NevmHash::of(&leaf);
            let proven = check(path, &value, &list(&[&leaf]), &root);
            assert_eq!(proven.is_some(), expected, "{mark}");
            // What follows is not looked at.
            let proven = check(path, &value, &list(&[&leaf, &[0xc0]]), &root);
            assert_eq!(proven.is_some(), expected, "{mark}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_prove_nothing(path: Vec<u8>, value: Vec<u8>, nodes: Vec<u8>, root: [u8; 32]) {
            prop_assert_eq!(check(&path, &value, &nodes, &NevmHash(root)), None);
        }

        #[test]
        fn any_nodes_after_a_root_prove_nothing_false(
            keys in prop::collection::btree_map(prop::collection::vec(any::<u8>(), 2), 1_u8..250, 1..40),
            place: prop::sample::Index,
            at: prop::sample::Index,
            bit in 0_u8..8,
        ) {
            let entries = keys.iter().map(|(key, seed)| (key.clone(), long(*seed)));
            let trie = Trie::new(entries);
            let (key, seed) = keys.iter().nth(place.index(keys.len())).unwrap();
            let mut nodes = trie.proof(key);
            prop_assert!(check(key, &long(*seed), &nodes, &trie.root()).is_some());
            prop_assert!(check(key, &long(251), &nodes, &trie.root()).is_none());
            let at = at.index(nodes.len());
            nodes[at] ^= 1 << bit;
            prop_assert!(check(key, &long(251), &nodes, &trie.root()).is_none());
        }
    }
}
