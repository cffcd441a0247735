//! Objects that are passed to calls, and called back while the call waits.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use interfaces::{Chain, InterfaceError, Json, RpcCommand, RpcFailure, RpcMethod, RpcRequest, suite};

use super::support::{StockClient, local, send_echo, serve, within};
use crate::EventLoop;
use crate::schema::chain_capnp::{chain, rpc_method};
use crate::schema::echo_capnp::echo;
use crate::schema::process_capnp::process;
use crate::schema::proxy_capnp::thread;
use crate::threads::Threads;
use crate::wire::Link;

/// Calls that are made in each other: more than a connection has threads for.
const DEPTH: usize = 150;

fn command() -> RpcCommand {
    RpcCommand {
        category: "test".to_owned(),
        name: "recurse".to_owned(),
        parameters: Vec::new(),
    }
}

/// Passes itself to the chain, which calls it.
struct Recursing {
    chain: Arc<dyn Chain>,
    n_calls: Arc<AtomicUsize>,
}

#[async_trait]
impl RpcMethod for Recursing {
    async fn call(&self, _: RpcRequest) -> Result<Result<Json, RpcFailure>, InterfaceError> {
        if self.n_calls.fetch_add(1, Ordering::SeqCst) < DEPTH {
            let again = Self {
                chain: Arc::clone(&self.chain),
                n_calls: Arc::clone(&self.n_calls),
            };
            // What the chain answers is its own affair.
            let _ = self.chain.handle_rpc(command(), Arc::new(again)).await;
        }
        Ok(Ok(Json::Null))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_back_run_on_the_threads_that_wait_however_deep() {
    let server = EventLoop::start("callbacks-server").unwrap();
    let client = EventLoop::start("callbacks-client").unwrap();
    let init = client.connect(serve(&server, suite::recorder())).await.unwrap();
    let chain = within(init.make_chain()).await.unwrap();
    let n_calls = Arc::new(AtomicUsize::new(0));
    let method = Recursing {
        chain: Arc::clone(&chain),
        n_calls: Arc::clone(&n_calls),
    };
    let _ = within(chain.handle_rpc(command(), Arc::new(method))).await;
    assert!(n_calls.load(Ordering::SeqCst) > DEPTH);
}

/// A method of a client that has one thread, as C++ clients have.
struct StockMethod {
    threads: Rc<Threads>,
    /// The server's thread that the client makes all its calls on.
    thread: thread::Client,
    echo: echo::Client,
    heard: Rc<RefCell<Vec<String>>>,
}

impl rpc_method::Server for StockMethod {
    async fn destroy(
        self: Rc<Self>,
        _: rpc_method::DestroyParams,
        _: rpc_method::DestroyResults,
    ) -> capnp::Result<()> {
        self.heard.borrow_mut().push("destroy".to_owned());
        Ok(())
    }

    async fn call(
        self: Rc<Self>,
        params: rpc_method::CallParams,
        mut results: rpc_method::CallResults,
    ) -> capnp::Result<()> {
        let context = params.get()?.get_context()?;
        let turn = self.threads.turn(context).await?;
        assert!(turn.name.ends_with(" (from waiting)"), "{}", turn.name);
        let answer = send_echo(&self.echo, "from within", Some(&self.thread)).await?;
        self.heard.borrow_mut().push(answer);
        results.get().set_result("null");
        Ok(())
    }
}

#[test]
fn a_thread_that_waits_for_a_call_back_runs_what_that_calls() {
    local(async {
        let server = EventLoop::start("callbacks-stock").unwrap();
        let client = StockClient::connect(serve(&server, suite::recorder()));
        let thread = client.thread().await;
        let root: process::Client = capnp::capability::FromClientHook::new(client.init.client.hook.add_ref());
        let mut request = root.make_chain_request();
        request.get().init_context().set_thread(thread.clone());
        let answer = within(request.send().promise).await.unwrap();
        let chain: chain::Client = answer.get().unwrap().get_result().unwrap();

        let threads = Threads::new(&Arc::from("stock"), &Link::new());
        let heard = Rc::new(RefCell::default());
        let method = StockMethod {
            threads: Rc::clone(&threads),
            thread: thread.clone(),
            echo: client.make_echo(&thread).await,
            heard: Rc::clone(&heard),
        };
        let mut request = chain.handle_rpc_request();
        let mut context = request.get().init_context();
        context.set_thread(thread);
        context.set_callback_thread(threads.make("waiting"));
        request.get().init_command().set_name("stock");
        request.get().set_method(capnp_rpc::new_client(method));
        // It may answer with an error; that it answers is what counts.
        let _ = within(request.send().promise).await;
        assert!(!heard.borrow().is_empty());
        let heard = heard.borrow();
        let calls = heard.iter().filter(|line| *line != "destroy");
        assert!(
            calls.clone().count() > 0 && calls.clone().all(|line| line == calls.clone().next().unwrap()),
            "{heard:?}"
        );
    });
}
