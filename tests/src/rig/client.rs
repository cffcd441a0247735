//! One client, whichever way it goes.

use anyhow::Result;
use serde_json::Value;

use super::commands;
use super::proxy::Proxy;
use super::{Answer, Way};
use crate::DataDir;

/// Calls the methods of one node.
#[derive(Debug)]
pub(crate) enum Client {
    /// Over HTTP, with the connection kept.
    Http(Proxy),
    /// By a process for each call.
    Commands,
}

impl Client {
    /// A client of the node with this data directory.
    ///
    /// # Errors
    /// When the node has no cookie.
    pub(crate) fn new(way: Way, data_dir: &DataDir) -> Result<Self> {
        Ok(match way {
            Way::Http => Self::Http(Proxy::new(data_dir.rpc_port().number(), &data_dir.cookie()?)),
            Way::Commands => Self::Commands,
        })
    }

    /// Calls a method, with arguments in an array, or by their names in an object.
    ///
    /// # Errors
    /// When there is no answer, or one that clients do not understand.
    pub(crate) fn call(&mut self, data_dir: &DataDir, method: &str, params: &Value) -> Result<Answer> {
        match self {
            Self::Http(proxy) => proxy.call(method, params),
            Self::Commands => commands::call(data_dir, method, params),
        }
    }
}
