//! Ethereum's format and tries, written.

use crate::nevm::NevmHash;

/// A text in Ethereum's format.
pub(in crate::nevm) fn text(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte @ ..0x80] => vec![*byte],
        _ => [&head(0x80, bytes.len()), bytes].concat(),
    }
}

/// A list in Ethereum's format, of items in it.
pub(in crate::nevm) fn list(items: &[&[u8]]) -> Vec<u8> {
    let payload = items.concat();
    [head(0xc0, payload.len()), payload].concat()
}

pub(super) fn list_of(items: &[Vec<u8>]) -> Vec<u8> {
    list(&items.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn head(begin: u8, length: usize) -> Vec<u8> {
    let length = u8::try_from(length).map_or_else(|_| minimal(length as u64), |length| vec![length]);
    match length[..] {
        [length @ ..56] => vec![begin + length],
        _ => [&[begin + 55 + u8::try_from(length.len()).unwrap()], &length[..]].concat(),
    }
}

/// A number's bytes, the highest first and not zero.
pub(super) fn minimal(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

/// The path of the transaction with this number in its block.
pub(in crate::nevm) fn path(number: u64) -> Vec<u8> {
    text(&minimal(number))
}

/// Values by the digits of their paths, in the digits' order.
pub(in crate::nevm) struct Trie(Vec<(Vec<u8>, Vec<u8>)>);

impl Trie {
    pub(in crate::nevm) fn new(entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let digits = |key: Vec<u8>| key.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect();
        let mut entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (digits(key), value))
            .collect();
        entries.sort_unstable();
        Self(entries)
    }

    pub(in crate::nevm) fn root(&self) -> NevmHash {
        NevmHash::of(&node(&self.0, 0))
    }

    /// The list of the nodes on the way to a path that is there.
    pub(in crate::nevm) fn proof(&self, key: &[u8]) -> Vec<u8> {
        let digits: Vec<u8> = key.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect();
        let (mut entries, mut done) = (&self.0[..], 0);
        let mut nodes = Vec::new();
        loop {
            nodes.push(node(entries, done));
            let length = common(entries, done);
            if entries.len() == 1 || (length == 0 && digits.len() == done) {
                return list_of(&nodes);
            }
            done += length;
            if length == 0 {
                entries = with_digit(entries, done, digits[done]);
                done += 1;
            }
        }
    }
}

/// How many digits all entries have in common after so many.
fn common(entries: &[(Vec<u8>, Vec<u8>)], done: usize) -> usize {
    let [(first, _), .., (last, _)] = entries else {
        return 0;
    };
    let pairs = first[done..].iter().zip(&last[done..]);
    pairs.take_while(|(one, other)| one == other).count()
}

fn with_digit(entries: &[(Vec<u8>, Vec<u8>)], done: usize, digit: u8) -> &[(Vec<u8>, Vec<u8>)] {
    let is_before = |(key, _): &(Vec<u8>, Vec<u8>)| key.get(done).is_none_or(|at| *at < digit);
    let rest = &entries[entries.partition_point(is_before)..];
    &rest[..rest.partition_point(|(key, _)| key[done] == digit)]
}

fn node(entries: &[(Vec<u8>, Vec<u8>)], done: usize) -> Vec<u8> {
    match entries {
        [] => text(&[]),
        [(key, value)] => list_of(&[text(&marked(&key[done..], 2)), text(value)]),
        [(key, _), ..] => match common(entries, done) {
            0 => {
                let mut fields: Vec<Vec<u8>> = (0..16)
                    .map(|digit| named(with_digit(entries, done, digit), done + 1))
                    .collect();
                let own = entries.iter().find(|(key, _)| key.len() == done);
                fields.push(text(own.map_or(&[], |(_, value)| value)));
                list_of(&fields)
            }
            length => {
                let part = marked(&key[done..done + length], 0);
                list_of(&[text(&part), named(entries, done + length)])
            }
        },
    }
}

/// A node as others name it: by its hash if it is long enough.
fn named(entries: &[(Vec<u8>, Vec<u8>)], done: usize) -> Vec<u8> {
    let node = node(entries, done);
    match node.len() {
        ..32 => node,
        _ => text(&NevmHash::of(&node).0),
    }
}

/// Digits as a node has them.
fn marked(digits: &[u8], mark: u8) -> Vec<u8> {
    let mut all = match digits.len() % 2 {
        0 => vec![mark, 0],
        _ => vec![mark + 1],
    };
    all.extend(digits);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
