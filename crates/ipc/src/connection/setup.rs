//! The first calls on a connection, from the side that made it.

use capnp::ErrorKind;
use capnp::capability::FromClientHook as _;
use interfaces::InterfaceError;

use super::Connection;
use crate::error::from_capnp;
use crate::log;
use crate::schema::init_capnp::init;
use crate::schema::process_capnp::process::{self, negotiate_results};

/// The versions that two processes of this project can speak with each other.
pub(crate) const VERSIONS: std::ops::RangeInclusive<u32> = 1..=1;

impl Connection {
    /// Agrees on a version where the peer is of this project too, and gives each side the other's threads.
    pub(crate) async fn set_up(&self, root: &process::Client) -> Result<(), InterfaceError> {
        let agreed = self.negotiate(root);
        self.construct(root).await?;
        agreed.await
    }

    /// A peer of another make does not know the method, and speaks what it knows of the interfaces.
    fn negotiate(
        &self,
        root: &process::Client,
    ) -> impl Future<Output = Result<(), InterfaceError>> + use<'_> {
        let mut request = root.negotiate_request();
        request.get().set_minimum(*VERSIONS.start());
        request.get().set_maximum(*VERSIONS.end());
        let promise = request.send().promise;
        async move {
            let version = match self.answer(promise).await {
                Ok(answer) => answer.get().map(negotiate_results::Reader::get_version),
                Err(error) if error.kind == ErrorKind::Unimplemented => return Ok(()),
                Err(error) => Err(error),
            };
            let version = version.map_err(|error| from_capnp("Process.negotiate", &error))?;
            if VERSIONS.contains(&version) {
                self.account.set_version(version);
                return Ok(());
            }
            Err(InterfaceError::Malformed(format!(
                "the peer chose version {version}, which it was not offered"
            )))
        }
    }

    async fn construct(&self, root: &process::Client) -> Result<(), InterfaceError> {
        let init = init::Client::new(root.client.hook.add_ref());
        let mut request = init.construct_request();
        request.get().set_thread_map(self.thread_map());
        let label = log::thread_label(&self.local.program);
        log::sent(&label, "Init.construct", request.get().reborrow_as_reader());
        let timing = self.account.make("Init.construct");
        let remote_threads = async {
            let response = self.answer(request.send().promise).await?;
            let results = response.get()?;
            log::received(&label, "Init.construct", results);
            timing.succeed();
            results.get_thread_map()
        }
        .await
        .map_err(|error| from_capnp("Init.construct", &error))?;
        self.set_remote_threads(remote_threads);
        Ok(())
    }

    /// Keeps what makes threads in the peer.
    pub(crate) fn set_remote_threads(&self, threads: crate::schema::proxy_capnp::thread_map::Client) {
        *self.remote_threads.borrow_mut() = Some(threads);
    }
}
