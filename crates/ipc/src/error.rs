//! Errors on their way across the wire, in the words of libmultiprocess.

use capnp::{Error, ErrorKind, MessageSize};
use interfaces::{Disconnection, InterfaceError};

use crate::wire::MAX_MESSAGE_BYTES;

/// What the RPC implementation puts before the reason that the other process gave.
pub(crate) const REMOTE: &str = "remote exception: ";

/// What a message needs besides its parameters or results, at most.
const ENVELOPE: u64 = 16 << 10;

/// What a caller is told about a call that failed after it was begun.
pub(crate) fn from_capnp(method: &str, error: &Error) -> InterfaceError {
    match error.kind {
        ErrorKind::Disconnected => InterfaceError::Disconnected(Disconnection::DuringCall),
        ErrorKind::Unimplemented => InterfaceError::Unsupported {
            method: method.to_owned(),
        },
        _ => match error.extra.strip_prefix(REMOTE) {
            Some(reason) => InterfaceError::Remote(reason.to_owned()),
            None => InterfaceError::Malformed(error.to_string()),
        },
    }
}

/// What the peer is told about a method that failed, as C++ peers send and expect it: clients match the prefix.
pub(crate) fn exception(what: impl std::fmt::Display) -> Error {
    Error::failed(format!("std::exception: {what}"))
}

/// Refuses what the peer's reader would drop the connection for.
pub(crate) fn check_size(size: MessageSize) -> capnp::Result<()> {
    let bytes = size.word_count * 8;
    if bytes + ENVELOPE > MAX_MESSAGE_BYTES as u64 {
        return Err(exception(format_args!(
            "{bytes} bytes do not fit into a message of {MAX_MESSAGE_BYTES}"
        )));
    }
    Ok(())
}
