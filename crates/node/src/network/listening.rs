//! What options say of listening for other nodes, and of whom the node would trust.
//!
//! Nothing listens yet. What is wrong is refused all the same, with upstream's words, so that a mistake is noticed before
//! something depends on it.

use addrman::{NetAddress, Network};
use app::Args;
use rpc::Subnet;

use crate::host_port::split_host_port;

/// How many connections there may be, unless an option says otherwise.
const DEFAULT_CONNECTIONS: i64 = 125;

/// How long a node may take to introduce itself, in seconds, unless an option says otherwise.
const DEFAULT_PEER_TIMEOUT: i64 = 60;

/// What may be granted to whoever connects.
const PERMISSIONS: [&str; 9] = [
    "bloomfilter",
    "bloom",
    "noban",
    "forcerelay",
    "mempool",
    "download",
    "all",
    "relay",
    "addr",
];

/// The options about connections from other nodes cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListeningError {
    #[error("Cannot set -forcednsseed to true when setting -dnsseed to false.")]
    ForcedSeeds,
    #[error("Cannot set -bind or -whitebind together with -listen=0")]
    BindWithoutListening,
    #[error("Cannot set -listen=0 together with -listenonion=1")]
    OnionWithoutListening,
    #[error("peertimeout must be a positive integer.")]
    PeerTimeout,
    #[error("Cannot resolve -{option} address: '{value}'")]
    Address { option: &'static str, value: String },
    #[error("Need to specify a port with -whitebind: '{0}'")]
    NoPort(String),
    #[error("Invalid P2P permission: '{0}'")]
    Permission(String),
    #[error("Invalid netmask specified in -whitelist: '{0}'")]
    Netmask(String),
}

/// Whether the node would listen. Addresses to listen at say that it does, those to connect to and a proxy that it does
/// not, unless `-listen` decides.
pub(super) fn listens(args: &Args) -> bool {
    let proxy = args.text_or("proxy", "");
    let is_bound = args.is_set("bind") || args.is_set("whitebind");
    let is_hidden = is_closed(args) || !(proxy.is_empty() || proxy == "0");
    args.flag("listen", is_bound || !is_hidden)
}

/// Whether the node would be reachable as a service of Tor's.
pub(super) fn listens_to_onion(args: &Args) -> bool {
    args.flag("listenonion", listens(args))
}

/// Whether the options name all that the node may connect to.
fn is_closed(args: &Args) -> bool {
    args.is_set("connect") || args.number("maxconnections", DEFAULT_CONNECTIONS) <= 0
}

/// Whether the node would ask name servers for others.
fn asks_for_seeds(args: &Args) -> bool {
    let only = args.texts("onlynet");
    let answers = |name: &String| matches!(Network::from_name(name), Some(Network::Ipv4 | Network::Ipv6));
    let may_be_asked = only.is_empty() || only.iter().any(answers);
    args.flag("dnsseed", !is_closed(args) && may_be_asked)
}

/// Refuses options that contradict each other.
pub(crate) fn check_combinations(args: &Args) -> Result<(), ListeningError> {
    if args.flag("forcednsseed", false) && !asks_for_seeds(args) {
        return Err(ListeningError::ForcedSeeds);
    }
    let is_bound = !args.texts("bind").is_empty() || !args.texts("whitebind").is_empty();
    if is_bound && !listens(args) {
        return Err(ListeningError::BindWithoutListening);
    }
    if !listens(args) && listens_to_onion(args) {
        return Err(ListeningError::OnionWithoutListening);
    }
    if args.number("peertimeout", DEFAULT_PEER_TIMEOUT) <= 0 {
        return Err(ListeningError::PeerTimeout);
    }
    Ok(())
}

/// Refuses what is no address in `-bind`, `-whitebind` and `-whitelist`.
pub(crate) fn check_addresses(args: &Args) -> Result<(), ListeningError> {
    for value in args.texts("bind") {
        if !is_bind(&value) {
            let option = "bind";
            return Err(ListeningError::Address { option, value });
        }
    }
    for value in args.texts("whitebind") {
        let address = after_permissions(&value)?;
        match endpoint(address) {
            None => {
                return Err(ListeningError::Address {
                    option: "whitebind",
                    value: address.to_owned(),
                });
            }
            Some(None) => return Err(ListeningError::NoPort(address.to_owned())),
            Some(Some(_)) => {}
        }
    }
    for value in args.texts("whitelist") {
        let subnet = after_permissions(&value)?;
        let is_network = subnet.parse::<Subnet>().is_ok() || subnet.parse::<NetAddress>().is_ok();
        if !is_network {
            return Err(ListeningError::Netmask(subnet.to_owned()));
        }
    }
    Ok(())
}

/// Whether a value of `-bind` is an address, alone or with `=onion` behind it.
fn is_bind(value: &str) -> bool {
    match value.rsplit_once('=') {
        None => endpoint(value).is_some(),
        Some((address, network)) => network == "onion" && endpoint(address).is_some(),
    }
}

/// The port of an address that is one, where it has any. Names are not asked for.
fn endpoint(text: &str) -> Option<Option<u16>> {
    let (host, port) = split_host_port(text)?;
    host.parse::<NetAddress>().ok().map(|_| port)
}

