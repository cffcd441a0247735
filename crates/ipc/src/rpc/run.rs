//! A connection from its beginning to its end.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use capnp::Error;
use capnp::capability::Client;
use futures::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::peer::Peer;
use crate::complaints::Complaints;
use crate::wire::{Fault, Link, Receiver, Writing, open};

/// How long what is queued may take to be sent once the connection is closed.
const FLUSH: Duration = Duration::from_secs(2);

/// A connection that does nothing unless it is [driven](drive).
pub(crate) struct System {
    link: Rc<Link>,
    pub(super) peer: Rc<Peer>,
    receiver: Receiver,
    writing: Writing,
}

impl System {
    /// Over a stream, with the root object that the peer gets.
    pub(crate) fn new(
        link: &Rc<Link>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        root: Option<Client>,
    ) -> Self {
        let (receiver, sender, writing) = open(link, stream);
        Self {
            link: Rc::clone(link),
            peer: Peer::new(sender, root),
            receiver,
            writing,
        }
    }

    /// The peer's root object, which is asked for.
    pub(crate) fn root(&self) -> Client {
        Client::new(self.peer.bootstrap())
    }
}

/// Runs the connection until the peer or an error ends it, or `close` fires or is dropped. Afterwards the link is
/// lost, and whoever still waits for an answer knows. What the peer did to be given up is a complaint.
pub(crate) async fn drive(system: System, close: oneshot::Receiver<()>, complaints: &Complaints) -> Ended {
    let System {
        link,
        peer,
        receiver,
        writing,
    } = system;
    // A panic that a hostile message might cause costs the connection and no more.
    let mut reading = pin!(AssertUnwindSafe(read(&peer, receiver)).catch_unwind());
    let ended = tokio::select! {
        biased;
        error = &mut reading => {
            let error = error.unwrap_or_else(|_| Error::failed("a message could not be taken in".to_owned()));
            peer.finish_all(&error);
            lost(&link)
        }
        _ = link.lost() => lost(&link),
        _ = close => Ended::Closed,
    };
    if matches!(ended, Ended::GivenUp | Ended::CutOff) {
        complaints.give_up(&link.lost().await);
    }
    peer.finish_all(&Error::disconnected("client requested disconnect".to_owned()));
    // Too late is as good as done: the stream is closed either way.
    let _ = tokio::time::timeout(FLUSH, writing.end()).await;
    link.lose("the connection is closed");
    ended
}

/// Takes in what the peer sends, until there is no more, and gives the reason.
async fn read(peer: &Peer, mut receiver: Receiver) -> Error {
    loop {
        let received = match receiver.receive().await {
            Ok(incoming) => peer.receive(incoming),
            Err(error) => Err(error),
        };
        if let Err(error) = received {
            return error;
        }
    }
}

fn lost(link: &Link) -> Ended {
    let n_open = link.n_open();
    match link.fault() {
        None => Ended::Lost { n_open },
        Some(Fault::Broken) => Ended::Broken { n_open },
        Some(Fault::GivenUp) => Ended::GivenUp,
        Some(Fault::CutOff) => Ended::CutOff,
    }
}

/// Why a connection is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// This side closed it.
    Closed,
    /// The peer closed it.
    Lost {
        /// Questions of the peer's that were open: not answered, or answered and not let go of.
        n_open: usize,
    },
    /// Its stream failed: the peer is gone and has not read what it was sent.
    Broken {
        /// Questions of the peer's that were open: not answered, or answered and not let go of.
        n_open: usize,
    },
    /// This side did, because of what the peer sent, or did not read.
    GivenUp,
    /// It ended within a message: the peer died, or means harm.
    CutOff,
}
