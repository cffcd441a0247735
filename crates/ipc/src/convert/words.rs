//! Text.

use std::borrow::Cow;

use interfaces::{Json, Refusal, Secret};

use super::{Words, invalid};

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
        Ok(checked(text)?.to_owned())
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
