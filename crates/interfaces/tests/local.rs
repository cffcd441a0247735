//! The implementations in the caller's process, held to the suite.

use std::sync::Arc;

use interfaces::{Disconnection, InterfaceError, LocalInit, suite};

#[tokio::test]
async fn local_objects_pass_the_suite() {
    suite::check_init(Arc::new(LocalInit)).await;
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
    ];
    for (error, text) in rows {
        assert_eq!(error.to_string(), text);
    }
}
