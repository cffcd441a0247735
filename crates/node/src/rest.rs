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
