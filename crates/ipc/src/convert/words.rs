//! Text.

use std::borrow::Cow;

use interfaces::{Json, Refusal, Secret};

use super::{Words, invalid};

/// Bytes that are copied while they are still near the processor from having been checked.
const NEAR: usize = 16 << 10;

/// A copy of the text, which may be as large as a message, checked to be UTF-8 on the way.
fn copied(text: capnp::text::Reader<'_>) -> capnp::Result<String> {
    let mut rest = text.as_bytes();
    let mut copy = String::with_capacity(rest.len());
    while !rest.is_empty() {
        let (piece, others) = rest.split_at(boundary(rest, NEAR));
        match simdutf8::basic::from_utf8(piece) {
            Ok(piece) => copy.push_str(piece),
            // The error says where.
            Err(_) => return Ok(text.to_str()?.to_owned()),
        }
        rest = others;
    }
    Ok(copy)
}

/// Where to cut bytes of UTF-8 in two, after so many at most and between two characters. Bytes without such a place are
/// no UTF-8, wherever they are cut.
fn boundary(bytes: &[u8], most: usize) -> usize {
    if bytes.len() <= most {
        return bytes.len();
    }
    let begins_character = |place: &usize| !matches!(bytes[*place], 0x80..=0xbf);
    (most - 3..=most).rev().find(begins_character).unwrap_or(most)
}

/// The text, which may be as large as a message, checked to be UTF-8 as fast as it can be read.
fn checked(text: capnp::text::Reader<'_>) -> capnp::Result<&str> {
    match simdutf8::basic::from_utf8(text.as_bytes()) {
        Ok(text) => Ok(text),
        // The error says where.
        Err(_) => Ok(text.to_str()?),
    }
}

impl Words for String {
    fn read(text: capnp::text::Reader<'_>) -> capnp::Result<Self> {
        copied(text)
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl Words for Json {
    fn read(text: capnp::text::Reader<'_>) -> capnp::Result<Self> {
        checked(text)?
            .parse()
            .map_err(|error| invalid(format_args!("text is no JSON: {error}")))
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// A refusal is never empty: an empty text is that there is none.
impl Words for Result<(), Refusal> {
    fn read(text: capnp::text::Reader<'_>) -> capnp::Result<Self> {
        let text = text.to_string()?;
        if text.is_empty() {
            return Ok(Ok(()));
        }
        Ok(Err(Refusal::new(text)))
    }

    fn write(&self) -> Cow<'_, str> {
        match self {
            Ok(()) => Cow::Borrowed(""),
            Err(refusal) => Cow::Borrowed(refusal.text()),
        }
    }
}

/// What is no text in a secret is lost; the interfaces' secrets of this form are texts.
impl Words for Secret {
    fn read(text: capnp::text::Reader<'_>) -> capnp::Result<Self> {
        Ok(Self::from(text.to_string()?))
    }

    fn write(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NEAR, Words as _, boundary};

    fn check(bytes: &[u8]) {
        let copy = String::read(capnp::text::Reader(bytes)).map_err(|error| error.to_string());
        let expected = capnp::text::Reader(bytes).to_string().map_err(capnp::Error::from);
        assert_eq!(copy, expected.map_err(|error| error.to_string()));
    }

    proptest! {
        #[test]
        fn long_texts_are_copied_whole_or_refused(
            text in "[aä€😀]{0,16}",
            before in 0_usize..8,
            damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut bytes = vec![b'x'; before];
            let times = 2 * NEAR / text.len().max(1) + 1;
            bytes.extend(text.repeat(times).into_bytes());
            if let Some((place, byte)) = damage && !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            check(&bytes);
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let text = "a€".as_bytes();
        for (most, expected) in [(3, 1), (4, 4)] {
            assert_eq!(boundary(text, most), expected);
        }
        assert_eq!(boundary("😀😀".as_bytes(), 7), 4);
        // No place is right.
        assert_eq!(boundary(&[0x80; 9], 5), 5);
    }
}
