//! A running node.

use std::ffi::OsString;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::json;

use crate::program::arguments;
use crate::{Daemon, DataDir, Finished, Log, Program, RpcClient, basic, wait_until};

/// The options, besides the data directory, that upstream's test rig starts every node with.
pub const RIG_OPTIONS: [&str; 10] = [
    "-logtimemicros",
    "-debug",
    "-debugexclude=libevent",
    "-debugexclude=leveldb",
    "-debugexclude=rand",
    "-uacomment=testnode0",
    "-disablewallet",
    "-logthreadnames",
    "-logsourcelocations",
    "-loglevel=trace",
];

/// A daemon on a data directory; it is killed when this value is dropped before its end.
#[derive(Debug)]
pub struct Node<'a> {
    program: Program,
    data_dir: &'a DataDir,
}

impl<'a> Node<'a> {
    /// Starts a daemon with the rig's options and `further` ones.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(daemon: Daemon, data_dir: &'a DataDir, further: &[&str]) -> Result<Self> {
        let mut options = vec![data_dir.option()];
        options.extend(arguments(RIG_OPTIONS));
        options.extend(arguments(further.iter().copied()));
        Self::spawn_with(daemon, data_dir, &options)
    }

    /// Starts a daemon with exactly these `options`, which must name the data directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_with(daemon: Daemon, data_dir: &'a DataDir, options: &[OsString]) -> Result<Self> {
        Ok(Self {
            program: Program::start(daemon.executable(), options)?,
            data_dir,
        })
    }

    /// Takes over a daemon that was started in some other way on `data_dir`.
    #[must_use]
    pub fn adopt(program: Program, data_dir: &'a DataDir) -> Self {
        Self { program, data_dir }
    }

    /// Starts a daemon with the rig's options and `further` ones, and waits until it answers RPC calls.
    ///
    /// # Errors
    /// When it ends instead or does not answer in time.
    pub fn start(daemon: Daemon, data_dir: &'a DataDir, further: &[&str]) -> Result<Self> {
        let mut node = Self::spawn(daemon, data_dir, further)?;
        node.wait_for_rpc()?;
        Ok(node)
    }

    /// Waits as a rig does until the node answers: meanwhile the cookie may be missing, the port closed, and the
    /// answer that the node is warming up.
    ///
    /// # Errors
    /// When the node ends instead or does not answer in time.
    pub fn wait_for_rpc(&mut self) -> Result<()> {
        const WARMING_UP: i64 = -28;
        wait_until("an answer to an RPC call", || {
            if !self.program.is_running()? {
                bail!(
                    "the daemon ended when it should have started; its log:\n{}",
                    self.log().text()?
                );
            }
            let Ok(mut client) = self.rpc() else {
                return Ok(None);
            };
            match client.request("uptime", json!([])) {
                Ok(reply) if reply.error.as_ref().is_none_or(|error| error.code != WARMING_UP) => {
                    Ok(Some(()))
                }
                Ok(_) | Err(_) => Ok(None),
            }
        })
    }

    /// A client that shows the cookie.
    ///
    /// # Errors
    /// When there is no cookie.
    pub fn rpc(&self) -> Result<RpcClient> {
        Ok(self.rpc_as(&self.data_dir.cookie()?))
    }

    /// A client that shows `user:password`.
    #[must_use]
    pub fn rpc_as(&self, credentials: &str) -> RpcClient {
        RpcClient::new(self.data_dir.rpc_port().number(), basic(credentials))
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> Log {
        self.data_dir.log()
    }

    /// Its process.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Its process id.
    ///
    /// # Errors
    /// Never for a process that the system has started.
    pub fn pid(&self) -> Result<u32> {
        Ok(u32::try_from(self.program.pid()?.as_raw_nonzero().get())?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(self) -> Result<Finished> {
        self.program.wait().context("the node does not end")
    }

    /// What a node says that must not start.
    ///
    /// # Errors
    /// When it does not end with code 1.
    pub fn failure(self) -> Result<String> {
        let finished = self.wait()?;
        ensure!(finished.status.code() == Some(1), "{finished:?}");
        Ok(finished.stderr)
    }

    /// Stops it as a rig does, by the RPC method.
    ///
    /// # Errors
    /// When it does not end with code 0 and nothing on standard error.
    pub fn stop(self) -> Result<()> {
        self.rpc()?.call("stop", json!({"wait": 0}))?;
        self.wait()?.check_success()
    }

    /// Stops it as a user does who has no RPC access, by a signal.
    ///
    /// # Errors
    /// When it does not end with code 0 and nothing on standard error.
    pub fn interrupt(self) -> Result<()> {
        self.program.signal(Signal::INT)?;
        self.wait()?.check_success()
    }
}
