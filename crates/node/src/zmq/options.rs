//! The options about what is published.

use app::{Args, OptionCategory, OptionSpec};
use zmtp::{Endpoint, InvalidEndpoint};

use crate::host_port::{InvalidPort, split_host_port};

/// How many messages are kept for a subscriber unless an option says otherwise.
const HIGH_WATER_MARK: i64 = 1_000;

/// A kind of messages, in the order in which they are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    BlockHash,
    TransactionHash,
    Block,
    Transaction,
    Sequence,
}

impl Topic {
    const ALL: [Self; 5] = [
        Self::BlockHash,
        Self::TransactionHash,
        Self::Block,
        Self::Transaction,
        Self::Sequence,
    ];

    /// What messages begin with.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BlockHash => "hashblock",
            Self::TransactionHash => "hashtx",
            Self::Block => "rawblock",
            Self::Transaction => "rawtx",
            Self::Sequence => "sequence",
        }
    }

    /// The options that say where it is published, and how many messages are kept.
    fn options(self) -> (&'static str, &'static str) {
        match self {
            Self::BlockHash => ("zmqpubhashblock", "zmqpubhashblockhwm"),
            Self::TransactionHash => ("zmqpubhashtx", "zmqpubhashtxhwm"),
            Self::Block => ("zmqpubrawblock", "zmqpubrawblockhwm"),
            Self::Transaction => ("zmqpubrawtx", "zmqpubrawtxhwm"),
            Self::Sequence => ("zmqpubsequence", "zmqpubsequencehwm"),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::BlockHash => "the hash of each new tip",
            Self::TransactionHash => "the hash of each transaction that comes in, alone or in a block",
            Self::Block => "each new tip, whole",
            Self::Transaction => "each transaction that comes in, alone or in a block, whole",
            Self::Sequence => "in which order blocks and unconfirmed transactions come and go",
        }
    }
}

/// What the user wants to be published.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) topic: Topic,
    /// As the user wrote it.
    pub(super) address: String,
    pub(super) endpoint: Result<Endpoint, InvalidEndpoint>,
    pub(super) high_water_mark: usize,
}

/// All options.
pub(crate) fn options() -> Vec<OptionSpec> {
    let each = Topic::ALL.into_iter().flat_map(|topic| {
        let (address, high_water_mark) = topic.options();
        let what = topic.description();
        [
            OptionSpec::new(
                address,
                OptionCategory::Zmq,
                format!(
                    "Publish {what}, at this address: tcp://host:port or ipc://path. May be given several times."
                ),
            )
            .argument("<address>"),
            OptionSpec::new(
                high_water_mark,
                OptionCategory::Zmq,
                format!(
                    "Keep this many messages of -{address} for a subscriber that does not keep up (0: all; default: \
                     {HIGH_WATER_MARK})."
                ),
            )
            .argument("<n>"),
        ]
    });
    each.collect()
}

/// Refuses hosts with ports that are none. Other texts that are no addresses keep no node from running, as with upstream,
/// though nothing is published then.
///
/// # Errors
/// The first of them.
pub(crate) fn check(args: &Args) -> Result<(), InvalidPort> {
    for (option, _) in Topic::ALL.map(Topic::options) {
        for value in args.texts(option) {
            let has_scheme = value.contains("://");
            if !has_scheme && split_host_port(&value).is_none() {
                return Err(InvalidPort { option, value });
            }
        }
    }
    Ok(())
}

/// What the options ask for.
pub(super) fn wishes(args: &Args) -> Vec<Wish> {
    let of_topic = |topic: Topic| {
        let (option, high_water_mark) = topic.options();
        let high_water_mark = args.number(high_water_mark, HIGH_WATER_MARK);
        let high_water_mark = usize::try_from(high_water_mark).unwrap_or(0);
        args.texts(option).into_iter().map(move |address| Wish {
            topic,
            endpoint: address.parse(),
            address,
            high_water_mark,
        })
    };
    Topic::ALL.into_iter().flat_map(of_topic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(given: &[&str]) -> Args {
        let table = app::OptionTable::new().add(options());
        let argv = std::iter::once("syscoind").chain(given.iter().copied());
        Args::parse(table, argv.map(Into::into)).unwrap()
    }

    #[test]
    fn each_address_is_a_wish_of_its_own() {
        let wishes = wishes(&args(&[
            "-zmqpubsequence=tcp://127.0.0.1:2",
            "-zmqpubhashtx=tcp://127.0.0.1:1",
            "-zmqpubhashtx=tcp://127.0.0.1:2",
            "-zmqpubhashtxhwm=0",
            "-zmqpubrawtxhwm=5",
        ]));
        let shown: Vec<_> = wishes
            .iter()
            .map(|wish| (wish.topic.name(), wish.address.as_str(), wish.high_water_mark))
            .collect();
        assert_eq!(
            shown,
            [
                ("hashtx", "tcp://127.0.0.1:1", 0),
                ("hashtx", "tcp://127.0.0.1:2", 0),
                ("sequence", "tcp://127.0.0.1:2", 1_000),
            ]
        );
    }

    #[test]
    fn a_port_that_is_none_is_named() {
        for address in [
            "tcp://*:1",
            "127.0.0.1:1",
            "foo",
            "ipc:///tmp/socket",
            "ipc://",
            "tcp://127.0.0.1:70000",
        ] {
            check(&args(&[&format!("-zmqpubrawtx={address}")])).expect(address);
        }
        let error = check(&args(&["-zmqpubrawtx=127.0.0.1:70000"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid port specified in -zmqpubrawtx: '127.0.0.1:70000'"
        );
    }
}
