//! What other processes can call in the node.

use std::sync::Arc;

use async_trait::async_trait;
use interfaces::{Chain, Echo, Init, InterfaceError, LocalEcho, Mining, Node, Rpc};
use rpc::{Caller, Refusal};
use tokio::runtime::Handle;
use tokio::sync::{RwLock, RwLockReadGuard};
use tracing::Instrument as _;

use crate::composition::Welcome;
use crate::mining::{Holdings, OwnMining};
use crate::state::NodeState;
use crate::user_interface::{OwnNode, Running};
use crate::wallet_chain::OwnChain;

/// The calls of other processes that are under way, each a reader of the lock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<RwLock<()>>);

impl Calls {
    /// Counts a call as under way as long as the result lives.
    pub(crate) async fn begin(&self) -> RwLockReadGuard<'_, ()> {
        self.0.read().await
    }

    /// Waits until each has been handed its answer.
    pub(crate) async fn answered(&self) {
        drop(self.0.write().await);
    }
}

/// Gives each client an `Init` of its own.
pub(crate) fn welcome(running: &Arc<Running>) -> Welcome {
    let running = Arc::clone(running);
    Arc::new(move |user| client(&running, user, Holdings::default()))
}

/// The `Init` of one client, which holds so much already.
pub(crate) fn client(running: &Arc<Running>, user: &str, templates: Holdings) -> Arc<dyn Init> {
    Arc::new(ServedNode {
        running: Arc::clone(running),
        user: user.to_owned(),
        templates,
    })
}

/// The node as one client can call it.
#[derive(Clone)]
struct ServedNode {
    running: Arc<Running>,
    user: String,
    templates: Holdings,
}

#[async_trait]
impl Init for ServedNode {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(LocalEcho))
    }

    async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
        // Waits of one caller are not ended by another.
        let running = &self.running;
        Ok(Arc::new(OwnMining::new(
            running.node.clone(),
            running.runtime.clone(),
            self.templates.clone(),
        )))
    }

    async fn make_rpc(&self) -> Result<Arc<dyn Rpc>, InterfaceError> {
        Ok(Arc::new(self.clone()))
    }

    async fn make_chain(&self) -> Result<Arc<dyn Chain>, InterfaceError> {
        Ok(Arc::new(OwnChain::new(Arc::clone(&self.running))))
    }

    async fn make_node(&self) -> Result<Arc<dyn Node>, InterfaceError> {
        Ok(Arc::new(OwnNode::new(
            Arc::clone(&self.running),
            self.user.clone(),
        )))
    }
}

#[async_trait]
impl Rpc for ServedNode {
    /// Who calls is known from the connection: what the caller says of itself counts for nothing.
    async fn execute_rpc(
        &self,
        request: String,
        uri: String,
        _user: String,
    ) -> Result<String, InterfaceError> {
        let _under_way = self.running.calls.begin().await;
        let service = Arc::clone(&self.running.service);
        let caller = Caller {
            user: self.user.clone(),
            peer: None,
            uri,
        };
        // The caller's thread may be one that must not be kept busy.
        let answer = async move { service.answer(request.into_bytes(), caller).await };
        let answering = self.running.runtime.spawn(answer.in_current_span());
        match answering.await.unwrap_or(Err(Refusal::GivenUp)) {
            Ok(answer) => Ok(answer.to_json()),
            Err(Refusal::Forbidden) => Err(InterfaceError::NotAllowed {
                method: "Rpc.executeRpc".to_owned(),
            }),
            Err(refusal @ (Refusal::Busy | Refusal::GivenUp)) => Ok(refusal.to_json()),
        }
    }
}

/// The node, once it has loaded its chain.
pub(crate) fn loaded(node: &crate::state::Node) -> Result<Arc<NodeState>, InterfaceError> {
    let node = node.get().map_err(|error| failed(error.message))?;
    Ok(Arc::clone(node))
}

/// An error of this process's, as a caller is told of it.
pub(crate) fn failed(error: impl std::fmt::Display) -> InterfaceError {
    InterfaceError::Remote(error.to_string())
}

