//! What libmultiprocess's clients rely on, asked by the stock RPC library.

use std::sync::Arc;

use capnp::traits::HasTypeId as _;
use interfaces::LocalInit;

use super::support::{GatedInit, StockClient, local, make_thread, send_echo, serve, within};
use crate::EventLoop;
use crate::connection::MAX_OBJECTS;
use crate::schema::{
    common_capnp, echo_capnp, init_capnp, mining_capnp, process_capnp, proxy_capnp, rpc_capnp,
};
use crate::threads::MAX_THREADS;
use crate::wire::Link;

#[test]
fn interfaces_have_the_numbers_that_peers_know() {
    let rows = [
        (proxy_capnp::thread_map::Client::TYPE_ID, 0xee5e_3717_9ad9_dc9d),
        (proxy_capnp::thread::Client::TYPE_ID, 0x81c1_e260_0d0b_56c5),
        (proxy_capnp::context::Reader::TYPE_ID, 0x9c44_e664_5d0b_22c6),
        (init_capnp::init::Client::TYPE_ID, 0x8838_c700_ba5c_ba65),
        (echo_capnp::echo::Client::TYPE_ID, 0xd36b_8964_0dc9_4399),
        (common_capnp::block_ref::Reader::TYPE_ID, 0xb3be_4b89_4935_0369),
        (mining_capnp::mining::Client::TYPE_ID, 0xf9c6_8436_df3a_f39e),
        (
            mining_capnp::block_template::Client::TYPE_ID,
            0xf967_1ad8_41b2_f622,
        ),
        (
            mining_capnp::block_create_options::Reader::TYPE_ID,
            0x80fc_a083_ef81_a559,
        ),
        (
            mining_capnp::block_wait_options::Reader::TYPE_ID,
            0x9ba4_37d9_de0c_452e,
        ),
        (
            mining_capnp::block_check_options::Reader::TYPE_ID,
            0x89f3_f39b_6c9d_d162,
        ),
        (mining_capnp::coinbase_tx::Reader::TYPE_ID, 0xdc39_9c6d_34ae_7e69),
        (rpc_capnp::rpc::Client::TYPE_ID, 0xacb1_d37f_0a71_3129),
    ];
    for (ours, expected) in rows {
        assert_eq!(ours, expected, "{ours:x} is not {expected:x}");
    }
    // Ours must not be one of upstream's.
    let own = process_capnp::process::Client::TYPE_ID;
    assert!(rows.iter().all(|(_, upstream)| own != *upstream));
}

#[test]
fn contexts_have_two_pointers_and_no_data() {
    use capnp::introspect::Introspect as _;
    let capnp::introspect::TypeVariant::Struct(raw) = proxy_capnp::context::Owned::introspect().which()
    else {
        panic!("a structure");
    };
    let schema = capnp::schema::StructSchema::new(raw);
    let capnp::schema_capnp::node::Struct(structure) = schema.get_proto().which().unwrap() else {
        panic!("a structure");
    };
    assert_eq!(
        (structure.get_data_word_count(), structure.get_pointer_count()),
        (0, 2)
    );
}

#[test]
fn a_connection_has_one_thread_map_however_often_it_is_asked_for() {
    local(async {
        let server = EventLoop::start("facts-thread-map").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let (first, second) = (client.threads().await, client.threads().await);
        assert_eq!(first.client.hook.get_ptr(), second.client.hook.get_ptr());
        make_thread(&second, "main").await.unwrap();
    });
}

#[test]
fn a_client_may_have_thousands_of_calls_under_way() {
    const MANY: usize = 3_000;
    local(async {
        let server = EventLoop::start("facts-thousands").unwrap();
        let init = GatedInit::new(0);
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let thread = client.thread().await;
        let echo = client.make_echo(&thread).await;
        let calls: Vec<_> = (0..MANY)
            .map(|number| send_echo(&echo, &number.to_string(), Some(&thread)))
            .collect();
        // The last one is there before the first one is answered.
        assert!(make_thread(&client.threads().await, "other").await.is_ok());
        init.gate.add_permits(MANY);
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap(), number.to_string());
        }
    });
}

