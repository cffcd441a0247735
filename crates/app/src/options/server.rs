//! Options of the RPC server.

use crate::network::Network;
use crate::options::OptionCategory::RpcServer;
use crate::options::OptionSpec;

/// Where the RPC server listens and whom it lets in.
pub fn server_options() -> Vec<OptionSpec> {
    let ports = format!(
        "Listen for RPC on this port (default: {}, testnet: {}, signet: {}, regtest: {}).",
        Network::Main.rpc_port(),
        Network::Testnet.rpc_port(),
        Network::Signet.rpc_port(),
        Network::Regtest.rpc_port()
    );
    vec![
        OptionSpec::new("server", RpcServer, "Answer command-line and JSON-RPC calls (default: 1)."),
        OptionSpec::new(
            "rest",
            RpcServer,
            "Tell of blocks, transactions and coins below /rest/ on the RPC server's port, without asking for a password \
             (default: 0).",
        ),
        OptionSpec::new(
            "rpcallowip",
            RpcServer,
            "Let this address, network (1.2.3.4/24) or address with mask (1.2.3.4/255.255.255.0) connect to the RPC \
             server. May be given several times.",
        )
        .argument("<ip>"),
        OptionSpec::new(
            "rpcauth",
            RpcServer,
            "Let in a user whose password is known by its salted hash, as user:salt$hash, the hash being HMAC-SHA-256 \
             of the password under the salt. May be given several times.",
        )
        .argument("<userpw>")
        .sensitive(),
        OptionSpec::new(
            "rpcbind",
            RpcServer,
            "Listen for RPC on this address, with or without a port; write [host]:port for IPv6. Has an effect with \
             -rpcallowip only. Never expose this port to an untrusted network. May be given several times (default: \
             127.0.0.1 and ::1).",
        )
        .argument("<addr>[:port]")
        .network_only()
        .sensitive(),
        OptionSpec::new(
            "rpccookiefile",
            RpcServer,
            "Where the authentication cookie is. A relative path starts from the network's data directory (default: \
             .cookie).",
        )
        .argument("<loc>"),
        OptionSpec::new("rpcuser", RpcServer, "The user for RPC calls.").argument("<user>").sensitive(),
        OptionSpec::new("rpcpassword", RpcServer, "The password for RPC calls.").argument("<pw>").sensitive(),
        OptionSpec::new("rpcport", RpcServer, ports).argument("<port>").network_only(),
        OptionSpec::new(
            "rpcservertimeout",
            RpcServer,
            "Close a connection to the RPC server that is silent for this many seconds (default: 30).",
        )
        .argument("<n>")
        .debug_only(),
        OptionSpec::new(
            "rpcwhitelist",
            RpcServer,
            "Let this user call these methods alone, as user:method,method. With several lists for a user, the methods \
             that are in all of them. May be given several times.",
        )
        .argument("<whitelist>"),
        OptionSpec::new(
            "rpcwhitelistdefault",
            RpcServer,
            "Let users without an -rpcwhitelist call nothing, or everything with 0 (default: 1 with -rpcwhitelist, \
             else 0).",
        ),
        OptionSpec::new("rpcthreads", RpcServer, "Handle this many RPC calls at a time (default: 4).").argument("<n>"),
        OptionSpec::new(
            "rpcworkqueue",
            RpcServer,
            "Let this many RPC calls wait for one of -rpcthreads (default: 16).",
        )
        .argument("<n>")
        .debug_only(),
        OptionSpec::new(
            "rpcdoccheck",
            RpcServer,
            "Check every RPC result against the method's documentation (default: 0).",
        )
        .debug_only(),
    ]
}
