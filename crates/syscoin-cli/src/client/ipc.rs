//! A call over IPC: to a node that lets us, or to nobody where it need not be.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use app::{Args, data_dir};
use ipc::{AddressError, ConnectAddress, ConnectError, EventLoop};
use serde_json::Value;

use crate::error::CliError;
use crate::options::PROGRAM;

/// The node as `-ipcconnect` names it.
#[derive(Debug)]
pub(in crate::client) struct Ipc {
    address: ConnectAddress,
    directory: PathBuf,
    chain: &'static str,
    user: String,
    timeout: Duration,
}

impl Ipc {
    pub(in crate::client) fn new(args: &Args, timeout: Duration) -> Result<Self, CliError> {
        let text = args
            .os_text("ipcconnect")
            .unwrap_or_else(|| OsStr::new("auto").to_owned());
        let invalid = |error: AddressError| CliError::Ipc {
            text: error.to_string(),
        };
        Ok(Self {
            address: ConnectAddress::parse(&text).map_err(invalid)?,
            directory: data_dir::network_directory(args),
            chain: args.network().name(),
            user: args.text_or("rpcuser", ""),
            timeout,
        })
    }

    /// Sends a request and gives the reply; or nothing, where the choice is ours and the node does not take requests in
    /// this way.
    pub(in crate::client) async fn post(&self, body: &Value, path: &str) -> Result<Option<Value>, CliError> {
        let answered = tokio::time::timeout(self.timeout, self.exchange(body, path)).await;
        answered.unwrap_or_else(|_late| {
            Err(CliError::Ipc {
                text: format!("no answer within {} s", self.timeout.as_secs()),
            })
        })
    }

    async fn exchange(&self, body: &Value, path: &str) -> Result<Option<Value>, CliError> {
        let event_loop = EventLoop::start(PROGRAM.name).map_err(|source| CliError::Runtime { source })?;
        let connected = ipc::connect(&event_loop, &self.address, &self.directory).await;
        let Some(node) = connected.map_err(|error| self.explain(&error))? else {
            return Ok(None);
        };
        let failed = |error: interfaces::InterfaceError| CliError::Ipc {
            text: error.to_string(),
        };
        let rpc = match node.init.make_rpc().await {
            Err(_) if self.address == ConnectAddress::Auto => return Ok(None),
            made => made.map_err(failed)?,
        };
        let reply = rpc
            .execute_rpc(body.to_string(), path.to_owned(), self.user.clone())
            .await;
        let reply = serde_json::from_str(&reply.map_err(failed)?);
        reply.map(Some).map_err(|_| CliError::NotJson)
    }

    fn explain(&self, error: &ConnectError) -> CliError {
        let text = error.to_string();
        match error {
            ConnectError::Socket { .. } => CliError::NoListener {
                text,
                chain: self.chain,
            },
            error if error.is_transient() => CliError::IpcUnreachable { text },
            _ => CliError::Ipc { text },
        }
    }
}