/// What follows the permissions in `permission,permission@…`.
fn after_permissions(text: &str) -> Result<&str, ListeningError> {
    let Some((permissions, rest)) = text.split_once('@') else {
        return Ok(text);
    };
    let unknown = permissions
        .split(',')
        .find(|name| !name.is_empty() && !PERMISSIONS.contains(name));
    match unknown {
        Some(name) => Err(ListeningError::Permission(name.to_owned())),
        None => Ok(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(options: &[&str]) -> Args {
        let argv = ["syscoind", "-regtest"]
            .into_iter()
            .chain(options.iter().copied());
        Args::parse(crate::run::option_table(), argv.map(Into::into)).unwrap()
    }

    fn check(options: &[&str], expected: Option<&str>) {
        let args = args(options);
        let outcome = check_combinations(&args).and_then(|()| check_addresses(&args));
        let told = outcome.err().map(|error| error.to_string());
        assert_eq!(told.as_deref(), expected, "{options:?}");
    }

    #[test]
    fn addresses_are_taken_in_each_form() {
        for option in [
            "-bind=127.0.0.1",
            "-bind=[::1]:5",
            "-bind=::",
            "-bind=127.0.0.1:6=onion",
            "-bind=127.0.0.1=onion",
            "-nobind",
            "-whitebind=127.0.0.1:7",
            "-whitebind=noban,,relay@[::1]:8",
            "-whitebind=@127.0.0.1:9",
            "-whitelist=127.0.0.1",
            "-whitelist=noban@127.0.0.1",
            "-whitelist=bloom,all@10.0.0.0/8",
            "-whitelist=0.0.0.0",
            "-whitelist=pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
            "-whitelist=::1/128",
            "-whitelist=10.0.0.0/255.0.0.0",
        ] {
            check(&[option], None);
        }
    }

    #[test]
    fn other_addresses_are_refused_in_the_order_of_the_options() {
        let rows: [(&[&str], &str); 13] = [
            (&["-bind=localhost"], "Cannot resolve -bind address: 'localhost'"),
            (&["-bind="], "Cannot resolve -bind address: ''"),
            (&["-bind=1.2.3"], "Cannot resolve -bind address: '1.2.3'"),
            (
                &["-bind=127.0.0.1=tor"],
                "Cannot resolve -bind address: '127.0.0.1=tor'",
            ),
            (
                &["-whitebind=127.0.0.1"],
                "Need to specify a port with -whitebind: '127.0.0.1'",
            ),
            (
                &["-whitebind=relay@name:1"],
                "Cannot resolve -whitebind address: 'name:1'",
            ),
            (
                &["-whitebind=noban,oifnoban@127.0.0.1:1"],
                "Invalid P2P permission: 'oifnoban'",
            ),
            (
                &["-whitelist=1.2.3.4/33"],
                "Invalid netmask specified in -whitelist: '1.2.3.4/33'",
            ),
            (
                &["-whitelist=noban@"],
                "Invalid netmask specified in -whitelist: ''",
            ),
            (
                &["-whitelist=noban@127.0.0.1:230"],
                "Invalid netmask specified in -whitelist: '127.0.0.1:230'",
            ),
            (&["-whitelist=NoBan@127.0.0.1"], "Invalid P2P permission: 'NoBan'"),
            (
                &["-whitelist=a", "-whitebind=b", "-bind=c"],
                "Cannot resolve -bind address: 'c'",
            ),
            (
                &["-whitelist=a", "-whitebind=b"],
                "Cannot resolve -whitebind address: 'b'",
            ),
        ];
        for (options, expected) in rows {
            check(options, Some(expected));
        }
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        let bind = "Cannot set -bind or -whitebind together with -listen=0";
        let onion = "Cannot set -listen=0 together with -listenonion=1";
        let seeds = "Cannot set -forcednsseed to true when setting -dnsseed to false.";
        let timeout = "peertimeout must be a positive integer.";
        let rows: [(&[&str], Option<&str>); 13] = [
            (&["-listen=0", "-bind=127.0.0.1"], Some(bind)),
            (&["-listen=0", "-whitebind=127.0.0.1:1"], Some(bind)),
            (&["-connect=0", "-bind=127.0.0.1"], None),
            (&["-listen=0"], None),
            (&["-listen=0", "-listenonion"], Some(onion)),
            (&["-proxy=127.0.0.1:1", "-listenonion"], Some(onion)),
            (&["-proxy=0", "-listenonion"], None),
            (&["-forcednsseed", "-dnsseed=0"], Some(seeds)),
            (&["-forcednsseed", "-connect=127.0.0.1"], Some(seeds)),
            (&["-forcednsseed", "-maxconnections=0"], Some(seeds)),
            (&["-forcednsseed", "-onlynet=ipv6", "-onlynet=onion"], None),
            (&["-forcednsseed", "-onlynet=onion"], Some(seeds)),
            (&["-peertimeout=0"], Some(timeout)),
        ];
        for (options, expected) in rows {
            check(options, expected);
        }
    }
}
