//! Calls that wait for a block, and whose callers do not wait for them any more.

use anyhow::{Result, ensure};
use functional_tests::{
    Capability, Content, Daemon, DataDir, IpcClient, Method, Node, Received, for_multiprocess, make_thread,
    wait_until, with_context,
};
use serde_json::json;

use crate::attack::withstand;

for_multiprocess![
    clients_leave_no_waits_behind,
    a_wait_ends_when_its_template_is_destroyed,
];

const MAKE_MINING: Method = Method(0x8838_c700_ba5c_ba65, 3);
const CREATE_NEW_BLOCK: Method = Method(0xf9c6_8436_df3a_f39e, 4);
const DESTROY_TEMPLATE: Method = Method(0xf967_1ad8_41b2_f622, 0);
const WAIT_NEXT: Method = Method(0xf967_1ad8_41b2_f622, 8);

/// A client that can make templates.
struct Miner {
    client: IpcClient,
    threads: Capability,
    thread: Capability,
    mining: Capability,
}

impl Miner {
    fn over(mut client: IpcClient) -> Result<Self> {
        let init = client.bootstrap()?;
        let (thread, threads) = make_thread(&mut client, &init)?;
        let (parameters, capabilities) = with_context(&thread, None);
        let question = client.call(&init, MAKE_MINING, &parameters, &capabilities)?;
        Ok(Self {
            client,
            threads,
            thread,
            mining: Capability::Answer(question, vec![0]),
        })
    }

    /// A template of the chain as it is; the client need not wait for it.
    fn template(&mut self) -> Result<Capability> {
        let context = Content::Struct(Vec::new(), vec![Content::Capability(0), Content::Null]);
        // The bit says the opposite of its default, which is to wait for the first download of the chain.
        let parameters = Content::Struct(vec![1], vec![context, Content::Null]);
        let thread = [self.thread.clone()];
        let question = self
            .client
            .call(&self.mining, CREATE_NEW_BLOCK, &parameters, &thread)?;
        Ok(Capability::Answer(question, vec![0]))
    }
}

fn clients_leave_no_waits_behind() -> Result<()> {
    const CLIENTS: usize = 24;
    const WAITS: usize = 900;
    withstand(&["-debugexclude=ipc"], |target| {
        for _ in 0..CLIENTS {
            let mut miner = Miner::over(target.client()?)?;
            let pool = Content::Struct(vec![1_000], Vec::new());
            miner.client.call(&miner.threads, Method::MAKE_POOL, &pool, &[])?;
            let template = miner.template()?;
            let nothing = Content::Struct(Vec::new(), vec![Content::Null, Content::Null]);
            for _ in 0..WAITS {
                miner.client.call(&template, WAIT_NEXT, &nothing, &[])?;
            }
            // Later calls on the pool begin when these have begun; this one waits for no block.
            let question = miner.client.call(&template, WAIT_NEXT, &at_once(), &[])?;
            ensure!(miner.client.answer(question)?.is_ok());
        }
        Ok(())
    })
}

/// The parameters of a `waitNext` on the pool that is over at once.
fn at_once() -> Content {
    // The timeout is told by what distinguishes it from its default, which is the largest number.
    let options = Content::Struct(vec![f64::MAX.to_bits(), 0], Vec::new());
    Content::Struct(Vec::new(), vec![Content::Null, options])
}

fn a_wait_ends_when_its_template_is_destroyed() -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &["-ipcbind=unix"])?;
    let client = IpcClient::connect(&data_dir.regtest("node.sock"))?;
    let mut miner = Miner::over(client)?;
    let template = miner.template()?;
    let name = Content::Struct(Vec::new(), vec![Content::Text("other".to_owned())]);
    let question = miner
        .client
        .call(&miner.threads, Method::MAKE_THREAD, &name, &[])?;
    let other = Capability::Answer(question, vec![0]);
    let (parameters, capabilities) = with_context(&other, None);
    let wait = miner
        .client
        .call(&template, WAIT_NEXT, &parameters, &capabilities)?;
    wait_until("the wait to begin", || {
        let info = node.rpc()?.call("getipcinfo", json!([]))?;
        let served = info["connections"].as_array().into_iter().flatten();
        let is_under_way = served
            .clone()
            .any(|connection| connection["served"]["in_flight"] == 1);
        let is_made = info["served"]["Mining.createNewBlock"]["calls"] == 1;
        Ok((is_made && is_under_way).then_some(()))
    })?;
    let (parameters, capabilities) = with_context(&miner.thread, None);
    let destroy = miner
        .client
        .call(&template, DESTROY_TEMPLATE, &parameters, &capabilities)?;
    let mut expected = vec![wait, destroy];
    while !expected.is_empty() {
        if let Received::Answer(question, outcome) = miner.client.receive()? {
            ensure!(
                outcome.is_ok() || !expected.contains(&question),
                "{question}: {outcome:?}"
            );
            expected.retain(|number| *number != question);
        }
    }
    node.stop()
}
