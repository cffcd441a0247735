//! Options of parts that are not built yet: connections to other nodes, wallets, masternodes.
//!
//! Command lines and files written for upstream have them. They are accepted, never shown, and the log says which of
//! those that were given have no effect.

use app::{Args, OptionSpec};

/// Options that [`Network`](crate::network::Network) reads, although nothing connects yet.
const READ: &[&str] = &[
    "addnode",
    "bantime",
    "blocksonly",
    "cjdnsreachable",
    "dns",
    "externalip",
    "i2psam",
    "listenonion",
    "maxuploadtarget",
    "networkactive",
    "onion",
    "onlynet",
    "peerblockfilters",
    "peerbloomfilters",
    "proxy",
    "proxyrandomize",
    "v2transport",
];

/// Of connections to other nodes.
const CONNECTIONS: &[&str] = &[
    "addrmantest",
    "asmap",
    "bind",
    "blockreconstructionextratxn",
    "capturemessages",
    "connect",
    "discover",
    "dnsseed",
    "fixedseeds",
    "forcednsseed",
    "i2pacceptincoming",
    "listen",
    "maxconnections",
    "maxorphantx",
    "maxreceivebuffer",
    "maxsendbuffer",
    "maxtimeadjustment",
    "natpmp",
    "peertimeout",
    "port",
    "seednode",
    "timeout",
    "torcontrol",
    "torpassword",
    "txreconciliation",
    "upnp",
    "whitebind",
    "whitelist",
    "whitelistforcerelay",
    "whitelistrelay",
];

/// Of wallets.
const WALLETS: &[&str] = &[
    "addresstype",
    "avoidpartialspends",
    "changetype",
    "consolidatefeerate",
    "dblogsize",
    "discardfee",
    "fallbackfee",
    "flushwallet",
    "keypool",
    "maxapsfee",
    "maxtxfee",
    "mintxfee",
    "paytxfee",
    "privdb",
    "signer",
    "spendzeroconfchange",
    "txconfirmtarget",
    "unsafesqlitesync",
    "wallet",
    "walletbroadcast",
    "walletcrosschain",
    "walletdir",
    "walletnotify",
    "walletrbf",
    "walletrejectlongchains",
];

/// Of masternodes, and of the chain of contracts that blocks carry.
const MASTERNODES: &[&str] = &[
    "assetindex",
    "disablegovernance",
    "gethcommandline",
    "masternodeblsprivkey",
    "maxrecsigsage",
    "minsporkkeys",
    "mnconf",
    "mnconflock",
    "pushversion",
    "sporkaddr",
    "sporkkey",
    "syncmempool",
    "watchquorums",
    "zmqpubhashgovernanceobject",
    "zmqpubhashgovernancevote",
    "zmqpubnevm",
    "zmqpubrawgovernanceobject",
    "zmqpubrawgovernancevote",
    "zmqpubrawmempooltx",
    "zmqpubrawmempooltxhwm",
];

/// Checks of upstream's own inner order, and what it keeps of its past.
const INTERNAL: &[&str] = &[
    "checkaddrman",
    "checkblockindex",
    "checkmempool",
    "checkpoints",
    "dbbatchsize",
];

/// Those that the file's default section does not set on test chains.
const OF_ONE_NETWORK: &[&str] = &["addnode", "bind", "connect", "port", "wallet", "walletdir"];

/// Those whose values are secrets.
const SECRET: &[&str] = &["masternodeblsprivkey", "sporkkey", "torpassword"];

/// All of them. Whoever builds one of the parts declares its options anew, which takes their place.
pub(crate) fn options() -> impl Iterator<Item = OptionSpec> {
    without_effect().chain(READ.iter().copied()).map(|name| {
        let mut option = OptionSpec::hidden(name);
        if OF_ONE_NETWORK.contains(&name) {
            option = option.network_only();
        }
        if SECRET.contains(&name) {
            option = option.sensitive();
        }
        option
    })
}

fn without_effect() -> impl Iterator<Item = &'static str> {
    let groups = [CONNECTIONS, WALLETS, MASTERNODES, INTERNAL];
    groups.into_iter().flatten().copied()
}

/// Whether an option is of wallets alone.
pub(crate) fn is_of_wallets(name: &str) -> bool {
    WALLETS.contains(&name)
}

/// Which of the options that were given have no effect, for the log.
pub(crate) fn notice(args: &Args) -> Option<String> {
    let given: Vec<String> = without_effect()
        .filter(|name| args.is_set(name))
        .map(|name| format!("-{name}"))
        .collect();
    (!given.is_empty()).then(|| {
        format!(
            "Options of what is not built yet have no effect: {}",
            given.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::option_table;

    #[test]
    fn what_has_no_effect_is_told() {
        for (options, expected) in [
            (&["-server", "-addnode=a"][..], None),
            (
                &["-keypool=1", "-noconnect", "-bind=127.0.0.1"],
                Some("Options of what is not built yet have no effect: -bind -connect -keypool"),
            ),
            (
                &[
                    "-zmqpubnevm=tcp://127.0.0.1:1",
                    "-disablegovernance",
                    "-addrmantest",
                ],
                Some(
                    "Options of what is not built yet have no effect: -addrmantest -disablegovernance -zmqpubnevm",
                ),
            ),
        ] {
            let argv = std::iter::once("syscoind").chain(options.iter().copied());
            let args = Args::parse(option_table(), argv.map(Into::into)).unwrap();
            assert_eq!(notice(&args).as_deref(), expected, "{options:?}");
        }
    }

    #[test]
    fn an_option_that_has_an_effect_is_not_among_those_that_have_none() {
        let table = option_table();
        for name in without_effect() {
            let option = table.get(name).unwrap();
            assert_eq!(option.category, app::OptionCategory::Hidden, "{name}");
        }
    }
}
