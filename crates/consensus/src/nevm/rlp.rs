//! Ethereum's format for texts of bytes and lists of them, as upstream reads it.
//!
//! An item says how long it is. That it is no longer than what holds it, and says so in the one shortest way, is checked of
//! all items of a list at once, and of what they hold when that is looked at. Nothing is copied, nothing recurses, and
//! nothing is kept that grows with a list.

use std::iter;

/// Lengths below this are part of the first byte.
const LONG: usize = 56;

/// What the first byte of a text begins at, unless the text is one byte below it.
const TEXT: u8 = 0x80;
/// The same of a list.
const LIST: u8 = 0xc0;

/// Bytes that are no items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAnItem;

/// A text or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// All of it.
    bytes: &'a [u8],
    /// The part that is not its length.
    payload: &'a [u8],
    is_list: bool,
}

/// The items of a list, which were looked at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    payload: &'a [u8],
    count: usize,
}

impl<'a> Item<'a> {
    /// Reads an item that is all of `bytes`.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, NotAnItem> {
        let mut rest = bytes;
        let item = Self::read(&mut rest)?;
        match rest.is_empty() {
            true => Ok(item),
            false => Err(NotAnItem),
        }
    }

    /// Reads an item, and cuts it off `data`.
    fn read(data: &mut &'a [u8]) -> Result<Self, NotAnItem> {
        let first = *data.first().ok_or(NotAnItem)?;
        let is_list = first >= LIST;
        let (offset, length) = match first {
            ..TEXT => (0, 1),
            _ => {
                let short = usize::from(first - if is_list { LIST } else { TEXT });
                match short.checked_sub(LONG - 1) {
                    None | Some(0) => (1, short),
                    Some(size) => (1 + size, long_length(data.get(1..=size).ok_or(NotAnItem)?)?),
                }
            }
        };
        let end = length.checked_add(offset).ok_or(NotAnItem)?;
        let (bytes, rest) = data.split_at_checked(end).ok_or(NotAnItem)?;
        let payload = &bytes[offset..];
        let is_longer_than_needed = first == TEXT + 1 && payload[0] < TEXT;
        if is_longer_than_needed {
            return Err(NotAnItem);
        }
        *data = rest;
        Ok(Self {
            bytes,
            payload,
            is_list,
        })
    }

    /// All of its bytes.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A text, or what a list is made of.
    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&'a [u8]> {
        (!self.is_list).then_some(self.payload)
    }

    /// A number of so many bytes at most, the highest first and not zero.
    pub(super) fn number(&self, most: usize) -> Result<&'a [u8], NotAnItem> {
        self.text()
            .filter(|text| text.len() <= most && text.first() != Some(&0))
            .ok_or(NotAnItem)
    }

    /// The items of a list; none if it is no list.
    pub(super) fn list(&self) -> Result<Option<List<'a>>, NotAnItem> {
        if !self.is_list {
            return Ok(None);
        }
        let mut rest = self.payload;
        let mut count = 0;
        while !rest.is_empty() {
            Self::read(&mut rest)?;
            count += 1;
        }
        Ok(Some(List {
            payload: self.payload,
            count,
        }))
    }
}

/// A length that does not fit in the first byte, the highest byte first.
fn long_length(bytes: &[u8]) -> Result<usize, NotAnItem> {
    let mut length = [0; 8];
    length[8 - bytes.len()..].copy_from_slice(bytes);
    usize::try_from(u64::from_be_bytes(length))
        .ok()
        .filter(|length| bytes[0] != 0 && *length >= LONG)
        .ok_or(NotAnItem)
}

