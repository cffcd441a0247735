//! The process that calls, through nothing but the interfaces.

use std::cell::Cell;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures::stream::{self, StreamExt as _};
use interfaces::Echo;
use ipc::EventLoop;

use crate::raw::MEGABYTE;
use crate::window::Window;

/// Calls at the same time, where there are many.
const MANY: usize = 64;

/// The argument of small calls.
const SMALL: &str = "12345678";

/// Microseconds for a call that the calling thread waits for.
pub(crate) fn call(server: &Path) -> f64 {
    with_echo(server, |echo, _| {
        let window = Window::open();
        window.fill(|| call_once(echo));
        window.microseconds_per_call()
    })
}

/// Microseconds for each of many calls that one task keeps under way.
pub(crate) fn in_flight(server: &Path) -> f64 {
    with_echo(server, |echo, _| {
        let window = Window::open();
        block_on(async {
            // Those that are under way at the end are waited for: a peer may take their being given up amiss.
            let is_open = Cell::new(true);
            let calls = stream::repeat_with(|| echo.echo(SMALL.to_owned()))
                .take_while(|_| std::future::ready(is_open.get()));
            let mut answers = calls.buffer_unordered(MANY);
            while let Some(answer) = answers.next().await {
                assert_eq!(answer.expect("the server answers"), SMALL);
                is_open.set(window.count());
            }
        });
        window.microseconds_per_call()
    })
}

/// Microseconds for each of the calls that many threads make and wait for.
pub(crate) fn threads(server: &Path) -> f64 {
    with_echo(server, |echo, _| {
        let window = Window::open();
        thread::scope(|scope| {
            for _ in 0..MANY {
                scope.spawn(|| window.fill(|| call_once(echo)));
            }
        });
        window.microseconds_per_call()
    })
}

/// Microseconds for a call with an argument of 1 MiB, which the caller has: that it is copied for the next call, as the
/// bytes of the other programs need not be, does not count.
pub(crate) fn megabyte(server: &Path) -> f64 {
    let text = "x".repeat(MEGABYTE);
    with_echo(server, |echo, _| {
        let window = Window::open();
        window.fill_prepared(
            || text.clone(),
            |text| {
                let answer = block_on(echo.echo(text));
                assert_eq!(answer.expect("the server answers"), "");
            },
        )
    })
}

/// Keeps a server that has answered a call, names its process, and lets it go when the standard input ends.
pub(crate) fn hold(server: &Path) {
    with_echo(server, |echo, child| {
        call_once(echo);
        println!("{}", child.id());
        std::io::stdin()
            .read_to_end(&mut Vec::new())
            .expect("the standard input can be read");
    });
}

fn call_once(echo: &dyn Echo) {
    let answer = block_on(echo.echo(SMALL.to_owned()));
    assert_eq!(answer.expect("the server answers"), SMALL);
}

/// Starts the server and lets `measure` call it.
fn with_echo<T>(server: &Path, measure: impl FnOnce(&dyn Echo, &Child) -> T) -> T {
    let (ours, theirs) = UnixStream::pair().expect("the system has sockets");
    let mut child = Command::new(server)
        .args(["-ipcfd", "0"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", server.display()));
    let event_loop = EventLoop::start("calls").expect("the system has threads");
    let measured = {
        let init = block_on(event_loop.connect(ours)).expect("the server speaks the protocol");
        let echo = block_on(init.make_echo()).expect("the server has an echo");
        measure(&*echo, &child)
    };
    assert!(child.wait().expect("it is a child").success());
    assert!(event_loop.stop());
    measured
}

/// Waits for a future on the calling thread, with as little of a runtime as there can be.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}
