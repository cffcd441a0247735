//! When objects and connections end.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use interfaces::{Disconnection, InterfaceError};

use super::support::{GatedInit, StockClient, local, make_thread, send_echo, serve, within};
use crate::EventLoop;

#[test]
fn destroying_an_object_twice_or_late_harms_nothing() {
    local(async {
        let server = EventLoop::start("life-destroy").unwrap();
        let init = GatedInit::open();
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let thread = client.thread().await;
        let echo = client.make_echo(&thread).await;
        for _ in 0..2 {
            let mut request = echo.destroy_request();
            request.get().init_context().set_thread(thread.clone());
            within(request.send().promise).await.unwrap();
            // The answer comes after the object has gone.
            assert_eq!(init.journal.lines(), ["drop 1"]);
        }
        let error = send_echo(&echo, "late", Some(&thread)).await.unwrap_err();
        assert_eq!(
            error.extra,
            "remote exception: std::exception: the object was destroyed"
        );
    });
}

#[test]
fn an_object_that_is_released_without_destroy_is_dropped() {
    local(async {
        let server = EventLoop::start("life-release").unwrap();
        let init = GatedInit::open();
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        drop(client.make_echo(&client.thread().await).await);
        init.journal.wait_for("drop 1").await;
    });
}

#[test]
fn a_lost_peers_objects_are_dropped_last_made_first() {
    local(async {
        let server = EventLoop::start("life-order").unwrap();
        let init = GatedInit::open();
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let thread = client.thread().await;
        let mut echoes = Vec::new();
        for _ in 0..3 {
            echoes.push(client.make_echo(&thread).await);
        }
        client.disconnect();
        init.journal.wait_for("drop 1").await;
        assert_eq!(init.journal.lines(), ["drop 3", "drop 2", "drop 1"]);
    });
}

#[test]
fn a_call_that_has_begun_ends_though_its_caller_is_gone() {
    local(async {
        let server = EventLoop::start("life-begun").unwrap();
        let init = GatedInit::new(0);
        let client = StockClient::connect(serve(&server, Arc::new(init.clone())));
        let thread = make_thread(&client.threads().await, "main").await.unwrap();
        let echo = client.make_echo(&thread).await;
        let _idle = client.make_echo(&thread).await;
        let begun = send_echo(&echo, "begun", Some(&thread));
        let waiting = send_echo(&echo, "waiting", Some(&thread));
        init.journal.wait_for("begin begun").await;
        drop((begun, waiting));
        client.disconnect();
        init.journal.wait_for("drop 2").await;
        init.gate.add_permits(2);
        init.journal.wait_for("drop 1").await;
        assert_eq!(
            init.journal.lines(),
            ["begin begun", "drop 2", "end begun", "drop 1"]
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_handle_destroys_the_object() {
    let both = EventLoop::start("life-handle").unwrap();
    let served = GatedInit::open();
    let init = both
        .connect(serve(&both, Arc::new(served.clone())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    assert_eq!(within(echo.echo("x".to_owned())).await.unwrap(), "x");
    drop(echo);
    served.journal.wait_for("drop 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_lasts_as_long_as_its_objects() {
    let server = EventLoop::start("life-server").unwrap();
    let client = EventLoop::start("life-client").unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let serving = {
        let server = server.clone();
        tokio::spawn(async move { server.serve(theirs, Arc::new(GatedInit::open()), None).await })
    };
    let init = client.connect(ours).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    drop(init);
    assert_eq!(within(echo.echo("still".to_owned())).await.unwrap(), "still");
    assert!(!serving.is_finished());
    drop(echo);
    within(serving).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_leaves_the_connection_usable() {
    let both = EventLoop::start("life-cancel").unwrap();
    let served = GatedInit::new(0);
    let init = both
        .connect(serve(&both, Arc::new(served.clone())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let abandoned = {
        let echo = Arc::clone(&echo);
        tokio::spawn(async move { echo.echo("abandoned".to_owned()).await })
    };
    served.journal.wait_for("begin abandoned").await;
    abandoned.abort();
    served.gate.add_permits(2);
    assert_eq!(within(echo.echo("next".to_owned())).await.unwrap(), "next");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_interrupts_calls_and_refuses_new_ones() {
    let server = EventLoop::start("life-lost-server").unwrap();
    let client = EventLoop::start("life-lost-client").unwrap();
    let served = GatedInit::new(0);
    let stream = serve(&server, Arc::new(served.clone()));
    let cut = stream.try_clone().unwrap();
    let init = client.connect(stream).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let call = {
        let echo = Arc::clone(&echo);
        tokio::spawn(async move { echo.echo("lost".to_owned()).await })
    };
    served.journal.wait_for("begin lost").await;
    cut.shutdown(std::net::Shutdown::Both).unwrap();
    let error = within(call).await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        InterfaceError::Disconnected(Disconnection::DuringCall)
    ));
    for _ in 0..2 {
        let error = within(echo.echo("late".to_owned())).await.unwrap_err();
        assert!(matches!(
            error,
            InterfaceError::Disconnected(Disconnection::BeforeCall)
        ));
    }
    served.gate.add_permits(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_interrupts_calls_that_are_under_way() {
    let server = EventLoop::start("life-stop-server").unwrap();
    let client = EventLoop::start("life-stop-client").unwrap();
    let served = GatedInit::new(0);
    let init = client
        .connect(serve(&server, Arc::new(served.clone())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let call = tokio::spawn(async move { echo.echo("interrupted".to_owned()).await });
    served.journal.wait_for("begin interrupted").await;
    let stopping = tokio::task::spawn_blocking(move || client.stop());
    let error = within(call).await.unwrap().unwrap_err();
    assert!(
        matches!(error, InterfaceError::Disconnected(Disconnection::DuringCall)),
        "{error:?}"
    );
    assert!(within(stopping).await.unwrap());
    served.gate.add_permits(1);
    served.journal.wait_for("drop 1").await;
}
