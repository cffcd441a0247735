//! Long values that are sent from where they are, instead of being copied into their message.
//!
//! Such a value is a segment of its own. Nothing needs to stand before it there, because the pointer to it is a double-far
//! one: its landing pad, in a segment of all of the message's pads, holds both where the value begins and what it is
//! (<https://capnproto.org/encoding.html#inter-segment-pointers>). The pointer is filled in while the message is written;
//! in memory it stays null.

use std::ops::Range;

use super::frame::WORD;

/// Bytes of the shortest value that is worth it.
pub(crate) const LONG: usize = 64 << 10;

/// Words of a landing pad.
const PAD: usize = 2;

/// The pointer kinds and the element size of bytes, as the encoding numbers them.
const LIST: u64 = 1;
const FAR: u64 = 2;
const DOUBLE: u64 = 4;
const BYTES: u64 = 2;

/// What stands after a value: a text's end, and what fills the last word.
const ZEROS: [u8; WORD] = [0; WORD];

/// A value that is to be sent with the message that its pointer is in.
#[derive(Debug)]
pub(crate) struct Enclosed {
    /// The address of the pointer.
    pub(crate) pointer: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A zero byte ends it.
    Text,
    Data,
}

/// The values of one message.
#[derive(Debug, Default)]
pub(super) struct Enclosures(Vec<Enclosure>);

#[derive(Debug)]
struct Enclosure {
    segment: usize,
    /// Where in the segment its pointer is.
    pointer: Range<usize>,
    bytes: Vec<u8>,
    kind: Kind,
}

impl Kind {
    /// Elements of the list that a value of so many bytes is.
    fn n_elements(self, bytes: usize) -> usize {
        match self {
            Self::Text => bytes + 1,
            Self::Data => bytes,
        }
    }

    /// Words of a value of so many bytes.
    pub(crate) fn words(self, bytes: usize) -> usize {
        self.n_elements(bytes).div_ceil(WORD)
    }
}

impl Enclosures {
    /// Takes those out of `waiting` whose pointers are in these segments.
    pub(super) fn take(waiting: &mut Vec<Enclosed>, segments: &[&[u8]]) -> Self {
        let mut enclosures = Vec::new();
        let is_elsewhere = |enclosed: &mut Enclosed| {
            let place = segments.iter().enumerate().find_map(|(index, segment)| {
                let start = enclosed.pointer.checked_sub(segment.as_ptr().addr())?;
                (start + WORD <= segment.len()).then_some((index, start))
            });
            let Some((segment, start)) = place else {
                return true;
            };
            enclosures.push(Enclosure {
                segment,
                pointer: start..start + WORD,
                bytes: std::mem::take(&mut enclosed.bytes),
                kind: enclosed.kind,
            });
            false
        };
        waiting.retain_mut(is_elsewhere);
        Self(enclosures)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that they add to their message.
    pub(super) fn n_bytes(&self) -> usize {
        self.lengths().sum::<usize>() * WORD
    }

    /// The lengths in words of the segments that they add: the pads' one, and one for each value.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> + Clone {
        let pads = (!self.is_empty()).then_some(PAD * self.0.len());
        let values = self.0.iter();
        pads.into_iter()
            .chain(values.map(|value| value.kind.words(value.bytes.len())))
    }

    /// Fills the pointers in that are in this segment. `first` is the number of the first segment that is added.
    pub(super) fn point(&self, segment: usize, bytes: &mut [u8], first: usize) {
        for (index, enclosure) in self.0.iter().enumerate() {
            if enclosure.segment == segment {
                let far = FAR | DOUBLE | word(PAD * index) << 3 | word(first) << 32;
                bytes[enclosure.pointer.clone()].copy_from_slice(&far.to_le_bytes());
            }
        }
    }

    /// The segment of the pads.
    pub(super) fn pads(&self, first: usize) -> impl Iterator<Item = u8> {
        self.0.iter().enumerate().flat_map(move |(index, enclosure)| {
            let begins = FAR | word(first + 1 + index) << 32;
            let n_elements = enclosure.kind.n_elements(enclosure.bytes.len());
            let is = LIST | BYTES << 32 | word(n_elements) << 35;
            [begins, is].into_iter().flat_map(u64::to_le_bytes)
        })
    }

    /// The segments of the values, each with what follows it.
    pub(super) fn values(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|enclosure| {
            let bytes = &enclosure.bytes[..];
            let n_zeros = enclosure.kind.words(bytes.len()) * WORD - bytes.len();
            (bytes, &ZEROS[..n_zeros])
        })
    }
}

fn word(number: usize) -> u64 {
    number as u64
}
