//! A process that another one spawned to serve it: `<program> -ipcfd <descriptor>`.

mod descriptor;
mod signals;

use std::ffi::{OsStr, OsString};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;

use interfaces::Init;

pub use descriptor::DescriptorError;

use crate::event_loop::EventLoop;
use crate::process::DESCRIPTOR_OPTION;
use crate::rpc::Ended;
use crate::server::ConfigureLogging;

/// A process cannot serve its parent, or could not leave in order.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The argument of `-ipcfd` is of no use.
    #[error("invalid {DESCRIPTOR_OPTION} argument '{}': {source}", argument.display())]
    Descriptor {
        /// As given.
        argument: OsString,
        /// What is wrong with it.
        #[source]
        source: DescriptorError,
    },
    /// The system refuses a thread, a signal handler or the socket.
    #[error("cannot serve the parent process: {0}")]
    System(#[from] std::io::Error),
    /// The parent does not speak the protocol, or says that we do not. The log says more, where the parent has said where
    /// that is.
    #[error("the connection to the parent process is given up because of what that sent, or did not read")]
    GivenUp,
    /// The parent is gone, and a call that it made does not end.
    #[error("the parent process is gone, but the IPC thread does not end")]
    Stuck,
}

/// The argument of `-ipcfd`, when that and its argument are all that the process was given.
pub fn requested_descriptor(arguments: &[OsString]) -> Option<&OsStr> {
    match arguments {
        [_, option, argument] if option == DESCRIPTOR_OPTION => Some(argument),
        _ => None,
    }
}

/// What a process does for its parent.
pub struct Service<T> {
    /// What the parent can call.
    pub init: Arc<dyn Init>,
    /// Is given the parent's settings.
    pub configure_logging: ConfigureLogging,
    /// Awaited when the parent is gone, or the process is asked to leave, which the parent may be served until the end of
    /// this: brings to an end what was begun for the parent. What it gives is the result of the whole.
    pub finish: Pin<Box<dyn Future<Output = T> + Send>>,
}

/// Serves `init` on the descriptor until the parent closes the connection or dies. To be called first in `main`: all
/// other descriptors but the standard ones are closed, for they were left open by mistake.
///
/// `program` is the executable's name in the log and in messages. `configure_logging` is given the parent's settings.
///
/// # Errors
/// [`ServeError`]; also when calls that are under way do not end in time.
pub fn serve_parent(
    program: &str,
    argument: &OsStr,
    init: Arc<dyn Init>,
    configure_logging: ConfigureLogging,
) -> Result<(), ServeError> {
    serve_parent_with(program, argument, |_| Service {
        init,
        configure_logging,
        finish: Box::pin(async {}),
    })
}

/// [`serve_parent`] for a process that does more than to answer: what it does for its parent may use the IPC thread, and
/// has an end of its own.
///
/// # Errors
/// As there.
pub fn serve_parent_with<T>(
    program: &str,
    argument: &OsStr,
    serve: impl FnOnce(&EventLoop) -> Service<T>,
) -> Result<T, ServeError> {
    let socket = descriptor::take(argument).map_err(|source| ServeError::Descriptor {
        argument: argument.to_owned(),
        source,
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let event_loop = EventLoop::start(program)?;
    let Service {
        init,
        configure_logging,
        finish,
    } = serve(&event_loop);
    let served: Result<(Ended, T), std::io::Error> = runtime.block_on(async {
        let asked_to_leave = signals::asked_to_leave(program)?;
        let mut serving =
            pin!(event_loop.serve_until(UnixStream::from(socket), init, Some(configure_logging)));
        let ended = tokio::select! {
            served = &mut serving => served?,
            () = asked_to_leave => Ended::Closed,
        };
        Ok((ended, finish.await))
    });
    let has_stopped = event_loop.stop();
    match served? {
        (Ended::GivenUp, _) => Err(ServeError::GivenUp),
        (_, outcome) if has_stopped => Ok(outcome),
        _ => Err(ServeError::Stuck),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use super::requested_descriptor;

    #[test]
    fn a_child_is_started_with_exactly_three_arguments() {
        let rows: [(&[&str], Option<&str>); 6] = [
            (&["syscoin-node", "-ipcfd", "0"], Some("0")),
            (&["syscoin-node", "-ipcfd", "x"], Some("x")),
            (&["syscoin-node", "-ipcfd"], None),
            (&["syscoin-node", "-ipcfd", "0", "-regtest"], None),
            (&["syscoin-node", "-regtest", "-ipcfd"], None),
            (&["syscoin-node", "-ipcfd=0"], None),
        ];
        for (arguments, expected) in rows {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(
                requested_descriptor(&arguments),
                expected.map(OsStr::new),
                "{arguments:?}"
            );
        }
    }
}
