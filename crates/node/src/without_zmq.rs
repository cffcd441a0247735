//! A node that publishes nothing over ZeroMQ.

use app::OptionSpec;

/// Options of nodes that publish. As with upstream they may be given, and have no effect.
pub(crate) fn options() -> Vec<OptionSpec> {
    [
        "zmqpubhashblock",
        "zmqpubhashblockhwm",
        "zmqpubhashtx",
        "zmqpubhashtxhwm",
        "zmqpubrawblock",
        "zmqpubrawblockhwm",
        "zmqpubrawtx",
        "zmqpubrawtxhwm",
        "zmqpubsequence",
        "zmqpubsequencehwm",
    ]
    .map(OptionSpec::hidden)
    .into()
}
