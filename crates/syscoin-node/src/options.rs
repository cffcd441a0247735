//! The options for connections between processes.

use app::{Args, OptionCategory, OptionSpec};
use ipc::{BindAddress, ListenError};

/// How many clients may be connected unless the user says otherwise.
const MAX_CONNECTIONS: i64 = 128;

pub(crate) fn table() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "ipcbind",
            OptionCategory::Ipc,
            "Let other programs of this user connect and call the node's interfaces. unix listens on the socket \
             node.sock in the network's data directory, unix:<path> on another one; a relative path starts from the \
             network's data directory, and directories that are missing are made. ,allow=<name>+<name> behind it lets \
             clients have these interfaces alone, of chain, echo, mining, node, rpc and wallet. tcp:<host>:<port> \
             listens for clients from elsewhere, over TLS, who must show a key that ipc-key authorize has let in. May \
             be given several times (default: listen nowhere).",
        )
        .argument("<address>"),
        OptionSpec::new(
            "ipcmaxconnections",
            OptionCategory::Ipc,
            format!(
                "Turn clients of -ipcbind away when this many are connected (default: {MAX_CONNECTIONS}). Each takes \
                 a descriptor."
            ),
        )
        .argument("<n>"),
    ]
}

/// Where to listen.
///
/// # Errors
/// One of the addresses is none.
pub(crate) fn addresses(args: &Args) -> Result<Vec<BindAddress>, ListenError> {
    let texts = args.os_texts("ipcbind").into_iter();
    texts
        .map(|text| BindAddress::parse(&text).map_err(|error| ListenError::invalid(&text, error)))
        .collect()
}

/// How many clients may be connected; at least one.
pub(crate) fn max_connections(args: &Args) -> usize {
    let number = args.number("ipcmaxconnections", MAX_CONNECTIONS);
    usize::try_from(number).unwrap_or(0).max(1)
}
