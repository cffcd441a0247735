//! Values of the interfaces as they are on the wire: what the generated adapters call for each field.
//!
//! A conversion is chosen by both types, so that a schema that names another Rust type than the trait does not compile.
//! What a message holds may be anything; what cannot be converted is an error, never a panic.

mod bytes;
mod mining;
mod outcome;
mod scalar;
mod words;

use std::borrow::Cow;
use std::rc::Rc;

use capnp::traits::OwnedStruct;

use crate::connection::Connection;
use crate::schema::{chain_capnp, common_capnp, mining_capnp, node_capnp, wallet_capnp};

/// A number or truth value that is `W` on the wire.
pub(crate) trait Scalar<W>: Sized {
    fn read(wire: W) -> capnp::Result<Self>;
    fn write(self) -> capnp::Result<W>;
}

/// What is text on the wire.
pub(crate) trait Words: Sized {
    fn read(text: capnp::text::Reader<'_>) -> capnp::Result<Self>;
    fn write(&self) -> Cow<'_, str>;
}

/// What is bytes on the wire.
pub(crate) trait Bytes: Sized {
    fn read(bytes: &[u8]) -> capnp::Result<Self>;
    fn write(&self) -> Cow<'_, [u8]>;
}

/// One of several values.
pub(crate) trait Enumeration<W>: Sized {
    fn read(wire: W) -> Self;
    fn write(self) -> W;
}

/// A structure, or all results of a method together. Objects in it are the connection's.
pub(crate) trait Structure<W: OwnedStruct>: Sized {
    fn read(reader: W::Reader<'_>, connection: &Rc<Connection>) -> capnp::Result<Self>;
    fn fill(self, builder: W::Builder<'_>, connection: &Rc<Connection>) -> capnp::Result<()>;
}

/// The length of a list, in the wire's type.
pub(crate) fn list_length(length: usize) -> capnp::Result<u32> {
    u32::try_from(length).map_err(|_| invalid("a list has too many elements"))
}

/// What is said of a value that the interface does not allow.
fn invalid(what: impl std::fmt::Display) -> capnp::Error {
    capnp::Error::failed(what.to_string())
}

#[allow(
    unused_variables,
    unused_mut,
    clippy::complexity,
    clippy::pedantic,
    clippy::style,
    reason = "generated alike for structures with and without fields"
)]
mod structures {
    use super::*;

    include!(concat!(env!("OUT_DIR"), "/structures.rs"));
}
