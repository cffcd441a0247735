//! Handles of objects in another process.

use std::any::Any;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use capnp::capability::FromClientHook;
use futures::future::LocalBoxFuture;
use interfaces::{Disconnection, InterfaceError};

use super::call::{Body, Call, Calling};
use crate::connection::{Connection, Keep, calling};
use crate::event_loop::{EventLoop, Local, ObjectId};
use crate::log;
use crate::trace::TraceContext;

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
pub(crate) struct Target<C> {
    pub(super) client: C,
    pub(super) connection: Rc<Connection>,
    _keep: Keep,
}

impl<C: Clone> Clone for Target<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            connection: Rc::clone(&self.connection),
            _keep: self._keep.clone(),
        }
    }
}

/// Whether a call runs on a thread of the other process, where calls wait for each other, or at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Its schema has a context.
    OnThread,
    /// Its schema has none.
    AtOnce,
}

impl<C: Interface> Remote<C> {
    /// A handle of `client`. Runs on the IPC thread.
    pub(crate) fn new(client: C, connection: Rc<Connection>, keep: Keep) -> Self {
        let event_loop = connection.event_loop().clone();
        let local = Rc::clone(connection.local());
        connection.account().hold();
        let id = local.insert(Target {
            client,
            connection,
            _keep: keep,
        });
        Self {
            event_loop,
            id,
            client: PhantomData,
        }
    }

    /// Makes one call of `method`: `body` fills the request in, sends it and reads the answer.
    pub(crate) async fn call<T, B, F>(
        &self,
        method: &'static str,
        runs: Runs,
        body: B,
    ) -> Result<T, InterfaceError>
    where
        T: Send + 'static,
        B: FnOnce(Rc<Call<C>>) -> F + Send + 'static,
        F: Future<Output = capnp::Result<T>> + 'static,
    {
        self.make(method, runs, Box::new(|call| Box::pin(body(call))))
            .await
    }

    async fn make<T: Send + 'static>(
        &self,
        method: &'static str,
        runs: Runs,
        body: Body<C, T>,
    ) -> Result<T, InterfaceError> {
        let caller = log::thread_label(self.event_loop.program());
        let within = calling(&self.event_loop);
        let trace = TraceContext::current();
        let id = self.id;
        let outcome = self.event_loop.run(move |local: Rc<Local>| async move {
            let Some(target) = local.get::<Target<C>>(id) else {
                return Err(InterfaceError::Disconnected(Disconnection::BeforeCall));
            };
            let calling = Calling {
                method,
                runs,
                caller,
                within: within.and_then(|number| local.get(number)),
                trace,
            };
            let call = Call::begin(target, calling).await?;
            Call::finish(call, body).await
        });
        outcome
            .await
            .unwrap_or_else(|stopped| Err(InterfaceError::Disconnected(stopped)))
    }
}

impl<C: Interface> Drop for Remote<C> {
    fn drop(&mut self) {
        let caller = log::thread_label(self.event_loop.program());
        let id = self.id;
        self.event_loop.run_detached(move |local| {
            Box::pin(async move {
                let Some(target) = local.remove::<Target<C>>(id) else {
                    return;
                };
                target.connection.account().let_go();
                let patience = target.connection.patience();
                let calling = Calling {
                    method: "destroy",
                    runs: Runs::OnThread,
                    caller,
                    within: None,
                    trace: None,
                };
                let destroying = async {
                    let call = Call::begin(target, calling).await?;
                    Call::finish(call, Box::new(C::destroy)).await
                };
                // Where it fails or is late, releasing the object drops it, or the connection's end does.
                let _ = tokio::time::timeout(patience, destroying).await;
            })
        });
    }
}
