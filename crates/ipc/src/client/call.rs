//! A call under way, on the IPC thread.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use capnp::MessageSize;
use capnp::capability::{FromClientHook, Promise};
use capnp::dynamic_value::Reader;
use capnp::raw::{get_list_bytes, get_struct_pointer_section};
use capnp::traits::IntoInternalStructReader;
use futures::future::LocalBoxFuture;
use interfaces::{Disconnection, InterfaceError};

use super::remote::{Interface, Runs, Target};
use crate::connection::{Connection, Current, LOCAL, Lease};
use crate::error::{check_size, from_capnp};
use crate::log;
use crate::metrics::Timing;
use crate::schema::proxy_capnp::context;
use crate::trace::{Sent, TraceContext};
use crate::wire::{Enclosed, Kind, LONG};

/// A call of a method of another process.
pub(crate) struct Call<C> {
    target: Target<C>,
    method: &'static str,
    caller: Arc<str>,
    trace: Option<TraceContext>,
    lease: Option<Lease>,
    /// Set while the request is on its way.
    timing: Cell<Option<Timing>>,
    /// Words of the parameters that are sent from where they are.
    enclosed_words: Cell<usize>,
}

/// What a method does for its call. Its type is the same for all methods of an interface with the same result, so that what
/// is done around it is not compiled anew for each.
pub(super) type Body<C, T> = Box<dyn FnOnce(Rc<Call<C>>) -> LocalBoxFuture<'static, capnp::Result<T>> + Send>;

/// Who calls what.
pub(super) struct Calling {
    pub(super) method: &'static str,
    pub(super) runs: Runs,
    /// The calling thread, for the log.
    pub(super) caller: Arc<str>,
    /// The call from the same process that this one is made in.
    pub(super) within: Option<Rc<Current>>,
    /// The span that the call is made in.
    pub(super) trace: Option<TraceContext>,
}

impl<C: Interface> Call<C> {
    pub(super) async fn begin(target: Target<C>, calling: Calling) -> Result<Self, InterfaceError> {
        let connection = &target.connection;
        let lease = match calling.runs {
            Runs::OnThread => Some(connection.lease(&calling.caller, calling.within).await?),
            Runs::AtOnce => None,
        };
        connection.link().room().await;
        if connection.link().is_lost() {
            return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
        }
        Ok(Self {
            target,
            method: calling.method,
            caller: calling.caller,
            trace: calling.trace,
            lease,
            timing: Cell::default(),
            enclosed_words: Cell::new(0),
        })
    }

    /// Makes the call: `body` fills the request in, sends it and reads the answer.
    pub(super) async fn finish<T>(call: Self, body: Body<C, T>) -> Result<T, InterfaceError> {
        let call = Rc::new(call);
        let result = body(Rc::clone(&call)).await.map_err(|error| {
            // A message that could not be sent leaves its own behind.
            call.connection().link().discard_enclosed();
            log::failed(&call.caller, &error);
            from_capnp(call.method, &error)
        });
        if let Some(Call {
            target,
            lease: Some(lease),
            ..
        }) = Rc::into_inner(call)
        {
            lease.end(&target.connection, result.is_ok()).await;
        }
        result
    }

    /// The capability to call, as the interface that declares the method.
    pub(crate) fn client<N: FromClientHook>(&self) -> N {
        N::new(self.target.client.as_client_hook().add_ref())
    }

    /// The connection to the other process.
    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.target.connection
    }

    /// The context of a call that is made within a span, for a peer that knows what it means.
    pub(crate) fn trace(&self) -> Option<Sent> {
        self.sent_trace().map(TraceContext::to_sent)
    }

    fn sent_trace(&self) -> Option<TraceContext> {
        let is_understood = self.lease.is_some() && self.connection().account().version().is_some();
        self.trace.filter(|_| is_understood)
    }

    /// Names the threads that the call runs on.
    pub(crate) fn fill(&self, context: context::Builder<'_>) {
        if let Some(lease) = &self.lease {
            lease.fill(context);
        }
    }

    /// Whether a parameter of so many bytes is sent from where it is, instead of being copied into the message.
    pub(crate) fn may_enclose(&self, n_bytes: usize) -> bool {
        let hook = self.target.client.as_client_hook();
        // What is not the peer's, or is still to be found out, takes a copy of the message.
        let is_sent_as_it_is = || hook.get_brand() != LOCAL && hook.when_more_resolved().is_none();
        n_bytes >= LONG && !log::shows_data() && is_sent_as_it_is()
    }

    /// Lets a parameter go with the message. `parameters` is where its pointer is, as the one with the number `index`.
    pub(crate) fn enclose<'a>(
        &self,
        kind: Kind,
        bytes: Vec<u8>,
        parameters: impl IntoInternalStructReader<'a>,
        index: usize,
    ) {
        let pointers = get_list_bytes(get_struct_pointer_section(parameters));
        let pointer = pointers[index * size_of::<capnp::Word>()..].as_ptr().addr();
        let words = self.enclosed_words.get();
        let link = self.connection().link();
        self.enclosed_words.set(words + kind.words(bytes.len()));
        link.enclose(Enclosed { pointer, bytes, kind });
    }

    /// Checks and logs the filled-in request.
    pub(crate) fn sending<'a>(
        &self,
        method: &'static str,
        size: capnp::Result<MessageSize>,
        parameters: impl Into<Reader<'a>>,
    ) -> capnp::Result<()> {
        self.check(size?)?;
        log::sent(&self.caller, method, parameters);
        self.leaves(method);
        Ok(())
    }

    fn check(&self, mut size: MessageSize) -> capnp::Result<()> {
        size.word_count += self.enclosed_words.get() as u64;
        check_size(size).inspect_err(|_| self.connection().link().discard_enclosed())
    }

    fn leaves(&self, method: &'static str) {
        if let Some(trace) = self.sent_trace() {
            tracing::trace!(target: "ipc", "send trace: {trace}");
        }
        self.timing.set(Some(self.connection().account().make(method)));
    }

    /// Waits for the answer.
    pub(crate) async fn answer<T>(&self, promise: Promise<T, capnp::Error>) -> capnp::Result<T> {
        self.target.connection.answer(promise).await
    }

    /// Logs the answer.
    pub(crate) fn received<'a>(&self, method: &str, results: impl Into<Reader<'a>>) {
        log::received(&self.caller, method, results);
        if let Some(timing) = self.timing.take() {
            timing.succeed();
        }
    }
}