/// Does what may take long on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    runtime: &Handle,
    node: Arc<NodeState>,
    work: impl FnOnce(&NodeState) -> Result<T, InterfaceError> + Send + 'static,
) -> Result<T, InterfaceError> {
    let span = tracing::Span::current();
    let running = runtime.spawn_blocking(move || span.in_scope(|| work(&node)));
    running.await.unwrap_or_else(|error| Err(failed(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use interfaces::InterfaceError;
    use rpc::{
        DispatchConfig, Dispatcher, Kind, Method, MethodTable, Param, Service, ServiceConfig, Shape,
        ShapeKind,
    };
    use rpc::{Unlisted, Whitelist};
    use serde_json::Value;
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::welcome;
    use crate::rpc_server::naming;
    use crate::state::Node;
    use crate::user_interface::Running;
    use crate::user_interface::tests::running;

    /// Each permit lets one call of `wait` end.
    fn gate() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(0))
    }

    /// A service whose method `whoami` answers with the user, and `wait` when the gate is opened.
    fn service(config: &ServiceConfig, gate: &Arc<Semaphore>) -> Arc<Running> {
        let any = || Shape::new(ShapeKind::Any, "");
        let whoami = Method::declare("hidden", "whoami", "Tells who calls.")
            .param(Param::optional("ignored", Kind::String, "").unchecked())
            .result(any())
            .handle(async |request| Ok(request.user.into()));
        let gate = Arc::clone(gate);
        let wait = Method::declare("hidden", "wait", "Waits.")
            .result(any())
            .handle(move |_| {
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok(Value::Null)
                }
            });
        let mut table = MethodTable::default();
        table.register(whoami).unwrap();
        table.register(wait).unwrap();
        let dispatch = DispatchConfig {
            log_path: String::new(),
            check_results: true,
            naming: naming(),
        };
        let dispatcher = Dispatcher::new(dispatch, table, || {}).unwrap();
        dispatcher.finish_warmup();
        let service = Service::new(config, Arc::clone(&dispatcher));
        running(dispatcher, service, Node::default())
    }

    async fn call(running: &Arc<Running>, user: &str, request: &str) -> Result<String, InterfaceError> {
        let rpc = welcome(running)(user).make_rpc().await.unwrap();
        rpc.execute_rpc(request.to_owned(), "/".to_owned(), "root".to_owned())
            .await
    }

    #[tokio::test]
    async fn requests_are_answered_as_over_http() {
        let service = service(&ServiceConfig::default(), &gate());
        let rows = [
            (
                r#"{"method":"whoami","id":1}"#,
                r#"{"result":"ann","error":null,"id":1}"#,
            ),
            (
                r#"[{"method":"whoami","id":"a"},{"method":"none","id":2}]"#,
                r#"[{"result":"ann","error":null,"id":"a"},{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":2}]"#,
            ),
            (
                "{",
                r#"{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}"#,
            ),
        ];
        for (request, expected) in rows {
            assert_eq!(
                call(&service, "ann", request).await.unwrap(),
                expected,
                "{request}"
            );
        }
    }

    #[tokio::test]
    async fn what_the_caller_says_of_itself_gives_no_rights() {
        let mut whitelist = Whitelist::new(Unlisted::Nothing);
        whitelist.add("root:whoami");
        let config = ServiceConfig {
            whitelist,
            ..ServiceConfig::default()
        };
        let service = service(&config, &gate());
        let request = r#"{"method":"whoami","id":1}"#;
        assert!(matches!(
            call(&service, "ann", request).await,
            Err(InterfaceError::NotAllowed { .. })
        ));
        call(&service, "root", request).await.unwrap();
    }

    #[tokio::test]
    async fn requests_share_the_queue_of_http() {
        let config = ServiceConfig {
            threads: 1,
            work_queue: 1,
            ..ServiceConfig::default()
        };
        let gate = gate();
        let service = service(&config, &gate);
        let wait = r#"{"method":"wait"}"#;
        let mut calls = JoinSet::new();
        for _ in 0..3 {
            let service = Arc::clone(&service);
            calls.spawn(async move { call(&service, "ann", wait).await.unwrap() });
        }
        // Two are taken in, and one is refused, whichever comes last.
        assert_eq!(
            calls.join_next().await.unwrap().unwrap(),
            r#"{"result":null,"error":{"code":-32603,"message":"Work queue depth exceeded"},"id":null}"#
        );
        gate.add_permits(2);
        while let Some(answer) = calls.join_next().await {
            assert_eq!(answer.unwrap(), r#"{"result":null,"error":null,"id":null}"#);
        }
    }
}
