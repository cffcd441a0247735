//! What keeps a call from having a reply.

use std::path::PathBuf;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("too few parameters (need at least command)")]
    NoCommand,
    #[error("Error parsing JSON: {text}")]
    Json { text: String },
    #[error("Parameter args specified multiple times")]
    DuplicateArgs,
    #[error("{option} takes no arguments")]
    NoArguments { option: &'static str },
    #[error("invalid -netinfo argument: {argument}\nFor more information, run: syscoin-cli -netinfo help")]
    NetinfoLevel { argument: String },
    #[error("too many arguments (maximum 2 for nblocks and maxtries)")]
    TooManyForGenerate,
    #[error(
        "the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero"
    )]
    NoBlocks,
    #[error("Invalid value for -color option. Valid values: always, auto, never.")]
    Color,
    #[error("Invalid port provided in {option}: {value}")]
    Port { option: &'static str, value: String },
    #[error("{option} specified but failed to read from standard input")]
    StandardInput { option: &'static str },
    #[error("-stdinwalletpassphrase is only applicable for walletpassphrase(change)")]
    NotAPassphraseCommand,
    #[error(
        "Could not connect to the server {host}:{port}{detail}\n\nMake sure the syscoind server is running and that \
         you are connecting to the correct RPC port."
    )]
    Connect { host: String, port: u16, detail: Detail },
    #[error(
        "{text}\n\nProbably syscoin-node is not running or not listening on a unix socket. Can be started with:\n\n    \
         syscoin-node -chain={chain} -ipcbind=unix"
    )]
    #[cfg(feature = "ipc")]
    NoListener { text: String, chain: &'static str },
    #[error("{text}")]
    #[cfg(feature = "ipc")]
    IpcUnreachable { text: String },
    #[error("{text}")]
    #[cfg(feature = "ipc")]
    Ipc { text: String },
    #[error("syscoin-cli was not built with IPC support")]
    #[cfg_attr(feature = "ipc", expect(dead_code, reason = "it was built with it"))]
    NoIpc,
    #[error("-rpcconnect and -ipcconnect options cannot both be enabled")]
    TwoWays,
    #[error("server in warmup")]
    Warmup,
    #[error("timeout on transient error: {0}")]
    Transient(#[source] Box<CliError>),
    #[error(
        "Could not locate RPC credentials. No authentication cookie could be found, and RPC password is not set.  \
         See -rpcpassword and -stdinrpcpass.  Configuration file: ({path})",
        path = config_file.display()
    )]
    NoCredentials { config_file: PathBuf },
    #[error("Authorization failed: Incorrect rpcuser or rpcpassword")]
    Unauthorized,
    #[error("Server response: {body}")]
    Unavailable { body: String },
    #[error("server returned HTTP error {status}")]
    Status { status: u16 },
    #[error("no response from server")]
    Empty,
    #[error("couldn't parse reply from server")]
    NotJson,
    #[error("expected reply to have result, error and id properties")]
    NotAReply,
    #[error("Batch must contain request objects")]
    NotABatch,
    #[error("the system gives no means to connect: {source}")]
    Runtime {
        #[source]
        source: std::io::Error,
    },
}

impl CliError {
    /// Whether the node may be about to answer.
    pub(crate) fn is_transient(&self) -> bool {
        #[cfg(feature = "ipc")]
        if matches!(self, Self::NoListener { .. } | Self::IpcUnreachable { .. }) {
            return true;
        }
        matches!(self, Self::Connect { .. } | Self::Warmup)
    }
}

/// How far a connection came, as the message shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Nobody listens.
    Refused,
    /// The node is silent.
    Timeout,
    /// The connection was closed without a reply.
    Closed,
    /// What came is not HTTP.
    NotHttp,
}

impl std::fmt::Display for Detail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Refused => "",
            Self::Timeout => " (error code 0 - \"timeout reached\")",
            Self::Closed => " (error code 1 - \"EOF reached\")",
            Self::NotHttp => " (error code 2 - \"error while reading header, or invalid header\")",
        })
    }
}
