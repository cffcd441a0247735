//! Which peers are told of spans.

use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, twoparty};
use interfaces::Init;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};
use tracing::{Instrument as _, Span};

use super::support::{local, within};
use crate::EventLoop;
use crate::schema::init_capnp::init;
use crate::schema::process_capnp::process;
use crate::threads::Threads;
use crate::wire::Link;

/// A peer that takes note of the sizes of contexts, and does nothing else.
struct Measuring {
    threads: Rc<Threads>,
    sizes: Rc<RefCell<Vec<usize>>>,
}

impl init::Server for Measuring {
    async fn construct(
        self: Rc<Self>,
        _: init::ConstructParams,
        mut results: init::ConstructResults,
    ) -> capnp::Result<()> {
        results.get().set_thread_map(self.threads.new_map());
        Ok(())
    }

    async fn make_echo(
        self: Rc<Self>,
        params: init::MakeEchoParams,
        _: init::MakeEchoResults,
    ) -> capnp::Result<()> {
        let context = params.get()?.get_context()?;
        assert!(context.has_thread() && context.has_callback_thread());
        let data = capnp::raw::get_struct_data_section(context);
        self.sizes.borrow_mut().push(data.len());
        Err(capnp::Error::failed("there is no echo".to_owned()))
    }
}

impl process::Server for Measuring {
    async fn negotiate(
        self: Rc<Self>,
        _: process::NegotiateParams,
        mut results: process::NegotiateResults,
    ) -> capnp::Result<()> {
        results.get().set_version(1);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Peer {
    /// Of this project.
    Ours,
    /// Such as C++ peers are.
    Foreign,
}

/// The bytes of data in the contexts of two calls, one made within a span and one outside.
async fn sizes(peer: Peer) -> Vec<usize> {
    let sizes: Rc<RefCell<Vec<usize>>> = Rc::default();
    let measuring = Measuring {
        threads: Threads::new(&Arc::from("peer"), &Link::new()),
        sizes: Rc::clone(&sizes),
    };
    let root = match peer {
        Peer::Ours => capnp_rpc::new_client::<process::Client, _>(measuring).client,
        Peer::Foreign => capnp_rpc::new_client::<init::Client, _>(measuring).client,
    };
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let (reader, writer) = tokio::net::UnixStream::from_std(theirs).unwrap().into_split();
    let network = twoparty::VatNetwork::new(
        reader.compat(),
        writer.compat_write(),
        Side::Server,
        Default::default(),
    );
    tokio::task::spawn_local(RpcSystem::new(Box::new(network), Some(root)));

    let event_loop = EventLoop::start("traces").unwrap();
    let init: Arc<dyn Init> = within(event_loop.connect(ours)).await.unwrap();
    for span in [tracing::info_span!("caller"), Span::none()] {
        let made = within(init.make_echo()).instrument(span).await;
        assert!(made.is_err());
    }
    sizes.take()
}

#[test]
fn peers_of_this_project_alone_are_told_of_spans_and_of_nothing_else() {
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry());
    local(async {
        assert_eq!(sizes(Peer::Ours).await, [24, 0]);
        assert_eq!(sizes(Peer::Foreign).await, [0, 0]);
    });
}

#[test]
fn nothing_is_told_of_spans_that_nobody_subscribes_to() {
    let _subscriber = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new());
    local(async {
        assert_eq!(sizes(Peer::Ours).await, [0, 0]);
    });
}
