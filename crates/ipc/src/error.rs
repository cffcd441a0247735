//! Errors on their way across the wire, in the words of libmultiprocess.

use capnp::{Error, ErrorKind, MessageSize};
use interfaces::{Disconnection, InterfaceError};

use crate::wire::MAX_MESSAGE_BYTES;

/// What the RPC implementation puts before the reason that the other process gave.
pub(crate) const REMOTE: &str = "remote exception: ";

/// What C++ peers put before what an exception says.
const EXCEPTION: &str = "std::exception: ";

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
            Some(reason) => remote(reason),
            None => InterfaceError::Malformed(error.to_string()),
        },
    }
}

/// What the peer gave as the reason, recognised where callers may want to tell it from others.
fn remote(reason: &str) -> InterfaceError {
    let what = reason.strip_prefix(EXCEPTION).unwrap_or(reason);
    if let Some((method, "")) = what.split_once(" is not supported by this process") {
        return InterfaceError::unsupported(method);
    }
    if let Some((method, "")) = what.split_once(" is not allowed here") {
        return InterfaceError::not_allowed(method);
    }
    InterfaceError::Remote(reason.to_owned())
}

/// What the peer is told about a method that failed, as C++ peers send and expect it: clients match the prefix.
pub(crate) fn exception(what: impl std::fmt::Display) -> Error {
    Error::failed(format!("{EXCEPTION}{what}"))
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

#[cfg(test)]
mod tests {
    use interfaces::InterfaceError;

    use super::{exception, from_capnp};

    #[test]
    fn what_a_process_does_not_have_or_allow_is_told_from_other_failures() {
        let rows = [
            InterfaceError::unsupported("Init.makeMining"),
            InterfaceError::not_allowed("Init.makeRpc"),
            InterfaceError::Remote("std::exception: no".to_owned()),
        ];
        for error in rows {
            let said = match &error {
                InterfaceError::Remote(text) => text.replace("std::exception: ", ""),
                error => error.to_string(),
            };
            let wire = exception(said);
            let received = capnp::Error::failed(format!("remote exception: {}", wire.extra));
            assert_eq!(
                format!("{:?}", from_capnp("Echo.echo", &received)),
                format!("{error:?}")
            );
        }
    }
}
