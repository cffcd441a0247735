//! The options of a process that is started by hand.

use app::{OptionCategory, OptionSpec, OptionTable, Program, options};

pub(crate) const PROGRAM: Program = Program {
    name: "syscoin-wallet",
    title: "Syscoin Core wallet process",
    usage: "syscoin-wallet -ipcconnect=<address> [options]  Serve a node that runs\n\
            or:     syscoin-wallet -ipcfd <descriptor>              Serve the process that started this one\n",
};

/// What only a process that keeps a log file and settings has a use for.
const OF_NODES: [&str; 3] = ["debuglogfile", "shrinkdebugfile", "settings"];

pub(crate) fn table() -> OptionTable {
    let understood = |option: &OptionSpec| !OF_NODES.contains(&option.name);
    OptionTable::new()
        .add(options::general_options().into_iter().filter(understood))
        .add([OptionSpec::new(
            "ipcconnect",
            OptionCategory::Ipc,
            "Connect to a node that runs, and serve it until it ends, which is an error, or this process is told to by \
             SIGINT or SIGTERM, which is none. unix connects to the socket node.sock in the network's data directory, \
             unix:<path> to another one, tcp:<host>:<port> to a node elsewhere that knows this one's key, which is in \
             the directory ipc there. auto connects to node.sock if a node listens there. 0 (the default) does not \
             connect.",
        )
        .argument("<address>")])
}
