//! The first calls of every client. They are the same for all versions of the types, and for Rust they are not: a macro
//! writes them for each.

/// Defines `Connection` for the types of one crate.
macro_rules! connection {
    ($types:ident) => {
        /// A connection to a node, and a thread there that the calls run on.
        pub(crate) struct Connection {
            pub(crate) init: $types::init_capnp::init::Client,
            pub(crate) thread: $types::proxy_capnp::thread::Client,
        }

        impl Connection {
            /// Connects to a socket and makes a thread. To be called in a [`tokio::task::LocalSet`].
            pub(crate) async fn open(socket: &str) -> Result<Self, Box<dyn std::error::Error>> {
                use capnp_rpc::rpc_twoparty_capnp::Side;
                use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

                let (reader, writer) = tokio::net::UnixStream::connect(socket).await?.into_split();
                let network = capnp_rpc::twoparty::VatNetwork::new(
                    reader.compat(),
                    writer.compat_write(),
                    Side::Client,
                    capnp::message::ReaderOptions::default(),
                );
                let mut system = capnp_rpc::RpcSystem::new(Box::new(network), None);
                let init: $types::init_capnp::init::Client = system.bootstrap(Side::Server);
                tokio::task::spawn_local(system);

                let constructed = init.construct_request().send().promise.await?;
                let mut request = constructed.get()?.get_thread_map()?.make_thread_request();
                request.get().set_name("client");
                let thread = request.send().promise.await?.get()?.get_result()?;
                Ok(Self { init, thread })
            }

            /// What the node's echo says.
            pub(crate) async fn echo(&self, text: &str) -> Result<String, Box<dyn std::error::Error>> {
                let mut request = self.init.make_echo_request();
                request.get().get_context()?.set_thread(self.thread.clone());
                let echo = request.send().promise.await?.get()?.get_result()?;

                let mut request = echo.echo_request();
                request.get().get_context()?.set_thread(self.thread.clone());
                request.get().set_echo(text);
                let response = request.send().promise.await?;
                Ok(response.get()?.get_result()?.to_string()?)
            }
        }
    };
}

pub(crate) use connection;
