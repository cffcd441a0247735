//! Handles of objects in another process, and the calls made through them.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use capnp::MessageSize;
use capnp::capability::{FromClientHook, Promise};
use futures::future::LocalBoxFuture;
use interfaces::{Disconnection, InterfaceError};

use super::connection::{Connection, Lease, log_receive, log_send};
use crate::error::{check_size, from_capnp};
use crate::event_loop::{EventLoop, Local, ObjectId};
use crate::log;
use crate::schema::proxy_capnp::context;

/// What the schema says of an interface, for its handle.
pub(crate) trait Interface: FromClientHook + Clone + Any {
    /// The trait that the handle implements.
    type Object: ?Sized;

    /// The handle as its trait.
    fn object(remote: Remote<Self>) -> Arc<Self::Object>;

    /// Tells the other process to drop the object, where the interface has a method for it.
    fn destroy(call: Rc<Call<Self>>) -> LocalBoxFuture<'static, capnp::Result<()>>;
}

/// A handle of an object in another process, which any thread may use. Dropping it destroys the object.
pub(crate) struct Remote<C: Interface> {
    event_loop: EventLoop,
    id: ObjectId,
    client: PhantomData<fn() -> C>,
}

/// The object behind a handle. It keeps the connection.
struct Target<C> {
    client: C,
    connection: Rc<Connection>,
}

impl<C: Clone> Clone for Target<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            connection: Rc::clone(&self.connection),
        }
    }
}

impl<C: Interface> Remote<C> {
    /// A handle of `client`. Runs on the IPC thread, whose handle `event_loop` is.
    pub(crate) fn new(event_loop: EventLoop, local: &Local, client: C, connection: Rc<Connection>) -> Self {
        let id = local.insert(Target { client, connection });
        Self {
            event_loop,
            id,
            client: PhantomData,
        }
    }

    /// Makes one call of `method`: `body` fills the request in, sends it and reads the answer.
    pub(crate) async fn call<T, B, F>(&self, method: &'static str, body: B) -> Result<T, InterfaceError>
    where
        T: Send + 'static,
        B: FnOnce(Rc<Call<C>>) -> F + Send + 'static,
        F: Future<Output = capnp::Result<T>> + 'static,
    {
        let caller = log::thread_label(self.event_loop.program());
        let event_loop = self.event_loop.clone();
        let id = self.id;
        let outcome = self.event_loop.run(move |local| {
            Box::pin(async move {
                let Some(target) = local.get::<Target<C>>(id) else {
                    return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
                };
                let call = Call::begin(event_loop, local, target, method, caller).await?;
                Call::finish(call, body).await
            })
        });
        outcome
            .await
            .unwrap_or_else(|stopped| Err(InterfaceError::Disconnected(stopped)))
    }
}

impl<C: Interface> Drop for Remote<C> {
    fn drop(&mut self) {
        let caller = log::thread_label(self.event_loop.program());
        let event_loop = self.event_loop.clone();
        let id = self.id;
        self.event_loop.run_detached(move |local| {
            Box::pin(async move {
                let Some(target) = local.remove::<Target<C>>(id) else {
                    return;
                };
                let patience = target.connection.patience();
                let destroying = async {
                    let call = Call::begin(event_loop, local, target, "destroy", caller).await?;
                    Call::finish(call, C::destroy).await
                };
                // Where it fails or is late, releasing the object drops it, or the connection's end does.
                let _ = tokio::time::timeout(patience, destroying).await;
            })
        });
    }
}

/// A call under way, on the IPC thread.
pub(crate) struct Call<C> {
    event_loop: EventLoop,
    local: Rc<Local>,
    target: Target<C>,
    method: &'static str,
    caller: Arc<str>,
    lease: Lease,
}

impl<C: Interface> Call<C> {
    async fn begin(
        event_loop: EventLoop,
        local: Rc<Local>,
        target: Target<C>,
        method: &'static str,
        caller: Arc<str>,
    ) -> Result<Self, InterfaceError> {
        let connection = &target.connection;
        let lease = connection.lease(&caller).await?;
        connection.room().await;
        if connection.is_lost() {
            return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
        }
        Ok(Self {
            event_loop,
            local,
            target,
            method,
            caller,
            lease,
        })
    }

    async fn finish<T, B, F>(call: Self, body: B) -> Result<T, InterfaceError>
    where
        B: FnOnce(Rc<Self>) -> F,
        F: Future<Output = capnp::Result<T>>,
    {
        let call = Rc::new(call);
        let result = body(Rc::clone(&call))
            .await
            .map_err(|error| from_capnp(call.method, &error));
        if let (Ok(_), Some(call)) = (&result, Rc::into_inner(call)) {
            call.lease.give_back(&call.target.connection);
        }
        result
    }

    /// The capability to call.
    pub(crate) fn client(&self) -> &C {
        &self.target.client
    }

    /// Names the threads that the call runs on.
    pub(crate) fn fill(&self, context: context::Builder<'_>) {
        self.lease.fill(context);
    }

    /// Checks and logs the filled-in request.
    pub(crate) fn sending(
        &self,
        method: &str,
        size: capnp::Result<MessageSize>,
        parameters: &dyn Debug,
    ) -> capnp::Result<()> {
        check_size(size?)?;
        log_send(&self.caller, method, parameters);
        Ok(())
    }

    /// Waits for the answer.
    pub(crate) async fn answer<T>(&self, promise: Promise<T, capnp::Error>) -> capnp::Result<T> {
        self.target.connection.answer(promise).await
    }

    /// Logs the answer.
    pub(crate) fn received(&self, method: &str, results: &dyn Debug) {
        log_receive(&self.caller, method, results);
    }

    /// A handle of an object that the answer brought.
    pub(crate) fn adopt<N: Interface>(&self, client: N) -> Arc<N::Object> {
        N::object(Remote::new(
            self.event_loop.clone(),
            &self.local,
            client,
            Rc::clone(&self.target.connection),
        ))
    }
}
