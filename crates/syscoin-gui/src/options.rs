//! The options of this process, and those that it hands on to the node.

use std::ffi::{OsStr, OsString};

use app::{Args, OptionCategory, OptionSpec, OptionTable, Program, options};

pub(crate) const PROGRAM: Program = Program {
    name: "syscoin-gui",
    title: "Syscoin Core user interface",
    usage: "syscoin-gui [options] [options of syscoin-node]  Start a node, and show what it does\n\
            or:     syscoin-gui -ipcconnect=<address> [options]      Show what a node does that runs\n\n\
            There is no window yet: what the node tells is written to the terminal, a line each. Ctrl-C ends it, and with \
            it the node that it started; a second Ctrl-C does not wait for that.\n",
};

const CONNECT: &str = "ipcconnect";

pub(crate) fn table() -> OptionTable {
    OptionTable::new().add(options::general_options()).add([OptionSpec::new(
        CONNECT,
        OptionCategory::Ipc,
        "Connect to a node that runs, and leave it running at the end. unix connects to the socket node.sock in the \
         network's data directory, unix:<path> to another one, tcp:<host>:<port> to a node elsewhere that knows this one's \
         key, which is in the directory ipc there. auto connects to node.sock if a node listens there, and starts one \
         otherwise. 0 (the default) starts one: it gets all other options, serves no HTTP unless -server is among them, \
         and logs to its own debug.log.",
    )
    .argument("<address>")])
}

/// The command line without the node's options, which are the node's to check.
pub(crate) fn own(arguments: &[OsString]) -> Vec<OsString> {
    let table = table();
    let mut arguments = arguments.iter();
    let program = arguments.next().cloned().into_iter();
    program
        .chain(
            arguments
                .filter(|argument| Args::knows(&table, argument))
                .cloned(),
        )
        .collect()
}

/// What the node is given: everything but what says where it is.
pub(crate) fn of_node(arguments: &[OsString]) -> Vec<OsString> {
    let table = OptionTable::new().add([OptionSpec::hidden(CONNECT)]);
    let is_connect = |argument: &OsStr| {
        let is_option = argument.to_string_lossy().starts_with('-');
        is_option && Args::knows(&table, argument)
    };
    let arguments = arguments.iter().skip(1);
    arguments
        .filter(|argument| !is_connect(argument))
        .cloned()
        .collect()
}

/// Those that are the node's alone.
pub(crate) fn unknown(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    let table = table();
    arguments
        .iter()
        .filter(move |argument| !Args::knows(&table, argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn each_option_goes_to_whom_it_concerns() {
        let given = words(&[
            "syscoin-gui",
            "-regtest",
            "-ipcconnect=auto",
            "--noipcconnect",
            "-dbcache=4",
            "-noserver",
        ]);
        assert_eq!(
            own(&given),
            words(&["syscoin-gui", "-regtest", "-ipcconnect=auto", "--noipcconnect"])
        );
        let for_node = of_node(&given);
        assert_eq!(for_node, words(&["-regtest", "-dbcache=4", "-noserver"]));
        let unknown: Vec<_> = unknown(&for_node).cloned().collect();
        assert_eq!(unknown, words(&["-dbcache=4", "-noserver"]));
    }

    #[test]
    fn words_that_are_no_options_are_refused_here() {
        let given = words(&["syscoin-gui", "word"]);
        let error = Args::parse(table(), own(&given))
            .and_then(Args::with_config_file)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Command line contains unexpected token 'word', see syscoin-gui -h for a list of options."
        );
    }
}