#[test]
fn a_call_without_thread_needs_a_pool() {
    local(async {
        let server = EventLoop::start("facts-pool").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let threads = client.threads().await;
        let thread = make_thread(&threads, "main").await.unwrap();
        let echo = client.make_echo(&thread).await;

        let error = send_echo(&echo, "x", None).await.unwrap_err();
        assert_eq!(error.kind, capnp::ErrorKind::Failed);
        assert_eq!(
            error.extra,
            "remote exception: std::exception: no thread specified and no pool configured"
        );

        let make_pool = |count: u32| {
            let mut request = threads.make_pool_request();
            request.get().set_count(count);
            within(request.send().promise)
        };
        assert!(make_pool(0).await.is_err());
        assert!(make_pool(u32::MAX).await.is_err());
        make_pool(2).await.unwrap();
        assert_eq!(send_echo(&echo, "pooled", None).await.unwrap(), "pooled");
        let error = make_pool(2).await.map(drop).unwrap_err();
        assert_eq!(
            error.extra,
            "remote exception: std::exception: makePool called on connection with existing pool"
        );
    });
}

#[test]
fn a_pool_runs_as_many_calls_as_it_has_threads() {
    local(async {
        let server = EventLoop::start("facts-pool-size").unwrap();
        let init = GatedInit::new(0);
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let threads = client.threads().await;
        let mut request = threads.make_pool_request();
        request.get().set_count(2);
        within(request.send().promise).await.unwrap();
        let echo = client
            .make_echo(&make_thread(&threads, "main").await.unwrap())
            .await;
        let calls: Vec<_> = ["1", "2", "3"].map(|text| send_echo(&echo, text, None)).into();
        init.journal.wait_for("begin 2").await;
        // A round trip later, the third would have begun if it could.
        client.threads().await;
        assert_eq!(init.journal.lines(), ["begin 1", "begin 2"]);
        init.gate.add_permits(3);
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn calls_on_one_thread_run_one_after_the_other_and_on_two_at_once() {
    local(async {
        let server = EventLoop::start("facts-fifo").unwrap();
        let init = GatedInit::new(0);
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let threads = client.threads().await;
        let first = make_thread(&threads, "first").await.unwrap();
        let second = make_thread(&threads, "second").await.unwrap();
        let echo = client.make_echo(&first).await;
        let on_first = (0..5).map(|number| send_echo(&echo, &number.to_string(), Some(&first)));
        let on_first: Vec<_> = on_first.collect();
        init.journal.wait_for("begin 0").await;
        let on_second = send_echo(&echo, "other", Some(&second));
        init.journal.wait_for("begin other").await;
        assert_eq!(init.journal.lines(), ["begin 0", "begin other"]);

        init.gate.add_permits(6);
        on_second.await.unwrap();
        for (number, call) in on_first.into_iter().enumerate() {
            assert_eq!(call.await.unwrap(), number.to_string());
        }
        let mut lines = init.journal.lines();
        lines.retain(|line| !line.ends_with("other"));
        let expected: Vec<_> = (0..5)
            .flat_map(|number| [format!("begin {number}"), format!("end {number}")])
            .collect();
        assert_eq!(lines, expected);
    });
}

#[test]
fn threads_need_not_be_waited_for() {
    local(async {
        let server = EventLoop::start("facts-pipeline").unwrap();
        let init = GatedInit::open();
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        // Everything hangs on answers that have not come.
        let threads = client.init.construct_request().send().pipeline.get_thread_map();
        let mut request = threads.make_thread_request();
        request.get().set_name("pipelined");
        let thread = request.send().pipeline.get_result();
        let mut request = client.init.make_echo_request();
        request.get().init_context().set_thread(thread.clone());
        let echo = request.send().pipeline.get_result();
        let calls: Vec<_> = (0..4)
            .map(|number| send_echo(&echo, &number.to_string(), Some(&thread)))
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        let begins = [
            "begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3",
        ];
        assert_eq!(init.journal.lines(), begins);
    });
}

#[test]
fn threads_are_named_after_the_peers() {
    local(async {
        let server = EventLoop::start("facts-name").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let thread = make_thread(&client.threads().await, "bitcoin-node-1/b-http-2")
            .await
            .unwrap();
        let answer = within(thread.get_name_request().send().promise).await.unwrap();
        let name = answer.get().unwrap().get_result().unwrap().to_string().unwrap();
        assert!(
            name.starts_with(&format!("facts-name-{}/", std::process::id())),
            "{name}"
        );
        assert!(name.ends_with(" (from bitcoin-node-1/b-http-2)"), "{name}");
    });
}

#[test]
fn the_number_of_threads_is_limited_and_given_back() {
    local(async {
        let server = EventLoop::start("facts-threads").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let threads = client.threads().await;
        let mut held = Vec::new();
        for _ in 0..MAX_THREADS {
            held.push(make_thread(&threads, "many").await.unwrap());
        }
        let error = make_thread(&threads, "one more").await.map(drop).unwrap_err();
        assert!(error.extra.contains("has 1000 threads already"), "{error}");
        held.pop();
        make_thread(&threads, "in its place").await.unwrap();
    });
}

#[test]
fn the_number_of_objects_is_limited_and_given_back() {
    local(async {
        let server = EventLoop::start("facts-objects").unwrap();
        let init = GatedInit::open();
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let thread = client.thread().await;
        let make = async || {
            let mut request = client.init.make_echo_request();
            request.get().init_context().set_thread(thread.clone());
            within(request.send().promise).await?.get()?.get_result()
        };
        // Init is one of them.
        let mut held = Vec::new();
        for _ in 1..MAX_OBJECTS {
            held.push(make().await.unwrap());
        }
        let error = make().await.map(drop).unwrap_err();
        assert!(error.extra.contains("has 10000 objects already"), "{error}");
        init.journal.wait_for("drop 10000").await;
        held.pop();
        init.journal.wait_for("drop 9999").await;
        make().await.unwrap();
    });
}

#[test]
fn a_thread_that_is_not_this_sides_is_refused() {
    local(async {
        let server = EventLoop::start("facts-foreign").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let echo = client.make_echo(&client.thread().await).await;
        let foreign = crate::threads::Threads::new(&Arc::from("elsewhere"), &Link::new()).make("elsewhere");
        let error = send_echo(&echo, "x", Some(&foreign)).await.unwrap_err();
        assert_eq!(
            error.extra,
            "remote exception: std::exception: invalid thread handle"
        );
    });
}

#[test]
fn a_method_of_a_later_version_is_unimplemented() {
    local(async {
        let server = EventLoop::start("facts-unknown").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let type_id = init_capnp::init::Client::TYPE_ID;
        let request: capnp::capability::Request<
            init_capnp::init::make_echo_params::Owned,
            init_capnp::init::make_echo_results::Owned,
        > = client.init.client.new_call(type_id, 5, None);
        let error = within(request.send().promise).await.map(drop).unwrap_err();
        assert_eq!(error.kind, capnp::ErrorKind::Unimplemented);
    });
}

#[test]
fn log_settings_are_for_children_only() {
    local(async {
        let server = EventLoop::start("facts-settings").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let child: process_capnp::process::Client =
            capnp::capability::FromClientHook::new(client.init.client.hook);
        let error = within(child.configure_logging_request().send().promise)
            .await
            .map(drop)
            .unwrap_err();
        assert!(error.extra.contains("has its log settings already"), "{error}");
    });
}

#[test]
fn processes_that_speak_no_common_version_are_told_so() {
    local(async {
        let server = EventLoop::start("facts-version").unwrap();
        let client = StockClient::connect(serve(&server, Arc::new(LocalInit)));
        let process: process_capnp::process::Client =
            capnp::capability::FromClientHook::new(client.init.client.hook.add_ref());
        let negotiate = async |minimum, maximum| {
            let mut request = process.negotiate_request();
            request.get().set_minimum(minimum);
            request.get().set_maximum(maximum);
            let answer = within(request.send().promise).await?;
            Ok::<u32, capnp::Error>(answer.get()?.get_version())
        };
        for (minimum, maximum) in [(1, 1), (0, 1), (1, u32::MAX)] {
            assert_eq!(negotiate(minimum, maximum).await.unwrap(), 1);
        }
        for (minimum, maximum) in [(2, 3), (0, 0), (1, 0)] {
            let error = negotiate(minimum, maximum).await.unwrap_err();
            let expected = format!("speaks versions 1 to 1 of the interfaces, not {minimum} to {maximum}");
            assert!(error.extra.contains(&expected), "{error}");
        }
    });
}
