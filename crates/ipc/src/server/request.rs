//! One call that the peer made, from its arrival to the answer.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use capnp::{Error, MessageSize};
use interfaces::InterfaceError;

use super::Connection;
use super::objects::Held;
use crate::error::{check_size, exception};
use crate::log;
use crate::schema::proxy_capnp::context;
use crate::threads::Turn;

/// A call, known in the log by its number.
pub(crate) struct Request<'a> {
    connection: &'a Connection,
    label: Arc<str>,
    number: u64,
    method: &'static str,
}

impl<'a> Request<'a> {
    pub(super) fn receive(connection: &'a Connection, method: &'static str, parameters: &dyn Debug) -> Self {
        let request = Self {
            connection,
            label: log::thread_label(&connection.local.program),
            number: connection.local.next_request(),
            method,
        };
        let Self { label, number, .. } = &request;
        log::message(
            || format!("{{{label}}} IPC server recv request  #{number} {method}$Params"),
            "request",
            parameters,
        );
        request
    }

    /// Waits for the call's turn on its thread. It does not come when the peer is gone by then.
    pub(crate) async fn turn(&self, context: context::Reader<'_>) -> capnp::Result<Turn> {
        let turn = tokio::select! {
            biased;
            reason = self.connection.link.lost() => return Err(Error::disconnected(reason.to_string())),
            turn = self.connection.threads.turn(context) => turn?,
        };
        tracing::debug!(
            target: "ipc",
            "{{{}}} IPC server post request  #{} {{{}}}",
            self.label,
            self.number,
            turn.thread
        );
        Ok(turn)
    }

    /// Runs the method to its end, even when the caller gives up meanwhile, and passes the turn on.
    pub(crate) async fn run<I, T, F>(
        &self,
        turn: Turn,
        object: Arc<I>,
        method: impl FnOnce(Arc<I>) -> F + 'static,
    ) -> capnp::Result<T>
    where
        I: ?Sized + Send + Sync + 'static,
        T: 'static,
        F: Future<Output = Result<T, InterfaceError>> + 'static,
    {
        let running = tokio::task::spawn_local(async move {
            let (_held, object) = Held::new(object);
            let result = method(object).await;
            drop(turn);
            result
        });
        match running.await {
            Ok(result) => result.map_err(exception),
            Err(_panic) => Err(exception(format_args!("{} failed unexpectedly", self.method))),
        }
    }

    /// Checks and logs the filled-in results.
    pub(crate) fn respond(&self, size: capnp::Result<MessageSize>, results: &dyn Debug) -> capnp::Result<()> {
        check_size(size?)?;
        let Self {
            label,
            number,
            method,
            ..
        } = self;
        log::message(
            || format!("{{{label}}} IPC server send response #{number} {method}$Results"),
            "response",
            results,
        );
        Ok(())
    }

    /// Logs a failure on its way to the peer.
    pub(crate) fn close(&self, outcome: capnp::Result<()>) -> Result<(), Error> {
        if let Err(error) = &outcome {
            tracing::debug!(
                target: "ipc",
                "{{{}}} IPC server error request #{} {}: {error}",
                self.label,
                self.number,
                self.method
            );
        }
        outcome
    }
}