impl<'a> List<'a> {
    /// How many items there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The items in their order.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let mut rest = self.payload;
        iter::from_fn(move || Item::read(&mut rest).ok())
    }

    /// The item of a place, from 0.
    pub(super) fn get(&self, place: usize) -> Option<Item<'a>> {
        self.items().nth(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{list, text};
    use super::*;

    #[test]
    fn items_are_read_as_they_are_written() {
        // The examples of Ethereum's own description.
        for (bytes, payload, is_list) in [
            (&b"\x83dog"[..], &b"dog"[..], false),
            (b"\xc8\x83cat\x83dog", b"\x83cat\x83dog", true),
            (b"\x80", b"", false),
            (b"\xc0", b"", true),
            (b"\x0f", b"\x0f", false),
            (b"\x00", b"\x00", false),
            (b"\x82\x04\x00", b"\x04\x00", false),
            (
                b"\xc7\xc0\xc1\xc0\xc3\xc0\xc1\xc0",
                b"\xc0\xc1\xc0\xc3\xc0\xc1\xc0",
                true,
            ),
        ] {
            let item = Item::parse(bytes).unwrap();
            assert_eq!((item.payload(), item.is_list), (payload, is_list));
            assert_eq!(item.bytes(), bytes);
        }
        let long = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit";
        let bytes = [&[0xb8, 56], &long[..]].concat();
        assert_eq!(text(long), bytes);
        assert_eq!(Item::parse(&bytes).unwrap().text(), Some(&long[..]));
    }

    #[test]
    fn an_item_has_one_form_and_fits() {
        let short = [&[0xb8, 55][..], &[1; 55]].concat();
        let zero = [&[0xb9, 0, 56][..], &[1; 56]].concat();
        for bytes in [
            &[][..],
            &[0x81],
            &[0x81, 0x7f],
            &[0x82, 1],
            &[0x80, 0],
            &[0xc1],
            &[0xc0, 0xc0],
            &[0xb8],
            &[0xf8],
            &short,
            &zero,
            &[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(Item::parse(bytes), Err(NotAnItem), "{bytes:?}");
        }
        assert!(Item::parse(&[0x81, 0x80]).is_ok());
        // What a list holds is looked at when it is asked for.
        let list = Item::parse(&[0xc2, 0x82, 1]).unwrap();
        assert!(list.list().is_err());
    }

    #[test]
    fn numbers_do_not_begin_with_zero() {
        let number = |bytes: &[u8], most| Item::parse(bytes).unwrap().number(most).map(<[u8]>::to_vec);
        assert_eq!(number(&[0x80], 8), Ok(vec![]));
        assert_eq!(number(&[0x01], 8), Ok(vec![1]));
        assert_eq!(number(&[0x82, 1, 0], 2), Ok(vec![1, 0]));
        for (bytes, most) in [
            (&[0x00][..], 8),
            (&[0x82, 0, 1], 8),
            (&[0x83, 1, 0, 0], 2),
            (&[0xc0], 8),
        ] {
            assert_eq!(number(bytes, most), Err(NotAnItem));
        }
    }

    /// Goes through all that is there, to a depth that a hostile sender decides on.
    fn walk(bytes: &[u8]) -> usize {
        let mut rest = vec![bytes];
        let mut count = 0;
        while let Some(bytes) = rest.pop() {
            count += 1;
            let Ok(item) = Item::parse(bytes) else { continue };
            assert!(item.payload().len() <= bytes.len());
            if let Ok(Some(list)) = item.list() {
                assert_eq!(list.items().count(), list.count());
                rest.extend(list.items().map(|item| item.bytes()));
            }
        }
        count
    }

    #[test]
    fn lists_in_lists_take_no_stack() {
        let mut bytes = vec![0xc0];
        while bytes.len() < 20_000 {
            bytes = list(&[&bytes]);
        }
        assert!(walk(&bytes) > 5_000);
    }

    proptest! {
        #[test]
        fn any_bytes_are_items_or_refused(bytes: Vec<u8>) {
            walk(&bytes);
        }

        #[test]
        fn any_text_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let written = text(&bytes);
            prop_assert_eq!(Item::parse(&written).unwrap().text(), Some(&bytes[..]));
            for length in 0..written.len() {
                prop_assert!(Item::parse(&written[..length]).is_err());
            }
        }

        #[test]
        fn any_list_comes_back(texts in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let items: Vec<Vec<u8>> = texts.iter().map(|bytes| text(bytes)).collect();
            let written = list(&items.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let read = Item::parse(&written).unwrap().list().unwrap().unwrap();
            prop_assert_eq!(read.count(), texts.len());
            let read: Vec<&[u8]> = read.items().map(|item| item.text().unwrap()).collect();
            prop_assert_eq!(read, texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }
}
