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

#[cfg(test)]
mod tests {
    use app::{Args, OptionTable};

    #[test]
    fn options_are_taken_that_have_no_effect() {
        let argv = [
            "syscoind",
            "-zmqpubhashtx=tcp://127.0.0.1:1",
            "-zmqpubhashtxhwm=1",
        ];
        let table = OptionTable::new().add(super::options());
        assert!(Args::parse(table, argv.map(Into::into)).is_ok());
    }
}
