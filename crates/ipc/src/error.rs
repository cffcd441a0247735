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

/// What the peer is told when a method answers with an error: of one that another process gave as its reason, no more than
/// that process said.
pub(crate) fn from_interface(error: &InterfaceError) -> Error {
    match error {
        InterfaceError::Remote(reason) => exception(reason.strip_prefix(EXCEPTION).unwrap_or(reason)),
        error => exception(error),
    }
}

/// What the peer is told when a call could not be taken in, or not be answered: it looks like what methods say.
pub(crate) fn from_call(error: Error) -> Error {
    match error.kind {
        ErrorKind::Disconnected | ErrorKind::Unimplemented | ErrorKind::Overloaded => error,
        _ if error.extra.starts_with(EXCEPTION) => error,
        ErrorKind::Failed => exception(error.extra),
        _ => exception(error),
    }
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

    use capnp::{Error, ErrorKind};

    use super::{exception, from_call, from_capnp, from_interface};

    #[test]
    fn whatever_fails_peers_are_told_of_it_as_an_exception_once() {
        let other = |kind, extra: &str| Error {
            kind,
            extra: extra.to_owned(),
        };
        let rows = [
            (exception("no"), "std::exception: no"),
            (Error::failed("no".to_owned()), "std::exception: no"),
            (
                other(ErrorKind::MessageIsTooDeeplyNestedOrContainsCycles, ""),
                "std::exception: Message is too deeply-nested or contains cycles.",
            ),
            (Error::disconnected("gone".to_owned()), "gone"),
        ];
        for (error, expected) in rows {
            assert_eq!(from_call(error).extra, expected);
        }
        for reason in ["no", "std::exception: no"] {
            let error = InterfaceError::Remote(reason.to_owned());
            assert_eq!(from_interface(&error).extra, "std::exception: no");
        }
    }

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
