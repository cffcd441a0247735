//! The client's options.

use app::network::Network;
use app::options::OptionCategory::General;
use app::options::{OptionSpec, OptionTable, chain_options, help_options};
use app::program::Program;

/// The client, as `-help` presents it.
pub(crate) const PROGRAM: Program = Program {
    name: "syscoin-cli",
    title: "Syscoin Core RPC client",
    usage: "syscoin-cli [options] <command> [params]  Call a method of the node\n\
            or:     syscoin-cli [options] -named <command> [name=value]...  Call it with named arguments\n\
            or:     syscoin-cli [options] help                List the methods\n\
            or:     syscoin-cli [options] help <command>      Explain a method\n",
};

pub(crate) fn table() -> OptionTable {
    OptionTable::new()
        .add(help_options())
        .add(chain_options())
        .add(file_options())
        .add(query_options())
        .add(connection_options())
        .add(input_options())
        .accept_positional()
}

fn file_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "conf",
            General,
            "Read this configuration file instead of syscoin.conf. A relative path starts from the data directory.",
        )
        .argument("<file>"),
        OptionSpec::new("datadir", General, "The data directory of the node, where its cookie is.").argument("<dir>"),
        OptionSpec::new("includeconf", General, "Read a further file; allowed in a configuration file alone.")
            .argument("<file>"),
    ]
}

fn query_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "addrinfo",
            General,
            "Count the addresses of peers that the node knows, by network and in all.",
        ),
        OptionSpec::new(
            "color",
            General,
            "Colour the output of -getinfo: always, never, or auto (the default), which does on a terminal.",
        )
        .argument("<when>"),
        OptionSpec::new(
            "generate",
            General,
            "Mine blocks at once to a new address of the wallet. Two numbers may follow: how many blocks (default: 1) \
             and how many tries at most (default: 1000000). Example: syscoin-cli -generate 4 1000",
        ),
        OptionSpec::new(
            "getinfo",
            General,
            "Sum up the state of node and wallet. It is put together from several calls, between which the state may \
             change.",
        ),
        OptionSpec::new(
            "netinfo",
            General,
            "Show the connections to peers. A number from 0 (the default) to 4 may follow for more detail, or \"help\".",
        ),
    ]
}

fn connection_options() -> Vec<OptionSpec> {
    let ports = format!(
        "Connect to this port (default: {}, testnet: {}, signet: {}, regtest: {}).",
        Network::Main.rpc_port(),
        Network::Testnet.rpc_port(),
        Network::Signet.rpc_port(),
        Network::Regtest.rpc_port()
    );
    vec![
        OptionSpec::new(
            "ipcconnect",
            General,
            "Call the node over IPC instead of HTTP: unix connects to the socket node.sock in the network's data \
             directory, unix:<path> to another one, tcp:<host>:<port> to a node elsewhere that knows this one's key. \
             auto (the default) connects to node.sock if the node listens there and lets us call methods, and \
             otherwise calls over HTTP; so does 0 always.",
        )
        .argument("<address>"),
        OptionSpec::new(
            "rpcclienttimeout",
            General,
            "Give up when the node is silent for this many seconds, or never with 0 (default: 900).",
        )
        .argument("<n>"),
        OptionSpec::new("rpcconnect", General, "Connect to the node at this address (default: 127.0.0.1).")
            .argument("<ip>"),
        OptionSpec::new(
            "rpccookiefile",
            General,
            "Where the authentication cookie is. A relative path starts from the network's data directory (default: \
             .cookie).",
        )
        .argument("<loc>"),
        OptionSpec::new("rpcuser", General, "The user to log in as.").argument("<user>").sensitive(),
        OptionSpec::new("rpcpassword", General, "The user's password.").argument("<pw>").sensitive(),
        OptionSpec::new("rpcport", General, ports).argument("<port>").network_only(),
        OptionSpec::new("rpcwait", General, "Wait for the node to start."),
        OptionSpec::new(
            "rpcwaittimeout",
            General,
            "With -rpcwait, wait for this many seconds, or for ever with 0 (default: 0).",
        )
        .argument("<n>"),
        OptionSpec::new(
            "rpcwallet",
            General,
            "Call the method of this wallet, whose name must be the one that the node knows it by.",
        )
        .argument("<walletname>"),
    ]
}

fn input_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new("named", General, "Arguments have names: name=value (default: 0)."),
        OptionSpec::new(
            "stdin",
            General,
            "Read further arguments from standard input, one a line, so that secrets do not appear in the list of \
             processes.",
        ),
        OptionSpec::new(
            "stdinrpcpass",
            General,
            "Read the RPC password from the first line of standard input.",
        ),
        OptionSpec::new(
            "stdinwalletpassphrase",
            General,
            "Read the wallet's passphrase from the next line of standard input.",
        ),
    ]
}
