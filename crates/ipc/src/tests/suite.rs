//! The traits' own suite, held to the proxies.

use std::sync::Arc;

use interfaces::{Disconnection, Init, InterfaceError, LocalInit, suite};
use proptest::prelude::*;

use super::support::{GatedInit, serve, within};
use crate::EventLoop;

#[tokio::test(flavor = "multi_thread")]
async fn remote_objects_pass_the_suite() {
    let server = EventLoop::start("suite-server").unwrap();
    let client = EventLoop::start("suite-client").unwrap();
    let init = client.connect(serve(&server, Arc::new(LocalInit))).await.unwrap();
    within(suite::check_init(init)).await;
}

/// An object of each interface, behind a connection.
async fn remote_recorder(name: &str) -> Arc<dyn Init> {
    let server = EventLoop::start(name).unwrap();
    let client = EventLoop::start(name).unwrap();
    client.connect(serve(&server, suite::recorder())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_as_it_does_in_the_same_process() {
    let remote = remote_recorder("suite-methods").await;
    let reached = within(suite::check_every_method(suite::recorder(), remote, &[])).await;
    assert_eq!(reached, suite::interfaces_of_results());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_sequence_of_calls_is_answered_as_in_the_same_process(
        choices in proptest::collection::vec(any::<u64>(), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let remote = remote_recorder("suite-walk").await;
            let mut walk = suite::Walk::new(suite::recorder(), remote, &[]);
            for choice in choices {
                within(walk.step(choice)).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_may_be_both_ends() {
    let both = EventLoop::start("suite-both").unwrap();
    let init = both.connect(serve(&both, Arc::new(LocalInit))).await.unwrap();
    within(suite::check_init(init)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_threads_wait_for_their_turn() {
    let both = EventLoop::start("suite-many").unwrap();
    let init = both.connect(serve(&both, Arc::new(LocalInit))).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let calls = (0..500).map(|number| {
        let echo = Arc::clone(&echo);
        tokio::spawn(async move { echo.echo(number.to_string()).await })
    });
    for (number, answer) in within(futures::future::join_all(calls))
        .await
        .into_iter()
        .enumerate()
    {
        assert_eq!(answer.unwrap().unwrap(), number.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_says_what_the_method_said() {
    let both = EventLoop::start("suite-fail").unwrap();
    let init = both
        .connect(serve(&both, Arc::new(GatedInit::open())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let rows = [
        (
            "fail",
            "remote exception: std::exception: malformed IPC message: as asked for",
        ),
        (
            "panic",
            "remote exception: std::exception: Echo.echo failed unexpectedly",
        ),
    ];
    for (text, expected) in rows {
        let error = within(echo.echo(text.to_owned())).await.unwrap_err();
        assert!(matches!(error, InterfaceError::Remote(_)));
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(within(echo.echo("still".to_owned())).await.unwrap(), "still");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_message_holds_is_refused_before_it_is_sent() {
    let both = EventLoop::start("suite-large").unwrap();
    let init = both.connect(serve(&both, Arc::new(LocalInit))).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let error = within(echo.echo("x".repeat(64 << 20))).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("do not fit into a message of 67108864"),
        "{error}"
    );
    let largest = "x".repeat((64 << 20) - (17 << 10));
    let answer = within(echo.echo(largest.clone())).await.unwrap();
    assert!(answer == largest, "{} bytes of {}", answer.len(), largest.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_has_ended_leaves_its_handles_disconnected() {
    let both = EventLoop::start("suite-stop").unwrap();
    let init = both.connect(serve(&both, Arc::new(LocalInit))).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let stopping = both.clone();
    assert!(
        tokio::task::spawn_blocking(move || stopping.stop())
            .await
            .unwrap()
    );
    let error = within(echo.echo("late".to_owned())).await.unwrap_err();
    assert!(matches!(
        error,
        InterfaceError::Disconnected(Disconnection::BeforeCall)
    ));
}
