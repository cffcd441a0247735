//! The harness of the functional tests, which drive the built executables from outside as a test rig does.
//!
//! Nothing here links against the code under test: what the tests know, they know from command lines, files, sockets
//! and the process table.
//!
//! The executables are named by `SYSCOIND`, `SYSCOIN_NODE`, `SYSCOIN_WALLET`, `SYSCOIN_GUI` and `SYSCOINCLI` (absolute
//! paths), else they are taken from `SYSCOIN_BIN_DIR`, else from this workspace's `build/<host>/bin`. With
//! `FUNCTIONAL_MULTIPROCESS=0` the tests of `syscoin-node`, `syscoin-wallet` and `syscoin-gui` are listed as ignored.
//!
//! `FUNCTIONAL_KILLS` says how often nodes are killed in the tests of that (5 times each, unless it is set).

mod chain_calls;
mod cli;
mod coin_calls;
mod credentials;
mod daemon;
mod data_dir;
mod executable;
mod http;
mod ipc_answer;
mod ipc_client;
mod ipc_message;
mod ipc_socket;
mod log;
mod node;
mod ports;
mod program;
mod rpc_client;
mod small_disk;
mod subscriber;
mod wait;

pub mod rig;

#[cfg(target_os = "linux")]
pub mod process_table;

pub use chain_calls::{CHAIN_ADDRESS, START, text};
pub use cli::Cli;
pub use coin_calls::{KEY, KEY_ADDRESS};
pub use credentials::{basic, rpcauth};
pub use daemon::Daemon;
pub use data_dir::DataDir;
pub use executable::Executable;
pub use http::{Connection, Response, post};
pub use ipc_answer::Received;
pub use ipc_client::{IpcClient, IpcEcho, Method, call, make_thread, with_context};
pub use ipc_message::{Capability, Content, Kind, frame};
pub use ipc_socket::IpcSocket;
pub use log::{Log, LogLine};
pub use node::{Node, RIG_OPTIONS};
pub use ports::Port;
pub use program::{Finished, Program};
pub use rpc_client::{Refusal, Reply, RpcClient};
pub use small_disk::SmallDisk;
pub use subscriber::{Published, Subscriber};
pub use wait::{DEADLINE, wait_until};

/// Makes two tests of each function that takes a [`Daemon`], one for `syscoind` and one for `syscoin-node`.
///
/// The second one is listed as ignored when the multiprocess executables were not built.
#[macro_export]
macro_rules! for_each_daemon {
    ($($test:ident),+ $(,)?) => {
        mod syscoind {
            $(
                #[test]
                fn $test() -> anyhow::Result<()> {
                    super::$test($crate::Daemon::Syscoind)
                }
            )+
        }

        mod syscoin_node {
            $(
                #[test]
                #[cfg_attr(not(multiprocess), ignore = "built without multiprocess support")]
                fn $test() -> anyhow::Result<()> {
                    super::$test($crate::Daemon::SyscoinNode)
                }
            )+
        }
    };
}

/// Makes a test of each function, listed as ignored when the multiprocess executables were not built.
#[macro_export]
macro_rules! for_multiprocess {
    ($($test:ident),+ $(,)?) => {
        mod multiprocess {
            $(
                #[test]
                #[cfg_attr(not(multiprocess), ignore = "built without multiprocess support")]
                fn $test() -> anyhow::Result<()> {
                    super::$test()
                }
            )+
        }
    };
}
