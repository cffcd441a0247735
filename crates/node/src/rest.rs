//! What the node tells over HTTP without asking for a password, for those who only read (`-rest`).
//!
//! Blocks, headers, filters, transactions and coins, as bytes, as hexadecimal digits or as JSON, which is what the RPC
//! methods answer. Paths, statuses and texts of errors are Bitcoin Core v26's. Nothing can be changed here.

mod answer;
mod block;
mod chain;
mod filter;
mod outputs;
mod pool;
mod target;
mod transaction;

use std::sync::Arc;

use rpc::{Call, Dispatcher, Outcome, PageRequest, Params, Routes};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::state::{Node, NodeState};
use answer::{Content, Failure};
use target::Target;

/// Answers a request, on a thread that may wait.
type Endpoint = fn(&Site, &Target) -> Result<Content, Failure>;

/// What answers requests for the paths that begin so, unless an earlier one does.
const ENDPOINTS: [(&str, Endpoint); 12] = [
    ("/rest/tx/", transaction::transaction),
    ("/rest/block/notxdetails/", block::with_ids),
    ("/rest/block/", block::with_transactions),
    ("/rest/blockfilter/", filter::filter),
    ("/rest/blockfilterheaders/", filter::headers),
    ("/rest/chaininfo", chain::info),
    ("/rest/mempool/", pool::pool),
    ("/rest/headers/", chain::headers),
    ("/rest/getutxos", outputs::outputs),
    ("/rest/deploymentinfo/", chain::deployments),
    ("/rest/deploymentinfo", chain::deployments),
    ("/rest/blockhashbyheight/", chain::hash_by_height),
];

/// What is told of.
struct Site {
    node: Arc<NodeState>,
    dispatcher: Arc<Dispatcher>,
    runtime: Handle,
}

impl Site {
    /// What an RPC method answers.
    fn call(&self, method: &str, params: Vec<Value>) -> Outcome {
        let call = Call {
            method: method.to_owned(),
            params: Params::Positional(params),
        };
        self.runtime.block_on(self.dispatcher.execute(call, ""))
    }
}

/// All paths, with what answers requests for them.
pub(crate) fn routes(node: &Node, dispatcher: &Arc<Dispatcher>) -> Routes {
    let mut routes = Routes::default();
    for (prefix, endpoint) in ENDPOINTS {
        let (node, dispatcher) = (node.clone(), Arc::clone(dispatcher));
        routes.add(prefix, move |request| {
            let (node, dispatcher) = (node.clone(), Arc::clone(&dispatcher));
            async move { answer::page(answer(&node, dispatcher, endpoint, request).await) }
        });
    }
    routes
}

async fn answer(
    node: &Node,
    dispatcher: Arc<Dispatcher>,
    endpoint: Endpoint,
    request: PageRequest,
) -> Result<Content, Failure> {
    if let Some(status) = dispatcher.warmup_status() {
        return Err(Failure::unavailable(&status));
    }
    let site = Site {
        node: Arc::clone(node.get()?),
        dispatcher,
        runtime: Handle::current(),
    };
    let work = move || endpoint(&site, &Target::new(request));
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_panicked| Err(Failure::failed("the request was given up")))
}

#[cfg(test)]
mod tests {
    use rpc::{DispatchConfig, MethodTable, Page, PageStatus};

    use super::*;
    use crate::rpc_server::naming;

    #[tokio::test]
    async fn nothing_is_told_while_the_node_starts() {
        let config = DispatchConfig {
            log_path: String::new(),
            check_results: true,
            naming: naming(),
        };
        let dispatcher = Dispatcher::new(config, MethodTable::default(), || {}).unwrap();
        dispatcher.set_warmup_status("Verifying blocks…");
        let told = async || {
            let request = PageRequest {
                target: ".json".to_owned(),
                body: Vec::new(),
            };
            let node = Node::default();
            answer::page(answer(&node, Arc::clone(&dispatcher), chain::info, request).await)
        };
        let unavailable = |status: &str| Page {
            status: PageStatus::Unavailable,
            content_type: "text/plain",
            body: format!("Service temporarily unavailable: {status}\r\n").into_bytes(),
        };
        assert_eq!(told().await, unavailable("Verifying blocks…"));
        dispatcher.finish_warmup();
        assert_eq!(told().await, unavailable("Loading block index…"));
    }
}
