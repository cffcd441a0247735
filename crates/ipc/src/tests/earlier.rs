//! Clients of earlier versions of Bitcoin Core, for which methods had other numbers and parameters.

use capnp::any_pointer;
use capnp::traits::HasTypeId as _;
use interfaces::suite;

use super::support::{StockClient, local, serve, within};
use crate::EventLoop;
use crate::schema::common_capnp::block_ref;
use crate::schema::{mining_capnp, proxy_capnp};

#[test]
fn a_client_of_bitcoin_core_30_is_told_to_update() {
    local(async {
        let server = EventLoop::start("facts-core-30").unwrap();
        let client = StockClient::connect(serve(&server, suite::recorder()));
        let thread = client.thread().await;
        let error = within(client.init.make_mining_old2_request().send().promise)
            .await
            .map(drop)
            .unwrap_err();
        assert!(
            error
                .extra
                .contains("made for Bitcoin Core 30, and must be updated"),
            "{error}"
        );

        let mining = make_mining(&client, &thread).await;
        // Its first parameter is where the context is now.
        let mut request = mining.create_new_block_request();
        request.get().init_context();
        let error = within(request.send().promise).await.map(drop).unwrap_err();
        let expected = "remote exception: std::exception: Mining.createNewBlock has a context since Bitcoin Core 31: \
                        this client is made for an earlier version, and must be updated";
        assert_eq!(error.extra, expected);
        let rows: [(&str, capnp::Result<()>); 2] = [
            (
                "nothing",
                within(mining.check_block_request().send().promise)
                    .await
                    .map(drop),
            ),
            (
                "a block",
                within(old_check_block(&mining).send().promise).await.map(drop),
            ),
        ];
        for (what, answer) in rows {
            let error = answer.expect_err(what);
            assert!(
                error
                    .extra
                    .contains("checkBlock has a context since Bitcoin Core 31"),
                "{what}: {error}"
            );
        }
    });
}

/// `checkBlock` as Bitcoin Core 30 has it: the block comes first.
fn old_check_block(
    mining: &mining_capnp::mining::Client,
) -> capnp::capability::Request<any_pointer::Owned, any_pointer::Owned> {
    let mut request = mining
        .client
        .new_call(mining_capnp::mining::Client::TYPE_ID, 5, None);
    let parameters: any_pointer::Builder<'_> = request.get();
    // Another structure that begins with bytes.
    parameters.init_as::<block_ref::Builder<'_>>().set_hash(&[0; 80]);
    request
}

#[test]
fn a_call_on_the_pool_needs_no_other_parameters_either() {
    local(async {
        let server = EventLoop::start("facts-pool-defaults").unwrap();
        let client = StockClient::connect(serve(&server, suite::recorder()));
        let thread = client.thread().await;
        let mining = make_mining(&client, &thread).await;
        let mut request = client.threads().await.make_pool_request();
        request.get().set_count(1);
        within(request.send().promise).await.unwrap();
        let mut with_thread = mining.create_new_block_request();
        with_thread.get().init_context().set_thread(thread);
        with_thread.get().init_options();
        let mut on_pool = mining.create_new_block_request();
        on_pool.get().init_context();
        let mut answers = Vec::new();
        for request in [with_thread, on_pool] {
            let answer = within(request.send().promise).await;
            answers.push(
                answer
                    .map(|answer| answer.get().unwrap().has_result())
                    .map_err(|error| error.extra),
            );
        }
        assert_eq!(answers[0], answers[1]);
    });
}

#[test]
fn solutions_are_taken_at_the_number_of_bitcoin_core_31_too() {
    local(async {
        let server = EventLoop::start("facts-core-31").unwrap();
        let client = StockClient::connect(serve(&server, suite::recorder()));
        let thread = client.thread().await;
        let mining = make_mining(&client, &thread).await;
        let template = make_template(&mining, &thread).await;
        let coinbase = bitcoin::Transaction {
            version: bitcoin::transaction::Version::TWO,
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input: vec![bitcoin::TxIn::default()],
            output: Vec::new(),
        };
        let coinbase = bitcoin::consensus::serialize(&coinbase);
        let mut verdicts = Vec::new();
        for nonce in 0..24 {
            let mut request = template.submit_solution_request();
            request.get().init_context().set_thread(thread.clone());
            request.get().set_nonce(nonce);
            request.get().set_coinbase(&coinbase);
            let new = within(request.send().promise).await;
            let new = new
                .map(|answer| answer.get().unwrap().get_result())
                .map_err(|error| error.extra);
            let mut request = template.submit_solution_old7_request();
            request.get().init_context().set_thread(thread.clone());
            request.get().set_nonce(nonce);
            request.get().set_coinbase(&coinbase);
            let old = within(request.send().promise).await;
            let old = old
                .map(|answer| answer.get().unwrap().get_result())
                .map_err(|error| error.extra);
            assert_eq!(old, new);
            verdicts.push(new);
        }
        assert!(
            verdicts.contains(&Ok(true)) && verdicts.contains(&Ok(false)),
            "{verdicts:?}"
        );

        let mut request = template.submit_solution_old7_request();
        request.get().init_context().set_thread(thread.clone());
        request.get().set_coinbase(&[1, 2, 3]);
        let error = within(request.send().promise).await.map(drop).unwrap_err();
        assert!(error.extra.contains("3 bytes are no Transaction"), "{error}");
    });
}

async fn make_mining(
    client: &StockClient,
    thread: &proxy_capnp::thread::Client,
) -> mining_capnp::mining::Client {
    let mut request = client.init.make_mining_request();
    request.get().init_context().set_thread(thread.clone());
    let answer = within(request.send().promise).await.unwrap();
    answer.get().unwrap().get_result().unwrap()
}

/// The first template that there is: options are part of what the answer depends on.
async fn make_template(
    mining: &mining_capnp::mining::Client,
    thread: &proxy_capnp::thread::Client,
) -> mining_capnp::block_template::Client {
    for weight in 2_000.. {
        let mut request = mining.create_new_block_request();
        request.get().init_context().set_thread(thread.clone());
        request.get().init_options().set_block_reserved_weight(weight);
        let answer = within(request.send().promise).await;
        if let Ok(answer) = answer
            && answer.get().unwrap().has_result()
        {
            return answer.get().unwrap().get_result().unwrap();
        }
    }
    unreachable!("numbers do not end");
}
