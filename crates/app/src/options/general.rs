//! Options that every executable with a data directory has.

use crate::logging::category_names;
use crate::options::OptionCategory::{ChainSelection, DebugTest, General};
use crate::options::OptionSpec;

/// `-help` and its spellings, and `-version`.
pub fn help_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new("?", General, "Show this help and exit."),
        OptionSpec::hidden("h"),
        OptionSpec::hidden("help"),
        OptionSpec::new(
            "help-debug",
            General,
            "Show this help with the options for developers and test rigs, and exit.",
        ),
        OptionSpec::new("version", General, "Show the version and exit."),
    ]
}

/// The choice of a chain.
pub fn chain_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "chain",
            ChainSelection,
            "Follow this chain: main (the default), test, signet or regtest.",
        )
        .argument("<chain>"),
        OptionSpec::new("testnet", ChainSelection, "The same as -chain=test."),
        OptionSpec::new("signet", ChainSelection, "The same as -chain=signet."),
        OptionSpec::new(
            "regtest",
            ChainSelection,
            "The same as -chain=regtest: a private chain whose blocks are made on demand, for tests.",
        ),
    ]
}

/// Help, files, chain and log.
pub fn general_options() -> Vec<OptionSpec> {
    let mut options = help_options();
    options.extend(file_options());
    options.extend(chain_options());
    options.extend(log_options());
    options
}

fn file_options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "conf",
            General,
            "Read this configuration file instead of syscoin.conf. A relative path starts from the data directory. \
             Not allowed in a configuration file.",
        )
        .argument("<file>"),
        OptionSpec::new("datadir", General, "Keep all files in this directory, which must exist.").argument("<dir>"),
        OptionSpec::new(
            "includeconf",
            General,
            "Read a further configuration file. A relative path starts from the data directory. Allowed in the \
             configuration file alone, and not in an included one.",
        )
        .argument("<file>"),
        OptionSpec::new(
            "allowignoredconf",
            General,
            "Only warn when the data directory holds a syscoin.conf that is not the file in use (default: 0).",
        ),
        OptionSpec::new(
            "pid",
            General,
            "Write the process id to this file. A relative path starts from the network's data directory (default: \
             syscoind.pid).",
        )
        .argument("<file>"),
        OptionSpec::new(
            "settings",
            General,
            "Keep settings that change while the node runs in this file, which is not for users to write: theirs is \
             syscoin.conf. A relative path starts from the network's data directory; -nosettings reads and writes none \
             (default: settings.json).",
        )
        .argument("<file>"),
        OptionSpec::new("uacomment", DebugTest, "Add a comment to the user agent string.").argument("<cmt>"),
    ]
}

fn log_options() -> Vec<OptionSpec> {
    let categories = category_names().join(", ");
    vec![
        OptionSpec::new(
            "debuglogfile",
            General,
            "Write the log to this file. A relative path starts from the network's data directory; -nodebuglogfile \
             writes none (default: debug.log).",
        )
        .argument("<file>"),
        OptionSpec::new(
            "debug",
            DebugTest,
            format!(
                "Log what this category has to say (default: none). May be given several times. 1 or no value stands \
                 for all of them, 0 for none. The categories: {categories}."
            ),
        )
        .argument("<category>"),
        OptionSpec::new(
            "debugexclude",
            DebugTest,
            "Leave out a category although -debug selects it. May be given several times.",
        )
        .argument("<category>"),
        OptionSpec::new("logips", DebugTest, "Show in the log where connections come from (default: 0)."),
        OptionSpec::new(
            "loglevel",
            DebugTest,
            "How much the selected categories log: info, debug (the default) or trace. With a category before it, \
             for that category alone. May be given several times.",
        )
        .argument("<level>|<category>:<level>")
        .debug_only(),
        OptionSpec::new("logsourcelocations", DebugTest, "Begin log lines with the place in the source that wrote them (default: 0)."),
        OptionSpec::new("logthreadnames", DebugTest, "Begin log lines with the thread's name (default: 0)."),
        OptionSpec::new("logtimemicros", DebugTest, "Give times in the log in microseconds (default: 0).").debug_only(),
        OptionSpec::new("logtimestamps", DebugTest, "Begin log lines with the time in UTC (default: 1)."),
        OptionSpec::new(
            "printtoconsole",
            DebugTest,
            "Write the log to standard output too (default: 1, or 0 with -daemon).",
        ),
        OptionSpec::new(
            "shrinkdebugfile",
            DebugTest,
            "Cut a large log file down to its last 10 MB when starting (default: 1 without -debug).",
        ),
    ]
}
