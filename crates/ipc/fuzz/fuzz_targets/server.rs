//! Any bytes as what a client sends: its connection ends when it hangs up, and another client is served meanwhile.

#![no_main]

use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use interfaces::{Echo, LocalInit};
use ipc::EventLoop;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(10);

fuzz_target!(|bytes: &[u8]| {
    static SERVED: OnceLock<Served> = OnceLock::new();
    SERVED.get_or_init(Served::new).attack(bytes);
});

/// A process that serves clients, with one that is sound.
struct Served {
    runtime: Runtime,
    server: EventLoop,
    bystander: Arc<dyn Echo>,
}

impl Served {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has event queues");
        let server = EventLoop::start("server").expect("the system has threads");
        let client = EventLoop::start("client").expect("the system has threads");
        let bystander = runtime.block_on(async {
            let (ours, theirs) = UnixStream::pair().expect("the system has sockets");
            tokio::spawn(serve(server.clone(), theirs));
            let init = client.connect(ours).await.expect("the server serves");
            init.make_echo().await.expect("it has an echo")
        });
        Self {
            runtime,
            server,
            bystander,
        }
    }

    /// Sends the bytes and hangs up, reading what comes.
    fn attack(&self, bytes: &[u8]) {
        let attacked = async {
            let (ours, theirs) = UnixStream::pair().expect("the system has sockets");
            ours.set_nonblocking(true).expect("it is a socket");
            let ours = tokio::net::UnixStream::from_std(ours).expect("it is a socket");
            let (mut reader, mut writer) = ours.into_split();
            let sending = async {
                // The server may hang up first.
                let _ = writer.write_all(bytes).await;
                let echoed = self.bystander.echo("₿".to_owned()).await;
                assert_eq!(echoed.expect("the bystander is served"), "₿");
                let _ = writer.shutdown().await;
            };
            let reading = async {
                let mut buffer = vec![0; 1 << 16];
                while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
            };
            tokio::join!(serve(self.server.clone(), theirs), sending, reading);
        };
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, attacked).await })
            .expect("the connection ends when the client hangs up");
    }
}

async fn serve(server: EventLoop, stream: UnixStream) {
    let served = server.serve(stream, Arc::new(LocalInit), None).await;
    served.expect("it is a socket");
}
