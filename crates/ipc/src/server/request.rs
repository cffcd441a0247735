//! One call that the peer made, from its arrival to the answer.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use capnp::dynamic_value::Reader;
use capnp::{Error, MessageSize};
use futures::future::LocalBoxFuture;
use interfaces::InterfaceError;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use crate::connection::{Connection, Current, Held};
use crate::error::{check_size, exception, from_call, from_interface};
use crate::event_loop::spawn;
use crate::log;
use crate::metrics::Timing;
use crate::schema::proxy_capnp::context;
use crate::trace::TraceContext;

/// A call, known in the log by its number.
pub(crate) struct Request {
    connection: Rc<Connection>,
    label: Arc<str>,
    number: u64,
    method: &'static str,
    timing: Cell<Option<Timing>>,
    /// Whether there was a method to run, with parameters that it can be run with.
    has_run: Cell<bool>,
    /// The span that the peer makes the call in.
    trace: Cell<Option<TraceContext>>,
}

impl Request {
    pub(crate) fn receive<'a>(
        connection: Rc<Connection>,
        method: &'static str,
        parameters: impl Into<Reader<'a>>,
    ) -> Self {
        let request = Self {
            label: log::thread_label(&connection.local().program),
            number: connection.local().next_request(),
            timing: Cell::new(Some(connection.account().serve(method))),
            has_run: Cell::new(false),
            trace: Cell::default(),
            connection,
            method,
        };
        if log::is_shown() {
            let Self { label, number, .. } = &request;
            let text = format!("{{{label}}} IPC server recv request  #{number} {method}$Params");
            log::message(&text, "request", parameters.into());
        }
        request
    }

    /// Waits for the call's turn on its thread, and until earlier answers leave room for this one. It does not come when
    /// the peer is gone by then.
    pub(crate) async fn turn(&self, context: context::Reader<'_>) -> capnp::Result<Rc<Current>> {
        let link = self.connection.link();
        let turn = async {
            let turn = self.connection.threads().turn(context).await?;
            link.room().await;
            Ok::<_, Error>(turn)
        };
        self.note_trace(context);
        let turn = tokio::select! {
            biased;
            reason = link.lost() => return Err(Error::disconnected(reason.to_string())),
            turn = turn => turn?,
        };
        tracing::debug!(
            target: "ipc",
            "{{{}}} IPC server post request  #{} {{{}}}",
            self.label,
            self.number,
            log::OneLine(&turn.name)
        );
        let waiting = if context.has_callback_thread() {
            let waiting = context.get_callback_thread()?;
            self.connection.know(&waiting);
            Some(waiting)
        } else {
            None
        };
        Ok(Current::new(&self.connection, turn, waiting))
    }

    /// Takes note of the span that the call is made in. Peers of other makes have none to tell.
    fn note_trace(&self, context: context::Reader<'_>) {
        let trace = self.connection.account().version();
        let trace = trace.and_then(|_| TraceContext::received(context));
        if let Some(trace) = trace {
            tracing::trace!(target: "ipc", "request trace: {trace}");
        }
        self.trace.set(trace);
    }

    /// Runs the method to its end, even when the caller gives up meanwhile, and passes the turn on.
    pub(crate) async fn run<I, T, F>(
        &self,
        turn: Rc<Current>,
        object: Arc<I>,
        method: impl FnOnce(Arc<I>) -> F + 'static,
    ) -> capnp::Result<T>
    where
        I: ?Sized + Send + Sync + 'static,
        T: 'static,
        F: Future<Output = Result<T, InterfaceError>> + 'static,
    {
        let span = self
            .trace
            .get()
            .map_or_else(Span::none, |trace| trace.serve(self.method));
        self.perform(Box::pin(turn.scope(running(object, method).instrument(span))))
            .await
    }

    /// Runs a method without a turn.
    pub(crate) async fn run_at_once<I, T, F>(
        &self,
        object: Arc<I>,
        method: impl FnOnce(Arc<I>) -> F + 'static,
    ) -> capnp::Result<T>
    where
        I: ?Sized + Send + Sync + 'static,
        T: 'static,
        F: Future<Output = Result<T, InterfaceError>> + 'static,
    {
        self.perform(Box::pin(running(object, method))).await
    }

    /// Runs a method as far as it comes without waiting, which for most is to their end, and the rest of it as a task.
    async fn perform<T: 'static>(&self, mut running: Running<T>) -> capnp::Result<T> {
        self.has_run.set(true);
        let polled = poll_fn(|context| {
            // A panic costs the call and no more, as it would in a task.
            Poll::Ready(catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))))
        });
        let result = match polled.await {
            Ok(Poll::Ready(result)) => {
                // The turn is the next call's.
                drop(running);
                Some(result)
            }
            Ok(Poll::Pending) => {
                let (sender, receiver) = oneshot::channel();
                spawn(Box::pin(async move {
                    let result = running.await;
                    // The caller may have given up.
                    let _ = sender.send(result);
                }));
                receiver.await.ok()
            }
            Err(_) => None,
        };
        match result {
            Some(result) => result.map_err(|error| from_interface(&error)),
            None => Err(exception(format_args!("{} failed unexpectedly", self.method))),
        }
    }

    /// Checks and logs the filled-in results.
    pub(crate) fn respond<'a>(
        &self,
        size: capnp::Result<MessageSize>,
        results: impl Into<Reader<'a>>,
    ) -> capnp::Result<()> {
        check_size(size?)?;
        if log::is_shown() {
            let Self {
                label,
                number,
                method,
                ..
            } = self;
            let text = format!("{{{label}}} IPC server send response #{number} {method}$Results");
            log::message(&text, "response", results.into());
        }
        if let Some(timing) = self.timing.take() {
            timing.succeed();
        }
        Ok(())
    }

    /// Logs a failure on its way to the peer, and minds calls that come to nothing.
    pub(crate) fn close(&self, outcome: capnp::Result<()>) -> Result<(), Error> {
        let outcome = outcome.map_err(from_call);
        if let Err(error) = &outcome {
            if !self.has_run.get() {
                self.connection.link().begrudge();
            }
            tracing::debug!(
                target: "ipc",
                "{{{}}} IPC server error request #{} {}$Results {}",
                self.label,
                self.number,
                self.method,
                log::exception(error)
            );
        }
        outcome
    }
}

/// A method that runs.
type Running<T> = LocalBoxFuture<'static, Result<T, InterfaceError>>;

/// Runs the method, and holds on to its object as long.
async fn running<I, T, F>(object: Arc<I>, method: impl FnOnce(Arc<I>) -> F) -> Result<T, InterfaceError>
where
    I: ?Sized + Send + Sync + 'static,
    F: Future<Output = Result<T, InterfaceError>>,
{
    let (held, object) = Held::new(object);
    let result = method(object).await;
    drop(held);
    result
}
