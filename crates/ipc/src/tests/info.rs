//! What a process tells of its connections and calls.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use super::support::{GatedInit, serve, within};
use crate::{ConnectionInfo, Direction, EventLoop, IpcInfo, MethodInfo, Traffic, Transport};

/// Asks until it is as it should be.
async fn info_when(event_loop: &EventLoop, is_so: impl Fn(&IpcInfo) -> bool) -> IpcInfo {
    within(async {
        loop {
            let info = event_loop.info().await.expect("the thread runs");
            if is_so(&info) {
                return info;
            }
            // The other side needs its turn on the processor.
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn only(info: &IpcInfo) -> &ConnectionInfo {
    assert_eq!(info.connections.len(), 1);
    &info.connections[0]
}

/// Method, calls, errors.
fn counts(methods: &[MethodInfo]) -> Vec<(&'static str, u64, u64)> {
    methods
        .iter()
        .map(|info| (info.method, info.latencies.count(), info.errors))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_tell_the_same_of_the_calls_between_them() {
    let server = EventLoop::start("info-server").unwrap();
    let client = EventLoop::start("info-client").unwrap();
    let served = GatedInit::new(0);
    let init = client
        .connect(serve(&server, Arc::new(served.clone())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let calls: Vec<_> = ["one", "two", "fail"]
        .into_iter()
        .map(|text| {
            let echo = Arc::clone(&echo);
            tokio::spawn(async move { echo.echo(text.to_owned()).await })
        })
        .collect();
    for text in ["one", "two", "fail"] {
        served.journal.wait_for(&format!("begin {text}")).await;
    }

    let there = server.info().await.unwrap();
    let here = client.info().await.unwrap();
    assert_eq!(
        (only(&there).direction, only(&here).direction),
        (Direction::Inbound, Direction::Outbound)
    );
    for side in [only(&there), only(&here)] {
        assert_eq!((side.transport, side.version), (Transport::Inherited, Some(1)));
        assert_eq!(side.party.pid, cfg!(target_os = "linux").then(std::process::id));
        assert_eq!(side.party.uid, Some(rustix::process::geteuid().as_raw()));
    }
    for counted in [only(&there).served, only(&here).made] {
        assert_eq!((counted.calls, counted.in_flight, counted.objects), (5, 3, 2));
    }
    for counted in [only(&there).made, only(&here).served] {
        assert_eq!((counted.calls, counted.in_flight, counted.objects), (0, 0, 0));
    }
    // Those of the calls that are under way, and no others: threads are used again.
    assert_eq!(only(&there).threads, 3);
    for methods in [&there.served, &here.made] {
        assert_eq!(
            counts(methods),
            [("Init.construct", 1, 0), ("Init.makeEcho", 1, 0)]
        );
    }

    served.gate.add_permits(3);
    for call in calls {
        // Two of three succeed.
        let _ = within(call).await.unwrap();
    }
    drop(echo);
    let expected = [
        ("Echo.destroy", 1, 0),
        ("Echo.echo", 3, 1),
        ("Init.construct", 1, 0),
        ("Init.makeEcho", 1, 0),
    ];
    let there = info_when(&server, |info| counts(&info.served) == expected).await;
    let here = info_when(&client, |info| counts(&info.made) == expected).await;
    assert!(
        there
            .served
            .iter()
            .chain(&here.made)
            .all(|info| !info.duration.is_zero())
    );

    assert_eq!(only(&here).made.objects, 1);
    // What is still on its way arrives.
    within(async {
        loop {
            let there = only(&server.info().await.unwrap()).traffic;
            let here = only(&client.info().await.unwrap()).traffic;
            let arrived = Traffic {
                bytes_received: here.bytes_sent,
                bytes_sent: here.bytes_received,
                messages_received: here.messages_sent,
                messages_sent: here.messages_received,
            };
            if there == arrived {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;

    drop(init);
    for side in [&server, &client] {
        let info = info_when(side, |info| info.connections.is_empty()).await;
        assert_eq!(
            counts(if info.served.is_empty() {
                &info.made
            } else {
                &info.served
            }),
            expected
        );
    }
    assert!(server.stop());
    assert!(server.info().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_counts_as_failed_and_is_over() {
    let server = EventLoop::start("info-given-up").unwrap();
    let client = EventLoop::start("info-gives-up").unwrap();
    let served = GatedInit::new(0);
    let init = client
        .connect(serve(&server, Arc::new(served.clone())))
        .await
        .unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    let call = {
        let echo = Arc::clone(&echo);
        tokio::spawn(async move { echo.echo("abandoned".to_owned()).await })
    };
    served.journal.wait_for("begin abandoned").await;
    call.abort();
    let here = info_when(&client, |info| only(info).made.in_flight == 0).await;
    assert_eq!(counts(&here.made)[0], ("Echo.echo", 1, 1));
    let there = info_when(&server, |info| only(info).served.in_flight == 0).await;
    assert_eq!(counts(&there.served)[0], ("Echo.echo", 1, 1));
    served.gate.add_permits(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fail_to_be_set_up_leave_the_list() {
    let client = EventLoop::start("info-nobody").unwrap();
    for _ in 0..10 {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert!(within(client.connect(ours)).await.is_err());
    }
    let info = info_when(&client, |info| info.connections.is_empty()).await;
    assert_eq!(counts(&info.made), [("Init.construct", 10, 10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_takes_one_message_there_and_one_back() {
    const MANY: u64 = 10;
    let server = EventLoop::start("info-server").unwrap();
    let client = EventLoop::start("info-client").unwrap();
    let served = GatedInit::new(usize::try_from(MANY).unwrap() + 1);
    let init = client.connect(serve(&server, Arc::new(served))).await.unwrap();
    let echo = within(init.make_echo()).await.unwrap();
    // The first one makes threads.
    within(echo.echo("first".to_owned())).await.unwrap();
    let before = only(&client.info().await.unwrap()).traffic;
    for _ in 0..MANY {
        within(echo.echo("next".to_owned())).await.unwrap();
    }
    let after = only(&client.info().await.unwrap()).traffic;
    let sent = after.messages_sent - before.messages_sent;
    let received = after.messages_received - before.messages_received;
    assert_eq!((sent, received), (MANY, MANY));
}
