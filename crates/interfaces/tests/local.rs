//! The implementations in the caller's process, held to the suite.

use std::sync::Arc;

use interfaces::{Disconnection, Init, InterfaceError, LocalInit, suite};

#[tokio::test]
async fn local_objects_pass_the_suite() {
    suite::check_init(Arc::new(LocalInit)).await;
}

#[tokio::test]
async fn every_interface_is_reached_and_answers_the_same_where_it_is_asked_the_same() {
    let reached = suite::check_every_method(suite::recorder(), suite::recorder(), &[]).await;
    assert_eq!(reached, suite::interfaces_of_results());
}

#[tokio::test]
async fn a_walk_may_go_on_for_long() {
    let mut walk = suite::Walk::new(suite::recorder(), suite::recorder(), &[]);
    for choice in 0..2_000 {
        walk.step(choice).await;
    }
}

#[tokio::test]
async fn what_a_process_does_not_make_is_said_with_its_name() {
    let mining = LocalInit.make_mining().await.map(|_| ()).unwrap_err();
    assert!(matches!(mining, InterfaceError::Unsupported { method } if method == "Init.makeMining"));
    let rpc = LocalInit.make_rpc().await.map(|_| ()).unwrap_err();
    assert!(matches!(rpc, InterfaceError::Unsupported { method } if method == "Init.makeRpc"));
    let chain = LocalInit.make_chain().await.map(|_| ()).unwrap_err();
    assert!(matches!(chain, InterfaceError::Unsupported { method } if method == "Init.makeChain"));
}

#[test]
fn errors_carry_the_texts_that_clients_match() {
    let rows = [
        (
            InterfaceError::Disconnected(Disconnection::DuringCall),
            "IPC client method call interrupted by disconnect.",
        ),
        (
            InterfaceError::Disconnected(Disconnection::BeforeCall),
            "IPC client method called after disconnect.",
        ),
        (
            InterfaceError::Remote("std::exception: no".to_owned()),
            "remote exception: std::exception: no",
        ),
        (
            InterfaceError::unsupported("Init.makeMining"),
            "Init.makeMining is not supported by this process",
        ),
        (
            InterfaceError::not_allowed("Init.makeMining"),
            "Init.makeMining is not allowed here",
        ),
    ];
    for (error, text) in rows {
        assert_eq!(error.to_string(), text);
    }
}
